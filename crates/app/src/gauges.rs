//! What `/metrics` shows of the line itself.

use crate::http::{Metric, Metrics};
use monitor_core::generation::InstanceState;
use monitor_pipeline::hub::Hub;
use monitor_pipeline::service::Site;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const READERS: Metric = Metric::gauge("comfyui_monitor_live_readers", "WebSockets and event streams that are open.");
const CONNECTED: Metric = Metric::gauge("comfyui_monitor_instance_connected", "1 while the instance is connected.");
const QUEUE: Metric = Metric::gauge("comfyui_monitor_instance_queue_remaining", "Jobs waiting and running at ComfyUI.");
const TEXT: Metric = Metric::gauge("comfyui_monitor_messages_text", "Text messages heard.");
const BINARY: Metric = Metric::gauge("comfyui_monitor_messages_binary", "Binary frames heard.");
const UNKNOWN: Metric = Metric::gauge("comfyui_monitor_messages_unknown", "Messages of a type we do not know.");
const ODD: Metric = Metric::gauge("comfyui_monitor_messages_odd", "Messages read only on a lenient second try.");
const MALFORMED: Metric =
    Metric::gauge("comfyui_monitor_messages_malformed", "Messages and frames that could not be read.");
const CONNECTIONS: Metric = Metric::gauge("comfyui_monitor_connections", "Connections made to ComfyUI.");
const SNAPSHOTS: Metric = Metric::gauge("comfyui_monitor_snapshots", "Times queue and history were read.");

const INTERVAL: Duration = Duration::from_secs(2);

pub fn feed(metrics: Arc<Metrics>, hub: Arc<Hub>, sites: Vec<Site>, stop: CancellationToken) {
    tokio::spawn(async move {
        let mut rounds = tokio::time::interval(INTERVAL);
        while stop.run_until_cancelled(rounds.tick()).await.is_some() {
            metrics.set(&READERS, &[], hub.readers() as f64);
            for site in &sites {
                let labels = [("instance", site.instance_id.as_str())];
                let status = site.monitor.status();
                let (state, remaining) = {
                    let status = status.borrow();
                    (status.state, status.queue_remaining)
                };
                metrics.set(&CONNECTED, &labels, f64::from(u8::from(state == InstanceState::Connected)));
                metrics.set(&QUEUE, &labels, remaining.unwrap_or(0) as f64);
                let counts = site.monitor.counts();
                for (metric, value) in [
                    (&TEXT, counts.text),
                    (&BINARY, counts.binary),
                    (&UNKNOWN, counts.unknown),
                    (&ODD, counts.odd),
                    (&MALFORMED, counts.malformed),
                    (&CONNECTIONS, counts.connections),
                    (&SNAPSHOTS, counts.snapshots),
                ] {
                    metrics.set(metric, &labels, value as f64);
                }
            }
        }
    });
}
