//! Generations and their attempts, in the partition of the generation; beside it the ways to them: by prompt id, by
//! idempotency key, and those that were not sent.

use super::calls::{NEW, THERE, Wanted, Words, Write};
use super::item::{Item, get_number, get_text, item, key, number, required, text};
use super::{DynamoStore, Failure, table, told};
use aws_sdk_dynamodb::types::AttributeValue;
use monitor_core::generation::NodeError;
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{AttemptRecord, Created, GenerationRecord, Known, Sending, StoreError};
use serde_json::Value;
use uuid::Uuid;

/// Characters of a prompt id that lists look for.
const SEARCHED: usize = 64;

fn idempotency(key: &str) -> String {
    format!("idempotency#{}", table::part(key))
}

fn is_unsent(attempt: &AttemptRecord) -> bool {
    matches!(attempt.sending, Sending::Waiting | Sending::Sent)
}

/// The newest generation's newest attempt comes last.
fn prompt_row(attempt: &AttemptRecord, created_at: Timestamp) -> Item {
    let sk = format!("{}#{:010}", table::listed(created_at, attempt.queue_id), attempt.number);
    let attributes = [("q", text(attempt.queue_id.simple().to_string())), ("n", number(attempt.number))];
    item(table::prompt(&attempt.prompt_id), sk, attributes)
}

fn unsent_row(attempt: &AttemptRecord) -> Item {
    let sk = format!("{}#{:010}", table::listed(attempt.created_at, attempt.queue_id), attempt.number);
    let attributes = [("q", text(attempt.queue_id.simple().to_string())), ("n", number(attempt.number))];
    item(table::UNSENT, sk, attributes)
}

fn keys_of(row: &Item) -> Item {
    ["pk", "sk"].into_iter().filter_map(|name| Some((name.to_owned(), row.get(name)?.clone()))).collect()
}

fn searched(prompt_id: &str) -> AttributeValue {
    text(prompt_id.chars().take(SEARCHED).collect::<String>())
}

/// What a prompt id that begins so is compared with.
pub(super) fn searched_beginning(wanted: &str) -> String {
    wanted.chars().take(SEARCHED).collect()
}

pub(super) fn id_of(row: &Item) -> Result<Uuid, Failure> {
    Uuid::try_parse(required(row, "q")?).map_err(told)
}

impl DynamoStore {
    /// The graph never changes, and may be large: beside the rest, which is written again.
    async fn attempt_item(&self, attempt: &AttemptRecord) -> Result<Item, Failure> {
        let without = AttemptRecord { workflow: Value::Null, ..attempt.clone() };
        let attributes = [
            ("d", self.document(&without).await?),
            ("w", self.document(&attempt.workflow).await?),
            ("stopped", AttributeValue::Bool(attempt.retry_stopped)),
        ];
        Ok(item(table::generation(attempt.queue_id), table::attempt(attempt.number), attributes))
    }

    async fn read_attempt(&self, item: &Item) -> Result<AttemptRecord, Failure> {
        let mut attempt = self.read_without_workflow(item).await?;
        attempt.workflow = self.read_in(item, "w").await?.unwrap_or_default();
        attempt.retry_stopped = item.get("stopped").and_then(|value| value.as_bool().ok()).copied().unwrap_or(false);
        Ok(attempt)
    }

    async fn read_without_workflow(&self, item: &Item) -> Result<AttemptRecord, Failure> {
        self.read_in(item, "d").await?.ok_or_else(|| told("an attempt has no record"))
    }

    pub(super) async fn create_generation(
        &self,
        record: &GenerationRecord,
        attempt: &AttemptRecord,
    ) -> Result<Created, Failure> {
        let queue_id = record.queue_id;
        let id = text(queue_id.simple().to_string());
        let mut meta = item(
            table::generation(queue_id),
            table::META,
            [("d", self.document(record).await?), ("created", number(record.created_at.as_millis()))],
        );
        if let Some(key) = &record.idempotency_key {
            meta.insert("idempotency".to_owned(), text(idempotency(key)));
        }
        let mut row = item(
            table::LIST,
            table::listed(record.created_at, queue_id),
            [("q", id.clone()), ("p", AttributeValue::L(vec![searched(&attempt.prompt_id)]))],
        );
        if let Some(instance_id) = &record.instance_id {
            row.insert("i".to_owned(), text(table::part(instance_id)));
        }
        let plain = |item| Write::Put(item, None, Words::default());
        let mut writes = vec![
            Write::Put(meta, NEW, Words::default()),
            plain(self.attempt_item(attempt).await?),
            plain(row),
            plain(prompt_row(attempt, record.created_at)),
        ];
        if is_unsent(attempt) {
            writes.push(plain(unsent_row(attempt)));
        }
        if let Some(key) = &record.idempotency_key {
            writes.push(Write::Put(item(idempotency(key), table::ONE, [("q", id)]), NEW, Words::default()));
        }
        match self.transact(&writes).await? {
            Ok(()) => Ok(Created::New),
            Err(failed) => {
                let by_key = record.idempotency_key.as_ref().filter(|_| failed.contains(&(writes.len() - 1)));
                match by_key {
                    Some(used) => {
                        let first = self.get(key(idempotency(used), table::ONE)).await?;
                        let first = first.ok_or_else(|| told("the generation of an idempotency key went away"))?;
                        Ok(Created::Existing(id_of(&first)?))
                    }
                    None => Err(StoreError::Exists(queue_id).into()),
                }
            }
        }
    }

    async fn meta(&self, queue_id: Uuid) -> Result<Item, Failure> {
        let meta = self.get(key(table::generation(queue_id), table::META)).await?;
        meta.ok_or(Failure::Store(StoreError::NotFound(queue_id)))
    }

    pub(super) fn created_at(meta: &Item) -> Timestamp {
        Timestamp(get_number(meta, "created").unwrap_or_default())
    }

    fn another_prompt(created_at: Timestamp, attempt: &AttemptRecord) -> Write {
        let words = Words::default()
            .value("none", AttributeValue::L(Vec::new()))
            .value("p", AttributeValue::L(vec![searched(&attempt.prompt_id)]));
        let row = key(table::LIST, table::listed(created_at, attempt.queue_id));
        Write::Update(row, "SET p = list_append(if_not_exists(p, :none), :p)".to_owned(), THERE, words)
    }

    pub(super) async fn next_attempt(&self, attempt: &AttemptRecord) -> Result<(), Failure> {
        let created_at = Self::created_at(&self.meta(attempt.queue_id).await?);
        let mut writes = vec![
            Write::Put(self.attempt_item(attempt).await?, NEW, Words::default()),
            Write::Put(prompt_row(attempt, created_at), None, Words::default()),
            Self::another_prompt(created_at, attempt),
        ];
        if is_unsent(attempt) {
            writes.push(Write::Put(unsent_row(attempt), None, Words::default()));
        }
        let plans = self.plans_from(attempt.queue_id, attempt.number).await?;
        for plan in plans.iter().filter(|plan| plan.number == attempt.number) {
            writes.extend(Self::without_plan(plan));
        }
        // Already there: nothing changes.
        let _ = self.transact(&writes).await?;
        Ok(())
    }

    pub(super) async fn replace_attempt(&self, attempt: &AttemptRecord) -> Result<(), Failure> {
        let place = key(table::generation(attempt.queue_id), table::attempt(attempt.number));
        let Some(held) = self.get(place.clone()).await? else {
            return Err(StoreError::NotFound(attempt.queue_id).into());
        };
        let before = self.read_attempt(&held).await?;
        let after = AttemptRecord {
            prompt_id: attempt.prompt_id.clone(),
            instance_id: attempt.instance_id.clone(),
            sending: attempt.sending,
            refusal: attempt.refusal.clone(),
            complaints: attempt.complaints.clone(),
            queue_number: attempt.queue_number,
            workflow: Value::Null,
            ..before.clone()
        };
        let words = Words::default().value("d", self.document(&after).await?);
        let mut writes = vec![Write::Update(place, "SET d = :d".to_owned(), THERE, words)];
        if before.prompt_id != after.prompt_id {
            let created_at = Self::created_at(&self.meta(attempt.queue_id).await?);
            writes.push(Write::Delete(keys_of(&prompt_row(&before, created_at))));
            writes.push(Write::Put(prompt_row(&after, created_at), None, Words::default()));
            writes.push(Self::another_prompt(created_at, &after));
        }
        match (is_unsent(&before), is_unsent(&after)) {
            (false, true) => writes.push(Write::Put(unsent_row(&after), None, Words::default())),
            (true, false) => writes.push(Write::Delete(keys_of(&unsent_row(&before)))),
            _ => {}
        }
        match self.transact(&writes).await? {
            Ok(()) => Ok(()),
            Err(_) => Err(StoreError::NotFound(attempt.queue_id).into()),
        }
    }

    pub(super) async fn replace_warnings(&self, queue_id: Uuid, warnings: &[NodeError]) -> Result<(), Failure> {
        let words = Words::default().value("w", self.document(&warnings).await?);
        let meta = key(table::generation(queue_id), table::META);
        match self.update(meta, "SET w = :w", THERE, words).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::NotFound(queue_id).into()),
        }
    }

    pub(super) async fn unsent_attempts(&self) -> Result<Vec<AttemptRecord>, Failure> {
        let mut places = Vec::new();
        for row in self.query(Wanted::all(table::UNSENT)).await? {
            let number = get_number(&row, "n").ok_or_else(|| told("a row has no number"))?;
            places.push(key(table::generation(id_of(&row)?), table::attempt(number)));
        }
        let mut attempts = Vec::new();
        for item in self.get_all(places).await? {
            attempts.push(self.read_attempt(&item).await?);
        }
        Ok(attempts)
    }

    pub(super) async fn known_generation(&self, queue_id: Uuid) -> Result<Option<Known>, Failure> {
        let partition = table::generation(queue_id);
        let (meta, attempts) = futures::try_join!(
            self.get(key(partition.clone(), table::META)),
            self.query(Wanted::beginning(partition, "attempt#")),
        )?;
        let Some(meta) = meta else { return Ok(None) };
        let missing = || told("a generation has no record");
        let mut record: GenerationRecord = self.read_in(&meta, "d").await?.ok_or_else(missing)?;
        if let Some(warnings) = self.read_in(&meta, "w").await? {
            record.warnings = warnings;
        }
        let mut known = Known { record, attempts: Vec::new(), saved: self.read_in(&meta, "s").await? };
        for item in &attempts {
            known.attempts.push(self.read_attempt(item).await?);
        }
        Ok(Some(known))
    }

    pub(super) async fn newest_of_prompt(&self, prompt_id: &str) -> Result<Option<(Uuid, u32)>, Failure> {
        let wanted = Wanted { newest_first: true, limit: Some(1), ..Wanted::all(table::prompt(prompt_id)) };
        match self.query(wanted).await?.first() {
            Some(row) => Ok(Some((id_of(row)?, get_number(row, "n").unwrap_or(1)))),
            None => Ok(None),
        }
    }

    /// The rows outside its partition that lead to a generation, from what is in it; without the one in the list.
    pub(super) async fn ways_to(&self, partition: &[Item]) -> Result<Vec<Item>, Failure> {
        let mut ways = Vec::new();
        let Some(meta) = partition.iter().find(|item| get_text(item, "sk") == Some(table::META)) else {
            return Ok(ways);
        };
        let created_at = Self::created_at(meta);
        ways.extend(get_text(meta, "idempotency").map(|used| key(used, table::ONE)));
        for item in partition.iter().filter(|item| get_text(item, "sk").is_some_and(|sk| sk.starts_with("attempt#"))) {
            let attempt = self.read_without_workflow(item).await?;
            ways.push(keys_of(&prompt_row(&attempt, created_at)));
            if is_unsent(&attempt) {
                ways.push(keys_of(&unsent_row(&attempt)));
            }
        }
        Ok(ways)
    }
}
