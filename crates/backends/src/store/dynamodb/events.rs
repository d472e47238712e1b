//! The log of durable events, in the partition of their generation: each by its id, an end by its attempt, so that
//! there is one. What lies after the end of its attempt is not taken, or, where it came first, not read.

use super::calls::{NEW, SortKeys, Wanted, Words};
use super::item::{Item, get_number, get_text, item, key, number, text};
use super::{DynamoStore, EXPIRES_AT, Failure, table};
use monitor_core::cost::Run;
use monitor_core::event::{Body, Event};
use monitor_core::time::Timestamp;
use monitor_pipeline::clock;
use std::collections::HashMap;
use uuid::Uuid;

/// Not to be taken after this.
fn lies_beyond(event: &Event, end: u64) -> bool {
    event.base.sequence > end && !matches!(event.body, Body::JobRetrying(_))
}

impl DynamoStore {
    /// True if it was new.
    pub(super) async fn append(&self, event: &Event) -> Result<bool, Failure> {
        if !event.is_durable() {
            return Ok(false);
        }
        match event.base.queue_id {
            Some(queue_id) if event.is_terminal() => self.append_end(queue_id, event).await,
            Some(queue_id) => self.append_to(queue_id, event).await,
            None => self.append_to_instance(event).await,
        }
    }

    async fn event_item(&self, pk: String, sk: String, event: &Event) -> Result<Item, Failure> {
        let attributes = [
            ("d", self.document(event).await?),
            ("seq", number(event.base.sequence)),
            ("n", number(event.base.attempt)),
            (EXPIRES_AT, number(Self::expiry(self.events_for))),
        ];
        Ok(item(pk, sk, attributes))
    }

    async fn append_to(&self, queue_id: Uuid, event: &Event) -> Result<bool, Failure> {
        let partition = table::generation(queue_id);
        let end = self.get(key(partition.clone(), table::end(event.base.attempt))).await?;
        let end: Option<u64> = end.as_ref().and_then(|end| get_number(end, "seq"));
        if end.is_some_and(|end| lies_beyond(event, end)) {
            return Ok(false);
        }
        let row = self.event_item(partition, table::event(event.base.event_id), event).await?;
        let new = self.put(row, NEW, Words::default()).await?;
        // After it: an end that came meanwhile did not see it. Also where it is not new: it may have been cut off before it
        // was learnt from.
        if Run::of(event).is_some() {
            self.learn_from(queue_id, event.base.attempt).await?;
        }
        Ok(new)
    }

    async fn append_end(&self, queue_id: Uuid, event: &Event) -> Result<bool, Failure> {
        let (partition, sk) = (table::generation(queue_id), table::end(event.base.attempt));
        let mut row = self.event_item(partition.clone(), sk.clone(), event).await?;
        row.insert("id".to_owned(), text(event.base.event_id.simple().to_string()));
        let new = self.put(row, NEW, Words::default()).await?;
        if !new {
            let held = self.get(key(partition, sk)).await?;
            let same = held.as_ref().and_then(|held| get_text(held, "id")).map(Uuid::try_parse);
            if same != Some(Ok(event.base.event_id)) {
                return Ok(false);
            }
        }
        // Likewise.
        self.put(self.ended_row(queue_id, event).await?, None, Words::default()).await?;
        self.learn_from(queue_id, event.base.attempt).await?;
        Ok(new)
    }

    /// Of the attempts that ended at an instance, by the moment.
    async fn ended_row(&self, queue_id: Uuid, event: &Event) -> Result<Item, Failure> {
        let attributes = [
            ("k", text(event.detail_type())),
            ("ms", number(event.duration_ms().unwrap_or(0))),
            ("at", number(event.base.happened_at().as_millis())),
            ("prompt", self.document(&event.base.prompt_id).await?),
            (EXPIRES_AT, number(Self::expiry(self.events_for))),
        ];
        let sk = format!("{}#{:010}", table::listed(event.base.happened_at(), queue_id), event.base.attempt);
        Ok(item(table::of_instance("ended", &event.base.instance_id), sk, attributes))
    }

    async fn append_to_instance(&self, event: &Event) -> Result<bool, Failure> {
        let instance_id = &event.base.instance_id;
        let sk = format!("{}#{}", table::ordered(sequence(event)), event.base.event_id.simple());
        let mut row = self.event_item(table::of_instance("monitor", instance_id), sk, event).await?;
        // Sequences go on from the newest, however long ago that was: only pruning removes them.
        row.remove(EXPIRES_AT);
        self.know_instance(instance_id).await?;
        self.put(row, NEW, Words::default()).await
    }

    pub(super) async fn know_instance(&self, instance_id: &str) -> Result<(), Failure> {
        let row = item(table::INSTANCES, table::part(instance_id), [("id", self.document(&instance_id).await?)]);
        self.put(row, NEW, Words::default()).await.map(drop)
    }

    /// Their names.
    pub(super) async fn known_instances(&self) -> Result<Vec<String>, Failure> {
        let rows = self.query(Wanted::all(table::INSTANCES)).await?;
        Ok(self.read_each(&rows, "id").await)
    }

    pub(super) async fn events_of(&self, queue_id: Uuid) -> Result<Vec<Event>, Failure> {
        // `end#` and `event#`, and nothing else.
        let mut rows = self.query(Wanted::beginning(table::generation(queue_id), "e")).await?;
        let now = clock::wall();
        rows.retain(|row| !Self::has_expired(row, now));
        let is_end = |row: &Item| get_text(row, "sk").is_some_and(|sk| sk.starts_with("end#"));
        let ends: HashMap<u32, u64> = rows
            .iter()
            .filter(|row| is_end(row))
            .filter_map(|row| Some((get_number(row, "n")?, get_number(row, "seq")?)))
            .collect();
        let mut events: Vec<Event> = self.read_each(&rows, "d").await;
        let beyond = |event: &Event| ends.get(&event.base.attempt).is_some_and(|end| lies_beyond(event, *end));
        events.retain(|event| !beyond(event));
        events.sort_by_key(|event| (event.base.sequence, event.base.event_id));
        Ok(events)
    }

    pub(super) async fn events_of_prompt(
        &self,
        prompt_id: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>, Failure> {
        let Some((queue_id, _)) = self.newest_of_prompt(prompt_id).await? else { return Ok(Vec::new()) };
        let events = self.events_of(queue_id).await?.into_iter();
        let wanted = events.filter(|event| event.base.prompt_id == prompt_id && event.base.sequence > after);
        Ok(wanted.take(limit as usize).collect())
    }

    pub(super) async fn events_of_instance(
        &self,
        instance_id: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Event>, Failure> {
        let after = i64::try_from(after).unwrap_or(i64::MAX).saturating_add(1);
        let wanted = Wanted {
            sk: SortKeys::From(table::ordered(after)),
            limit: Some(limit as usize),
            ..Wanted::all(table::of_instance("monitor", instance_id))
        };
        let rows = self.query(wanted).await?;
        Ok(self.read_each(&rows, "d").await)
    }

    pub(super) async fn sequence_of_instance(&self, instance_id: &str) -> Result<u64, Failure> {
        let newest =
            Wanted { newest_first: true, limit: Some(1), ..Wanted::all(table::of_instance("monitor", instance_id)) };
        let rows = self.query(newest).await?;
        Ok(rows.first().and_then(|row| get_number(row, "seq")).unwrap_or(0))
    }

    pub(super) async fn prompts_ended(&self, instance_id: &str, limit: u32) -> Result<Vec<String>, Failure> {
        let newest = Wanted {
            newest_first: true,
            limit: Some(limit as usize),
            ..Wanted::all(table::of_instance("ended", instance_id))
        };
        let rows = self.query(newest).await?;
        let mut prompts: Vec<String> = self.read_each(&rows, "prompt").await;
        prompts.reverse();
        Ok(prompts)
    }

    pub(super) async fn day_of_instance(
        &self,
        instance_id: &str,
        since: Timestamp,
    ) -> Result<(u32, u32, u64), Failure> {
        let pk = table::of_instance("ended", instance_id);
        let rows = self.query(Wanted { sk: SortKeys::From(table::moment(since)), ..Wanted::all(pk) }).await?;
        let mut day = (0, 0, 0_u64);
        for row in &rows {
            let at: i64 = get_number(row, "at").unwrap_or_default();
            let within = u64::try_from(at - since.as_millis()).unwrap_or(0);
            match get_text(row, "k") {
                Some("Job Completed") => day.0 += 1,
                Some("Job Failed") => day.1 += 1,
                _ => {}
            }
            day.2 += get_number(row, "ms").unwrap_or(0).min(within);
        }
        Ok(day)
    }
}

/// It sorts as it is; no counter of ours gets to 2^63.
fn sequence(event: &Event) -> i64 {
    i64::try_from(event.base.sequence).unwrap_or(i64::MAX)
}
