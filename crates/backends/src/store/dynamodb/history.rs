//! What nodes took: a bucket each item, in a partition by instance. A run is learnt when its attempt has ended, once:
//! the item of the end says which were, and changes in one transaction with the buckets.

use super::calls::{NEW, Wanted, Words, Write};
use super::item::{Item, get_number, get_text, item, key, number, text};
use super::{DynamoStore, Failure, table, told};
use crate::store::periods::{counted, forgotten_before};
use aws_sdk_dynamodb::types::AttributeValue;
use monitor_core::cost::{Bucket, CLASSES, History, Run, Work};
use monitor_core::event::Event;
use monitor_core::performance::Distribution;
use monitor_core::time::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// Runs of one transaction: with a bucket and a count each it stays below the hundred writes one may have.
const AT_ONCE: usize = 30;
/// Others learn too.
const TRIES: u32 = 30;

const UNCHANGED: Option<&str> = Some("v = :v");

fn bucket_key(class_type: &str, drivers: &str) -> String {
    format!("{}#{}", table::part(class_type), crate::bulk::hex(&Sha256::digest(drivers.as_bytes())))
}

fn next_version(held: Option<&Item>) -> (AttributeValue, Option<&'static str>, Words) {
    match held.and_then(|held| get_number::<u64>(held, "v")) {
        Some(version) => (number(version + 1), UNCHANGED, Words::default().value("v", number(version))),
        None => (number(1), NEW, Words::default()),
    }
}

impl DynamoStore {
    /// What the end of an attempt, or a node's event that came after it, makes certain.
    pub(super) async fn learn_from(&self, queue_id: Uuid, attempt: u32) -> Result<(), Failure> {
        for _ in 0..TRIES {
            let end_key = key(table::generation(queue_id), table::end(attempt));
            let Some(end) = self.get(end_key.clone()).await? else { return Ok(()) };
            let learnt: HashSet<String> =
                end.get("learnt").and_then(|ids| ids.as_ss().ok()).into_iter().flatten().cloned().collect();
            let events = self.events_of(queue_id).await?;
            let new = |event: &&Event| {
                event.base.attempt == attempt
                    && Run::of(event).is_some()
                    && !learnt.contains(&event.base.event_id.simple().to_string())
            };
            let mut events: Vec<&Event> = events.iter().filter(new).collect();
            let Some(first) = events.first() else { return Ok(()) };
            // Of one attempt all are of one instance; if not, the others are the next round's.
            let instance_id = first.base.instance_id.clone();
            events.retain(|event| event.base.instance_id == instance_id);
            events.truncate(AT_ONCE);
            let ids = events.iter().map(|event| event.base.event_id.simple().to_string()).collect();
            let version = get_number::<u64>(&end, "v");
            let words =
                Words::default().value("ids", AttributeValue::Ss(ids)).value("next", number(version.unwrap_or(0) + 1));
            let (condition, words) = match version {
                Some(version) => ("v = :v", words.value("v", number(version))),
                None => ("attribute_exists(pk) AND attribute_not_exists(v)", words),
            };
            let mut writes =
                vec![Write::Update(end_key, "ADD learnt :ids SET v = :next".to_owned(), Some(condition), words)];
            let runs: Vec<(&Work, Run)> = events.iter().filter_map(|event| Run::of(event)).collect();
            self.know_instance(&instance_id).await?;
            writes.extend(self.buckets_with(&instance_id, &runs).await?);
            writes.extend(self.times_with(&instance_id, &runs).await?);
            // Somebody was faster: look again.
            let _ = self.transact(&writes).await?;
        }
        Err(told("others kept changing what is known of the nodes"))
    }

    async fn buckets_with(&self, instance_id: &str, runs: &[(&Work, Run)]) -> Result<Vec<Write>, Failure> {
        let partition = table::of_instance("cost", instance_id);
        let touched: BTreeSet<(&str, String)> =
            runs.iter().map(|(work, _)| (work.class_type.as_str(), Bucket::key(&work.drivers))).collect();
        let classes: BTreeSet<&str> = touched.iter().map(|(class_type, _)| *class_type).collect();
        // All of these classes: one bucket may have to make room for another.
        let mut held: BTreeMap<String, Item> = BTreeMap::new();
        for class_type in classes {
            let of_class = Wanted::beginning(partition.clone(), format!("{}#", table::part(class_type)));
            for row in self.query(of_class).await? {
                if let Some(sk) = get_text(&row, "sk") {
                    held.insert(sk.to_owned(), row);
                }
            }
        }
        let rows: Vec<Item> = held.values().cloned().collect();
        let mut history = History::from_buckets(self.read_each::<Bucket>(&rows, "d").await);
        for (work, run) in runs {
            history.learn(work, *run);
        }
        let mut writes = Vec::new();
        let mut stays = HashSet::new();
        for bucket in history.buckets() {
            let drivers = Bucket::key(&bucket.drivers);
            let sk = bucket_key(&bucket.class_type, &drivers);
            if touched.contains(&(bucket.class_type.as_str(), drivers)) {
                let (version, condition, words) = next_version(held.get(&sk));
                let newest = bucket.newest().map_or(0, Timestamp::as_millis);
                let attributes = [
                    ("d", self.document(bucket).await?),
                    ("newest", number(newest)),
                    ("c", text(table::part(&bucket.class_type))),
                    ("v", version),
                ];
                writes.push(Write::Put(item(partition.clone(), sk.clone(), attributes), condition, words));
            }
            stays.insert(sk);
        }
        let gone = held.keys().filter(|sk| !stays.contains(*sk));
        writes.extend(gone.map(|sk| Write::Delete(key(partition.clone(), sk.clone()))));
        Ok(writes)
    }

    async fn times_with(&self, instance_id: &str, runs: &[(&Work, Run)]) -> Result<Vec<Write>, Failure> {
        let partition = table::of_instance("times", instance_id);
        let mut writes = Vec::new();
        for ((class_type, half_year), (newest, mut times)) in counted(runs) {
            let sk = format!("{}#{}", table::part(class_type), table::ordered(half_year));
            let held = self.get(key(partition.clone(), sk.clone())).await?;
            if let Some(held) = &held
                && let Some(former) = self.read_in::<Distribution>(held, "d").await?
            {
                times.merge(&former);
            }
            let (version, condition, words) = next_version(held.as_ref());
            let before = held.as_ref().and_then(|held| get_number::<i64>(held, "newest")).unwrap_or(i64::MIN);
            let attributes = [
                ("d", self.document(&times).await?),
                ("class", self.document(&class_type).await?),
                ("c", text(table::part(class_type))),
                ("newest", number(newest.as_millis().max(before))),
                ("v", version),
            ];
            writes.push(Write::Put(item(partition.clone(), sk, attributes), condition, words));
        }
        Ok(writes)
    }

    pub(super) async fn history_of(&self, instance_id: &str, class_type: Option<&str>) -> Result<History, Failure> {
        let partition = table::of_instance("cost", instance_id);
        let wanted = match class_type {
            Some(class_type) => Wanted::beginning(partition, format!("{}#", table::part(class_type))),
            None => Wanted::all(partition),
        };
        let rows = self.query(wanted).await?;
        Ok(History::from_buckets(self.read_each::<Bucket>(&rows, "d").await))
    }

    pub(super) async fn times_of(&self, instance_id: Option<&str>) -> Result<BTreeMap<String, Distribution>, Failure> {
        let instances = match instance_id {
            Some(instance_id) => vec![instance_id.to_owned()],
            None => self.known_instances().await?,
        };
        let mut classes: BTreeMap<String, Distribution> = BTreeMap::new();
        for instance_id in instances {
            for row in self.query(Wanted::all(table::of_instance("times", &instance_id))).await? {
                let (Some(class_type), Some(times)) =
                    (self.read_in::<String>(&row, "class").await?, self.read_in::<Distribution>(&row, "d").await?)
                else {
                    continue;
                };
                classes.entry(class_type).and_modify(|all| all.merge(&times)).or_insert(times);
            }
        }
        Ok(classes)
    }

    /// What did not run for a year, and classes beyond what a [`History`] holds: a server may invent as many as it likes.
    pub(super) async fn forget_runs(&self, now: Timestamp) -> Result<(), Failure> {
        let cutoff = forgotten_before(now);
        for instance_id in self.known_instances().await? {
            for what in ["cost", "times"] {
                let partition = table::of_instance(what, &instance_id);
                let rows = self.query(Wanted::all(partition.clone())).await?;
                let newest = |row: &Item| get_number::<i64>(row, "newest").unwrap_or_default();
                let mut classes: BTreeMap<&str, i64> = BTreeMap::new();
                for row in &rows {
                    let class = classes.entry(get_text(row, "c").unwrap_or_default()).or_insert(i64::MIN);
                    *class = newest(row).max(*class);
                }
                let mut by_age: Vec<(i64, &str)> = classes.into_iter().map(|(class, at)| (at, class)).collect();
                by_age.sort_unstable_by(|one, other| other.cmp(one));
                let kept: HashSet<&str> = by_age.into_iter().take(CLASSES).map(|(_, class)| class).collect();
                let goes = |row: &&Item| newest(row) < cutoff || !kept.contains(get_text(row, "c").unwrap_or_default());
                let gone =
                    rows.iter().filter(goes).filter_map(|row| Some(key(partition.clone(), get_text(row, "sk")?)));
                self.delete_all(gone.collect()).await?;
            }
        }
        Ok(())
    }
}
