//! Where the time goes.

use super::Service;
use crate::api::ApiError;
use monitor_core::performance::{self, ClassPerformance};

impl Service {
    pub(super) async fn class_performances(
        &self,
        instance_id: Option<&str>,
    ) -> Result<Vec<ClassPerformance>, ApiError> {
        if let Some(instance_id) = instance_id {
            self.site(instance_id)?;
        }
        let (store, sites) = (&self.parts.store, &self.parts.sites);
        self.parts.journal.flush().await?;
        let times = store.class_times(instance_id).await?;
        let mut histories = Vec::new();
        for site in sites.iter().filter(|site| instance_id.is_none_or(|asked| asked == site.instance_id)) {
            histories.push(store.history(&site.instance_id).await?);
        }
        Ok(performance::by_class(&times, &histories, instance_id))
    }
}
