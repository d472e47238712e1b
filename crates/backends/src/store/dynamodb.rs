//! The store of the deployment on AWS: one table of Amazon `DynamoDB`. Keys and access patterns are in
//! `docs/decisions/0017-the-table-in-dynamodb.md`.

mod calls;
mod connections;
mod events;
mod generations;
mod history;
mod item;
mod list;
mod media;
mod prune;
mod retries;
mod roster;
mod table;

pub use table::{EXPIRES_AT, PARTITION_KEY, SORT_KEY};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use calls::{NEW, Words};
use monitor_core::cost::History;
use monitor_core::event::Event;
use monitor_core::generation::{NodeError, Summary};
use monitor_core::performance::Distribution;
use monitor_core::time::Timestamp;
use monitor_pipeline::clock;
use monitor_pipeline::ports::{
    AttemptRecord, Created, GenerationRecord, Known, ListQuery, MediaRecord, Page, PlannedRetry, Pruned, Retention,
    Store, StoreError,
};
use object_store::ObjectStore;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long events stay; their generations outlive them in lists.
const EVENTS_FOR: Duration = Duration::from_hours(90 * 24);

/// Clones share the client.
#[derive(Clone)]
pub struct DynamoStore {
    client: Client,
    table: String,
    /// For documents that no item holds.
    large: Arc<dyn ObjectStore>,
    events_for: Duration,
}

/// Why a call came to nothing.
#[derive(Debug)]
enum Failure {
    Store(StoreError),
    Failed(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Store(error) => error.fmt(f),
            Failure::Failed(cause) => f.write_str(cause),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Store(error)
    }
}

impl Failure {
    #[allow(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
    fn of(error: impl std::error::Error + ProvideErrorMetadata) -> Failure {
        Failure::Failed(crate::aws::told(&error))
    }
}

fn told(error: impl fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}

impl DynamoStore {
    /// Asks nothing yet. `large`: where documents go that are too large for an item.
    pub fn new(client: Client, table: String, large: Arc<dyn ObjectStore>) -> DynamoStore {
        DynamoStore { client, table, large, events_for: EVENTS_FOR }
    }

    #[must_use]
    pub fn keeping_events_for(self, events_for: Duration) -> DynamoStore {
        DynamoStore { events_for, ..self }
    }

    fn failed(&self, failure: Failure) -> StoreError {
        match failure {
            Failure::Store(error) => error,
            Failure::Failed(cause) => StoreError::Failed { place: format!("table {}", self.table), cause },
        }
    }

    fn told<T>(&self, outcome: Result<T, Failure>) -> Result<T, StoreError> {
        outcome.map_err(|failure| self.failed(failure))
    }

    async fn fact_of(&self, name: &str) -> Result<Option<String>, Failure> {
        let found = self.get(item::key(table::of_instance("fact", name), table::ONE)).await?;
        match found {
            Some(found) => self.read_in(&found, "d").await,
            None => Ok(None),
        }
    }

    async fn fact_once(&self, name: &str, value: &str) -> Result<String, Failure> {
        let fact = item::item(table::of_instance("fact", name), table::ONE, [("d", self.document(&value).await?)]);
        if self.put(fact, NEW, Words::default()).await? {
            return Ok(value.to_owned());
        }
        self.fact_of(name).await?.ok_or_else(|| told("a fact went away"))
    }

    /// Seconds since the epoch at which what is kept for so long goes.
    fn expiry(lasting: Duration) -> u64 {
        u64::try_from(clock::wall().as_millis() / 1_000).unwrap_or(0) + lasting.as_secs()
    }

    /// Whether an item is there no longer: the service takes days to remove what has expired.
    fn has_expired(item: &item::Item, now: Timestamp) -> bool {
        item::get_number::<i64>(item, EXPIRES_AT).is_some_and(|at| at * 1_000 <= now.as_millis())
    }
}

#[async_trait]
impl Store for DynamoStore {
    async fn create(&self, record: &GenerationRecord, attempt: &AttemptRecord) -> Result<Created, StoreError> {
        self.told(self.create_generation(record, attempt).await)
    }

    async fn add_attempt(&self, attempt: &AttemptRecord) -> Result<(), StoreError> {
        self.told(self.next_attempt(attempt).await)
    }

    async fn update_attempt(&self, attempt: &AttemptRecord) -> Result<(), StoreError> {
        self.told(self.replace_attempt(attempt).await)
    }

    async fn set_warnings(&self, queue_id: Uuid, warnings: &[NodeError]) -> Result<(), StoreError> {
        self.told(self.replace_warnings(queue_id, warnings).await)
    }

    async fn plan_retry(&self, plan: &PlannedRetry) -> Result<Option<PlannedRetry>, StoreError> {
        self.told(self.plan(plan).await)
    }

    async fn planned_retry(&self, queue_id: Uuid) -> Result<Option<PlannedRetry>, StoreError> {
        self.told(self.plan_of(queue_id).await)
    }

    async fn planned_retries(&self) -> Result<Vec<PlannedRetry>, StoreError> {
        self.told(self.all_plans().await)
    }

    async fn stop_retry(&self, queue_id: Uuid, number: u32) -> Result<(), StoreError> {
        self.told(self.stop_plan(queue_id, number).await)
    }

    async fn unsent(&self) -> Result<Vec<AttemptRecord>, StoreError> {
        self.told(self.unsent_attempts().await)
    }

    async fn apply(&self, events: &[Event]) -> Result<Vec<bool>, StoreError> {
        let mut new = Vec::with_capacity(events.len());
        for event in events {
            new.push(self.told(self.append(event).await)?);
        }
        Ok(new)
    }

    async fn events(&self, queue_id: Uuid) -> Result<Vec<Event>, StoreError> {
        self.told(self.events_of(queue_id).await)
    }

    async fn prompt_events(&self, prompt_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.told(self.events_of_prompt(prompt_id, after, limit).await)
    }

    async fn instance_events(&self, instance_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.told(self.events_of_instance(instance_id, after, limit).await)
    }

    async fn instance_sequence(&self, instance_id: &str) -> Result<u64, StoreError> {
        self.told(self.sequence_of_instance(instance_id).await)
    }

    async fn save_summary(&self, summary: &Summary) -> Result<(), StoreError> {
        self.told(self.keep_summary(summary).await)
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.told(self.page(query).await)
    }

    async fn known(&self, queue_id: Uuid) -> Result<Option<Known>, StoreError> {
        self.told(self.known_generation(queue_id).await)
    }

    async fn find_prompt(&self, prompt_id: &str) -> Result<Option<(Uuid, u32)>, StoreError> {
        self.told(self.newest_of_prompt(prompt_id).await)
    }

    async fn open(&self, instance_id: Option<&str>) -> Result<Vec<Uuid>, StoreError> {
        self.told(self.open_generations(instance_id).await)
    }

    async fn ended_prompts(&self, instance_id: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        self.told(self.prompts_ended(instance_id, limit).await)
    }

    async fn instance_today(&self, instance_id: &str, since: Timestamp) -> Result<(u32, u32, u64), StoreError> {
        self.told(self.day_of_instance(instance_id, since).await)
    }

    async fn history(&self, instance_id: &str) -> Result<History, StoreError> {
        self.told(self.history_of(instance_id, None).await)
    }

    async fn history_of_class(&self, instance_id: &str, class_type: &str) -> Result<History, StoreError> {
        self.told(self.history_of(instance_id, Some(class_type)).await)
    }

    async fn class_times(&self, instance_id: Option<&str>) -> Result<BTreeMap<String, Distribution>, StoreError> {
        self.told(self.times_of(instance_id).await)
    }

    async fn add_media(&self, rows: &[MediaRecord]) -> Result<(), StoreError> {
        self.told(self.add_outputs(rows).await)
    }

    async fn update_media(&self, row: &MediaRecord) -> Result<(), StoreError> {
        self.told(self.replace_output(row).await)
    }

    async fn media(&self, queue_id: Uuid) -> Result<Vec<MediaRecord>, StoreError> {
        self.told(self.outputs_of(queue_id).await)
    }

    async fn media_by_id(&self, media_id: Uuid) -> Result<Option<MediaRecord>, StoreError> {
        self.told(self.output(media_id).await)
    }

    async fn pending_media(&self) -> Result<Vec<MediaRecord>, StoreError> {
        self.told(self.pending_outputs().await)
    }

    async fn prune(&self, retention: Retention, now: Timestamp) -> Result<Pruned, StoreError> {
        self.told(self.forget(retention, now).await)
    }

    async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.told(self.fact_of(name).await)
    }

    async fn set_fact_once(&self, name: &str, value: &str) -> Result<String, StoreError> {
        self.told(self.fact_once(name, value).await)
    }
}
