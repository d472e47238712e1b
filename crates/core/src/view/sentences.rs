//! What the view says in words: plain, exact, calm; it names the thing, the step and the time.

use super::View;
use super::attempt::Ending;
use super::shown::Shown;
use crate::event::{InterruptReason, JobError, JobRetrying, NodeState};
use crate::generation::{OutputKind, OutputStatus, Status};
use crate::time::Timestamp;

/// Characters of what a server says that go into a sentence of ours; the whole stands in `error.message`.
const MAX_QUOTE: usize = 200;

impl View {
    /// The generation in one sentence, as it stands.
    pub(super) fn message(&self, now: Timestamp) -> Option<String> {
        match self.status() {
            Status::Pending => Some(match self.retry() {
                Some((at, retrying)) => retry_sentence(retrying, at.plus(retrying.retry_delay).since(now)),
                None => self.waiting_sentence(),
            }),
            Status::Processing if self.newest().end.is_some() => Some(self.storing_sentence()),
            Status::Processing => self.setting().current().map(|node| node.message()),
            Status::Completed => Some(self.completed_sentence()),
            Status::Failed => self.newest().error().map(|error| self.failed_sentence(error)),
            Status::Interrupted => Some(self.interrupted_sentence()),
        }
    }

    pub(super) fn waiting_sentence(&self) -> String {
        let place = match self.queue_position() {
            Some(1) => "Next in line".to_owned(),
            Some(position) => format!("{} in line", ordinal(position)),
            None if self.newest().queued.get().is_some() => "Waiting in line".to_owned(),
            None if self.instance_id().is_empty() => {
                return "Waiting for a ComfyUI server".to_owned();
            }
            None => return format!("Waiting for {}", self.instance_id()),
        };
        match self.live.estimated_wait_time {
            Some(wait) => format!("{place}, starts in about {}", roughly(wait)),
            None => place,
        }
    }

    fn storing_sentence(&self) -> String {
        let pending = self.outputs.values().filter(|(_, output)| output.status == OutputStatus::Pending).count();
        format!("Storing {}", counted(pending, "output"))
    }

    pub(super) fn completed_sentence(&self) -> String {
        let title = self.title();
        let duration = self.newest().duration_ms().map(duration);
        let lost = self.outputs.values().filter(|(_, output)| output.status == OutputStatus::Failed).count();
        let mut sentence = match (self.made(), duration) {
            _ if self.all_cached() => {
                format!("Nothing to do: {} came from cache", counted(self.graph().nodes().len(), "node"))
            }
            (Some(made), Some(duration)) => format!("{title} is done. {made}, {duration}"),
            (Some(made), None) => format!("{title} is done. {made}"),
            (None, Some(duration)) => format!("{title} is done in {duration}"),
            (None, None) => format!("{title} is done"),
        };
        if lost > 0 {
            sentence = format!("{sentence}. {} could not be stored", counted(lost, "output"));
        }
        sentence
    }

    fn all_cached(&self) -> bool {
        let setting = self.setting();
        let mut nodes = setting.graph.nodes().iter().map(|spec| setting.node(&spec.node_id)).peekable();
        nodes.peek().is_some() && nodes.all(|node| node.state() == NodeState::Cached)
    }

    pub(super) fn failed_sentence(&self, error: &JobError) -> String {
        let node = error.node_id.as_deref().map(|id| self.setting().node(id));
        let title = error.node_title.as_deref().or(node.map(|node| node.title()));
        let step = self.step_reached();
        let cause = quote(&error.message);
        match (error.r#type.as_str(), title) {
            ("instance_lost", _) => format!("{} keeps no record of this job", self.instance_id()),
            ("submission_refused", _) => format!("ComfyUI refused the workflow: {cause}"),
            (kind, Some(title)) if kind.contains("OutOfMemory") => {
                format!("The card ran out of memory in {title}{step}")
            }
            (kind, None) if kind.contains("OutOfMemory") => "The card ran out of memory".to_owned(),
            (_, Some(title)) if cause.is_empty() => format!("{title} failed{step}"),
            (_, Some(title)) => format!("{title} failed{step}: {cause}"),
            (_, None) if cause.is_empty() => format!("The job failed: {}", error.r#type),
            (_, None) => format!("The job failed: {cause}"),
        }
    }

    pub(super) fn interrupted_sentence(&self) -> String {
        let title = self.title();
        let reason = match self.newest().end.as_ref().map(|end| &end.how) {
            Some(Ending::Interrupted { reason, .. }) => *reason,
            _ => InterruptReason::Interrupted,
        };
        let place = self.stopped_node().map(|node| format!(" in {}{}", node.title(), self.step_reached()));
        let place = place.unwrap_or_default();
        let kept = self.made().map(|made| format!(". Kept: {made}")).unwrap_or_default();
        match reason {
            InterruptReason::Cancelled => format!("Cancelled {title}{place}{kept}"),
            InterruptReason::Interrupted => {
                format!("{title} was stopped at the server{place}{kept}")
            }
            InterruptReason::RemovedFromQueue => {
                format!("{title} left the server's queue before it ran")
            }
        }
    }

    /// What is stored, but for temp files where there is anything else: "2 images, 1 text".
    fn made(&self) -> Option<String> {
        let stored = || self.outputs.values().map(|(_, output)| output).filter(|o| o.status == OutputStatus::Stored);
        let results = stored().any(|output| !output.preview);
        let kinds = [
            (OutputKind::Image, "image"),
            (OutputKind::Video, "video"),
            (OutputKind::Audio, "audio file"),
            (OutputKind::Model3d, "3D model"),
            (OutputKind::Text, "text"),
            (OutputKind::File, "file"),
        ];
        let counts = kinds.into_iter().filter_map(|(kind, word)| {
            let count = stored().filter(|output| output.kind == kind && (!results || !output.preview)).count();
            (count > 0).then(|| counted(count, word))
        });
        let made = counts.collect::<Vec<_>>().join(", ");
        (!made.is_empty()).then_some(made)
    }

    /// The node the newest attempt stopped in.
    fn stopped_node(&self) -> Option<Shown<'_>> {
        let stopped = super::project::stopped_at(self.newest())?;
        self.setting().find(&stopped.node_id)
    }

    fn step_reached(&self) -> String {
        let stopped = super::project::stopped_at(self.newest());
        match stopped.and_then(|stopped| stopped.value.zip(stopped.max)) {
            Some((value, max)) => format!(" at step {} of {}", figure(value), figure(max)),
            None => String::new(),
        }
    }
}

/// `left`: milliseconds until it starts.
pub(super) fn retry_sentence(retrying: &JobRetrying, left: u64) -> String {
    let change = retrying.change.as_ref().map(|change| format!(" with {change}")).unwrap_or_default();
    let wait = if left == 0 { String::new() } else { format!(" in {}", roughly(left)) };
    let (attempt, of) = (retrying.retry_count.saturating_add(1), retrying.max_retries.saturating_add(1));
    format!("Trying again{change}{wait}. Attempt {attempt} of {of}")
}

/// The first line, cut.
fn quote(message: &str) -> String {
    let line = message.trim().lines().next().unwrap_or("").trim_end();
    match line.char_indices().nth(MAX_QUOTE) {
        Some((cut, _)) => format!("{}…", line.get(..cut).unwrap_or("").trim_end()),
        None => line.to_owned(),
    }
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A step count; bars may count seconds.
fn figure(value: f64) -> String {
    format!("{}", (value * 100.0).round() / 100.0)
}

fn ordinal(position: u32) -> String {
    let suffix = match (position % 10, position % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{position}{suffix}")
}

/// A time to come, no finer than it is known.
fn roughly(ms: u64) -> String {
    match ms.div_ceil(1_000) {
        seconds @ ..10 => format!("{seconds} s"),
        seconds @ 10..60 => format!("{} s", seconds.div_ceil(5) * 5),
        seconds @ 60..3_600 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h", (seconds + 1_800) / 3_600),
    }
}

/// A time that was measured.
fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    match ms {
        ..10 => "under 0.01 s".to_owned(),
        10..1_000 => format!("0.{:02} s", ms / 10),
        1_000..60_000 => format!("{seconds}.{} s", ms % 1_000 / 100),
        60_000..3_600_000 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_time_reads_as_the_page_writes_it() {
        let cases =
            [(3, "under 0.01 s"), (620, "0.62 s"), (11_480, "11.4 s"), (247_000, "4:07"), (3_849_000, "1:04:09")];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn a_place_in_line_is_an_english_ordinal() {
        let places = [1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal);
        assert_eq!(places, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]);
    }

    #[test]
    fn a_long_or_many_lined_message_is_quoted_by_its_first_line() {
        assert_eq!(quote("expected 4 channels, got 16\nTraceback\n"), "expected 4 channels, got 16");
        let long = quote(&"ü".repeat(500));
        assert_eq!(long.chars().count(), MAX_QUOTE + 1);
    }

    #[test]
    fn a_time_to_come_is_no_finer_than_it_is_known() {
        assert_eq!([800, 8_000, 23_000, 130_000, 7_200_000].map(roughly), ["1 s", "8 s", "25 s", "2 min", "2 h"]);
    }
}
