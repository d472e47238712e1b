//! Forgetting: what has ended and is too old or too much, some a call.

use super::calls::Wanted;
use super::item::{Item, get_text, key};
use super::list::Ended;
use super::media::{pending_key, users_of};
use super::{DynamoStore, Failure, table};
use crate::store::periods::orphaned_before;
use monitor_core::event::Event;
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{MediaRecord, Pruned, Retention};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Generations a call.
const CHUNK: u64 = 100;

impl DynamoStore {
    pub(super) async fn forget(&self, retention: Retention, now: Timestamp) -> Result<Pruned, Failure> {
        let cutoff =
            retention.max_age_ms.map(|age| now.as_millis().saturating_sub(i64::try_from(age).unwrap_or(i64::MAX)));
        if let Some(cutoff) = cutoff {
            self.forget_monitor_events(cutoff).await?;
        }
        let (mut generations, mut used) = (0, BTreeSet::new());
        for ended in self.outside_retention(retention, cutoff).await? {
            if generations < CHUNK && self.is_removed(ended.queue_id, &mut used).await {
                self.delete(key(table::LIST, table::listed(ended.created_at, ended.queue_id))).await?;
                generations += 1;
            }
        }
        if generations == 0 {
            self.forget_orphans(now).await?;
            self.forget_runs(now).await?;
        }
        let mut keys = Vec::new();
        for key in used {
            let others = self.query(Wanted { limit: Some(1), ..Wanted::all(users_of(&key)) }).await?;
            if others.is_empty() {
                keys.push(key);
            }
        }
        Ok(Pruned { generations, keys })
    }

    async fn outside_retention(&self, retention: Retention, cutoff: Option<i64>) -> Result<Vec<Ended>, Failure> {
        let mut ended = self.ended_generations().await?;
        ended.sort_by_key(|ended| (ended.at, ended.queue_id));
        let most = retention.max_count.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        let excess = most.map_or(0, |most| ended.len().saturating_sub(most));
        let goes = |place: usize, at: i64| place < excess || cutoff.is_some_and(|cutoff| at < cutoff);
        let gone = ended.into_iter().enumerate().filter(|(place, ended)| goes(*place, ended.at));
        Ok(gone.map(|(_, ended)| ended).collect())
    }

    /// One that cannot be is left for the next time: it must not keep those behind it.
    async fn is_removed(&self, queue_id: Uuid, used: &mut BTreeSet<String>) -> bool {
        let removed = self.remove(queue_id, used).await;
        removed.inspect_err(|error| tracing::warn!(%error, %queue_id, "a generation could not be removed")).is_ok()
    }

    /// With all that leads to it but its row in the list, which goes last: what is cut off before is found there again.
    /// Large documents are left to the bucket's own rule: another generation may have the same.
    async fn remove(&self, queue_id: Uuid, used: &mut BTreeSet<String>) -> Result<(), Failure> {
        let partition = self.query(Wanted::all(table::generation(queue_id))).await?;
        let sk = |item: &Item| get_text(item, "sk").map(str::to_owned).unwrap_or_default();
        let outputs: Vec<Item> = partition.iter().filter(|item| sk(item).starts_with("media#")).cloned().collect();
        let mut gone = Vec::new();
        for item in &outputs {
            let Some(row) = self.read_in::<MediaRecord>(item, "d").await? else { continue };
            gone.push(Self::way_to_output(row.media_id));
            gone.extend(get_text(item, "ord").map(|order| pending_key(order, row.media_id)));
            for key_used in [&row.key, &row.thumbnail_key].into_iter().flatten() {
                gone.push(key(users_of(key_used), row.media_id.simple().to_string()));
                used.insert(key_used.clone());
            }
        }
        for plan in self.plans_from(queue_id, 0).await? {
            gone.extend(Self::without_plan(&plan).into_iter().filter_map(|write| match write {
                super::calls::Write::Delete(key) => Some(key),
                _ => None,
            }));
        }
        gone.extend(self.ways_to(&partition).await?);
        gone.extend(partition.iter().map(|item| key(table::generation(queue_id), sk(item))));
        let mut seen = BTreeSet::new();
        gone.retain(|item| {
            seen.insert((get_text(item, "pk").map(str::to_owned), get_text(item, "sk").map(str::to_owned)))
        });
        self.delete_all(gone).await
    }

    /// Found by the ends of attempts; what never ended expires by itself.
    async fn forget_orphans(&self, now: Timestamp) -> Result<(), Failure> {
        let cutoff = table::ordered(orphaned_before(now));
        let listed: BTreeSet<Uuid> = self.listed_generations().await?.into_iter().collect();
        for instance_id in self.known_instances().await? {
            let partition = table::of_instance("ended", &instance_id);
            let mut gone = Vec::new();
            for row in self.query(Wanted::all(partition.clone())).await? {
                let Some(sk) = get_text(&row, "sk").filter(|sk| *sk < cutoff.as_str()) else { continue };
                let queue_id = sk.split('#').nth(1).and_then(|id| Uuid::try_parse(id).ok());
                if let Some(queue_id) = queue_id.filter(|queue_id| !listed.contains(queue_id))
                    && self.is_removed(queue_id, &mut BTreeSet::new()).await
                {
                    gone.push(key(partition.clone(), sk));
                }
            }
            self.delete_all(gone).await?;
        }
        Ok(())
    }

    /// The newest of each instance stays: sequences go on from it.
    async fn forget_monitor_events(&self, cutoff: i64) -> Result<(), Failure> {
        for instance_id in self.known_instances().await? {
            let partition = table::of_instance("monitor", &instance_id);
            let rows = self.query(Wanted::all(partition.clone())).await?;
            let mut gone = Vec::new();
            for row in rows.iter().rev().skip(1) {
                let event: Vec<Event> = self.read_each(std::slice::from_ref(row), "d").await;
                if event.iter().any(|event| event.base.happened_at().as_millis() < cutoff) {
                    gone.extend(get_text(row, "sk").map(|sk| key(partition.clone(), sk)));
                }
            }
            self.delete_all(gone).await?;
        }
        Ok(())
    }
}
