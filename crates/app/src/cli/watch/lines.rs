//! `watch` without a terminal: a line when something begins, passes a quarter, or ends.

use super::board::Board;
use crate::cli::words;
use crate::clock;
use monitor_core::generation::{Status, Summary};
use std::collections::HashMap;
use uuid::Uuid;

/// What was told of each generation.
#[derive(Debug, Default)]
pub(super) struct Lines {
    told: HashMap<Uuid, (Status, Option<String>, u64)>,
    servers: String,
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
        let node = summary.current.as_ref().map(|current| current.title.clone());
        let percent = words::percent(summary.overall_percentage);
        let now = (summary.status, node, percent / 25);
        if self.told.get(&summary.queue_id) == Some(&now) {
            return None;
        }
        if summary.status.is_ended() {
            self.told.remove(&summary.queue_id);
        } else {
            self.told.insert(summary.queue_id, now);
        }
        Some(format!("{:>3}%  {:<11}  {}  {}", percent, summary.status.as_str(), summary.title, what(summary)))
    }
}

/// What it does now, or how it ended.
pub(super) fn what(summary: &Summary) -> String {
    match (&summary.error, &summary.current, summary.status) {
        (Some(error), _, Status::Failed) => error.message.lines().next().unwrap_or_default().to_owned(),
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
}
