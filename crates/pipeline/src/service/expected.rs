//! Where a graph would be done soonest, by what its nodes took before.

use super::{Service, Site};
use monitor_core::generation::InstanceState;
use monitor_core::tracker::Estimate;
use serde_json::Value;
use std::time::Duration;

/// Reckoning takes milliseconds; a monitor that is too busy for it has no estimate.
const PATIENCE: Duration = Duration::from_secs(2);

impl Service {
    /// The connected instance with the shortest expected wait, and among equals with the shortest queue. Where one of
    /// them cannot say how long, only the queues count.
    pub(super) async fn shortest_wait(&self, workflow: &Value) -> Option<&Site> {
        let connected: Vec<&Site> = self.parts.sites.iter().filter(|site| is_connected(site)).collect();
        if let [] | [_] = connected[..] {
            return connected.first().copied();
        }
        let estimates = futures::future::join_all(connected.iter().map(|site| estimate(site, workflow))).await;
        let waits: Option<Vec<u64>> =
            estimates.into_iter().map(|estimate| estimate.map(|estimate| estimate.estimated_wait_time)).collect();
        let waits = waits.unwrap_or_else(|| vec![0; connected.len()]);
        connected.into_iter().zip(waits).min_by_key(|(site, wait)| (*wait, queue(site))).map(|(site, _)| site)
    }
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
