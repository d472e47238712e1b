//! What the view says in words: plain, exact, calm; it names the thing, the step and the time.

use super::View;
use super::attempt::Ending;
use super::shown::Shown;
use crate::event::{InterruptReason, JobError, JobRetrying, NodeState};
use crate::generation::{OutputKind, OutputStatus, Status};
use crate::spans;
use crate::time::Timestamp;

/// Characters of what a server says that go into a sentence of ours; the whole stands in `error.message`.
const MAX_QUOTE: usize = 200;

impl View {
    /// The generation in one sentence, as it stands.
    pub(super) fn message(&self, now: Timestamp) -> Option<String> {
        match self.status() {
            Status::Pending => Some(match self.retry() {
                Some((at, retrying)) => retry_sentence(retrying, at.plus(retrying.retry_delay).since(now)),
                None => self.waiting_sentence(now),
            }),
            Status::Processing => self.whole_sentence(now).or_else(|| self.current().map(|node| node.message())),
            Status::Completed => Some(self.completed_sentence()),
            Status::Failed => self.newest().error().map(|error| self.failed_sentence(error)),
            Status::Interrupted => Some(self.interrupted_sentence()),
        }
    }

    pub(super) fn waiting_sentence(&self, now: Timestamp) -> String {
        let place = match self.queue_position() {
            Some(1) => "Next in line".to_owned(),
            Some(position) => format!("{} in line", ordinal(position)),
            None if self.newest().queued.get().is_some() => "Waiting in line".to_owned(),
            None if self.instance_id().is_empty() => {
                return "Waiting for a ComfyUI server".to_owned();
            }
            None => return format!("Waiting for {}", self.instance_id()),
        };
        match self.estimated_wait_time(now) {
            None | Some(0) => place,
            Some(..5_000) => format!("{place}, starts in a few seconds"),
            Some(wait) => format!("{place}, starts in about {}", spans::to_come(wait)),
        }
    }

    /// Of a job under way, where there is more to say than what its nodes do: its files are on their way, or it is
    /// silent.
    pub(super) fn whole_sentence(&self, now: Timestamp) -> Option<String> {
        let storing = self.status() == Status::Processing && self.newest().end.is_some();
        if storing { Some(self.storing_sentence()) } else { self.stalled_sentence(now) }
    }

    /// For a job without a sign of life.
    fn stalled_sentence(&self, now: Timestamp) -> Option<String> {
        let silent = spans::ticking(now.since(self.stalled_since()?));
        let name = self.current().map_or(self.instance_id(), |node| node.title());
        Some(format!("No word from {name} for {silent}"))
    }

    fn storing_sentence(&self) -> String {
        let pending = self.outputs.values().filter(|(_, output)| output.status == OutputStatus::Pending).count();
        format!("Storing {}", counted(pending, "output"))
    }

    pub(super) fn completed_sentence(&self) -> String {
        let title = self.title();
        let duration = self.newest().duration_ms().map(spans::measured);
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
    let change = retrying.change.as_deref().map(|change| format!(", {}", inside(change))).unwrap_or_default();
    let wait = if left == 0 { String::new() } else { format!(" in {}", spans::to_come(left)) };
    let (attempt, of) = (retrying.retry_count.saturating_add(1), retrying.max_retries.saturating_add(1));
    format!("Trying again{wait}{change}. Attempt {attempt} of {of}")
}

/// A phrase as it stands in the middle of a sentence: "Batch size 4 to 2" without its capital, "VAE in tiles" with it.
fn inside(phrase: &str) -> String {
    let mut letters = phrase.chars();
    match letters.next() {
        Some(first) if letters.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => phrase.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_line_is_an_english_ordinal() {
        let places = [1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal);
        assert_eq!(places, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]);
    }

    #[test]
    fn a_change_loses_its_capital_inside_a_sentence_unless_it_begins_with_an_acronym() {
        let phrases = ["Batch size 4 to 2", "VAE decoded in tiles", "half batch", "é", ""].map(inside);
        assert_eq!(phrases, ["batch size 4 to 2", "VAE decoded in tiles", "half batch", "é", ""]);
    }

    #[test]
    fn a_long_or_many_lined_message_is_quoted_by_its_first_line() {
        assert_eq!(quote("expected 4 channels, got 16\nTraceback\n"), "expected 4 channels, got 16");
        let long = quote(&"ü".repeat(500));
        assert_eq!(long.chars().count(), MAX_QUOTE + 1);
    }
}
