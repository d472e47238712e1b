//! The instances: a monitor each, what they tell, and what they know when they start.

use super::Service;
use super::expected::is_connected;
use crate::clock;
use crate::journal::Journal;
use crate::monitor::{MonitorHandle, Sink};
use crate::ports::{Sending, Store, StoreError};
use crate::records;
use crate::relay::{RelayHandle, Said};
use crate::retry::Desk;
use monitor_core::event::{Body, Event};
use monitor_core::generation::{Instance, InstanceToday, Waiting};
use monitor_core::tracker::{KnownJob, Observed, Pace, Picture, Place, Submission};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Changes of an instance are told at most this often.
const UPDATE_INTERVAL: Duration = Duration::from_millis(500);

/// One configured `ComfyUI` server and its monitor.
#[derive(Clone)]
pub struct Site {
    pub instance_id: String,
    pub name: String,
    /// Without its secrets.
    pub url: String,
    pub client_id: String,
    pub demo: bool,
    pub monitor: MonitorHandle,
}

/// A monitor's way to the relay.
pub struct RelaySink {
    pub instance_id: String,
    pub relay: RelayHandle,
    pub desk: Arc<Desk>,
}

impl Sink for RelaySink {
    fn observed(&self, observed: Observed) {
        self.relay.say(Said::Observed { instance_id: self.instance_id.clone(), observed: Box::new(observed) });
    }

    fn events(&self, events: Vec<Event>) {
        for event in events {
            self.relay.say(self.desk.pass(event));
        }
    }

    fn positions(&self, places: Vec<Place>, queue_remaining: Option<u64>) {
        self.relay.say(Said::Positions { places, queue_remaining });
    }

    fn pace(&self, pace: Pace) {
        self.relay.say(Said::Pace(pace));
    }

    fn preview(&self, picture: Picture) {
        self.relay.say(Said::Preview(picture));
    }

    fn image(&self, picture: Picture) {
        self.relay.say(Said::Image { instance_id: self.instance_id.clone(), picture });
    }
}

/// The jobs of an instance that had not ended when we last ran, for its tracker.
pub async fn known_jobs(store: &dyn Store, journal: &Journal, instance_id: &str) -> Result<Vec<KnownJob>, StoreError> {
    journal.flush().await?;
    let mut jobs = Vec::new();
    // Of all instances: what a list shows of a generation may be older than the choice of its instance.
    for queue_id in store.open(None).await? {
        let Some(known) = store.known(queue_id).await? else { continue };
        let Some(attempt) = known.attempts.last() else { continue };
        if attempt.instance_id.as_deref() != Some(instance_id) {
            continue;
        }
        // Not yet sent: the dispatcher will send it, and the tracker hear of it then.
        if matches!(attempt.sending, Sending::Waiting | Sending::Refused) {
            continue;
        }
        let mut events = store.events(queue_id).await?;
        let last_sequence = events.iter().map(|event| event.base.sequence).max().unwrap_or(0);
        let last_sequence = last_sequence.max(known.saved_sequence());
        // Those of the attempts before it say nothing of this one: not even that the server has it.
        events.retain(|event| event.base.attempt == attempt.number);
        if events.iter().any(Event::is_terminal) {
            continue;
        }
        let shown = known.saved.as_ref().filter(|summary| summary.prompt_id == attempt.prompt_id);
        let started = events.iter().any(|event| matches!(event.body, Body::JobStarted(_)));
        jobs.push(KnownJob {
            submission: Submission {
                queue_id,
                attempt: attempt.number,
                prompt_id: attempt.prompt_id.clone(),
                title: Some(known.record.title.clone()),
                workflow: attempt.workflow.clone(),
                last_sequence,
            },
            ours: attempt.sending != Sending::None,
            submitter_client_id: attempt.submitter_client_id.clone(),
            last_sequence,
            number: attempt.queue_number,
            highest_percentage: shown.filter(|_| started).map_or(0.0, |summary| summary.overall_percentage),
            events,
        });
    }
    Ok(jobs)
}

impl Service {
    pub(super) async fn all_instances(&self) -> Vec<Instance> {
        let mut instances = Vec::new();
        for site in &self.parts.sites {
            instances.push(self.describe(site).await);
        }
        instances
    }

    async fn describe(&self, site: &Site) -> Instance {
        let now = clock::wall();
        let today = records::today_of(self.parts.store.as_ref(), &site.instance_id, now).await;
        let today = today.unwrap_or_else(|error| {
            tracing::warn!(%error, instance = site.instance_id, "today's numbers are left out");
            InstanceToday::default()
        });
        let status = site.monitor.status().borrow().clone();
        Instance {
            instance_id: site.instance_id.clone(),
            name: site.name.clone(),
            url: site.url.clone(),
            state: status.state,
            since: status.since,
            reason: status.reason,
            next_try_at: status.next_try_at,
            round_trip_ms: status.round_trip_ms,
            comfyui_version: status.comfyui_version,
            devices: status.devices,
            memory: status.memory,
            client_id: site.client_id.clone(),
            queue_remaining: status.queue_remaining,
            running: status.running,
            waiting: status
                .waiting
                .into_iter()
                .map(|(queue_id, expected_ms)| Waiting { queue_id, expected_ms })
                .collect(),
            today,
            demo: site.demo,
        }
    }

    /// Tells those who watch all of every change of an instance, until stopped.
    pub fn watch_instances(self: &Arc<Self>, stop: &CancellationToken) {
        for site in self.parts.sites.clone() {
            let (service, stop) = (Arc::clone(self), stop.clone());
            tokio::spawn(async move {
                let mut status = site.monitor.status();
                let mut was_there = false;
                while let Some(Ok(())) = stop.run_until_cancelled(status.changed()).await {
                    status.borrow_and_update();
                    service.dispatch.wake();
                    let is_there = is_connected(&site);
                    if is_there && !was_there {
                        service.parts.desk.heard.notify_one();
                    }
                    was_there = is_there;
                    let Some(instance) = stop.run_until_cancelled(service.describe(&site)).await else { return };
                    service.parts.read_model.instance(instance);
                    stop.run_until_cancelled(tokio::time::sleep(UPDATE_INTERVAL)).await;
                }
            });
        }
    }
}
