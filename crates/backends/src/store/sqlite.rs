//! The store of the embedded deployment: one `SQLite` file, one writer, a few readers. The outbox is in the same file
//! (`crate::outbox::sqlite`), so that a lifecycle event is kept by the same commit and the same rules.

mod batch;
mod events;
mod facts;
mod generations;
mod history;
mod list;
mod media;
mod open;
mod prune;
mod retries;
mod summaries;
#[cfg(test)]
mod tests;
mod values;
mod writer;

pub(crate) use batch::Batch;
pub(crate) use values::{Id, decoded};
pub(crate) use writer::Writes;

use async_trait::async_trait;
use futures::future::BoxFuture;
use monitor_core::cost::History;
use monitor_core::event::Event;
use monitor_core::generation::{NodeError, Summary};
use monitor_core::performance::Distribution;
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{
    AttemptRecord, Created, GenerationRecord, Known, ListQuery, MediaRecord, Page, PlannedRetry, Pruned, Retention,
    Store, StoreError,
};
use sqlx::{SqliteConnection, SqlitePool};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;
use writer::Writer;

/// Why a statement or a document did not do; becomes a [`StoreError`] where the file's place is known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Told(#[from] StoreError),
    #[error(transparent)]
    Sqlite(#[from] sqlx::Error),
    #[error("a row could not be written or read as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a row could not be read: {0}")]
    Row(String),
    #[error("the transaction was not committed, nothing of it was kept: {0}")]
    Transaction(String),
    #[error("it is closed: the program is stopping")]
    Closed,
}

/// Store and outbox in one file. Clones share it.
#[derive(Clone)]
pub struct Sqlite {
    file: Arc<File>,
}

struct File {
    place: String,
    writer: Writer,
    readers: SqlitePool,
}

impl Sqlite {
    /// Opens `dir/monitor.db`; folder and file are made where they are missing, an older schema is brought up to date.
    ///
    /// # Errors
    /// [`StoreError::Unusable`], with cause and fix: another process uses the folder or has locked the file, the
    /// folder cannot be written, the file is no database or of a newer version.
    pub async fn open(dir: &Path) -> Result<Sqlite, StoreError> {
        let open::Opened { place, writer, readers, lock } = open::open(dir).await?;
        let file = File { place: place.display().to_string(), writer: Writer::start(writer, lock), readers };
        Ok(Sqlite { file: Arc::new(file) })
    }

    /// Returns when everything that was asked for is committed, and the file and the folder are free. Every later call
    /// fails.
    pub async fn close(&self) {
        self.file.readers.close().await;
        self.file.writer.close().await;
    }

    pub(crate) async fn write<T, W>(&self, writes: Writes, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
    {
        self.told(self.file.writer.run(writes, work).await)
    }

    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.file.readers
    }

    pub(crate) fn told<T>(&self, outcome: Result<T, impl Into<Failure>>) -> Result<T, StoreError> {
        outcome.map_err(|failure| match failure.into() {
            Failure::Told(error) => error,
            Failure::Sqlite(sqlx::Error::PoolClosed) => self.failed(&Failure::Closed),
            failure => self.failed(&failure),
        })
    }

    fn failed(&self, failure: &Failure) -> StoreError {
        StoreError::Failed { place: self.file.place.clone(), cause: failure.to_string() }
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn create(&self, record: &GenerationRecord, attempt: &AttemptRecord) -> Result<Created, StoreError> {
        let (generation, attempt) = self.told(
            generations::GenerationRow::of(record).and_then(|row| Ok((row, generations::AttemptRow::of(attempt)?))),
        )?;
        self.write(Writes::Often, move |connection| Box::pin(generations::create(connection, generation, attempt)))
            .await
    }

    async fn add_attempt(&self, attempt: &AttemptRecord) -> Result<(), StoreError> {
        let row = self.told(generations::AttemptRow::of(attempt))?;
        self.write(Writes::Once, move |connection| Box::pin(generations::add_attempt(connection, row))).await
    }

    async fn update_attempt(&self, attempt: &AttemptRecord) -> Result<(), StoreError> {
        let row = self.told(generations::AttemptRow::without_workflow(attempt))?;
        self.write(Writes::Once, move |connection| Box::pin(generations::update_attempt(connection, row))).await
    }

    async fn set_warnings(&self, queue_id: Uuid, warnings: &[NodeError]) -> Result<(), StoreError> {
        let warnings = self.told(serde_json::to_string(warnings))?;
        self.write(Writes::Once, move |connection| Box::pin(generations::set_warnings(connection, queue_id, warnings)))
            .await
    }

    async fn plan_retry(&self, plan: &PlannedRetry) -> Result<Option<PlannedRetry>, StoreError> {
        let row = self.told(retries::PlanRow::of(plan))?;
        self.write(Writes::Once, move |connection| Box::pin(retries::plan(connection, row))).await
    }

    async fn planned_retry(&self, queue_id: Uuid) -> Result<Option<PlannedRetry>, StoreError> {
        self.told(retries::of_generation(self.readers(), queue_id).await)
    }

    async fn planned_retries(&self) -> Result<Vec<PlannedRetry>, StoreError> {
        self.told(retries::all(self.readers()).await)
    }

    async fn stop_retry(&self, queue_id: Uuid, number: u32) -> Result<(), StoreError> {
        self.write(Writes::Once, move |connection| Box::pin(retries::stop(connection, queue_id, number))).await
    }

    async fn unsent(&self) -> Result<Vec<AttemptRecord>, StoreError> {
        self.told(generations::unsent(self.readers()).await)
    }

    async fn apply(&self, events: &[Event]) -> Result<Vec<bool>, StoreError> {
        let rows = self.told(events.iter().map(events::EventRow::of).collect::<Result<Vec<_>, _>>())?;
        self.write(events::writes(&rows), move |connection| Box::pin(events::apply(connection, rows))).await
    }

    async fn events(&self, queue_id: Uuid) -> Result<Vec<Event>, StoreError> {
        self.told(events::of_generation(self.readers(), queue_id).await)
    }

    async fn prompt_events(&self, prompt_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.told(events::of_prompt(self.readers(), prompt_id, after, limit).await)
    }

    async fn instance_events(&self, instance_id: &str, after: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.told(events::of_instance(self.readers(), instance_id, after, limit).await)
    }

    async fn instance_sequence(&self, instance_id: &str) -> Result<u64, StoreError> {
        self.told(events::instance_sequence(self.readers(), instance_id).await)
    }

    async fn save_summary(&self, summary: &Summary) -> Result<(), StoreError> {
        let row = self.told(summaries::SummaryRow::of(summary))?;
        self.write(Writes::Once, move |connection| Box::pin(summaries::save(connection, row))).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.told(list::list(self.readers(), query).await)
    }

    async fn known(&self, queue_id: Uuid) -> Result<Option<Known>, StoreError> {
        self.told(generations::known(self.readers(), queue_id).await)
    }

    async fn find_prompt(&self, prompt_id: &str) -> Result<Option<(Uuid, u32)>, StoreError> {
        self.told(generations::find_prompt(self.readers(), prompt_id).await)
    }

    async fn open(&self, instance_id: Option<&str>) -> Result<Vec<Uuid>, StoreError> {
        self.told(summaries::open(self.readers(), instance_id).await)
    }

    async fn ended_prompts(&self, instance_id: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        self.told(events::ended_prompts(self.readers(), instance_id, limit).await)
    }

    async fn instance_today(&self, instance_id: &str, since: Timestamp) -> Result<(u32, u32, u64), StoreError> {
        self.told(events::instance_today(self.readers(), instance_id, since).await)
    }

    async fn history(&self, instance_id: &str) -> Result<History, StoreError> {
        self.told(history::of_instance(self.readers(), instance_id).await)
    }

    async fn history_of_class(&self, instance_id: &str, class_type: &str) -> Result<History, StoreError> {
        self.told(history::of_class(self.readers(), instance_id, class_type).await)
    }

    async fn class_times(&self, instance_id: Option<&str>) -> Result<BTreeMap<String, Distribution>, StoreError> {
        self.told(history::class_times(self.readers(), instance_id).await)
    }

    async fn add_media(&self, rows: &[MediaRecord]) -> Result<(), StoreError> {
        let rows = self.told(rows.iter().map(media::MediaRow::of).collect::<Result<Vec<_>, _>>())?;
        self.write(Writes::rows(rows.len()), move |connection| Box::pin(media::add(connection, rows))).await
    }

    async fn update_media(&self, row: &MediaRecord) -> Result<(), StoreError> {
        let row = self.told(media::MediaRow::of(row))?;
        self.write(Writes::Once, move |connection| Box::pin(media::update(connection, row))).await
    }

    async fn media(&self, queue_id: Uuid) -> Result<Vec<MediaRecord>, StoreError> {
        self.told(media::of_generation(self.readers(), queue_id).await)
    }

    async fn media_by_id(&self, media_id: Uuid) -> Result<Option<MediaRecord>, StoreError> {
        self.told(media::by_id(self.readers(), media_id).await)
    }

    async fn pending_media(&self) -> Result<Vec<MediaRecord>, StoreError> {
        self.told(media::pending(self.readers()).await)
    }

    async fn prune(&self, retention: Retention, now: Timestamp) -> Result<Pruned, StoreError> {
        self.write(Writes::Often, move |connection| Box::pin(prune::prune(connection, retention, now))).await
    }

    async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.told(facts::fact(self.readers(), name).await)
    }

    async fn set_fact_once(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(Writes::Once, move |connection| Box::pin(facts::set_once(connection, name, value))).await
    }
}
