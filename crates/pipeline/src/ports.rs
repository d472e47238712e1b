//! The seams: what the use cases need from the outside, and what each adapter guarantees. One contract, one file per
//! technology in `monitor-backends`, the same conformance suite over each.

mod gateway;
mod remote;

pub use gateway::{Connections, Gateway, Listener, MOST_SUBSCRIPTIONS, PostError};
pub use remote::{Command, CommandError, Commands, Deliveries, Links, Ordered, Orders, Remembered, Roster};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use monitor_core::cost::History;
use monitor_core::event::{Event, FileRef, JobError};
use monitor_core::generation::{NodeError, Origin, OutputKind, OutputStatus, Status, Summary};
use monitor_core::performance::Distribution;
use monitor_core::retry::Tried;
use monitor_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("a generation with the id {0} exists already: choose another queueId or leave it out")]
    Exists(Uuid),
    #[error("there is no generation {0}")]
    NotFound(Uuid),
    #[error("{0:?} is no cursor of ours: leave it out to begin with the newest")]
    BadCursor(String),
    #[error("the store at {place} cannot be opened: {cause}: {fix}")]
    Unusable { place: String, cause: String, fix: String },
    #[error("the store at {place} failed: {cause}")]
    Failed { place: String, cause: String },
}

/// What a person asked for, before any event: kept first, sent then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerationRecord {
    pub queue_id: Uuid,
    pub origin: Origin,
    pub title: String,
    /// Where it should run; `None`: chosen when sending.
    pub instance_id: Option<String>,
    pub created_at: Timestamp,
    pub idempotency_key: Option<String>,
    pub metadata: Option<Value>,
    pub warnings: Vec<NodeError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sending {
    /// Not yet sent, or the server was away: to be sent.
    Waiting,
    /// Sent, no answer seen: look before sending again.
    Sent,
    Accepted,
    Refused,
    /// Taken back by a person before it was sent, or observed: nothing to send.
    None,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRecord {
    pub queue_id: Uuid,
    /// From 1.
    pub number: u32,
    /// Ours, or the server's where it chose its own.
    pub prompt_id: String,
    pub instance_id: Option<String>,
    pub sending: Sending,
    /// The API-format graph as sent.
    pub workflow: Value,
    /// In words, what differs from the attempt before.
    pub change: Option<String>,
    pub created_at: Timestamp,
    /// Why it was refused.
    pub refusal: Option<JobError>,
    /// What was said about single nodes and inputs then.
    pub complaints: Vec<NodeError>,
    /// The server's queue number, once known.
    pub queue_number: Option<f64>,
    pub submitter_client_id: Option<String>,
    /// What made it, where it was not a person.
    pub retry: Option<Tried>,
    /// It failed and was to be tried again, and a person stopped that, or it came to nothing.
    pub retry_stopped: bool,
}

/// An attempt to come: what it will be, and when. Becomes an attempt by [`Store::add_attempt`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRetry {
    pub queue_id: Uuid,
    /// Of the attempt to come; the one before it has failed.
    pub number: u32,
    pub retry_at: Timestamp,
    pub tried: Tried,
    /// From 1, counting this one.
    pub retry_count: u32,
    pub max_retries: u32,
    /// Where the attempt before failed.
    pub failed_at: String,
    /// Not there again, as long as another instance is connected.
    pub other_instance: bool,
    /// `/free` before it is sent.
    pub free_memory: bool,
    /// The API-format graph to send.
    pub workflow: Value,
    /// In words, what differs from the attempt before.
    pub change: Option<String>,
    /// In words, what comes if this one fails too.
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    New,
    /// The same idempotency key was used by this one.
    Existing(Uuid),
}

/// Where an output came from and what became of it. A row says `Stored` only when the bytes are there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaRecord {
    pub media_id: Uuid,
    pub queue_id: Uuid,
    pub attempt: u32,
    pub instance_id: String,
    pub node_id: String,
    pub kind: OutputKind,
    /// A temp file of the server.
    pub preview: bool,
    pub status: OutputStatus,
    /// Absent for texts and for images that came over the socket.
    pub source: Option<FileRef>,
    pub text: Option<String>,
    pub content_type: Option<String>,
    pub size: Option<u64>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub sha256: Option<String>,
    /// The key of the stored bytes, a name of ours.
    pub key: Option<String>,
    pub thumbnail_key: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// Order within the generation.
    pub position: u32,
}

#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    pub statuses: Vec<Status>,
    pub instance_id: Option<String>,
    /// Words in the title, or the beginning of an id.
    pub q: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// From `Page::next_cursor`; opaque.
    pub cursor: Option<String>,
    pub limit: u32,
    /// The start of today, for `today`.
    pub today: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub struct Page {
    pub items: Vec<Summary>,
    pub next_cursor: Option<String>,
    /// Of all that match but for the status.
    pub counts: Vec<(Status, u64)>,
    pub today: Today,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Today {
    pub jobs: u64,
    pub median_wait_ms: Option<u64>,
    pub success_percentage: Option<f64>,
}

/// What is known of one generation but for its events and media.
#[derive(Clone, Debug)]
pub struct Known {
    pub record: GenerationRecord,
    /// By number.
    pub attempts: Vec<AttemptRecord>,
    /// What [`Store::save_summary`] kept last.
    pub saved: Option<Summary>,
}

impl Known {
    /// The highest sequence that lists have shown; steps are told and not kept, so it may lie beyond the events.
    pub fn saved_sequence(&self) -> u64 {
        self.saved.as_ref().map_or(0, |summary| summary.sequence)
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Retention {
    /// Ended generations older than this many milliseconds go.
    pub max_age_ms: Option<u64>,
    /// At most this many ended generations stay, the newest.
    pub max_count: Option<u64>,
}

/// Keeps generations, attempts, media rows and events, and what nodes took.
///
/// Guarantees: every call is atomic; `apply` of an event that is there already changes nothing; `save_summary` never
/// replaces a newer one (by `sequence`, then by rank of status); reads see every write that was answered.
#[async_trait]
pub trait Store: Send + Sync {
    /// A new generation with its first attempt, in one step.
    async fn create(&self, record: &GenerationRecord, attempt: &AttemptRecord) -> Result<Created, StoreError>;
    /// The next attempt of a generation; the same number again changes nothing. A retry that was planned under this
    /// number is no longer.
    async fn add_attempt(&self, attempt: &AttemptRecord) -> Result<(), StoreError>;
    /// Replaces what is known of the sending of an attempt (`prompt_id`, `instance_id`, `sending`, `refusal`,
    /// `complaints`, `queue_number`).
    async fn update_attempt(&self, attempt: &AttemptRecord) -> Result<(), StoreError>;
    async fn set_warnings(&self, queue_id: Uuid, warnings: &[NodeError]) -> Result<(), StoreError>;

    /// Plans the next attempt, and gives the plan that stands: of two under one number the first, and none where the
    /// attempt is there already.
    async fn plan_retry(&self, plan: &PlannedRetry) -> Result<Option<PlannedRetry>, StoreError>;
    /// Of this generation.
    async fn planned_retry(&self, queue_id: Uuid) -> Result<Option<PlannedRetry>, StoreError>;
    /// All of them, soonest first.
    async fn planned_retries(&self) -> Result<Vec<PlannedRetry>, StoreError>;
    /// The attempt with this number is the last: what was planned after it is forgotten, and the attempt keeps that.
    async fn stop_retry(&self, queue_id: Uuid, number: u32) -> Result<(), StoreError>;
    /// Attempts with `Sending::Waiting` or `Sending::Sent`, oldest first.
    async fn unsent(&self) -> Result<Vec<AttemptRecord>, StoreError>;

    /// Appends durable events, each once, and what follows from them (attempts of observed jobs are made by
    /// [`Store::create`] before; what nodes took from `Node Executed`). Returns for each whether it was new. What lies
    /// after the end of its attempt by sequence (but `Job Retrying`), a second end, and what is not durable change
    /// nothing.
    async fn apply(&self, events: &[Event]) -> Result<Vec<bool>, StoreError>;
    /// The durable events of a generation in order of sequence.
    async fn events(&self, queue_id: Uuid) -> Result<Vec<Event>, StoreError>;
    /// The durable events of one prompt with a sequence above `after`, at most `limit`, in order; of the newest
    /// generation where the prompt id was used twice.
    async fn prompt_events(&self, prompt_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, StoreError>;
    /// Monitor-level events of an instance, likewise.
    async fn instance_events(&self, instance_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, StoreError>;
    /// The highest sequence of the monitor-level events of an instance, 0 for none.
    async fn instance_sequence(&self, instance_id: &str) -> Result<u64, StoreError>;

    /// What lists show of a generation; before the first one they do not show it.
    async fn save_summary(&self, summary: &Summary) -> Result<(), StoreError>;
    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError>;
    async fn known(&self, queue_id: Uuid) -> Result<Option<Known>, StoreError>;
    /// The newest generation with an attempt of this prompt id, and the attempt's number.
    async fn find_prompt(&self, prompt_id: &str) -> Result<Option<(Uuid, u32)>, StoreError>;
    /// Generations whose saved status has not ended (or was never saved), of one instance or of all, oldest first.
    async fn open(&self, instance_id: Option<&str>) -> Result<Vec<Uuid>, StoreError>;
    /// Prompt ids that ended at an instance, newest last, at most `limit`.
    async fn ended_prompts(&self, instance_id: &str, limit: u32) -> Result<Vec<String>, StoreError>;
    /// Of an instance since `since`, by attempts: ended well, ended badly, busy milliseconds. What a person stopped is
    /// neither good nor bad.
    async fn instance_today(&self, instance_id: &str, since: Timestamp) -> Result<(u32, u32, u64), StoreError>;
    /// What ran at an instance ([`monitor_core::cost::Run::of`]) in attempts that have ended, each run once, however
    /// they ended; within the bounds of a [`History`]. It outlives the generations it was learnt from, and costs the
    /// same however many runs there were. Stays as it is in whatever order events come, unless a bound is met.
    async fn history(&self, instance_id: &str) -> Result<History, StoreError>;
    /// The part of it that is about one class.
    async fn history_of_class(&self, instance_id: &str, class_type: &str) -> Result<History, StoreError>;
    /// How long these runs took, by class, of one instance or of all; also of what a [`History`] no longer holds. Costs
    /// the same however many runs there were.
    async fn class_times(&self, instance_id: Option<&str>) -> Result<BTreeMap<String, Distribution>, StoreError>;

    /// New rows; a media id that is there already keeps its row.
    async fn add_media(&self, rows: &[MediaRecord]) -> Result<(), StoreError>;
    /// Replaces the row of this media id.
    async fn update_media(&self, row: &MediaRecord) -> Result<(), StoreError>;
    async fn media(&self, queue_id: Uuid) -> Result<Vec<MediaRecord>, StoreError>;
    async fn media_by_id(&self, media_id: Uuid) -> Result<Option<MediaRecord>, StoreError>;
    /// Rows that are `Pending`, oldest first.
    async fn pending_media(&self) -> Result<Vec<MediaRecord>, StoreError>;

    /// Removes ended generations beyond the retention, with all their rows; returns the keys of their stored bytes,
    /// for the media to delete. At most a few hundred a call: call again until nothing is returned. The last call also
    /// forgets what nodes took a year ago and longer, whatever the retention.
    async fn prune(&self, retention: Retention, now: Timestamp) -> Result<Pruned, StoreError>;
    /// A small fact that must outlive us (the client id's seed, ...).
    async fn fact(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Keeps the first value that was set, and returns it.
    async fn set_fact_once(&self, name: &str, value: &str) -> Result<String, StoreError>;
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    pub generations: u64,
    pub keys: Vec<String>,
}

/// Durable events on their way to the bus.
///
/// Guarantees: `append` returns only when the events survive a `kill -9`; `pending` gives them in the order of
/// appending; an event leaves only by `remove`. Appending an event id that is there already changes nothing.
#[async_trait]
pub trait Outbox: Send + Sync {
    async fn append(&self, events: &[Event]) -> Result<(), StoreError>;
    async fn pending(&self, limit: u32) -> Result<Vec<Event>, StoreError>;
    async fn remove(&self, event_ids: &[Uuid]) -> Result<(), StoreError>;
}

#[derive(Debug, thiserror::Error)]
#[error("the bus did not take the event: {0}")]
pub struct BusError(pub String);

/// Takes events to the handlers.
///
/// Guarantees: handlers see each published event at least once, and the events of one generation in the order of
/// publishing. After `flush` the bus has taken responsibility for everything published before it: it outlives a
/// `kill -9` without the outbox.
#[async_trait]
pub trait Bus: Send + Sync {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError>;
    async fn flush(&self) -> Result<(), BusError>;
}

/// Keeps what the bus refuses for good, for a person to look at.
///
/// Guarantees: what was buried survives a `kill -9`, as far as there is room; burying never fails whoever buries.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    async fn bury(&self, event: &Event, reason: &str);
}

#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("there is nothing stored under {0}")]
    NotFound(String),
    #[error("larger than the limit of {limit} bytes: raise `media.max_bytes` to keep such files")]
    TooLarge { limit: u64 },
    #[error("the source broke off: {0}")]
    Source(String),
    #[error("the media store failed: {0}")]
    Failed(String),
}

/// What storing found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    pub key: String,
    pub size: u64,
    pub sha256: String,
    /// From the bytes, never from the name or the server's header.
    pub content_type: String,
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// Made for images that can be decoded within bounds.
    pub thumbnail_key: Option<String>,
}

/// Keeps bytes under names of ours.
///
/// Guarantees: `store` streams (memory is bounded), leaves nothing behind when it fails, and is idempotent by
/// `media_id`; no name of a server becomes part of a key.
#[async_trait]
pub trait Media: Send + Sync {
    async fn store(
        &self,
        media_id: Uuid,
        bytes: BoxStream<'static, Result<Bytes, MediaError>>,
    ) -> Result<StoredFile, MediaError>;
    /// Total size, and the bytes of `range` (all when `None`; end exclusive).
    async fn open(
        &self,
        key: &str,
        range: Option<std::ops::Range<u64>>,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, MediaError>>), MediaError>;
    async fn delete(&self, key: &str) -> Result<(), MediaError>;
}
