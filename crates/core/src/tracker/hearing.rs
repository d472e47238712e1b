//! What the socket says: messages about jobs, the length of the queue, pictures.

use super::job::{Given, Heard, Job, Pen};
use super::strangers::Kept;
use super::{MAX_STRANGER_MESSAGES, MAX_STRANGER_PICTURES, Output, Picture, START_PATIENCE, Tracker, Want};
use crate::comfy::binary::{Frame as BinaryFrame, ImageFormat};
use crate::comfy::message::{ExecutionError, Message, NodeEntry, NodeState as Told};
use crate::event::{JobError, QueueStatusUpdated};
use crate::time::Now;

impl Tracker {
    pub(super) fn hear(&mut self, now: Now, message: &Message, out: &mut Vec<Output>) {
        if let Message::Status(status) = message {
            self.status(now, status.queue_remaining(), status.exec_info(), out);
            return;
        }
        let Some(prompt_id) = message.prompt_id() else { return };
        if let Message::Progress(step) = message
            && let Some(node) = &step.node
        {
            let same = |(prompt, last): &(String, String)| prompt == prompt_id && last == node;
            if !self.last_progress.as_ref().is_some_and(same) {
                self.last_progress = Some((prompt_id.to_owned(), node.clone()));
            }
        }
        let Some(at) = self.job_of(prompt_id) else {
            if !self.is_ended(prompt_id) || matches!(message, Message::ExecutionStart(_)) {
                self.keep_for_later(now, prompt_id, message.clone().into_owned(), out);
            }
            return;
        };
        match message {
            Message::ExecutionStart(_) => {
                self.jobs[at].addressed_to_us = true;
                self.write(now, at, out, |job, pen| job.start_heard(pen, START_PATIENCE));
            }
            Message::ExecutionCached(cached) => {
                self.jobs[at].addressed_to_us = true;
                self.write(now, at, out, |job, pen| job.start(pen, &cached.nodes));
            }
            Message::Executing(executing) => match &executing.node {
                Some(node) => {
                    let given = executing.display_node.as_deref().map(Given::display);
                    self.write(now, at, out, |job, pen| {
                        running(job, pen);
                        // An older server tells of no end but by the next start.
                        if !job.is_modern() {
                            job.others_finish(pen, node);
                        }
                        job.node_starts(pen, node, given);
                    });
                }
                None => self.last_word(now, at, out),
            },
            Message::ProgressState(state) => self.entries(now, at, &state.nodes, out),
            Message::Progress(step) => {
                let Some(node) = &step.node else { return };
                if let (false, Some(value), Some(max)) = (self.jobs[at].is_modern(), step.value, step.max) {
                    self.write(now, at, out, |job, pen| {
                        running(job, pen);
                        job.node_says(pen, node, None, false, (value, max));
                    });
                }
            }
            Message::Executed(executed) => self.write(now, at, out, |job, pen| {
                running(job, pen);
                job.node_executed(pen, &executed.node, executed.display_node.as_deref(), &executed.output);
            }),
            Message::ExecutionError(error) if error.is_blocked() => {
                let node = error.node_id.clone().unwrap_or_default();
                let why = error.exception_message.clone().unwrap_or_default();
                self.write(now, at, out, |job, pen| {
                    running(job, pen);
                    job.node_blocked(pen, &node, why.trim());
                });
            }
            Message::ExecutionError(error) => {
                let error = job_error(&self.jobs[at], error);
                self.heard_end(now, at, Heard::Error(error));
            }
            Message::ExecutionInterrupted(interrupted) => {
                self.heard_end(now, at, Heard::Interrupted(interrupted.node_id.clone()));
            }
            Message::ExecutionSuccess(_) => self.heard_end(now, at, Heard::Success),
            _ => {}
        }
    }

    pub(super) fn entries(&mut self, now: Now, at: usize, entries: &[NodeEntry], out: &mut Vec<Output>) {
        self.write(now, at, out, |job, pen| {
            job.hears_progress_state();
            running(job, pen);
            for entry in entries {
                let given = Given {
                    display: entry.display_node_id.as_deref().unwrap_or(&entry.node_id),
                    parent: entry.parent_node_id.as_deref(),
                    real: entry.real_node_id.as_deref(),
                };
                let bar = (entry.value.unwrap_or(0.0), entry.max.unwrap_or(1.0));
                match entry.state {
                    Told::Pending => {}
                    Told::Finished => job.node_says(pen, &entry.node_id, Some(given), true, bar),
                    Told::Running | Told::Error | Told::Unknown => {
                        job.node_says(pen, &entry.node_id, Some(given), false, bar);
                    }
                }
            }
        });
    }

    pub(super) fn heard_end(&mut self, now: Now, at: usize, end: Heard) {
        let job = &mut self.jobs[at];
        if job.heard_end.is_none() {
            job.heard_end = Some(end);
            // `executing` null is due at once; if it was lost, the history is asked all the same.
            job.end_due = Some(now.mono + 500);
        }
    }

    /// `executing` with `node: null`: the history has it.
    pub(super) fn last_word(&mut self, now: Now, at: usize, out: &mut Vec<Output>) {
        let job = &mut self.jobs[at];
        if !job.last_word {
            job.last_word = true;
            job.end_due = Some(now.mono + 1_000);
            out.push(Output::Want(Want::History { prompt_id: job.prompt_id.clone() }));
        }
    }

    pub(super) fn status(
        &mut self,
        now: Now,
        remaining: Option<u64>,
        exec_info: Option<&serde_json::Value>,
        out: &mut Vec<Output>,
    ) {
        let Some(remaining) = remaining else { return };
        if self.queue.as_ref().is_none_or(|queue| queue.queue_remaining != remaining) {
            let exec_info = exec_info.cloned().unwrap_or_default();
            self.queue = Some(QueueStatusUpdated { queue_remaining: remaining, exec_info });
            self.tell_queue(now, out);
            self.tell_waits_soon(now);
        }
        let known = self.jobs.iter().filter(|job| job.heard_end.is_none() && !job.last_word).count();
        if u64::try_from(known).is_ok_and(|known| known != remaining) {
            self.want_snapshot(out);
        }
    }

    pub(super) fn tell_queue(&mut self, now: Now, out: &mut Vec<Output>) {
        let Some(queue) = self.queue.clone() else { return };
        self.beat_due = self.config.heartbeat_ms.map(|interval| now.mono + interval);
        self.tell(now, queue, out);
    }

    pub(super) fn binary(&mut self, frame: &BinaryFrame, out: &mut Vec<Output>) {
        let (prompt_id, node_id, png, image) = match frame {
            BinaryFrame::Preview { format, image } => {
                let Some((prompt_id, node_id)) = self.last_progress.clone() else { return };
                (prompt_id, node_id, *format == ImageFormat::Png, *image)
            }
            BinaryFrame::PreviewWithMetadata { metadata, image } => (
                metadata.prompt_id.as_ref().to_owned(),
                metadata.node_id.as_ref().to_owned(),
                metadata.image_type.as_deref() == Some("image/png"),
                *image,
            ),
            BinaryFrame::Text { .. } | BinaryFrame::Unknown { .. } => return,
        };
        if let Some(stranger) = self.strangers.get_mut(&prompt_id) {
            if stranger.kept.len() < MAX_STRANGER_MESSAGES && stranger.picture_bytes < MAX_STRANGER_PICTURES {
                stranger.picture_bytes += image.len();
                stranger.kept.push(Kept::Picture { node_id, png, image: image.to_vec() });
            }
            return;
        }
        self.picture(&prompt_id, &node_id, png, image, out);
    }

    pub(super) fn picture(&mut self, prompt_id: &str, node_id: &str, png: bool, image: &[u8], out: &mut Vec<Output>) {
        let Some(at) = self.job_of(prompt_id) else { return };
        let job = &mut self.jobs[at];
        let (sequence, steps, is_final) = job.picture_of(node_id);
        let ordinal = self.pictures.entry((job.queue_id, node_id.to_owned())).or_default();
        let picture = Picture {
            queue_id: job.queue_id,
            prompt_id: prompt_id.to_owned(),
            attempt: job.attempt,
            node_id: node_id.to_owned(),
            content_type: if png { "image/png" } else { "image/jpeg" },
            sequence,
            ordinal: *ordinal,
            value: steps.map(|(value, _)| value),
            max: steps.map(|(_, max)| max),
            image: image.to_vec(),
        };
        *ordinal += 1;
        out.push(if is_final { Output::Image(picture) } else { Output::Preview(picture) });
    }
}

/// Any word of a job but its start says that it runs; if the start itself was missed, it is told now.
fn running(job: &mut Job, pen: &mut Pen) {
    if !job.is_started() {
        job.start(pen, &[]);
    }
}

pub(super) fn job_error(job: &Job, error: &ExecutionError) -> JobError {
    let (node_title, class) = error.node_id.as_deref().map_or((None, None), |id| job.error_node(id));
    JobError {
        r#type: error.exception_type.clone().unwrap_or_else(|| "unknown".to_owned()),
        message: error.exception_message.clone().unwrap_or_default().trim().to_owned(),
        node_id: error.node_id.clone(),
        node_title,
        class_type: error.node_type.clone().or(class),
        traceback: error.traceback.clone(),
    }
}
