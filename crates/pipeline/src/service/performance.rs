//! Where the time goes.

use super::Service;
use crate::api::ApiError;
use monitor_core::performance::{self, ClassPerformance};

/// Bounds the answer's cost however much is kept; and what is older tells of models and drivers that are gone.
const NEWEST: u32 = 20_000;

impl Service {
    pub(super) async fn class_performances(
        &self,
        instance_id: Option<&str>,
    ) -> Result<Vec<ClassPerformance>, ApiError> {
        if let Some(instance_id) = instance_id {
            self.site(instance_id)?;
        }
        self.parts.journal.flush().await?;
        let runs = self.parts.store.node_runs(instance_id, NEWEST).await?;
        Ok(performance::by_class(&runs, instance_id))
    }
}
