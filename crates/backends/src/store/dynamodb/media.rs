//! Rows of outputs, in the partition of their generation; beside it the ways to them: by id, those that are pending, and
//! who uses a key of the media store.

use super::calls::{NEW, THERE, Wanted, Words};
use super::generations::id_of;
use super::item::{Item, get_text, item, key, number, required, text};
use super::{DynamoStore, Failure, table, told};
use monitor_core::generation::OutputStatus;
use monitor_pipeline::clock;
use monitor_pipeline::ports::{MediaRecord, StoreError};
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

fn by_id(media_id: Uuid) -> Item {
    key(format!("output#{}", media_id.simple()), table::ONE)
}

pub(super) fn users_of(used: &str) -> String {
    format!("key#{}", table::part(used))
}

/// Rows of one moment stand in the order in which they were added.
fn order() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}#{:010}", table::moment(clock::wall()), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn pending(order: &str, row: &MediaRecord) -> Item {
    let attributes = [("q", text(row.queue_id.simple().to_string())), ("m", text(row.media_id.simple().to_string()))];
    item(table::PENDING, format!("{order}#{}", row.media_id.simple()), attributes)
}

pub(super) fn pending_key(order: &str, media_id: Uuid) -> Item {
    key(table::PENDING, format!("{order}#{}", media_id.simple()))
}

impl DynamoStore {
    pub(super) async fn add_outputs(&self, rows: &[MediaRecord]) -> Result<(), Failure> {
        for row in rows {
            let order = order();
            let attributes =
                [("d", self.document(row).await?), ("pos", number(row.position)), ("ord", text(order.clone()))];
            let place = item(table::generation(row.queue_id), table::output(row.media_id), attributes);
            let new = self.put(place, NEW, Words::default()).await?;
            let mut way = by_id(row.media_id);
            way.insert("q".to_owned(), text(row.queue_id.simple().to_string()));
            self.put(way, None, Words::default()).await?;
            // What leads to it is written again also where the row is there: it may have been cut off between them.
            let (order, held) = if new { (order, row.clone()) } else { self.held_output(row).await? };
            self.mark_keys(&held).await?;
            if held.status == OutputStatus::Pending {
                self.put(pending(&order, &held), None, Words::default()).await?;
            }
        }
        Ok(())
    }

    /// The row that is there under the id of this one, and its order.
    async fn held_output(&self, row: &MediaRecord) -> Result<(String, MediaRecord), Failure> {
        let held = self.get(key(table::generation(row.queue_id), table::output(row.media_id))).await?;
        let held = held.ok_or(StoreError::NotFound(row.queue_id))?;
        let order = required(&held, "ord")?.to_owned();
        Ok((order, self.read_in(&held, "d").await?.unwrap_or_else(|| row.clone())))
    }

    /// Whoever removes a generation must know whether somebody else has its files.
    async fn mark_keys(&self, row: &MediaRecord) -> Result<(), Failure> {
        for used in [&row.key, &row.thumbnail_key].into_iter().flatten() {
            self.put(key(users_of(used), row.media_id.simple().to_string()), None, Words::default()).await?;
        }
        Ok(())
    }

    pub(super) async fn replace_output(&self, row: &MediaRecord) -> Result<(), Failure> {
        let place = key(table::generation(row.queue_id), table::output(row.media_id));
        let words = Words::default().value("d", self.document(row).await?).value("pos", number(row.position));
        let Some(held) = self.update(place, "SET d = :d, pos = :pos", THERE, words).await? else {
            return Err(StoreError::NotFound(row.queue_id).into());
        };
        self.mark_keys(row).await?;
        let order = required(&held, "ord")?;
        match row.status {
            OutputStatus::Pending => drop(self.put(pending(order, row), None, Words::default()).await?),
            OutputStatus::Stored | OutputStatus::Failed => self.delete(pending_key(order, row.media_id)).await?,
        }
        Ok(())
    }

    pub(super) async fn outputs_of(&self, queue_id: Uuid) -> Result<Vec<MediaRecord>, Failure> {
        let mut items = self.query(Wanted::beginning(table::generation(queue_id), "media#")).await?;
        items.sort_by_cached_key(|item| {
            (super::item::get_number::<u32>(item, "pos"), get_text(item, "ord").map(str::to_owned))
        });
        Ok(self.read_each(&items, "d").await)
    }

    pub(super) async fn output(&self, media_id: Uuid) -> Result<Option<MediaRecord>, Failure> {
        let Some(way) = self.get(by_id(media_id)).await? else { return Ok(None) };
        match self.get(key(table::generation(id_of(&way)?), table::output(media_id))).await? {
            Some(row) => self.read_in(&row, "d").await,
            None => Ok(None),
        }
    }

    pub(super) async fn pending_outputs(&self) -> Result<Vec<MediaRecord>, Failure> {
        let mut places = Vec::new();
        for row in self.query(Wanted::all(table::PENDING)).await? {
            let media_id = Uuid::try_parse(required(&row, "m")?).map_err(told)?;
            places.push(key(table::generation(id_of(&row)?), table::output(media_id)));
        }
        let items = self.get_all(places).await?;
        let mut rows: Vec<MediaRecord> = self.read_each(&items, "d").await;
        rows.retain(|row| row.status == OutputStatus::Pending);
        Ok(rows)
    }

    pub(super) fn way_to_output(media_id: Uuid) -> Item {
        by_id(media_id)
    }
}
