//! An [`Api`] that knows one generation and remembers what it was asked.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use monitor_core::event::{Event, InterruptReason, JobError};
use monitor_core::frame::{Frame, FrameBody, JobHeader};
use monitor_core::generation::{Generation, Instance, NodeError, Output, OutputKind, OutputStatus, Status, Summary};
use monitor_core::performance::{self, ClassPerformance, Distribution};
use monitor_core::time::Timestamp;
use monitor_pipeline::api::{
    Api, ApiError, MediaBytes, Overrides, ReadWorkflow, Reading, Source, Submit, Submitted, Upload,
};
use monitor_pipeline::hub::{Encoded, Hub};
use monitor_pipeline::ports::{ListQuery, MediaError, MediaRecord, Page, StoreError, Today};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

pub(crate) const KNOWN: Uuid = Uuid::from_u128(1);
pub(crate) const ENDED: Uuid = Uuid::from_u128(2);
pub(crate) const PICTURE: Uuid = Uuid::from_u128(3);
pub(crate) const DRAWING: Uuid = Uuid::from_u128(4);
pub(crate) const BYTES: &[u8] = b"0123456789";

/// Source, file name, instance.
pub(crate) type ReadRequest = (Source, Option<String>, Option<String>);

#[derive(Default)]
pub(crate) struct FakeApi {
    pub(crate) submitted: Mutex<Vec<Submit>>,
    pub(crate) listed: Mutex<Vec<ListQuery>>,
    pub(crate) retried: Mutex<Vec<(Overrides, Option<String>)>>,
    pub(crate) uploaded: Mutex<Vec<Upload>>,
    pub(crate) read: Mutex<Vec<ReadRequest>>,
    pub(crate) store_is_broken: bool,
    /// What became of the generation that was submitted under an id of the caller's.
    pub(crate) current: Mutex<Option<Generation>>,
    /// Where its frames go.
    pub(crate) hub: Option<Arc<Hub>>,
}

pub(crate) fn generation(queue_id: Uuid, status: &str) -> Generation {
    serde_json::from_value(json!({
        "queueId": queue_id, "promptId": "p1", "instanceId": "default", "origin": "submitted", "status": status,
        "title": "Lighthouse at dusk", "createdAt": "2026-11-24T16:39:04.974Z", "overallPercentage": 66.5,
        "nodes": [], "outputs": [], "attempts": [], "retryCount": 0, "sequence": 7,
    }))
    .unwrap()
}

fn summary() -> Summary {
    let mut value = json!(generation(KNOWN, "processing"));
    value["strip"] = json!([{"state": "running", "ms": 5}]);
    value["outputCount"] = json!(0);
    serde_json::from_value(value).unwrap()
}

fn event(sequence: u64) -> Event {
    let detail = json!({
        "promptId": "p1", "timestamp": "2026-11-24T16:39:04.974Z", "clientId": "c", "eventId": Uuid::nil(),
        "sequence": sequence, "attempt": 1, "instanceId": "default", "schemaVersion": 1, "reason": "told to",
    });
    Event::from_parts("Monitor Stopped", detail).unwrap()
}

fn page_of(after: u64, limit: u32) -> Vec<Event> {
    (1..=5).filter(|sequence| *sequence > after).take(limit as usize).map(event).collect()
}

impl FakeApi {
    /// Keeps the generation as it is now, then tells the frame.
    pub(crate) fn happens(&self, generation: Generation, body: FrameBody) {
        let job = JobHeader {
            queue_id: generation.queue_id,
            prompt_id: generation.prompt_id.clone(),
            attempt: 1,
            sequence: generation.sequence,
            status: generation.status,
        };
        let queue_id = generation.queue_id;
        *self.current.lock().unwrap() = Some(generation);
        if let Some(hub) = &self.hub {
            let frame = Frame { timestamp: Timestamp(0), request_id: None, job: Some(job), body };
            hub.publish(queue_id, &Encoded::text(&frame).unwrap());
        }
    }

    /// A job whose file says how it goes.
    fn play(&self, queue_id: Uuid, filename: &str) -> Generation {
        let running = Generation { sequence: 1, ..generation(queue_id, "processing") };
        self.happens(running.clone(), FrameBody::JobStarted { total_nodes: 1, cached_nodes: Vec::new() });
        let ended = |status| Generation { sequence: 9, ..generation(queue_id, status) };
        match filename {
            "good.json" => {
                let outputs: Vec<Output> = serde_json::from_value(json!([
                    {"mediaId": PICTURE, "nodeId": "9", "kind": "image", "preview": false, "status": "stored",
                     "url": format!("/v1/media/{PICTURE}"), "originalFilename": "../dusk.png"},
                    {"mediaId": DRAWING, "nodeId": "9", "kind": "image", "preview": true, "status": "stored",
                     "url": format!("/v1/media/{DRAWING}"), "originalFilename": "preview.svg"},
                ]))
                .unwrap();
                let done = Generation { outputs: outputs.clone(), ..ended("completed") };
                self.happens(
                    done,
                    FrameBody::Completed {
                        outputs,
                        truncated: false,
                        duration_ms: Some(61_000),
                        message: "Done".into(),
                    },
                );
            }
            "bad.json" => {
                let error = JobError { r#type: "ValueError".into(), message: "bad value".into(), ..Default::default() };
                let failed = Generation { error: Some(error.clone()), ..ended("failed") };
                self.happens(failed, FrameBody::JobFailed { error, message: "Failed".into() });
            }
            "stopped.json" => {
                let reason = InterruptReason::Interrupted;
                self.happens(ended("interrupted"), FrameBody::JobInterrupted { reason, message: "Stopped".into() });
            }
            _ => {}
        }
        running
    }

    fn current(&self, queue_id: Uuid) -> Option<Generation> {
        self.current.lock().unwrap().clone().filter(|generation| generation.queue_id == queue_id)
    }

    fn broken(&self) -> Result<(), ApiError> {
        if self.store_is_broken {
            return Err(StoreError::Failed { place: "/secret/place".into(), cause: "disk".into() }.into());
        }
        Ok(())
    }
}

fn known(queue_id: Uuid) -> Result<Generation, ApiError> {
    match queue_id {
        KNOWN => Ok(generation(KNOWN, "processing")),
        ENDED => Ok(generation(ENDED, "completed")),
        other => Err(StoreError::NotFound(other).into()),
    }
}

fn instance(instance_id: &str) -> Result<(), ApiError> {
    match instance_id {
        "default" => Ok(()),
        "away" => Err(ApiError::Unavailable("away does not answer".into())),
        other => Err(ApiError::NotFound(format!("there is no server {other:?}"))),
    }
}

#[async_trait]
impl Api for FakeApi {
    async fn submit(&self, submit: Submit) -> Result<Submitted, ApiError> {
        self.broken()?;
        self.submitted.lock().unwrap().push(submit.clone());
        if let Source::Json(Value::Array(_)) = submit.source {
            return Err(ApiError::Invalid { message: "no workflow".into(), node_id: Some("3".into()) });
        }
        if submit.title.as_deref() == Some("refuse") || submit.filename.as_deref() == Some("refused.json") {
            let error =
                JobError { r#type: "submission_refused".into(), message: "no such model".into(), ..Default::default() };
            let node_errors =
                vec![NodeError { node_id: Some("4".into()), message: "not there".into(), ..Default::default() }];
            return Err(ApiError::Refused { queue_id: KNOWN, error, node_errors });
        }
        if let (Some(queue_id), Some(filename)) = (submit.queue_id, submit.filename.as_deref()) {
            return Ok(Submitted { generation: self.play(queue_id, filename), created: true });
        }
        let created = submit.idempotency_key.as_deref() != Some("again");
        Ok(Submitted { generation: generation(KNOWN, "pending"), created })
    }

    async fn read_workflow(
        &self,
        source: Source,
        filename: Option<String>,
        instance_id: Option<String>,
    ) -> Result<ReadWorkflow, ApiError> {
        self.read.lock().unwrap().push((source, filename, instance_id));
        Ok(ReadWorkflow {
            workflow: json!({"3": {"inputs": {"seed": u64::MAX}}}),
            title: "T".into(),
            inputs: Vec::new(),
            warnings: Vec::new(),
            instance_id: None,
            estimated_wait_time: None,
            eta: None,
        })
    }

    async fn cancel(&self, queue_id: Uuid) -> Result<Generation, ApiError> {
        if let Some(current) = self.current(queue_id) {
            let stopped = Generation { status: Status::Interrupted, sequence: current.sequence + 1, ..current };
            let reason = InterruptReason::Cancelled;
            self.happens(stopped.clone(), FrameBody::JobInterrupted { reason, message: "Cancelled".into() });
            return Ok(stopped);
        }
        let generation = known(queue_id)?;
        match generation.status {
            Status::Completed => Err(ApiError::Conflict("it has ended".into())),
            _ => Ok(generation),
        }
    }

    async fn retry(
        &self,
        queue_id: Uuid,
        overrides: Overrides,
        instance_id: Option<String>,
    ) -> Result<Generation, ApiError> {
        self.retried.lock().unwrap().push((overrides, instance_id));
        known(queue_id)
    }

    async fn list(&self, query: ListQuery) -> Result<Page, ApiError> {
        self.broken()?;
        self.listed.lock().unwrap().push(query);
        Ok(Page {
            items: vec![summary()],
            next_cursor: Some("next".into()),
            counts: vec![(Status::Processing, 1)],
            today: Today { jobs: 4, median_wait_ms: Some(1200), success_percentage: None },
        })
    }

    async fn generation(&self, queue_id: Uuid) -> Result<Generation, ApiError> {
        self.current(queue_id).map_or_else(|| known(queue_id), Ok)
    }

    async fn job(&self, prompt_id: &str) -> Result<Generation, ApiError> {
        match prompt_id {
            "p1" => known(KNOWN),
            other => Err(ApiError::NotFound(format!("there is no job {other:?}"))),
        }
    }

    async fn job_workflow(&self, _: &str) -> Result<Value, ApiError> {
        Ok(json!({"3": {"class_type": "KSampler", "inputs": {"seed": u64::MAX}}}))
    }

    async fn job_events(&self, _: &str, after: u64, limit: u32) -> Result<Vec<Event>, ApiError> {
        Ok(page_of(after, limit))
    }

    async fn media(
        &self,
        media_id: Uuid,
        thumbnail: bool,
        range: Option<std::ops::Range<u64>>,
    ) -> Result<MediaBytes, ApiError> {
        let (content_type, filename) = match media_id {
            PICTURE => ("image/png", "dusk ü.png"),
            DRAWING => ("image/svg+xml", "a.svg"),
            other => return Err(MediaError::NotFound(other.to_string()).into()),
        };
        let range = range.unwrap_or(0..BYTES.len() as u64);
        let part = Bytes::from_static(&BYTES[range.start as usize..range.end as usize]);
        let record = MediaRecord {
            media_id,
            queue_id: KNOWN,
            attempt: 1,
            instance_id: "default".into(),
            node_id: "9".into(),
            kind: OutputKind::Image,
            preview: false,
            status: OutputStatus::Stored,
            source: Some(serde_json::from_value(json!({"filename": filename, "type": "output"})).unwrap()),
            text: None,
            content_type: Some(content_type.into()),
            size: Some(BYTES.len() as u64),
            width: None,
            height: None,
            sha256: Some("abc".into()),
            key: None,
            thumbnail_key: None,
            reason: None,
            position: 0,
        };
        let content_type = if thumbnail { "image/webp" } else { content_type };
        Ok(MediaBytes {
            record,
            content_type: content_type.into(),
            total: BYTES.len() as u64,
            stream: futures::stream::iter([Ok(part)]).boxed(),
        })
    }

    async fn instances(&self) -> Vec<Instance> {
        let value = json!({
            "instanceId": "default", "name": "Default", "url": "http://127.0.0.1:8188", "state": "disconnected",
            "since": "2026-11-24T16:39:04.974Z", "reason": "nothing answers", "devices": [], "clientId": "c",
            "queueRemaining": 3, "running": [], "waiting": [], "today": {"done": 0, "failed": 0, "busyPercentage": 0.0},
        });
        vec![serde_json::from_value(value).unwrap()]
    }

    async fn instance_events(&self, instance_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, ApiError> {
        instance(instance_id)?;
        Ok(page_of(after, limit))
    }

    async fn readings(&self, instance_id: &str, since: Option<Timestamp>) -> Result<Vec<Reading>, ApiError> {
        instance(instance_id)?;
        Ok(vec![Reading { t: since.unwrap_or_default(), used_bytes: 1, total_bytes: 2 }])
    }

    async fn object_info(&self, instance_id: &str) -> Result<Bytes, ApiError> {
        instance(instance_id)?;
        Ok(Bytes::from_static(b"{\"KSampler\": {}}"))
    }

    async fn upload(&self, instance_id: &str, upload: Upload) -> Result<String, ApiError> {
        instance(instance_id)?;
        self.uploaded.lock().unwrap().push(upload);
        Ok("cat (1).png".into())
    }

    async fn reconnect(&self, instance_id: &str) -> Result<(), ApiError> {
        instance(instance_id)
    }

    async fn performance(&self, instance_id: Option<&str>) -> Result<Vec<ClassPerformance>, ApiError> {
        self.broken()?;
        instance_id.map_or(Ok(()), instance)?;
        let times = [("VAEDecode", 100), ("KSampler", 300)].map(|(class_type, duration_ms)| {
            let mut times = Distribution::default();
            times.learn(duration_ms);
            (class_type.to_owned(), times)
        });
        Ok(performance::by_class(&times.into(), &[], instance_id))
    }

    async fn snapshot(&self, queue_id: Option<Uuid>) -> Result<FrameBody, ApiError> {
        let generation = queue_id.map(|id| self.current(id).map(Box::new));
        let all = queue_id.is_none();
        let instances = if all { Some(self.instances().await) } else { None };
        Ok(FrameBody::Snapshot {
            queue_id: queue_id.map_or_else(|| "*".to_owned(), |id| id.to_string()),
            sequence: None,
            generation,
            generations: all.then(|| vec![summary()]),
            instances,
            truncated: false,
        })
    }
}
