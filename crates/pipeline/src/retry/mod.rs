//! Trying again by itself. The [`Desk`] stands between a monitor and the relay: it holds back the word of a failure that
//! a policy may answer, until it is decided. What decides, and sends again when it is due, is the service
//! (`service/retry`); what keeps retries from becoming a storm is here: a [`Budget`] and a [`Breaker`] an instance.

mod breaker;
mod budget;
mod told;

pub use breaker::{Admission, Breaker, BreakerSettings, Told};
pub use budget::{Budget, WINDOW};
pub use told::{failure, failure_by, retried, told_of_instance};

use crate::relay::Said;
use monitor_core::event::Event;
use monitor_core::retry::{Policies, matches};
use monitor_core::time::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc, oneshot};
use uuid::Uuid;

/// What a person sets of retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub policies: Policies,
    /// Retries that one instance is sent within any minute.
    pub per_minute: u32,
    /// A retry that cannot go so long after it was to, because of the instance, is given up. Milliseconds.
    pub longest_wait: u64,
    pub breaker: BreakerSettings,
}

impl Settings {
    /// With the numbers that hold where nothing else is set.
    pub fn new(policies: Policies) -> Settings {
        Settings {
            policies,
            per_minute: 20,
            longest_wait: 30 * 60_000,
            breaker: BreakerSettings { failures: 3, pause: 15_000, longest_pause: 10 * 60_000 },
        }
    }
}

/// A failure to be decided about. Dropped without an answer it is told as it is.
#[derive(Debug)]
pub struct Failed {
    pub event: Event,
    pub decided: oneshot::Sender<Vec<Event>>,
}

/// Where events of monitors pass on their way to the relay.
pub struct Desk {
    settings: Settings,
    failures: mpsc::UnboundedSender<Failed>,
    gates: Mutex<HashMap<String, Gate>>,
    /// Attempts that a person wants to end: however they do, they are not tried again.
    unwanted: Mutex<HashSet<(Uuid, u32)>>,
    /// Something was heard of an instance: retries that wait for it may go.
    pub heard: Notify,
}

/// What keeps the retries of an instance from becoming too many.
struct Gate {
    budget: Budget,
    breaker: Breaker,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// The desk, and where the failures come out that are to be decided about.
    pub fn new(settings: Settings) -> (Arc<Desk>, mpsc::UnboundedReceiver<Failed>) {
        let (failures, held) = mpsc::unbounded_channel();
        let desk =
            Desk { settings, failures, gates: Mutex::default(), unwanted: Mutex::default(), heard: Notify::new() };
        (Arc::new(desk), held)
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How the relay is told of an event: as it is, or when it is decided.
    pub fn pass(&self, event: Event) -> Said {
        let Some(told) = told_of_instance(&event) else { return Said::Event(Box::new(event)) };
        let base = &event.base;
        let Some(queue_id) = base.queue_id else { return Said::Event(Box::new(event)) };
        self.gate(&base.instance_id, |gate| gate.breaker.hear(base.timestamp, queue_id, told));
        if told != Told::Broken {
            self.heard.notify_one();
        }
        let unwanted = lock(&self.unwanted).remove(&(queue_id, base.attempt));
        let may_be_retried = failure(&event).is_some_and(|failure| matches(&self.settings.policies, &failure));
        if unwanted || !may_be_retried {
            return Said::Event(Box::new(event));
        }
        let (decided, decision) = oneshot::channel();
        // Where nobody decides any more the relay sees that, and tells it as it is.
        let _ = self.failures.send(Failed { event: event.clone(), decided });
        Said::Deciding { event: Box::new(event), decision }
    }

    /// A person wants this attempt to end.
    pub fn unwanted(&self, queue_id: Uuid, attempt: u32) {
        lock(&self.unwanted).insert((queue_id, attempt));
    }

    /// Takes the first moment from `wanted` on at which the instance may be sent another retry.
    pub fn book(&self, instance_id: &str, now: Timestamp, wanted: Timestamp) -> Timestamp {
        self.gate(instance_id, |gate| gate.budget.book(now, wanted))
    }

    pub fn give_back(&self, instance_id: &str, at: Timestamp) {
        self.gate(instance_id, |gate| gate.budget.give_back(at));
    }

    /// Whether a retry of this generation may go to the instance now.
    pub fn admit(&self, instance_id: &str, now: Timestamp, queue_id: Uuid) -> Admission {
        self.gate(instance_id, |gate| gate.breaker.admit(now, queue_id))
    }

    /// A retry that was let go there does not go after all.
    pub fn withdraw(&self, instance_id: &str, now: Timestamp, queue_id: Uuid) {
        self.gate(instance_id, |gate| gate.breaker.hear(now, queue_id, Told::Nothing));
    }

    fn gate<T>(&self, instance_id: &str, with: impl FnOnce(&mut Gate) -> T) -> T {
        let mut gates = lock(&self.gates);
        let gate = gates.entry(instance_id.to_owned()).or_insert_with(|| Gate {
            budget: Budget::new(self.settings.per_minute),
            breaker: Breaker::new(self.settings.breaker),
        });
        with(gate)
    }
}
