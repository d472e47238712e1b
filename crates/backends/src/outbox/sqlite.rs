//! The outbox of the embedded deployment: a table beside the store's, written by the same writer.

use crate::store::sqlite::{Batch, Id, Sqlite, Writes, decoded};
use async_trait::async_trait;
use monitor_core::event::Event;
use monitor_pipeline::ports::{Outbox, StoreError};
use sqlx::Row;
use std::sync::LazyLock;
use uuid::Uuid;

static APPEND: LazyLock<Batch> = LazyLock::new(|| {
    Batch::new(
        "INSERT INTO outbox (event_id, event) SELECT * FROM (VALUES ",
        "(?, ?)",
        ") WHERE column1 IS NOT NULL ON CONFLICT (event_id) DO NOTHING",
    )
});
static REMOVE: LazyLock<Batch> = LazyLock::new(|| Batch::new("DELETE FROM outbox WHERE event_id IN (", "?", ")"));

#[async_trait]
impl Outbox for Sqlite {
    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let rows = events.iter().map(|event| Ok((event.base.event_id, serde_json::to_string(event)?)));
        let mut rows: Vec<_> = self.told(rows.collect::<Result<_, serde_json::Error>>())?;
        self.write(Writes::rows(rows.len()), move |connection| {
            Box::pin(async move {
                while !rows.is_empty() {
                    let (size, text) = APPEND.next(rows.len());
                    let mut statement = sqlx::query(text);
                    for (event_id, event) in rows.drain(..size) {
                        statement = statement.bind(Id(event_id)).bind(event);
                    }
                    statement.execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn pending(&self, limit: u32) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        let mut last = i64::MIN;
        // Rows that cannot be read must not hold up those behind them.
        loop {
            let wanted = limit.saturating_sub(events.len() as u32);
            let rows = sqlx::query("SELECT event, position FROM outbox WHERE position > ? ORDER BY position LIMIT ?")
                .bind(last)
                .bind(wanted)
                .fetch_all(self.readers())
                .await;
            let rows = self.told(rows)?;
            let Some(newest) = rows.last() else {
                return Ok(events);
            };
            last = self.told(newest.try_get(1))?;
            events.extend(self.told(decoded(&rows))?);
        }
    }

    async fn remove(&self, event_ids: &[Uuid]) -> Result<(), StoreError> {
        let mut event_ids = event_ids.to_vec();
        self.write(Writes::rows(event_ids.len()), move |connection| {
            Box::pin(async move {
                while !event_ids.is_empty() {
                    let (size, text) = REMOVE.next(event_ids.len());
                    let mut statement = sqlx::query(text);
                    for event_id in event_ids.drain(..size) {
                        statement = statement.bind(Id(event_id));
                    }
                    statement.execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        .await
    }
}
