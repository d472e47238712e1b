//! The instance a generation goes to, where nobody named one.

use super::Remote;
use crate::api::ApiError;
use monitor_core::generation::{Instance, InstanceState};

impl Remote {
    /// The connected one with the shortest queue; where none is connected, the one with the shortest queue waits for it.
    pub(super) async fn choose(&self) -> Result<String, ApiError> {
        let instances = self.all_instances().await?;
        shortest(&instances).map(str::to_owned).ok_or_else(|| {
            ApiError::Unavailable(
                "no monitor has told of an instance yet: start one beside a ComfyUI, or name the instance".to_owned(),
            )
        })
    }
}

fn shortest(instances: &[Instance]) -> Option<&str> {
    let place = |instance: &&Instance| {
        let connected = matches!(instance.state, InstanceState::Connected | InstanceState::Polling);
        let ours = (instance.running.len() + instance.waiting.len()) as u64;
        (!connected, instance.queue_remaining.unwrap_or(0).max(ours))
    };
    instances.iter().min_by_key(place).map(|instance| instance.instance_id.as_str())
}
