//! A server made of values, for the tests of what is asked of a server and in which order.

use super::looking::{cancel, find, running_of, snapshot};
use super::watchdog::Running;
use crate::api::Upload;
use crate::comfy::{Comfy, ComfyError, Frame, Prompt, PromptAnswer, Socket};
use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;
use futures::stream::BoxStream;
use monitor_core::comfy::rest::{self, ClassInfo, History, HistoryEntry, Queue, SystemStats, UploadedImage};
use monitor_core::event::FileRef;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// Answers from its fields and writes down what it was asked.
#[derive(Default)]
pub(super) struct Stage {
    /// `(prompt id, client id)`, and the queue after each time it was read.
    pub queues: Mutex<VecDeque<(Vec<&'static str>, Vec<&'static str>)>>,
    pub history: Vec<&'static str>,
    /// `/api/jobs/{id}/cancel` is known, and says this.
    pub cancels: Option<bool>,
    pub submit: Mutex<VecDeque<Result<PromptAnswer, ComfyError>>>,
    pub asked: Mutex<Vec<String>>,
}

impl Stage {
    pub(super) fn with_queues(queues: &[(&[&'static str], &[&'static str])]) -> Self {
        let queues = queues.iter().map(|(running, pending)| (running.to_vec(), pending.to_vec()));
        Self { queues: Mutex::new(queues.collect()), ..Self::default() }
    }

    fn note(&self, what: impl Into<String>) {
        self.asked.lock().unwrap().push(what.into());
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

pub(super) fn timeout() -> ComfyError {
    ComfyError::Timeout { url: "stage".into(), what: "POST /prompt".into(), seconds: 60, sent: true }
}

fn item(prompt_id: &str) -> Value {
    json!([1, prompt_id, {"1": {"class_type": "KSampler", "inputs": {}}}, {"client_id": "us"}, ["1"]])
}

fn entries(prompt_ids: &[&str]) -> History {
    let entry = |id: &&str| ((*id).to_owned(), json!({"prompt": item(id), "outputs": {}, "status": {"messages": []}}));
    let body = Value::Object(prompt_ids.iter().map(entry).collect());
    rest::history(body.to_string().as_bytes()).unwrap().value
}

#[async_trait]
impl Comfy for Stage {
    fn host(&self) -> &'static str {
        "stage"
    }

    async fn connect(&self, _: &str) -> Result<Box<dyn Socket>, ComfyError> {
        unreachable!("nobody connects to a stage")
    }

    async fn queue_remaining(&self) -> Result<u64, ComfyError> {
        Ok(0)
    }

    async fn queue(&self) -> Result<Queue, ComfyError> {
        self.note("queue");
        let mut queues = self.queues.lock().unwrap();
        let (running, pending) =
            if queues.len() > 1 { queues.pop_front() } else { queues.front().cloned() }.unwrap_or_default();
        let items = |ids: Vec<&str>| ids.into_iter().map(item).collect::<Vec<_>>();
        let body = json!({"queue_running": items(running), "queue_pending": items(pending)});
        Ok(rest::queue(body.to_string().as_bytes()).unwrap().value)
    }

    async fn history(&self, prompt_id: &str) -> Result<Option<HistoryEntry>, ComfyError> {
        self.note(format!("history {prompt_id}"));
        Ok(entries(&self.history).entries.into_iter().find(|entry| entry.prompt_id == prompt_id))
    }

    async fn recent_history(&self, max_items: u32) -> Result<History, ComfyError> {
        self.note("recent history");
        let newest = self.history.len().saturating_sub(max_items as usize);
        Ok(entries(&self.history[newest..]))
    }

    async fn system_stats(&self) -> Result<SystemStats, ComfyError> {
        Ok(SystemStats::default())
    }

    async fn object_info(&self) -> Result<Bytes, ComfyError> {
        Ok(Bytes::new())
    }

    async fn class_info(&self, class: &str) -> Result<Option<ClassInfo>, ComfyError> {
        self.note(format!("class {class}"));
        Ok((class != "Unknown").then(|| ClassInfo { name: class.to_owned(), ..ClassInfo::default() }))
    }

    async fn class_entry(&self, class: &str) -> Result<Option<Value>, ComfyError> {
        self.note(format!("class {class}"));
        Ok((class != "Unknown").then(|| json!({"name": class})))
    }

    async fn submit(&self, _: &Prompt) -> Result<PromptAnswer, ComfyError> {
        self.submit.lock().unwrap().pop_front().unwrap_or_else(|| Err(timeout()))
    }

    async fn cancel(&self, prompt_id: &str) -> Result<Option<bool>, ComfyError> {
        self.note(format!("cancel {prompt_id}"));
        Ok(self.cancels)
    }

    async fn interrupt(&self, prompt_id: &str) -> Result<(), ComfyError> {
        self.note(format!("interrupt {prompt_id}"));
        Ok(())
    }

    async fn delete(&self, prompt_ids: &[String]) -> Result<(), ComfyError> {
        self.note(format!("delete {}", prompt_ids.join(" ")));
        Ok(())
    }

    async fn free(&self, _: bool, _: bool) -> Result<(), ComfyError> {
        Ok(())
    }

    async fn view(&self, _: &FileRef) -> Result<BoxStream<'static, Result<Bytes, ComfyError>>, ComfyError> {
        unreachable!("a stage has no files")
    }

    async fn upload(&self, _: Upload) -> Result<UploadedImage, ComfyError> {
        unreachable!("a stage has no files")
    }
}

/// A socket on which nothing is ever heard.
#[derive(Default)]
pub(super) struct Silence {
    pub pings: std::sync::Arc<AtomicU32>,
}

impl Stream for Silence {
    type Item = Result<Frame, ComfyError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}

#[async_trait]
impl Socket for Silence {
    fn ping(&mut self) {
        self.pings.fetch_add(1, Ordering::SeqCst);
    }

    async fn close(self: Box<Self>, _: Duration) -> bool {
        false
    }
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn a_snapshot_reads_the_queue_before_the_history_and_asks_only_for_what_is_not_queued() {
    let stage = Stage { history: vec!["old", "done"], ..Stage::with_queues(&[(&["runs"], &["waits"])]) };
    let seen = snapshot(&stage, ids(&["runs", "waits", "done", "gone"]), true).await.unwrap();
    let asked = stage.asked();
    assert_eq!(asked[0], "queue");
    assert!(!asked.iter().any(|what| what == "history runs" || what == "history waits"), "{asked:?}");
    assert_eq!(seen.missing, ["gone"]);
    let order: Vec<&str> = seen.history.iter().map(|entry| entry.prompt_id.as_str()).collect();
    assert_eq!(order, ["old", "done"]);
    assert!(!seen.history_empty);
}

#[tokio::test]
async fn a_job_that_ends_between_queue_and_history_has_ended() {
    let stage = Stage { history: vec!["job"], ..Stage::with_queues(&[(&["job"], &["waits"])]) };
    let seen = snapshot(&stage, Vec::new(), false).await.unwrap();
    assert!(seen.running.is_empty());
    assert_eq!((seen.pending.len(), seen.history.len()), (1, 1));
}

#[tokio::test]
async fn a_server_without_any_history_is_told_as_such() {
    let seen = snapshot(&Stage::default(), ids(&["gone"]), true).await.unwrap();
    assert!(seen.history_empty);
    assert_eq!(seen.missing, ["gone"]);
}

#[tokio::test]
async fn the_running_job_counts_only_if_it_is_ours() {
    let stage = Stage::with_queues(&[(&["runs"], &[])]);
    assert_eq!(running_of(&stage, "us").await.unwrap(), Running::Job("runs".into()));
    assert_eq!(running_of(&stage, "others").await.unwrap(), Running::Nothing);
}

#[tokio::test]
async fn a_prompt_is_found_in_the_queue_and_in_the_history() {
    let stage = Stage { history: vec!["done"], ..Stage::with_queues(&[(&[], &["waits"])]) };
    assert!(!find(&stage, "waits").await.unwrap().unwrap().ended);
    assert!(find(&stage, "done").await.unwrap().unwrap().ended);
    assert!(find(&stage, "never").await.unwrap().is_none());
}

#[tokio::test]
async fn a_newer_server_cancels_by_itself() {
    let stage = Stage { cancels: Some(true), ..Stage::default() };
    assert!(cancel(&stage, "job").await.unwrap());
    assert_eq!(stage.asked(), ["cancel job"]);
}

#[tokio::test]
async fn an_older_server_is_interrupted_only_right_after_the_job_was_seen_running() {
    let stage = Stage::with_queues(&[(&["job"], &[])]);
    assert!(cancel(&stage, "job").await.unwrap());
    assert_eq!(stage.asked(), ["cancel job", "queue", "interrupt job"]);

    let other = Stage::with_queues(&[(&["another"], &[])]);
    assert!(!cancel(&other, "job").await.unwrap());
    assert_eq!(other.asked(), ["cancel job", "queue"]);
}

#[tokio::test]
async fn a_job_that_begins_while_it_is_deleted_from_an_older_server_is_interrupted() {
    let stage = Stage::with_queues(&[(&[], &["job"]), (&["job"], &[])]);
    assert!(cancel(&stage, "job").await.unwrap());
    assert_eq!(stage.asked(), ["cancel job", "queue", "delete job", "queue", "interrupt job"]);

    let waits = Stage::with_queues(&[(&["another"], &["job"]), (&["another"], &[])]);
    assert!(cancel(&waits, "job").await.unwrap());
    assert_eq!(waits.asked(), ["cancel job", "queue", "delete job", "queue"]);
}
