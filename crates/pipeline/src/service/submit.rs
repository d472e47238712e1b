//! Submission, cancel and retry by hand: recorded first, then sent.

use super::changes::in_words;
use super::dispatch::Outcome;
use super::{Service, expected};
use crate::api::{ApiError, Overrides, ReadWorkflow, Source, Submit, Submitted};
use crate::ports::{AttemptRecord, Created, Sending, StoreError};
use crate::relay::Said;
use crate::submission::{self, Read, invalid, lookup};
use monitor_core::comfy::graph::Graph;
use monitor_core::generation::{Generation, InstanceState, NodeError, Origin};
use monitor_core::workflow::{form, title};
use serde_json::Value;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long a submission waits for `ComfyUI`'s answer before it says that it waits.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);
/// Marking an attempt as sent, or finding nobody to send it to, takes a moment.
const OTHERS_TURN: Duration = Duration::from_millis(10);
/// Whole `/object_info`: near 1 MB, and the server builds it on asking.
const CLASSES_PATIENCE: Duration = Duration::from_secs(30);

impl Service {
    pub(super) async fn take_submission(&self, mut submit: Submit) -> Result<Submitted, ApiError> {
        if let Some(instance_id) = &submit.instance_id {
            self.site(instance_id)?;
        }
        let (source, instance_id) = (std::mem::take(&mut submit.source), submit.instance_id.clone());
        let read = self.graph_of(source, instance_id.as_deref()).await?;
        let classes = self.known_classes(instance_id.as_deref());
        let (record, attempt) = submission::records(submit, read, classes.as_deref())?;
        match self.parts.store.create(&record, &attempt).await {
            Ok(Created::New) => {}
            Ok(Created::Existing(queue_id)) => {
                return Ok(Submitted { generation: self.require(queue_id).await?, created: false });
            }
            Err(error @ StoreError::Exists(_)) => return Err(ApiError::Conflict(error.to_string())),
            Err(error) => return Err(error.into()),
        }
        self.parts.read_model.created(&record, &attempt);
        self.parts.read_model.save(record.queue_id).await?;
        self.sent(attempt).await?;
        Ok(Submitted { generation: self.require(record.queue_id).await?, created: true })
    }

    /// Sends, and waits for the answer as long as is polite. What has no answer yet goes on by itself.
    pub(super) async fn sent(&self, attempt: AttemptRecord) -> Result<(), ApiError> {
        let queue_id = attempt.queue_id;
        // A task of its own: a caller that hangs up, or that we let go, does not end it half way.
        let service = self.me.upgrade().ok_or_else(|| ApiError::Unavailable("the monitor is stopping".to_owned()))?;
        let sending = tokio::spawn(async move { service.send(attempt).await });
        let outcome = match tokio::time::timeout(ANSWER_PATIENCE, sending).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Outcome::Waits,
        };
        match outcome {
            Outcome::Accepted => Ok(()),
            Outcome::Waits => {
                self.dispatch.wake();
                Ok(())
            }
            Outcome::Refused { error, node_errors } => {
                // Its end is told by the tracker, like any other; the answer does not come before it.
                self.parts.relay.flush().await;
                Err(ApiError::Refused { queue_id, error, node_errors })
            }
        }
    }

    pub(super) async fn cancel_generation(&self, queue_id: Uuid) -> Result<Generation, ApiError> {
        let generation = self.require(queue_id).await?;
        if generation.status.is_ended() {
            let status = generation.status.as_str();
            return Err(ApiError::Conflict(format!("this generation has ended already ({status})")));
        }
        let attempt = loop {
            if self.stop_retrying(queue_id).await? {
                return self.require(queue_id).await;
            }
            let attempt = self.last_attempt(queue_id).await?;
            if attempt.sending != Sending::Waiting {
                break attempt;
            }
            if !self.dispatch.take(&attempt) {
                // Just being looked at, to be sent or not: taken back now, it would run although it was told to have
                // ended.
                tokio::time::sleep(OTHERS_TURN).await;
                continue;
            }
            let taken_back = self.take_back(queue_id).await;
            self.dispatch.give_back(&attempt);
            if let Some(generation) = taken_back? {
                return Ok(generation);
            }
        };
        let Some(instance_id) = &attempt.instance_id else {
            return Err(ApiError::Conflict("it has not been sent to an instance yet".to_owned()));
        };
        self.parts.desk.unwanted(queue_id, attempt.number);
        let cancelled = self.site(instance_id)?.monitor.cancel(&attempt.prompt_id).await;
        let stopped =
            cancelled.map_err(|error| ApiError::Unavailable(format!("the job could not be cancelled: {error}")))?;
        if attempt.sending == Sending::None && generation.origin == Origin::Submitted {
            // Taken over from others, and never sent from here: if it ran, it did so for another monitor.
            return self.tell_taken_back(attempt).await;
        }
        if !stopped {
            // It has ended already: perhaps it is just being decided whether it is tried again.
            self.parts.relay.flush().await;
            self.stop_retrying(queue_id).await?;
        }
        self.require(queue_id).await
    }

    async fn last_attempt(&self, queue_id: Uuid) -> Result<AttemptRecord, ApiError> {
        let known = self.parts.store.known(queue_id).await?;
        let attempt = known.and_then(|known| known.attempts.into_iter().last());
        attempt.ok_or_else(|| ApiError::NotFound(format!("there is no generation {queue_id}")))
    }

    /// Never sent: it ends here. `None` if it was sent after all.
    async fn take_back(&self, queue_id: Uuid) -> Result<Option<Generation>, ApiError> {
        let mut attempt = self.last_attempt(queue_id).await?;
        if attempt.sending != Sending::Waiting {
            return Ok(None);
        }
        attempt.sending = Sending::None;
        self.parts.store.update_attempt(&attempt).await?;
        self.tell_taken_back(attempt).await.map(Some)
    }

    /// No tracker knows of it, so its one event is made here.
    async fn tell_taken_back(&self, attempt: AttemptRecord) -> Result<Generation, ApiError> {
        let queue_id = attempt.queue_id;
        let instance_id = attempt.instance_id.clone().or_else(|| Some(self.parts.sites.first()?.instance_id.clone()));
        let instance_id = instance_id.unwrap_or_default();
        let client_id = self.site(&instance_id).map(|site| site.client_id.clone()).unwrap_or_default();
        let (sequence, timestamp) = self.next(queue_id).await?;
        let attempt = AttemptRecord { instance_id: Some(instance_id), ..attempt };
        let end = submission::taken_back(&attempt, client_id, sequence, timestamp);
        self.parts.relay.say(Said::Event(Box::new(end)));
        self.parts.relay.flush().await;
        self.require(queue_id).await
    }

    pub(super) async fn retry_generation(
        &self,
        queue_id: Uuid,
        changes: Overrides,
        instance_id: Option<String>,
    ) -> Result<Generation, ApiError> {
        if let Some(instance_id) = &instance_id {
            self.site(instance_id)?;
        }
        let generation = self.require(queue_id).await?;
        if generation.retry.is_some() {
            return self.retry_now(queue_id, changes, instance_id).await;
        }
        if !generation.status.is_ended() {
            let status = generation.status.as_str();
            return Err(ApiError::Conflict(format!("this generation has not ended ({status}): cancel it first")));
        }
        let known = self.parts.store.known(queue_id).await?;
        let last = known.and_then(|known| known.attempts.into_iter().last());
        let last = last
            .filter(|last| !last.workflow.is_null())
            .ok_or_else(|| ApiError::Conflict("its workflow was never seen, so it cannot be sent again".to_owned()))?;
        let instance_id = instance_id.or(last.instance_id);
        let mut graph = last.workflow;
        let classes = self.known_classes(instance_id.as_deref());
        let change = (!changes.is_empty()).then(|| in_words(&changes, &graph));
        submission::override_inputs(&mut graph, changes, classes.as_deref())?;
        let attempt = submission::new_attempt(queue_id, last.number + 1, instance_id, graph, change);
        self.parts.store.add_attempt(&attempt).await?;
        self.parts.read_model.attempt(&attempt).await?;
        self.parts.read_model.save(queue_id).await?;
        match self.sent(attempt).await {
            Ok(()) | Err(ApiError::Refused { .. }) => self.require(queue_id).await,
            Err(error) => Err(error),
        }
    }

    pub(super) async fn read(
        &self,
        source: Source,
        filename: Option<String>,
        instance_id: Option<String>,
    ) -> Result<ReadWorkflow, ApiError> {
        let read = self.graph_of(source, instance_id.as_deref()).await?;
        let graph = Graph::from_value(&read.workflow).map_err(invalid)?;
        // Where it would go, if nobody says where.
        let site = match &instance_id {
            Some(instance_id) => Some(self.site(instance_id)?),
            None => self.shortest_wait(&read.workflow, None).await,
        };
        let classes = self.fetch_classes(site.map(|site| site.instance_id.as_str())).await.ok();
        let estimate = match site.filter(|site| expected::is_connected(site)) {
            Some(site) => expected::estimate(site, &read.workflow).await,
            None => None,
        };
        let lookup = lookup(classes.as_ref().map(|(_, classes)| classes.as_ref()));
        let mut filled = form::form(&graph, &lookup);
        if classes.is_none() {
            // One honest sentence instead of one a node.
            let message = "No ComfyUI is connected: choices, bounds and unknown nodes could not be checked".to_owned();
            filled.warnings = vec![NodeError { message, ..NodeError::default() }];
        }
        let prompt = form::prompt_text(&graph, &lookup);
        Ok(ReadWorkflow {
            title: title::title(read.title.as_deref(), prompt.as_deref(), filename.as_deref(), graph.len()),
            inputs: filled.inputs,
            warnings: filled.warnings,
            instance_id: classes.as_ref().map(|(instance_id, _)| instance_id.clone()),
            estimated_wait_time: estimate.map(|estimate| estimate.estimated_wait_time),
            eta: estimate.and_then(|estimate| estimate.eta),
            workflow: read.workflow,
        })
    }

    /// The graph in API format, whatever it came in.
    async fn graph_of(&self, source: Source, instance_id: Option<&str>) -> Result<Read, ApiError> {
        let carried = submission::carried(source).await?;
        if !carried.is_editor() {
            return carried.read(Err(String::new()));
        }
        let classes = self.fetch_classes(instance_id).await;
        carried.read(classes.as_ref().map(|(_, classes)| classes.as_ref()).map_err(ToString::to_string))
    }

    /// The node classes that were fetched for this connection, without asking.
    pub(super) fn known_classes(&self, instance_id: Option<&str>) -> Option<Arc<Value>> {
        let kept = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        match instance_id {
            Some(instance_id) => kept.get(instance_id).map(|(_, classes)| Arc::clone(classes)),
            None => kept.values().next().map(|(_, classes)| Arc::clone(classes)),
        }
    }

    /// The node classes of this instance, or of the first that is connected.
    async fn fetch_classes(&self, instance_id: Option<&str>) -> Result<(String, Arc<Value>), ApiError> {
        let site = match instance_id {
            Some(instance_id) => self.site(instance_id)?,
            None => self
                .parts
                .sites
                .iter()
                .find(|site| site.monitor.status().borrow().state == InstanceState::Connected)
                .ok_or_else(|| ApiError::Unavailable("no instance is connected".to_owned()))?,
        };
        let since = site.monitor.status().borrow().since;
        let kept = self.classes.lock().unwrap_or_else(PoisonError::into_inner).get(&site.instance_id).cloned();
        if let Some((at, classes)) = kept.filter(|(at, _)| *at == since) {
            debug_assert_eq!(at, since);
            return Ok((site.instance_id.clone(), classes));
        }
        let answer = tokio::time::timeout(CLASSES_PATIENCE, site.monitor.object_info()).await;
        let bytes = answer
            .map_err(|_| ApiError::Unavailable(format!("{} takes too long to tell its node classes", site.name)))?
            .map_err(|error| ApiError::Unavailable(error.to_string()))?;
        let classes: Value = serde_json::from_slice(&bytes)
            .map_err(|error| ApiError::Unavailable(format!("{} told no node classes: {error}", site.name)))?;
        let classes = Arc::new(classes);
        let kept = (since, Arc::clone(&classes));
        self.classes.lock().unwrap_or_else(PoisonError::into_inner).insert(site.instance_id.clone(), kept);
        Ok((site.instance_id.clone(), classes))
    }
}
