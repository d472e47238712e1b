//! Where a graph would be done soonest, by what its nodes took before.

use super::{Service, Site};
use monitor_core::generation::InstanceState;
use monitor_core::tracker::Estimate;
use serde_json::Value;
use std::time::Duration;

/// Reckoning takes milliseconds; a monitor that is too busy for it has no estimate.
const PATIENCE: Duration = Duration::from_secs(2);

impl Service {
    /// The connected instance with the shortest expected wait, of all but one.
    pub(super) async fn shortest_wait(&self, workflow: &Value, but: Option<&str>) -> Option<&Site> {
        let wanted = |site: &&Site| but != Some(site.instance_id.as_str()) && is_connected(site);
        let connected: Vec<&Site> = self.parts.sites.iter().filter(wanted).collect();
        if let [] | [_] = connected[..] {
            return connected.first().copied();
        }
        let estimates = futures::future::join_all(connected.iter().map(|site| estimate(site, workflow))).await;
        let waits = estimates.into_iter().map(|estimate| estimate.map(|estimate| estimate.estimated_wait_time));
        let lines: Vec<(Option<u64>, u64)> = waits.zip(connected.iter().map(|site| queue(site))).collect();
        shortest(&lines).and_then(|place| connected.get(place).copied())
    }
}

/// Of (expected wait, jobs there) the place of the shortest wait, and among equals of the shortest queue. Where one of
/// them cannot say how long, only the queues count.
fn shortest(lines: &[(Option<u64>, u64)]) -> Option<usize> {
    let by_wait = lines.iter().all(|(wait, _)| wait.is_some());
    let best = lines.iter().enumerate().min_by_key(|(_, (wait, queue))| (wait.filter(|_| by_wait), *queue));
    best.map(|(place, _)| place)
}

/// What the graph would take there.
pub(super) async fn estimate(site: &Site, workflow: &Value) -> Option<Estimate> {
    tokio::time::timeout(PATIENCE, site.monitor.estimate(workflow.clone())).await.ok().flatten()
}

pub(super) fn is_connected(site: &Site) -> bool {
    matches!(site.monitor.status().borrow().state, InstanceState::Connected | InstanceState::Polling)
}

/// Jobs it has, as far as anybody knows.
fn queue(site: &Site) -> u64 {
    let status = site.monitor.status();
    let status = status.borrow();
    status.queue_remaining.unwrap_or(0).max((status.running.len() + status.waiting.len()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_expected_wait_wins_even_over_a_shorter_queue() {
        assert_eq!(shortest(&[(Some(90_000), 1), (Some(4_000), 3), (Some(60_000), 2)]), Some(1));
        assert_eq!(shortest(&[]), None);
    }

    #[test]
    fn among_equal_waits_the_shorter_queue_wins_and_then_the_first() {
        assert_eq!(shortest(&[(Some(0), 2), (Some(0), 1), (Some(0), 1)]), Some(1));
    }

    #[test]
    fn where_one_cannot_say_how_long_only_the_queues_count() {
        assert_eq!(shortest(&[(None, 2), (Some(1), 9), (Some(90_000), 1)]), Some(2));
    }
}
