//! A bus far away and an outbox, as tests want them to be.

use crate::ports::{Bus, BusError, Outbox, StoreError};
use async_trait::async_trait;
use monitor_core::event::{Base, Event, JobQueued, SCHEMA_VERSION};
use monitor_core::time::Timestamp;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// Of one generation.
pub(crate) fn queued(sequence: u64) -> Event {
    let base = Base {
        prompt_id: "p".to_owned(),
        timestamp: Timestamp(0),
        client_id: "monitor".to_owned(),
        event_id: Uuid::from_u128(u128::from(sequence)),
        sequence,
        attempt: 1,
        instance_id: "gpu-1".to_owned(),
        queue_id: Some(Uuid::from_u128(1)),
        schema_version: SCHEMA_VERSION,
        occurred_at: None,
        submitter_client_id: None,
        overall_percentage: None,
    };
    Event { base, body: JobQueued { queue_position: None, title: None }.into() }
}

pub(crate) fn sequences(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.base.sequence).collect()
}

/// Takes events, but for as many calls as it is told to fail, and holds back where it is told to.
#[derive(Default)]
pub(crate) struct FarAway {
    told: watch::Sender<Vec<Event>>,
    held: watch::Sender<bool>,
    failing: AtomicUsize,
    failing_flushes: AtomicUsize,
    pub(crate) flushes: watch::Sender<usize>,
}

impl FarAway {
    pub(crate) fn told(&self) -> Vec<u64> {
        sequences(&self.told.borrow())
    }

    pub(crate) fn fail_next(&self, calls: usize) {
        self.failing.store(calls, Ordering::SeqCst);
    }

    pub(crate) fn fail_next_flushes(&self, calls: usize) {
        self.failing_flushes.store(calls, Ordering::SeqCst);
    }

    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    pub(crate) fn let_go(&self) {
        self.held.send_replace(false);
    }

    pub(crate) async fn until(&self, wanted: impl Fn(&[Event]) -> bool) {
        let mut told = self.told.subscribe();
        let outcome = tokio::time::timeout(Duration::from_hours(1), told.wait_for(|told| wanted(told))).await;
        outcome.unwrap().unwrap();
    }

    async fn holding_back(&self) {
        let _ = self.held.subscribe().wait_for(|held| !held).await;
    }

    fn failed(left: &AtomicUsize) -> Result<(), BusError> {
        let take = |left: usize| left.checked_sub(1);
        let fails = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok();
        if fails { Err(BusError("it fails, as it was told to".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl Bus for FarAway {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        self.holding_back().await;
        Self::failed(&self.failing)?;
        self.told.send_modify(|told| told.extend_from_slice(events));
        Ok(())
    }

    async fn flush(&self) -> Result<(), BusError> {
        self.flushes.send_modify(|flushes| *flushes += 1);
        self.holding_back().await;
        Self::failed(&self.failing_flushes)
    }
}

#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<Event>>);

impl Kept {
    pub(crate) fn of(events: &[Event]) -> Kept {
        Kept(Mutex::new(events.to_vec()))
    }

    pub(crate) fn left(&self) -> Vec<u64> {
        sequences(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Outbox for Kept {
    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        self.0.lock().unwrap().extend_from_slice(events);
        Ok(())
    }

    async fn pending(&self, limit: u32) -> Result<Vec<Event>, StoreError> {
        Ok(self.0.lock().unwrap().iter().take(limit as usize).cloned().collect())
    }

    async fn remove(&self, event_ids: &[Uuid]) -> Result<(), StoreError> {
        self.0.lock().unwrap().retain(|event| !event_ids.contains(&event.base.event_id));
        Ok(())
    }
}
