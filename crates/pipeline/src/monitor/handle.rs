//! What others can ask of a running monitor.

use super::looking::{self, Found};
use super::status::{Counts, InstanceStatus, Readings};
use crate::api::{Reading, Upload};
use crate::comfy::{Comfy, ComfyError};
use crate::ports::MediaError;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use monitor_core::comfy::rest::{ClassInfo, UploadedImage};
use monitor_core::event::{FileRef, JobError};
use monitor_core::generation::NodeError;
use monitor_core::time::Timestamp;
use monitor_core::tracker::{Estimate, Submission};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// What became of a submission.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// `prompt_id` is the server's: old servers choose their own. `warnings`: outputs that were dropped.
    Accepted {
        prompt_id: String,
        number: Option<f64>,
        warnings: Vec<NodeError>,
    },
    Refused {
        error: JobError,
        node_errors: Vec<NodeError>,
    },
    /// The server was not reached: it can be sent again when it is back.
    Away {
        reason: String,
    },
    /// It was sent, no answer came, and the server was not seen to have it: call [`MonitorHandle::find`] before it is
    /// sent again.
    Unknown {
        reason: String,
    },
}

#[derive(Debug)]
pub(super) enum Command {
    Submit { submission: Box<Submission>, preview_method: Option<String>, reply: oneshot::Sender<Sent> },
    Cancel { prompt_id: String, reply: oneshot::Sender<Result<bool, ComfyError>> },
    Estimate { workflow: Box<Value>, reply: oneshot::Sender<Estimate> },
    Reconnect,
    Stop { reason: String, done: oneshot::Sender<()> },
}

/// A running monitor. Clones speak to the same one; it stops with [`MonitorHandle::stop`] or when the last is dropped.
#[derive(Clone)]
pub struct MonitorHandle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) status: watch::Receiver<InstanceStatus>,
    pub(super) counts: watch::Receiver<Counts>,
    pub(super) readings: Arc<Readings>,
    pub(super) comfy: Arc<dyn Comfy>,
}

impl MonitorHandle {
    /// Sends a job. `preview_method`: `none`, `auto`, `latent2rgb`, `taesd`, `default` (`comfyui-protocol`, section 4;
    /// 0.5.0 and newer, others leave it unread).
    pub async fn submit(&self, submission: Submission, preview_method: Option<String>) -> Sent {
        let (reply, answer) = oneshot::channel();
        let command = Command::Submit { submission: Box::new(submission), preview_method, reply };
        let stopped = || Sent::Away { reason: "the monitor of this instance has stopped".to_owned() };
        if self.commands.send(command).await.is_err() {
            return stopped();
        }
        answer.await.unwrap_or_else(|_| stopped())
    }

    /// Takes a waiting job back or stops a running one; false if there was nothing to stop any more.
    pub async fn cancel(&self, prompt_id: &str) -> Result<bool, ComfyError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Cancel { prompt_id: prompt_id.to_owned(), reply };
        let stopped = || ComfyError::Broken {
            url: self.comfy.host().to_owned(),
            cause: "the monitor of this instance has stopped".to_owned(),
        };
        self.commands.send(command).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// How long this API-format graph would wait and run here, by what nodes took before; `None` if the monitor has
    /// stopped.
    pub async fn estimate(&self, workflow: Value) -> Option<Estimate> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Estimate { workflow: Box::new(workflow), reply }).await.ok()?;
        answer.await.ok()
    }

    /// Whether the server has this prompt: to be asked before one without an answer is sent again.
    pub async fn find(&self, prompt_id: &str) -> Result<Option<Found>, ComfyError> {
        looking::find(&*self.comfy, prompt_id).await
    }

    /// Tries now: gives the connection up, or ends the wait for the next try.
    pub async fn reconnect(&self) {
        // A monitor that has stopped has nothing to reconnect.
        let _ = self.commands.send(Command::Reconnect).await;
    }

    /// Publishes `Monitor Stopped`, closes the connection and ends the monitor.
    pub async fn stop(&self, reason: &str) {
        let (done, stopped) = oneshot::channel();
        if self.commands.send(Command::Stop { reason: reason.to_owned(), done }).await.is_ok() {
            // Dropped without a word: it had stopped already.
            let _ = stopped.await;
        }
    }

    /// How the instance is, and its changes.
    pub fn status(&self) -> watch::Receiver<InstanceStatus> {
        self.status.clone()
    }

    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// GPU memory of the last 30 minutes, oldest first.
    pub fn readings(&self, since: Option<Timestamp>) -> Vec<Reading> {
        self.readings.since(since)
    }

    /// The node classes of the server, as it gives them.
    pub async fn object_info(&self) -> Result<Bytes, ComfyError> {
        self.comfy.object_info().await
    }

    pub async fn class_info(&self, class: &str) -> Result<Option<ClassInfo>, ComfyError> {
        self.comfy.class_info(class).await
    }

    /// What `/object_info` says of one class; `None` for a class the server does not have.
    pub async fn class_entry(&self, class: &str) -> Result<Option<Value>, ComfyError> {
        self.comfy.class_entry(class).await
    }

    /// Gives memory back when the server is next idle; without its cache the next job runs cold.
    pub async fn free(&self, unload_models: bool, free_memory: bool) -> Result<(), ComfyError> {
        self.comfy.free(unload_models, free_memory).await
    }

    /// An input image; use the name the server gives it.
    pub async fn upload(&self, upload: Upload) -> Result<UploadedImage, ComfyError> {
        self.comfy.upload(upload).await
    }

    /// The bytes of a file of the server, at most `limit` of them.
    pub async fn view(
        &self,
        file: &FileRef,
        limit: u64,
    ) -> Result<BoxStream<'static, Result<Bytes, MediaError>>, ComfyError> {
        let pieces = self.comfy.view(file).await?;
        let bounded = pieces.scan(Some(0_u64), move |read, piece| {
            let item = read.map(|so_far| match piece {
                Ok(bytes) if so_far + bytes.len() as u64 > limit => {
                    *read = None;
                    Err(MediaError::TooLarge { limit })
                }
                Ok(bytes) => {
                    *read = Some(so_far + bytes.len() as u64);
                    Ok(bytes)
                }
                Err(error) => {
                    *read = None;
                    Err(MediaError::Source(error.to_string()))
                }
            });
            std::future::ready(item)
        });
        Ok(bounded.boxed())
    }
}
