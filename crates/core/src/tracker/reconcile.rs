//! What `/queue` and `/history` say, held against what is known: a lost message, a lost connection, a restart of the
//! server and a cold start of ours are all healed here.

use super::api::{Observed, Output, Snapshot, Submission};
use super::hearing::job_error;
use super::job::{Heard, Job, Phase};
use super::{Ended, START_PATIENCE, Tracker};
use crate::comfy::rest::{HistoryEntry, Outcome, QueueItem};
use crate::event::JobError;
use crate::ids::observed_queue_id;
use crate::time::{Now, Timestamp};
use serde_json::{Map, Value};

impl Tracker {
    pub(super) fn reconcile(&mut self, now: Now, snapshot: &Snapshot, out: &mut Vec<Output>) {
        self.snapshot_asked = false;
        let mut healed = 0;
        let restarted = self.server_restarted(snapshot);
        if restarted {
            self.costs.restarted();
        }

        for item in &snapshot.running {
            self.see_queued(now, item, true, snapshot.after_connect, out);
        }
        let mut pending: Vec<&QueueItem> = snapshot.pending.iter().collect();
        pending.sort_by(|a, b| a.number.total_cmp(&b.number));
        for item in pending {
            self.see_queued(now, item, false, snapshot.after_connect, out);
        }
        let queued = |job: &Job| {
            let same = |item: &QueueItem| {
                item.prompt_id == job.prompt_id && job.number.is_none_or(|number| same_number(number, item.number))
            };
            snapshot.running.iter().any(same) || snapshot.pending.iter().any(same)
        };
        for entry in &snapshot.history {
            let open = self.jobs.iter().position(|job| {
                job.prompt_id == entry.prompt_id
                    && !queued(job)
                    && match (job.number, entry.job.as_ref()) {
                        (Some(number), Some(item)) => same_number(number, item.number),
                        _ => true,
                    }
            });
            if let Some(at) = open {
                self.conclude_from(now, at, entry, out);
                healed += 1;
            } else {
                self.meet_ended(now, entry, out);
            }
        }
        // The history has one entry a prompt id: of an id used twice it keeps the later job.
        let replaced = snapshot.history.iter().filter(|entry| entry.job.is_some()).map(|entry| &entry.prompt_id);
        for prompt_id in snapshot.missing.iter().chain(replaced) {
            let gone = self.jobs.iter().position(|job| job.prompt_id == *prompt_id && !queued(job));
            if let Some(at) = gone
                && self.jobs[at].phase != Phase::Submitting
            {
                self.vanished(now, at, restarted, out);
                healed += 1;
            }
        }
        self.healed(now, healed, out);
    }

    pub(super) fn history(&mut self, now: Now, prompt_id: &str, entry: Option<&HistoryEntry>, out: &mut Vec<Output>) {
        let (Some(at), Some(entry)) = (self.job_of(prompt_id), entry) else { return };
        let same = match (self.jobs[at].number, entry.job.as_ref()) {
            (Some(number), Some(item)) => same_number(number, item.number),
            _ => true,
        };
        if same {
            self.conclude_from(now, at, entry, out);
        }
    }

    fn see_queued(&mut self, now: Now, item: &QueueItem, runs: bool, after_connect: bool, out: &mut Vec<Output>) {
        let ours = item.client_id.as_deref() == Some(self.config.client_id.as_str());
        let known = self.jobs.iter().position(|job| {
            job.prompt_id == item.prompt_id && job.number.is_none_or(|number| same_number(number, item.number))
        });
        let is_new = known.is_none();
        let at = match known {
            Some(at) => at,
            None if self.has_ended(&item.prompt_id, Some(item.number)) => return,
            // An older server chose its own id: the answer to the submission will say which.
            None if ours && self.jobs.iter().any(|job| job.phase == Phase::Submitting) => return,
            None => self.adopt(item, out),
        };
        let first_sight = self.jobs[at].number.is_none() || is_new;
        let read = first_sight.then(|| item.graph.read().ok()).flatten();
        let plan = read.map(|graph| super::Plan::new(&graph, &item.outputs, &self.classes));
        let job = &mut self.jobs[at];
        job.number = Some(item.number);
        job.create_time = job.create_time.or(item.create_time);
        job.addressed_to_us |= ours;
        if let Some(plan) = plan {
            job.replan(plan);
        }
        if job.phase == Phase::Submitting {
            job.phase = Phase::Waiting;
        }
        if is_new {
            let prompt_id = item.prompt_id.clone();
            self.place_in_line();
            self.write(now, at, out, Job::tell_queued);
            self.replay(now, &prompt_id, out);
        } else {
            self.write(now, at, out, Job::tell_queued);
        }
        let Some(at) = self.job_of(&item.prompt_id).filter(|_| runs) else { return };
        let job = &mut self.jobs[at];
        if job.is_started() || job.start_due.is_some() {
            return;
        }
        job.phase = Phase::Running;
        if job.addressed_to_us && !after_connect && !is_new {
            // Its own words are on their way, and say more.
            job.start_due = Some(now.mono + START_PATIENCE);
        } else {
            job.gap = true;
            self.write(now, at, out, |job, pen| job.start(pen, &[]));
        }
    }

    fn has_ended(&self, prompt_id: &str, number: Option<f64>) -> bool {
        self.ended.iter().any(|ended: &Ended| {
            ended.prompt_id == prompt_id
                && match (ended.number, number) {
                    (Some(a), Some(b)) => same_number(a, b),
                    _ => true,
                }
        })
    }

    /// A job that somebody else submitted.
    fn adopt(&mut self, item: &QueueItem, out: &mut Vec<Output>) -> usize {
        let workflow = serde_json::from_str(item.graph.json()).unwrap_or(Value::Null);
        let submission = Submission {
            queue_id: observed_queue_id(&self.config.instance_id, &item.prompt_id, Some(item.number)),
            attempt: 1,
            prompt_id: item.prompt_id.clone(),
            title: None,
            last_sequence: 0,
            workflow,
        };
        let plan = self.plan(&submission.workflow, &item.outputs);
        let mut job = Job::new(&submission, false, plan, Phase::Waiting);
        job.number = Some(item.number);
        job.create_time = item.create_time;
        job.submitter.clone_from(&item.client_id);
        self.jobs.push(job);
        out.push(Output::Observed(Box::new(Observed {
            submission,
            submitter_client_id: item.client_id.clone(),
            number: Some(item.number),
            create_time: item.create_time.map(Timestamp),
        })));
        self.jobs.len() - 1
    }

    /// Messages of a prompt that neither queue nor history explains: taken as they are.
    pub(super) fn adopt_unexplained(&mut self, now: Now, prompt_id: &str, out: &mut Vec<Output>) {
        let submission = Submission {
            queue_id: observed_queue_id(&self.config.instance_id, prompt_id, None),
            attempt: 1,
            prompt_id: prompt_id.to_owned(),
            title: None,
            last_sequence: 0,
            workflow: Value::Null,
        };
        self.jobs.push(Job::new(&submission, false, super::Plan::default(), Phase::Waiting));
        out.push(Output::Observed(Box::new(Observed {
            submission,
            submitter_client_id: None,
            number: None,
            create_time: None,
        })));
        self.replay(now, prompt_id, out);
    }

    /// An entry of the history that no open job explains: somebody's job that came and went between two looks.
    fn meet_ended(&mut self, now: Now, entry: &HistoryEntry, out: &mut Vec<Output>) {
        let Some(item) = &entry.job else { return };
        let open = |job: &Job| job.prompt_id == entry.prompt_id && job.number == Some(item.number);
        if self.jobs.iter().any(open) {
            return;
        }
        if self.has_ended(&entry.prompt_id, Some(item.number)) {
            // Words of it that came too late explain nothing any more.
            self.strangers.remove(&entry.prompt_id);
            return;
        }
        let ours = item.client_id.as_deref() == Some(self.config.client_id.as_str());
        if ours && self.jobs.iter().any(|job| job.phase == Phase::Submitting) {
            return;
        }
        let at = self.adopt(item, out);
        self.jobs[at].gap = true;
        self.replay(now, &entry.prompt_id, out);
        if let Some(at) = self.job_of(&entry.prompt_id) {
            self.conclude_from(now, at, entry, out);
        }
    }

    /// Whether the server lost its memory since we last saw it (`comfyui-protocol.md`, section 4: no answer says so).
    fn server_restarted(&self, snapshot: &Snapshot) -> bool {
        if !snapshot.after_connect {
            return false;
        }
        if snapshot.history_empty {
            return true;
        }
        let remembers = snapshot.history.iter().any(|entry| {
            self.has_ended(&entry.prompt_id, None) || self.jobs.iter().any(|job| job.prompt_id == entry.prompt_id)
        });
        if remembers {
            return false;
        }
        // It remembers something, but nothing of ours. Its counter starts at 0 again after a restart.
        let highest = snapshot.history.iter().filter_map(|entry| entry.job.as_ref()).map(|item| item.number);
        let highest = highest.chain(snapshot.running.iter().chain(&snapshot.pending).map(|item| item.number));
        let highest = highest.fold(f64::NEG_INFINITY, f64::max);
        let known = self.jobs.iter().filter_map(|job| job.number).fold(f64::NEG_INFINITY, f64::max);
        !self.ended.is_empty() || highest < known
    }

    /// In neither queue nor history.
    fn vanished(&mut self, now: Now, at: usize, restarted: bool, out: &mut Vec<Output>) {
        let job = &self.jobs[at];
        if let Some(end) = job.heard_end.clone() {
            self.conclude(now, at, &end, None, out);
        } else if job.phase == Phase::Waiting && !job.is_started() && !restarted {
            self.write(now, at, out, Job::removed);
            self.forget(at);
        } else {
            let message = if restarted {
                "ComfyUI restarted and keeps no record of this job: it is lost. Run it again."
            } else {
                "ComfyUI keeps no record of this job any more: how it ended is not known. Run it again."
            };
            let error =
                JobError { r#type: "instance_lost".to_owned(), message: message.to_owned(), ..JobError::default() };
            self.conclude(now, at, &Heard::Error(error), None, out);
        }
    }

    fn conclude_from(&mut self, now: Now, at: usize, entry: &HistoryEntry, out: &mut Vec<Output>) {
        let end = match entry.outcome() {
            Some(Outcome::Success) => Heard::Success,
            Some(Outcome::Error(error)) => Heard::Error(job_error(&self.jobs[at], error)),
            Some(Outcome::Interrupted(interrupted)) => Heard::Interrupted(interrupted.node_id.clone()),
            None => self.jobs[at].heard_end.clone().unwrap_or_else(|| unclear(entry)),
        };
        let number = entry.job.as_ref().map(|item| item.number);
        self.jobs[at].number = self.jobs[at].number.or(number);
        let healed = self.jobs[at].gap || !self.jobs[at].is_started();
        let servers = entry.started_at().zip(entry.ended_at());
        let servers_ms = servers.and_then(|(start, end)| u64::try_from(end - start).ok());
        let cached = entry.cached().to_vec();
        let started_at = entry.started_at().map(Timestamp).filter(|_| healed);
        if entry.started_at().is_some() {
            self.write(now, at, out, |job, pen| {
                pen.occurred_at = started_at;
                job.start(pen, &cached);
            });
        }
        let ended_at = entry.ended_at().map(Timestamp).filter(|_| healed);
        let outputs = entry.outputs.clone();
        self.finish(now, at, &end, Some(&outputs), servers_ms, ended_at, out);
    }

    /// Without the history: by what was heard.
    pub(super) fn conclude(
        &mut self,
        now: Now,
        at: usize,
        end: &Heard,
        outputs: Option<&Map<String, Value>>,
        out: &mut Vec<Output>,
    ) {
        self.finish(now, at, end, outputs, None, None, out);
    }

    #[expect(clippy::too_many_arguments, reason = "each is a fact of the end; a struct would be used once")]
    fn finish(
        &mut self,
        now: Now,
        at: usize,
        end: &Heard,
        outputs: Option<&Map<String, Value>>,
        servers_ms: Option<u64>,
        occurred_at: Option<Timestamp>,
        out: &mut Vec<Output>,
    ) {
        self.write(now, at, out, |job, pen| {
            pen.occurred_at = occurred_at;
            job.conclude(pen, end, outputs, servers_ms);
        });
        self.forget(at);
    }
}

fn unclear(entry: &HistoryEntry) -> Heard {
    if entry.status_str.as_deref() == Some("success") {
        return Heard::Success;
    }
    Heard::Error(JobError {
        r#type: "unknown".to_owned(),
        message: "ComfyUI's history does not say how this job ended.".to_owned(),
        ..JobError::default()
    })
}

#[expect(clippy::float_cmp, reason = "a queue number is an identity, told back as it was given")]
fn same_number(a: f64, b: f64) -> bool {
    a == b
}
