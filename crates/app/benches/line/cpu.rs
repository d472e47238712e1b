//! CPU per thousand messages, of the monitor and of a bare read loop.

use crate::bare::Bare;
use crate::process::{Meter, Serve, folder};
use crate::{jobs, median, row};
use comfyui_monitor::client::{Monitor, Submission};
use monitor_core::generation::Status;
use monitor_testkit::FakeComfy;
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;

const ROUNDS: usize = 5;
const JOBS: usize = 2;
/// What the monitor puts off (leaving the outbox, saving summaries) is done by then.
const AFTERMATH: Duration = Duration::from_millis(1_500);
/// Where the bare read loop takes 18 ms, the monitor is to take less than 50 ms.
const AIM: f64 = 50.0 / 18.0;

struct Stage {
    nodes: usize,
    fake: FakeComfy,
    bare: Bare,
    /// A fake of its own: what one client's jobs cause must not reach the other.
    watched: FakeComfy,
    serve: Serve,
    monitor: Monitor,
    _data: tempfile::TempDir,
}

pub(crate) async fn compare() {
    let mut seconds_per_message = Vec::new();
    for nodes in [8, 40] {
        let mut stage = Stage::set(nodes).await;
        stage.perform_bare(1).await;
        stage.perform_watched(1).await;
        let (mut bare, mut watched, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (spent, messages) = stage.perform_bare(JOBS).await;
            bare.push(spent.as_secs_f64() * 1e6 / messages);
            let spent = stage.perform_watched(JOBS).await;
            watched.push(spent.as_secs_f64() * 1e6 / messages);
            ratio.push(watched[watched.len() - 1] / bare[bare.len() - 1]);
        }
        let (bare, watched, ratio) = (median(&mut bare), median(&mut watched), median(&mut ratio));
        row(&format!("CPU per 1,000 messages, {nodes} nodes: bare read loop"), &format!("{bare:.1} ms"), "");
        row(&format!("CPU per 1,000 messages, {nodes} nodes: monitor"), &format!("{watched:.1} ms"), "");
        row("  of the bare read loop, median of each round", &format!("{ratio:.2}"), &format!("< {AIM:.2}"));
        seconds_per_message.push(watched);
    }
    let growth = seconds_per_message[1] / seconds_per_message[0];
    row("CPU of the monitor: 40 nodes against 8", &format!("{growth:.2}"), "hardly > 1");
}

impl Stage {
    async fn set(nodes: usize) -> Stage {
        let (fake, watched, data) = (jobs::server(nodes).await, jobs::server(nodes).await, folder());
        let bare = Bare::start(&fake.ws_url("bare"));
        let mut serve = Serve::start(&watched.base_url(), data.path());
        let monitor = serve.client();
        fake.wait_until(|state| !state.clients.is_empty()).await;
        watched.wait_until(|state| !state.clients.is_empty()).await;
        Stage { nodes, fake, bare, watched, serve, monitor, _data: data }
    }

    async fn perform_bare(&mut self, jobs: usize) -> (Duration, f64) {
        let before = self.bare.count();
        let mut body = Map::new();
        body.insert("prompt".into(), Value::Object(jobs::graph(self.nodes)));
        body.insert("client_id".into(), json!("bare"));
        let mut meter = Meter::new(&self.bare.process);
        let played = async {
            for _ in 0..jobs {
                self.fake.submit(&body).unwrap();
                self.fake.wait_idle().await;
            }
            tokio::time::sleep(AFTERMATH).await;
        };
        let (spent, ()) = meter.during(played).await;
        (spent, (self.bare.count() - before) as f64)
    }

    async fn perform_watched(&mut self, jobs: usize) -> Duration {
        let file = bytes::Bytes::from(serde_json::to_vec(&jobs::graph(self.nodes)).unwrap());
        let mut meter = Meter::new(&self.serve.process);
        let played = async {
            for _ in 0..jobs {
                let queue_id = Uuid::new_v4();
                let (filename, file) = ("job.json".to_owned(), file.clone());
                let submission = Submission { filename, file, overrides: Map::new(), queue_id };
                self.monitor.submit(submission).await.unwrap();
                self.watched.wait_idle().await;
                while self.monitor.generation(queue_id).await.unwrap().status != Status::Completed {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            tokio::time::sleep(AFTERMATH).await;
        };
        meter.during(played).await.0
    }
}
