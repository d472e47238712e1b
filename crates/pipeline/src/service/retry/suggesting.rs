//! What may work on a generation that has failed for good: from the policies, and from what ran where.

use super::Service;
use crate::api::ApiError;
use crate::ports::StoreError;
use crate::retry::failure_by;
use crate::service::Site;
use crate::service::expected::is_connected;
use monitor_core::comfy::graph::Graph;
use monitor_core::cost::{Drivers, drivers};
use monitor_core::event::JobError;
use monitor_core::frame::FrameBody;
use monitor_core::generation::{Generation, Status};
use monitor_core::retry::suggest::{Evidence, Record};
use monitor_core::retry::{Circumstances, Policies, Suggestion, Tried, needed_classes, suggest};
use serde_json::Value;
use std::collections::HashSet;

impl Service {
    /// The generation with its suggestions. Classes that are not known are asked for.
    pub(in crate::service) async fn with_suggestions(
        &self,
        mut generation: Generation,
    ) -> Result<Generation, ApiError> {
        generation.suggestions = self.suggestions(&generation, true).await?;
        Ok(generation)
    }

    /// The same for a snapshot, which does not wait for any server.
    pub(in crate::service) async fn suggest_in(&self, snapshot: &mut FrameBody) -> Result<(), StoreError> {
        if let FrameBody::Snapshot { generation: Some(Some(generation)), .. } = snapshot {
            generation.suggestions = self.suggestions(generation, false).await?;
        }
        Ok(())
    }

    async fn suggestions(&self, generation: &Generation, ask: bool) -> Result<Vec<Suggestion>, StoreError> {
        let Some(error) = generation.error.as_ref().filter(|_| generation.status == Status::Failed) else {
            return Ok(Vec::new());
        };
        let Some(known) = self.parts.store.known(generation.queue_id).await? else { return Ok(Vec::new()) };
        let Some(last) = known.attempts.last().filter(|last| last.workflow.is_object()) else { return Ok(Vec::new()) };
        let Ok(here) = self.site(&generation.instance_id) else { return Ok(Vec::new()) };
        let policies = &self.parts.desk.settings().policies;
        let classes = if ask && is_connected(here) {
            // Where no policy of a person's is for a failure, the shipped ones make suggestions.
            let needed = [policies, &Policies::shipped()].map(|policies| needed_classes(policies, &last.workflow));
            self.classes_for(here, &needed.concat()).await
        } else {
            self.classes_known(here)
        };
        let tried: Vec<Tried> = known.attempts.iter().filter_map(|attempt| attempt.retry.clone()).collect();
        let instances = self.records(here, error, &last.workflow).await?;
        let circumstances = Circumstances {
            workflow: &last.workflow,
            classes: &|class| classes.get(class),
            other_instance: instances.iter().any(|record| !record.here && record.connected),
            tried: &tried,
            jitter: 0.0,
        };
        let failure = failure_by(error, generation.completed_at.unwrap_or(generation.created_at));
        let evidence = Evidence { complaints: &last.complaints, instances: &instances };
        Ok(suggest(policies, &failure, &circumstances, &evidence))
    }

    /// How often the class that failed ran to its end, at each instance, at this size or a larger one.
    async fn records(&self, here: &Site, error: &JobError, workflow: &Value) -> Result<Vec<Record>, StoreError> {
        let asked = error.node_id.as_deref().and_then(|node_id| size(&drivers_of(workflow, node_id)?));
        let mut records = Vec::new();
        for site in &self.parts.sites {
            let mut runs = 0;
            if let Some(class) = &error.class_type {
                let history = self.parts.store.history_of_class(&site.instance_id, class).await?;
                let large = history.buckets().filter(|bucket| asked.is_none() || size(&bucket.drivers) >= asked);
                runs = large.map(|bucket| bucket.runs).sum();
            }
            records.push(Record {
                instance_id: site.instance_id.clone(),
                name: site.name.clone(),
                connected: is_connected(site),
                here: site.instance_id == here.instance_id,
                memory_bytes: site.monitor.status().borrow().devices.iter().filter_map(|d| d.vram_total_bytes).max(),
                runs,
            });
        }
        Ok(records)
    }
}

fn drivers_of(workflow: &Value, node_id: &str) -> Option<Drivers> {
    let graph = Graph::from_value(workflow).ok()?;
    let nodes = graph.topological_order();
    let all = drivers(&nodes, &HashSet::new(), &|_| true, &|_| None);
    nodes.iter().zip(all).find(|(node, _)| node.id == node_id).map(|(_, drivers)| drivers)
}

/// Pixels of all pictures together.
fn size(drivers: &Drivers) -> Option<f64> {
    Some(drivers.pixels? * drivers.batch.unwrap_or(1.0))
}
