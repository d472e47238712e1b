//! Writes events to the store behind the back of whoever publishes them: readers need not wait for a second commit of
//! what the outbox holds already, and many events share one.

use crate::ports::{Store, StoreError};
use monitor_core::event::Event;
use std::sync::{Arc, PoisonError};

/// Guarantee: after `flush` every event added before it is in the store. Until then the outbox has it.
pub struct Journal {
    store: Arc<dyn Store>,
    waiting: std::sync::Mutex<Vec<Event>>,
    /// One flush at a time: events reach the store in the order in which they were added.
    flushing: tokio::sync::Mutex<()>,
}

impl Journal {
    pub fn new(store: Arc<dyn Store>) -> Journal {
        Journal { store, waiting: std::sync::Mutex::default(), flushing: tokio::sync::Mutex::default() }
    }

    pub fn add(&self, events: impl IntoIterator<Item = Event>) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
    }

    pub async fn flush(&self) -> Result<(), StoreError> {
        let _one = self.flushing.lock().await;
        let events = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if events.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.store.apply(&events).await {
            // They stay, in front of what came meanwhile.
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).splice(0..0, events);
            return Err(error);
        }
        Ok(())
    }
}
