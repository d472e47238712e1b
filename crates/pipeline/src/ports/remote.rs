//! What a monitor and those who speak for it exchange where neither can call the other: files, commands, and who is
//! there.

use super::{AttemptRecord, GenerationRecord, MediaError, MediaRecord, StoreError};
use async_trait::async_trait;
use monitor_core::event::Event;
use monitor_core::generation::Summary;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;
use uuid::Uuid;

/// Files are put into the media store by the monitor beside their server; this says of each what became of it: its row,
/// settled.
///
/// Guarantees: what was announced is found from then on, by anybody, and whoever waits for it is told.
#[async_trait]
pub trait Deliveries: Send + Sync {
    async fn announce(&self, row: &MediaRecord) -> Result<(), MediaError>;
    async fn find(&self, media_id: Uuid) -> Result<Option<MediaRecord>, MediaError>;
}

/// Where a browser gets stored bytes without us.
#[async_trait]
pub trait Links: Send + Sync {
    /// Valid for a while; `content_type` as it is to be served, `filename` as it is to be saved.
    async fn link(
        &self,
        media_id: Uuid,
        thumbnail: bool,
        content_type: Option<&str>,
        filename: Option<&str>,
    ) -> Result<String, MediaError>;
}

/// What a monitor is asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Command {
    /// Recorded already; goes to the monitor's server under these ids.
    Submit {
        queue_id: Uuid,
        prompt_id: String,
        title: String,
        workflow: Value,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        metadata: Option<Value>,
    },
    Cancel {
        queue_id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        known: Option<Box<Remembered>>,
    },
    Retry {
        queue_id: Uuid,
        #[serde(skip_serializing_if = "Map::is_empty", default)]
        overrides: Map<String, Value>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        known: Option<Box<Remembered>>,
    },
}

/// What is remembered of a generation, for a monitor that has never heard of it, or lost its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remembered {
    pub record: GenerationRecord,
    /// The last one.
    pub attempt: AttemptRecord,
    /// What ended it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end: Option<Event>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub saved: Option<Summary>,
}

impl Command {
    pub fn queue_id(&self) -> Uuid {
        match self {
            Command::Submit { queue_id, .. } | Command::Cancel { queue_id, .. } | Command::Retry { queue_id, .. } => {
                *queue_id
            }
        }
    }

    pub fn take_known(&mut self) -> Option<Box<Remembered>> {
        match self {
            Command::Submit { .. } => None,
            Command::Cancel { known, .. } | Command::Retry { known, .. } => known.take(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("the monitor of {0} takes no commands: it has no queue; deploy one for it, or name another instance")]
    NoQueue(String),
    #[error("the command queue failed: {0}")]
    Failed(String),
}

/// The way to the monitors.
///
/// Guarantees: a command waits until its monitor has done it, however long that is away; at least once, in no order.
#[async_trait]
pub trait Commands: Send + Sync {
    /// Whether there is a way to this instance's monitor at all, be it there or not.
    async fn reach(&self, instance_id: &str) -> Result<(), CommandError>;
    /// Not before `delay` has passed, or as much of it as a queue can hold back (15 minutes at Amazon SQS).
    async fn send(&self, instance_id: &str, command: &Command, delay: Duration) -> Result<(), CommandError>;
}

/// A command, and what to say when it is done.
#[derive(Clone, Debug)]
pub struct Ordered {
    pub command: Command,
    pub receipt: String,
}

/// A monitor's own commands.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Waits for some, a while; none after it is no error.
    async fn receive(&self) -> Result<Vec<Ordered>, CommandError>;
    /// It does not come again.
    async fn done(&self, receipt: &str) -> Result<(), CommandError>;
}

/// What monitors said last of themselves, of each kind.
///
/// Guarantees: of two events of one instance and detail type the one with the higher sequence stays, in whatever order
/// they come.
#[async_trait]
pub trait Roster: Send + Sync {
    /// A monitor-level event.
    async fn hear(&self, event: &Event) -> Result<(), StoreError>;
    /// Of one instance, or of all.
    async fn heard(&self, instance_id: Option<&str>) -> Result<Vec<Event>, StoreError>;
}
