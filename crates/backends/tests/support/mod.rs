//! A monitor beside a fake `ComfyUI`, and what it said.

#![allow(dead_code, reason = "each of the tests that share this uses a part of it")]

use monitor_backends::comfy::{ComfyServer, Options};
use monitor_core::event::{Body, Event};
use monitor_core::generation::InstanceState;
use monitor_core::tracker::{Config, Observed, Pace, Picture, Place, Submission};
use monitor_pipeline::monitor::{InstanceStatus, MonitorHandle, Sink, Timing, start};
use monitor_testkit::{FakeComfy, NodeScript, Script};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

pub const CLIENT: &str = "0d7f2a3c-5b0e-4a8e-9f62-1c2d3e4f5a6b";
/// Nothing here takes longer, but on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Default, Clone)]
pub struct Heard {
    pub events: Vec<Event>,
    pub previews: usize,
    pub images: usize,
    pub observed: Vec<String>,
}

pub struct Ear(watch::Sender<Heard>);

impl Sink for Ear {
    fn observed(&self, observed: Observed) {
        self.0.send_modify(|heard| heard.observed.push(observed.submission.prompt_id));
    }

    fn events(&self, events: Vec<Event>) {
        self.0.send_modify(|heard| heard.events.extend(events));
    }

    fn positions(&self, _: Vec<Place>, _: Option<u64>) {}

    fn pace(&self, _: Pace) {}

    fn preview(&self, _: Picture) {
        self.0.send_modify(|heard| heard.previews += 1);
    }

    fn image(&self, _: Picture) {
        self.0.send_modify(|heard| heard.images += 1);
    }
}

pub struct Watched {
    pub monitor: MonitorHandle,
    heard: watch::Receiver<Heard>,
}

impl Watched {
    pub fn of(fake: &FakeComfy) -> Self {
        Self::at(&Options { url: fake.base_url(), ..Options::default() }, Timing::default())
    }

    pub fn at(options: &Options, timing: Timing) -> Self {
        let config = Config { instance_id: "box".into(), client_id: CLIENT.into(), ..Config::default() };
        let (said, heard) = watch::channel(Heard::default());
        let comfy = Arc::new(ComfyServer::new(options).unwrap());
        Self { monitor: start(config, timing, comfy, Arc::new(Ear(said))), heard }
    }

    pub async fn until(&self, what: &str, wanted: impl Fn(&Heard) -> bool) -> Heard {
        let mut heard = self.heard.clone();
        let outcome = tokio::time::timeout(PATIENCE, heard.wait_for(|heard| wanted(heard))).await;
        let Ok(heard) = outcome else { panic!("never {what}; heard {:#?}", self.told()) };
        heard.unwrap().clone()
    }

    pub async fn until_status(&self, what: &str, wanted: impl Fn(&InstanceStatus) -> bool) -> InstanceStatus {
        let mut status = self.monitor.status();
        let outcome = tokio::time::timeout(PATIENCE, status.wait_for(|status| wanted(status))).await;
        let Ok(status) = outcome else { panic!("never {what}; is {:#?}", self.monitor.status().borrow()) };
        status.unwrap().clone()
    }

    pub async fn connected(&self) -> InstanceStatus {
        self.until_status("connected", |status| status.state == InstanceState::Connected).await
    }

    /// The end of a job, told once.
    pub async fn until_end(&self, prompt_id: &str) -> Event {
        let heard = self.until(&format!("an end of {prompt_id}"), |heard| end_of(heard, prompt_id).is_some()).await;
        end_of(&heard, prompt_id).unwrap().clone()
    }

    /// What was told so far, in short.
    pub fn told(&self) -> Vec<String> {
        let heard = self.heard.borrow();
        heard
            .events
            .iter()
            .map(|event| {
                let base = &event.base;
                format!(
                    "{} {} {:?} {} {}",
                    event.detail_type(),
                    base.prompt_id,
                    base.queue_id,
                    base.attempt,
                    event.node_id().unwrap_or_default()
                )
            })
            .collect()
    }

    pub fn ends(&self) -> Vec<String> {
        let heard = self.heard.borrow();
        heard.events.iter().filter(|event| event.is_terminal()).map(|event| event.base.prompt_id.clone()).collect()
    }
}

pub fn end_of<'a>(heard: &'a Heard, prompt_id: &str) -> Option<&'a Event> {
    heard.events.iter().find(|event| event.is_terminal() && event.base.prompt_id == prompt_id)
}

pub fn is_completed(event: &Event) -> bool {
    matches!(event.body, Body::JobCompleted(_))
}

pub fn has(heard: &Heard, detail_type: &str) -> bool {
    heard.events.iter().any(|event| event.detail_type() == detail_type)
}

pub fn graph(seed: u64) -> Value {
    let mut graph = Value::Object(monitor_testkit::demo::portrait());
    graph["3"]["inputs"]["seed"] = json!(seed);
    graph
}

pub fn submission() -> Submission {
    Submission {
        queue_id: Uuid::new_v4(),
        attempt: 1,
        prompt_id: Uuid::new_v4().to_string(),
        title: None,
        workflow: graph(1),
        last_sequence: 0,
    }
}

/// Every node is done at once but the sampler, which takes this long. Without previews: drawing them is most of the work.
pub fn sampling_for(time: Duration) -> Script {
    Script::new().previews(false).pace(0.0).class("KSampler", NodeScript::new().steps(20).lasting(time))
}
