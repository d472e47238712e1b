//! `Monitor *` and `Queue Status Updated`: the history of the connection to an instance.

use super::Context;
use crate::ports::StoreError;
use monitor_core::event::Event;

pub async fn handle(context: &Context, event: &Event) -> Result<(), StoreError> {
    context.record(event).await
}
