//! The in-process bus: routes by detail type straight to the five handlers.

use async_trait::async_trait;
use monitor_core::event::Event;
use monitor_pipeline::handlers::{Context, Handler};
use monitor_pipeline::ports::{Bus, BusError};

pub struct MemoryBus {
    context: Context,
}

impl MemoryBus {
    pub fn new(context: Context) -> MemoryBus {
        MemoryBus { context }
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        for event in events {
            let handler = Handler::of(event);
            handler
                .handle(&self.context, event)
                .await
                .map_err(|error| BusError(format!("{} failed on {}: {error}", handler.name(), event.detail_type())))?;
        }
        Ok(())
    }

    /// What handlers have put down reaches the store.
    async fn flush(&self) -> Result<(), BusError> {
        self.context.journal.flush().await.map_err(|error| BusError(error.to_string()))
    }
}
