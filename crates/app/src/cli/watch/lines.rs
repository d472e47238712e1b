//! `watch` without a terminal: a line when something begins, passes a quarter, or ends.

use super::board::Board;
use crate::cli::words;
use crate::clock;
use monitor_core::generation::{Status, Summary};
use monitor_core::spans;
use std::collections::HashMap;
use uuid::Uuid;

/// What was told of each generation.
#[derive(Debug, Default)]
pub(super) struct Lines {
    told: HashMap<Uuid, Told>,
    servers: String,
}

/// What is worth a line when it changes: time left is not.
#[derive(Debug, PartialEq)]
struct Told {
    status: Status,
    node: Option<String>,
    quarter: u64,
    place: Option<u32>,
    retries: Option<u32>,
    stalled: bool,
}

impl Lines {
    /// The lines that a change is worth.
    pub(super) fn of(&mut self, board: &Board, changed: Option<Uuid>) -> Vec<String> {
        let mut lines = Vec::new();
        let servers = board.servers();
        if servers != self.servers {
            lines.push(servers.clone());
            self.servers = servers;
        }
        if let Some(summary) = changed.and_then(|id| board.get(id)) {
            lines.extend(self.generation(summary));
        }
        let now = clock::now().to_string();
        let time = now.get(11..19).unwrap_or_default();
        lines.into_iter().map(|line| format!("{time}  {}", words::printable(&line))).collect()
    }

    fn generation(&mut self, summary: &Summary) -> Option<String> {
        let percent = words::percent(summary.overall_percentage);
        let now = Told {
            status: summary.status,
            node: summary.current.as_ref().map(|current| current.title.clone()),
            quarter: percent / 25,
            place: summary.queue_position,
            retries: summary.retry.as_ref().map(|_| summary.retry_count),
            stalled: summary.stalled_since.is_some(),
        };
        if self.told.get(&summary.queue_id) == Some(&now) {
            return None;
        }
        if summary.status.is_ended() {
            self.told.remove(&summary.queue_id);
        } else {
            self.told.insert(summary.queue_id, now);
        }
        let left = match summary.status {
            Status::Processing if summary.eta.is_some() => spans::left(summary.eta, summary.over_ms),
            _ => String::new(),
        };
        let told = [what(summary), left].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        Some(format!("{:>3}%  {:<11}  {}  {told}", percent, summary.status.as_str(), summary.title))
    }
}

/// What it does now, or how it ended.
pub(super) fn what(summary: &Summary) -> String {
    match (&summary.error, &summary.current, summary.status) {
        (Some(error), _, Status::Failed) => error.message.lines().next().unwrap_or_default().to_owned(),
        (_, _, Status::Processing) if summary.stalled_since.is_some() => summary.message.clone().unwrap_or_default(),
        (_, Some(current), Status::Processing) => {
            let steps = words::steps(current.value, current.max).map(|steps| format!(" {steps}")).unwrap_or_default();
            format!("{}{steps}", current.title)
        }
        (_, _, Status::Pending) => {
            let waits = summary.message.clone();
            waits.unwrap_or_else(|| {
                summary.queue_position.map(|place| format!("number {place} in line")).unwrap_or_default()
            })
        }
        (_, _, Status::Completed) => summary.duration_ms.map(words::duration).unwrap_or_default(),
        _ => summary.reason.clone().or_else(|| summary.message.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::board::tests::{hear, update};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_is_written_when_something_begins_or_ends_and_not_for_every_step() {
        let (mut board, mut lines) = (Board::default(), Lines::default());
        let mut tell = |status: &str, sequence: u64| {
            let changed = hear(&mut board, &update(1, status, sequence));
            lines.of(&board, changed)
        };
        assert!(tell("processing", 1)[0].ends_with("66%  processing   Job 1  K-Sampler 15/20"));
        assert!(tell("processing", 2).is_empty());
        assert_eq!(tell("completed", 3).len(), 1);
    }

    #[test]
    fn time_that_runs_down_is_no_line_but_a_place_a_retry_and_a_silence_are() {
        let (mut board, mut lines) = (Board::default(), Lines::default());
        let mut tell = |status: &str, more: serde_json::Value| {
            let mut frame = update(1, status, 1);
            frame["generation"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let changed = hear(&mut board, &frame);
            lines.of(&board, changed).into_iter().map(|line| line.split_once("Job 1  ").unwrap().1.to_owned()).next()
        };
        let waits = |place: u32, message: &str| json!({"queuePosition": place, "message": message, "current": null});
        assert_eq!(
            tell("pending", waits(3, "3rd in line, starts in about 2 min")).unwrap(),
            "3rd in line, starts in about 2 min"
        );
        assert_eq!(tell("pending", waits(3, "3rd in line, starts in about 1 min")), None);
        assert_eq!(tell("pending", waits(2, "2nd in line")).unwrap(), "2nd in line");

        let eta = |ms: u64| json!({"eta": {"remainingMs": ms, "lowMs": ms, "highMs": ms}});
        assert_eq!(tell("processing", eta(61_000)).unwrap(), "K-Sampler 15/20, about 60 s left");
        assert_eq!(tell("processing", eta(20_000)), None);
        let between = json!({"eta": eta(20_000)["eta"], "current": null});
        assert_eq!(tell("processing", between).unwrap(), "about 20 s left");
        let silent = |message: &str| json!({"stalledSince": "2026-11-24T16:39:04.974Z", "message": message});
        assert_eq!(
            tell("processing", silent("No word from K-Sampler for 1:12")).unwrap(),
            "No word from K-Sampler for 1:12"
        );
        assert_eq!(tell("processing", silent("No word from K-Sampler for 1:13")), None);

        let error = json!({"type": "torch.OutOfMemoryError", "message": "out of memory"});
        let retry = json!({"retryAt": "2026-11-24T16:39:04.974Z", "maxRetries": 3, "error": error});
        let message = "Trying again in 8 s, batch size 4 to 2. Attempt 2 of 4";
        let retry = json!({"retry": retry, "retryCount": 1, "message": message, "current": null});
        assert_eq!(tell("pending", retry).unwrap(), message);
    }
}
