//! The views of the generations that somebody is interested in, kept in memory: folded as events come, read by the
//! API, and told to the [`Audience`]. What is not here is rebuilt from the store, which has every durable event.

mod rebuild;

use rebuild::{attempt_seed, seed};
pub use rebuild::{output, rebuild};

use crate::audience::Audience;
use crate::clock;
use crate::hub::Topic;
use crate::journal::Journal;
use crate::ports::{AttemptRecord, GenerationRecord, MediaRecord, Store, StoreError};
use monitor_core::event::Event;
use monitor_core::frame::{Frame, FrameBody, PreviewHeader, PreviewKind};
use monitor_core::generation::{Generation, Instance, NodeError, OutputStatus, Status, Summary};
use monitor_core::time::{Now, Timestamp};
use monitor_core::tracker::{Pace, Picture, Place};
use monitor_core::view::{self, Seed, View};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// `generation_update` of one generation, at most this often (ms): four a second.
const UPDATE_INTERVAL: u64 = 250;
/// `overall_progress`, when only time has passed (ms): twice a second.
const OVERALL_INTERVAL: u64 = 500;
/// How long the view of an ended generation stays in memory unread (ms).
const KEEP_ENDED: u64 = 60_000;

/// One generation in memory.
struct Entry {
    view: View,
    /// `None`: those who watch all have heard nothing of it yet.
    updated_at: Option<u64>,
    update_due: bool,
    told_at: u64,
    used_at: u64,
    /// Sequence and percentage that were last called unsaved.
    saved: (u64, f64),
}

/// What a view is built without, since it is about to be told as new although the store has it already.
#[derive(Clone, Copy, Default)]
struct Without<'a> {
    event: Option<Uuid>,
    /// As they were before they were settled.
    outputs: &'a [MediaRecord],
}

impl Entry {
    fn was_told_within(&self, interval: u64, mono: u64) -> bool {
        self.updated_at.is_some_and(|at| mono.saturating_sub(at) < interval)
    }
}

pub struct ReadModel {
    store: Arc<dyn Store>,
    journal: Arc<Journal>,
    audience: Arc<dyn Audience>,
    entries: Mutex<HashMap<Uuid, Arc<Mutex<Entry>>>>,
    /// One load at a time: two loads of one generation would make two entries.
    loading: tokio::sync::Mutex<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ReadModel {
    pub fn new(store: Arc<dyn Store>, journal: Arc<Journal>, audience: Arc<dyn Audience>) -> ReadModel {
        ReadModel { store, journal, audience, entries: Mutex::default(), loading: tokio::sync::Mutex::default() }
    }

    /// Folds an event in and tells the readers. A generation that neither memory nor store knows is made from the
    /// event alone, so that nothing is lost.
    pub async fn apply(&self, event: &Event) -> Result<(), StoreError> {
        let Some(queue_id) = event.base.queue_id else { return Ok(()) };
        // Recorded before, so that the store may have it already: without it, or it would tell nothing new.
        let entry = match self.load(queue_id, Without { event: Some(event.base.event_id), outputs: &[] }).await? {
            Some(entry) => entry,
            None => self.insert(View::new(Seed {
                queue_id,
                instance_id: Some(event.base.instance_id.clone()),
                created_at: event.base.timestamp,
                ..Seed::default()
            })),
        };
        let mut entry = lock(&entry);
        let before = entry.view.status();
        if entry.view.apply(event) {
            let now = clock::now();
            entry.used_at = now.mono;
            if self.audience.is_watched(Topic::Generation(queue_id)) {
                let frames = view::frames(&entry.view, event, now.wall);
                if !frames.is_empty() {
                    entry.told_at = now.mono;
                }
                self.audience.tell(queue_id, frames);
            }
            self.update(&mut entry, before, now.mono, now.wall);
        }
        Ok(())
    }

    /// Outputs that were found, stored or have failed. True if the generation is completed with them.
    pub async fn outputs(&self, queue_id: Uuid, rows: &[MediaRecord]) -> Result<(), StoreError> {
        // Likewise.
        let Some(entry) = self.load(queue_id, Without { event: None, outputs: rows }).await? else { return Ok(()) };
        let mut entry = lock(&entry);
        let before = entry.view.status();
        let mut changed = Vec::new();
        for row in rows {
            if entry.view.put_output(output(row), row.position) {
                changed.push(row.media_id);
            }
        }
        let now = clock::now();
        if !changed.is_empty() {
            self.audience.tell(queue_id, view::settled_frames(&entry.view, before, &changed, now.wall));
            self.update(&mut entry, before, now.mono, now.wall);
        }
        Ok(())
    }

    /// What the records say has changed: a new attempt, a refusal, an instance chosen.
    pub async fn attempt(&self, attempt: &AttemptRecord) -> Result<(), StoreError> {
        let Some(entry) = self.entry(attempt.queue_id).await? else { return Ok(()) };
        let mut entry = lock(&entry);
        let before = entry.view.status();
        if entry.view.attempt_known(attempt_seed(attempt)) {
            let now = clock::now();
            let status = entry.view.status();
            if !status.is_ended() {
                self.audience.tell(attempt.queue_id, vec![view::queue_frame(&entry.view, now.wall)]);
            } else if status != before {
                self.audience.tell(attempt.queue_id, view::end_frame(&entry.view, now.wall).into_iter().collect());
            }
            self.update(&mut entry, before, now.mono, now.wall);
        }
        Ok(())
    }

    /// What was to follow this attempt, which has failed, does not come: recorded, told and saved.
    pub async fn stop_retry(&self, queue_id: Uuid, failed: u32) -> Result<(), StoreError> {
        self.store.stop_retry(queue_id, failed).await?;
        let known = self.store.known(queue_id).await?;
        if let Some(attempt) = known.iter().flat_map(|known| &known.attempts).find(|attempt| attempt.number == failed) {
            self.attempt(attempt).await?;
            self.save(queue_id).await?;
        }
        Ok(())
    }

    pub async fn warnings(&self, queue_id: Uuid, warnings: Vec<NodeError>) -> Result<(), StoreError> {
        if let Some(entry) = self.entry(queue_id).await? {
            lock(&entry).view.set_warnings(warnings);
        }
        Ok(())
    }

    /// Generations that run and whose shown state is newer than what was saved: to be saved now and then, so that a
    /// percentage that was shown does not fall after a restart of ours.
    pub fn unsaved(&self) -> Vec<Uuid> {
        let all: Vec<Arc<Mutex<Entry>>> = lock(&self.entries).values().map(Arc::clone).collect();
        let mut unsaved = Vec::new();
        for entry in all {
            let mut entry = lock(&entry);
            let shown = (entry.view.sequence(), entry.view.overall_percentage());
            if entry.view.status() == Status::Processing && entry.saved != shown {
                entry.saved = shown;
                unsaved.push(entry.view.queue_id());
            }
        }
        unsaved
    }

    /// A generation that has just been recorded: readers who subscribed before it existed are told.
    pub fn created(&self, record: &GenerationRecord, attempt: &AttemptRecord) {
        let mut view = View::new(seed(record));
        view.attempt_known(attempt_seed(attempt));
        let known = lock(&self.entries).contains_key(&record.queue_id);
        if !known {
            let entry = self.insert(view);
            let mut entry = lock(&entry);
            let now = clock::now();
            if self.audience.is_watched(Topic::Generation(record.queue_id)) {
                self.audience.tell(record.queue_id, vec![view::queue_frame(&entry.view, now.wall)]);
            }
            self.update(&mut entry, Status::Completed, now.mono, now.wall);
        }
    }

    /// Places in line, of one instance.
    pub fn positions(&self, places: &[Place], queue_remaining: Option<u64>) {
        let now = clock::now();
        for place in places {
            let Some(entry) = lock(&self.entries).get(&place.queue_id).map(Arc::clone) else { continue };
            let mut entry = lock(&entry);
            if entry.view.place_known(place, queue_remaining, now.wall) {
                if self.audience.is_watched(Topic::Generation(place.queue_id)) {
                    self.audience.tell(place.queue_id, vec![view::queue_frame(&entry.view, now.wall)]);
                }
                let before = entry.view.status();
                self.update(&mut entry, before, now.mono, now.wall);
            }
        }
    }

    /// How far a running job is, when only time has passed. Readers who have just been told something hear of it with
    /// the next tick.
    pub fn pace(&self, pace: &Pace) {
        let Some(entry) = lock(&self.entries).get(&pace.queue_id).map(Arc::clone) else { return };
        let mut entry = lock(&entry);
        let now = clock::now();
        if entry.view.pace_known(pace, now.wall) {
            self.overall(&mut entry, now);
            let before = entry.view.status();
            self.update(&mut entry, before, now.mono, now.wall);
        }
    }

    pub fn preview(&self, picture: &Picture) {
        if !self.audience.wants_previews(picture.queue_id) {
            return;
        }
        let header = PreviewHeader {
            kind: PreviewKind::Preview,
            queue_id: picture.queue_id,
            prompt_id: picture.prompt_id.clone(),
            node_id: picture.node_id.clone(),
            content_type: picture.content_type.to_owned(),
            sequence: picture.sequence,
            value: picture.value,
            max: picture.max,
        };
        self.audience.show(&header, &picture.image);
    }

    pub fn instance(&self, instance: Instance) {
        if self.audience.is_watched(Topic::All) {
            let body = FrameBody::InstanceUpdate { instance: Box::new(instance) };
            self.audience.tell_all(Frame { timestamp: clock::wall(), request_id: None, job: None, body });
        }
    }

    pub async fn generation(&self, queue_id: Uuid) -> Result<Option<Generation>, StoreError> {
        let entry = self.entry(queue_id).await?;
        Ok(entry.map(|entry| {
            let mut entry = lock(&entry);
            let now = clock::now();
            entry.used_at = now.mono;
            entry.view.generation(now.wall, true)
        }))
    }

    pub async fn summary(&self, queue_id: Uuid) -> Result<Option<Summary>, StoreError> {
        Ok(self.entry(queue_id).await?.map(|entry| lock(&entry).view.summary(clock::wall())))
    }

    pub async fn status(&self, queue_id: Uuid) -> Result<Option<Status>, StoreError> {
        Ok(self.entry(queue_id).await?.map(|entry| lock(&entry).view.status()))
    }

    pub async fn sequence(&self, queue_id: Uuid) -> Result<u64, StoreError> {
        Ok(self.entry(queue_id).await?.map_or(0, |entry| lock(&entry).view.sequence()))
    }

    pub async fn percentage(&self, queue_id: Uuid) -> Result<f64, StoreError> {
        Ok(self.entry(queue_id).await?.map_or(0.0, |entry| lock(&entry).view.overall_percentage()))
    }

    /// How far a job that runs is shown to be, without asking the store.
    pub fn shown(&self, queue_id: Uuid) -> Option<f64> {
        let entry = lock(&self.entries).get(&queue_id).map(Arc::clone)?;
        let entry = lock(&entry);
        (entry.view.status() == Status::Processing).then(|| entry.view.overall_percentage())
    }

    /// The live state in place of what the list has from the store; where there is none, what was true only when it was
    /// kept is left out.
    pub fn freshen(&self, summary: &mut Summary, now: Timestamp) {
        let entry = lock(&self.entries).get(&summary.queue_id).map(Arc::clone);
        if let Some(entry) = entry {
            *summary = lock(&entry).view.summary(now);
        } else {
            (summary.estimated_wait_time, summary.eta, summary.over_ms) = (None, None, None);
            summary.stalled_since = None;
        }
    }

    pub async fn snapshot(&self, queue_id: Uuid) -> Result<FrameBody, StoreError> {
        Ok(match self.entry(queue_id).await? {
            Some(entry) => {
                let mut entry = lock(&entry);
                let now = clock::now();
                entry.used_at = now.mono;
                view::snapshot(&entry.view, now.wall)
            }
            None => FrameBody::Snapshot {
                queue_id: queue_id.to_string(),
                sequence: None,
                generation: Some(None),
                generations: None,
                instances: None,
                truncated: false,
            },
        })
    }

    /// What lists show of it goes to the store.
    pub async fn save(&self, queue_id: Uuid) -> Result<(), StoreError> {
        if let Some(summary) = self.summary(queue_id).await? {
            self.store.save_summary(&summary).await?;
        }
        Ok(())
    }

    /// What time brings: overdue updates, `overall_progress`, and the views nobody needs any more. To be called every
    /// [`ReadModel::TICK`] milliseconds.
    pub fn tick(&self) {
        let now = clock::now();
        let all: Vec<(Uuid, Arc<Mutex<Entry>>)> =
            lock(&self.entries).iter().map(|(queue_id, entry)| (*queue_id, Arc::clone(entry))).collect();
        for (queue_id, entry) in all {
            let mut entry = lock(&entry);
            self.overall(&mut entry, now);
            if entry.update_due && !entry.was_told_within(UPDATE_INTERVAL, now.mono) {
                let before = entry.view.status();
                self.update(&mut entry, before, now.mono, now.wall);
            }
            if entry.view.status().is_ended() && now.mono.saturating_sub(entry.used_at) > KEEP_ENDED {
                lock(&self.entries).remove(&queue_id);
            }
        }
    }

    /// Milliseconds between two [`ReadModel::tick`]s.
    pub const TICK: u64 = 125;

    /// `overall_progress` to those who watch the generation, where they have been told nothing for a while: its pace may
    /// have changed, and time has passed in any case.
    fn overall(&self, entry: &mut Entry, now: Now) {
        let queue_id = entry.view.queue_id();
        let silent = now.mono.saturating_sub(entry.told_at) >= OVERALL_INTERVAL;
        let runs = entry.view.status() == Status::Processing;
        if runs && silent && self.audience.is_watched(Topic::Generation(queue_id)) {
            entry.told_at = now.mono;
            self.audience.tell(queue_id, vec![view::overall_frame(&entry.view, now.wall)]);
        }
    }

    /// `generation_update` to those who watch all: at once when the status changed, else at most four a second.
    fn update(&self, entry: &mut Entry, before: Status, mono: u64, wall: Timestamp) {
        let changed = entry.view.status() != before;
        if !changed && entry.was_told_within(UPDATE_INTERVAL, mono) {
            entry.update_due = true;
            return;
        }
        entry.updated_at = Some(mono);
        entry.update_due = false;
        if self.audience.is_watched(Topic::All) {
            self.audience.tell_all(view::update_frame(&entry.view, wall));
        }
    }

    fn insert(&self, view: View) -> Arc<Mutex<Entry>> {
        let queue_id = view.queue_id();
        let used_at = clock::now().mono;
        let entry = Entry { view, updated_at: None, update_due: false, told_at: used_at, used_at, saved: (0, 0.0) };
        Arc::clone(lock(&self.entries).entry(queue_id).or_insert_with(|| Arc::new(Mutex::new(entry))))
    }

    async fn entry(&self, queue_id: Uuid) -> Result<Option<Arc<Mutex<Entry>>>, StoreError> {
        self.load(queue_id, Without::default()).await
    }

    async fn load(&self, queue_id: Uuid, without: Without<'_>) -> Result<Option<Arc<Mutex<Entry>>>, StoreError> {
        let in_memory = |this: &Self| lock(&this.entries).get(&queue_id).map(Arc::clone);
        if let Some(entry) = in_memory(self) {
            return Ok(Some(entry));
        }
        let _one = self.loading.lock().await;
        if let Some(entry) = in_memory(self) {
            return Ok(Some(entry));
        }
        self.journal.flush().await?;
        let Some(known) = self.store.known(queue_id).await? else { return Ok(None) };
        let mut events = self.store.events(queue_id).await?;
        events.retain(|event| without.event != Some(event.base.event_id));
        let mut media = self.store.media(queue_id).await?;
        for row in &mut media {
            if without.outputs.iter().any(|settled| settled.media_id == row.media_id) {
                *row = MediaRecord { status: OutputStatus::Pending, key: None, thumbnail_key: None, ..row.clone() };
            }
        }
        let view = rebuild(known, &events, &media);
        Ok(Some(self.insert(view)))
    }
}
