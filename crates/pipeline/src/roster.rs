//! The instances, as far as their monitors told of them.

use monitor_core::event::{Body, Event};
use monitor_core::generation::{Instance, InstanceState, InstanceToday};
use monitor_core::time::Timestamp;
use std::collections::BTreeMap;

/// A monitor says at least this often that its server is there, milliseconds.
pub const HEARTBEAT: u64 = 60_000;
/// Connected, and not heard of for longer (ms): nobody is there to say that it went. As long as a clock may be wrong for
/// AWS to take its requests.
const SILENCE: u64 = 5 * HEARTBEAT;
const SILENT: &str = "its monitor has not been heard of since: it is off, or has no network";

/// From the monitor-level events of [`crate::ports::Roster::heard`], by id. What only a monitor itself knows from moment
/// to moment (round trips, memory, who waits) is not told over a bus.
pub fn instances(heard: &[Event], now: Timestamp) -> Vec<Instance> {
    by_instance(heard).into_values().map(|events| instance(events, now)).collect()
}

/// Those that were taken for connected `within` (ms) before now, and have not been heard of since.
pub fn fallen_silent(heard: &[Event], now: Timestamp, within: u64) -> Vec<Instance> {
    let just_now = |events: &[&Event]| silent_for(events, now).is_some_and(|silent| silent <= SILENCE + within);
    let silent = by_instance(heard).into_values().filter(|events| just_now(events));
    let silent = silent.map(|events| instance(events, now));
    silent.filter(|instance| instance.reason.as_deref() == Some(SILENT)).collect()
}

fn by_instance(heard: &[Event]) -> BTreeMap<&str, Vec<&Event>> {
    let mut by_instance: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in heard {
        by_instance.entry(&event.base.instance_id).or_default().push(event);
    }
    by_instance
}

/// Where it has been too long, milliseconds.
fn silent_for(events: &[&Event], now: Timestamp) -> Option<u64> {
    let last = events.iter().map(|event| event.base.timestamp).max()?;
    let silent = u64::try_from(now.as_millis().saturating_sub(last.as_millis())).unwrap_or(0);
    (silent > SILENCE).then_some(silent)
}

fn instance(mut events: Vec<&Event>, now: Timestamp) -> Instance {
    events.sort_by_key(|event| event.base.sequence);
    let first = events[0];
    let mut instance = Instance {
        instance_id: first.base.instance_id.clone(),
        name: first.base.instance_id.clone(),
        url: String::new(),
        state: InstanceState::Connecting,
        since: first.base.timestamp,
        reason: None,
        next_try_at: None,
        round_trip_ms: None,
        comfyui_version: None,
        devices: Vec::new(),
        memory: None,
        client_id: String::new(),
        queue_remaining: None,
        running: Vec::new(),
        waiting: Vec::new(),
        today: InstanceToday::default(),
        demo: false,
    };
    for event in &events {
        hear(&mut instance, event);
    }
    if instance.state == InstanceState::Connected && silent_for(&events, now).is_some() {
        instance.state = InstanceState::Disconnected;
        instance.since = events.iter().map(|event| event.base.timestamp).max().unwrap_or(instance.since);
        instance.reason = Some(SILENT.to_owned());
    }
    instance
}

fn hear(instance: &mut Instance, event: &Event) {
    instance.client_id.clone_from(&event.base.client_id);
    let (state, reason) = match &event.body {
        Body::MonitorInitialized(body) => {
            instance.url.clone_from(&body.comfyui_host);
            instance.comfyui_version.clone_from(&body.comfyui_version);
            instance.devices.clone_from(&body.devices);
            (InstanceState::Connected, None)
        }
        Body::MonitorReconnected(_) => (InstanceState::Connected, None),
        Body::MonitorDisconnected(body) => (InstanceState::Disconnected, Some(body.reason.clone())),
        Body::MonitorStopped(body) => (InstanceState::Disconnected, Some(body.reason.clone())),
        Body::QueueStatusUpdated(body) => {
            instance.queue_remaining = Some(body.queue_remaining);
            return;
        }
        _ => return,
    };
    (instance.state, instance.reason, instance.since) = (state, reason, event.base.timestamp);
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_core::event::{
        Base, MonitorDisconnected, MonitorInitialized, MonitorStopped, QueueStatusUpdated, SCHEMA_VERSION,
    };
    use serde_json::Value;

    fn event(instance_id: &str, sequence: u64, body: impl Into<Body>) -> Event {
        let base = Base {
            prompt_id: "system".to_owned(),
            timestamp: Timestamp(i64::try_from(sequence).unwrap()),
            client_id: "c".to_owned(),
            event_id: uuid::Uuid::from_u128(u128::from(sequence)),
            sequence,
            attempt: 1,
            instance_id: instance_id.to_owned(),
            queue_id: None,
            schema_version: SCHEMA_VERSION,
            occurred_at: None,
            submitter_client_id: None,
            overall_percentage: None,
        };
        Event { base, body: body.into() }
    }

    fn initialized() -> MonitorInitialized {
        MonitorInitialized {
            comfyui_host: "10.0.0.1:8188".to_owned(),
            version: "1".to_owned(),
            comfyui_version: Some("0.33.0".to_owned()),
            devices: Vec::new(),
        }
    }

    #[test]
    fn the_newest_word_on_its_connection_stands_in_whatever_order_it_was_heard() {
        let gone = MonitorDisconnected { reason: "refused".to_owned() };
        let queue = QueueStatusUpdated { queue_remaining: 3, exec_info: Value::Null };
        let heard =
            [event("b", 9, gone), event("b", 10, queue), event("a", 4, initialized()), event("b", 2, initialized())];
        let told = instances(&heard, Timestamp(11));
        assert_eq!(told.iter().map(|instance| instance.instance_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(told[0].state, InstanceState::Connected);
        assert_eq!((told[1].state, told[1].queue_remaining), (InstanceState::Disconnected, Some(3)));
        assert_eq!((told[1].reason.as_deref(), told[1].since), (Some("refused"), Timestamp(9)));
        assert_eq!(told[1].comfyui_version.as_deref(), Some("0.33.0"));
    }

    #[test]
    fn who_is_not_heard_of_any_more_is_there_no_more_and_is_told_of_once_in_a_while() {
        use InstanceState::{Connected, Disconnected};
        let queue = QueueStatusUpdated { queue_remaining: 0, exec_info: Value::Null };
        let gone = MonitorStopped { reason: "shutdown".to_owned() };
        let heard = [
            event("a", 4, initialized()),
            event("a", 9, queue),
            event("b", 4, initialized()),
            event("c", 4, initialized()),
            event("c", 5, gone),
        ];
        let state = |now| instances(&heard, now).into_iter().map(|instance| instance.state).collect::<Vec<_>>();
        let (silence, within) = (i64::try_from(SILENCE).unwrap(), 1_000);
        assert_eq!(state(Timestamp(silence + 4)), [Connected, Connected, Disconnected]);
        assert_eq!(state(Timestamp(silence + 5)), [Connected, Disconnected, Disconnected]);
        let told = &instances(&heard, Timestamp(silence + 10))[0];
        assert_eq!((told.state, told.since), (Disconnected, Timestamp(9)));
        assert!(told.reason.as_deref().unwrap().contains("not been heard of"), "{:?}", told.reason);

        let fallen =
            |now| fallen_silent(&heard, Timestamp(now), within).into_iter().map(|instance| instance.instance_id);
        assert_eq!(fallen(silence + 4).count(), 0);
        assert_eq!(fallen(silence + 8).collect::<Vec<_>>(), ["b"], "the other one said itself that it goes");
        assert_eq!(fallen(silence + 1_006).collect::<Vec<_>>(), ["a"]);
    }
}
