//! The guarantees of `Roster`.

use super::Place;
use super::sample::{self, hostile_strings, shuffled};
use monitor_core::event::{Event, MonitorDisconnected, MonitorStopped};
use monitor_pipeline::ports::Roster;

/// The suite for an adapter at places of type `$place`.
#[macro_export]
macro_rules! roster_conformance {
    ($place:ty) => {
        $crate::conformance_tests!(
            $place,
            roster,
            what_was_heard_last_is_what_was_heard
            of_each_detail_type_the_newest_stays_in_whatever_order_they_come
            one_that_comes_again_changes_nothing
            instances_are_told_apart
            the_newest_stays_of_many_that_come_at_once
            hostile_strings_come_back_as_they_were
            what_was_heard_is_there_after_a_restart
        );
    };
}

fn stopped(instance_id: &str, sequence: u64) -> Event {
    let mut event = sample::stopped(instance_id, sequence);
    event.body = MonitorStopped { reason: format!("stopped {sequence}") }.into();
    event
}

fn disconnected(instance_id: &str, sequence: u64) -> Event {
    let mut event = sample::stopped(instance_id, sequence);
    event.body = MonitorDisconnected { reason: format!("away {sequence}") }.into();
    event
}

/// By instance and sequence.
async fn heard(roster: &impl Roster, instance_id: Option<&str>) -> Vec<Event> {
    let mut events = roster.heard(instance_id).await.unwrap();
    events.sort_by_key(|event| (event.base.instance_id.clone(), event.base.sequence));
    events
}

pub async fn what_was_heard_last_is_what_was_heard<P: Place<Adapter: Roster>>() {
    let place = P::fresh();
    let roster = place.open().await;
    assert_eq!(roster.heard(None).await.unwrap(), []);
    assert_eq!(roster.heard(Some("gpu-1")).await.unwrap(), []);
    for sequence in 1..4 {
        roster.hear(&stopped("gpu-1", sequence)).await.unwrap();
        assert_eq!(heard(&roster, Some("gpu-1")).await, [stopped("gpu-1", sequence)]);
    }
}

pub async fn of_each_detail_type_the_newest_stays_in_whatever_order_they_come<P: Place<Adapter: Roster>>() {
    let place = P::fresh();
    let roster = place.open().await;
    let events: Vec<Event> =
        (1..=8).flat_map(|turn| [stopped("gpu-1", turn * 2), disconnected("gpu-1", turn * 2 + 1)]).collect();
    for seed in 0..3 {
        for event in shuffled(&events, seed) {
            roster.hear(&event).await.unwrap();
        }
        assert_eq!(heard(&roster, None).await, [stopped("gpu-1", 16), disconnected("gpu-1", 17)]);
    }
    // Across the places of a number.
    for sequence in [99, 100, 1_000, 999, u64::from(u32::MAX) + 1] {
        roster.hear(&stopped("gpu-2", sequence)).await.unwrap();
    }
    assert_eq!(heard(&roster, Some("gpu-2")).await, [stopped("gpu-2", u64::from(u32::MAX) + 1)]);
}

pub async fn one_that_comes_again_changes_nothing<P: Place<Adapter: Roster>>() {
    let place = P::fresh();
    let roster = place.open().await;
    roster.hear(&stopped("gpu-1", 5)).await.unwrap();
    let mut again = stopped("gpu-1", 5);
    again.body = MonitorStopped { reason: "told otherwise".to_owned() }.into();
    roster.hear(&again).await.unwrap();
    assert_eq!(heard(&roster, None).await, [stopped("gpu-1", 5)]);
}

pub async fn instances_are_told_apart<P: Place<Adapter: Roster>>() {
    let place = P::fresh();
    let roster = place.open().await;
    // Each begins another.
    let names = ["gpu", "gpu-1", "gpu-10", "gpu-1.a"];
    for (sequence, name) in (1..).zip(names) {
        roster.hear(&stopped(name, sequence)).await.unwrap();
    }
    for (sequence, name) in (1..).zip(names) {
        assert_eq!(heard(&roster, Some(name)).await, [stopped(name, sequence)], "{name}");
    }
    assert_eq!(heard(&roster, None).await.len(), names.len());
    assert_eq!(heard(&roster, Some("gp")).await, []);
}

pub async fn the_newest_stays_of_many_that_come_at_once<P: Place<Adapter: Roster>>() {
    let place = P::fresh();
    let roster = place.open().await;
    let sequences: Vec<u64> = (1..=24).collect();
    let hearing = shuffled(&sequences, 7).into_iter().map(|sequence| {
        let roster = roster.clone();
        tokio::spawn(async move { roster.hear(&stopped("gpu-1", sequence)).await.unwrap() })
    });
    for done in futures::future::join_all(hearing).await {
        done.unwrap();
    }
    assert_eq!(heard(&roster, None).await, [stopped("gpu-1", 24)]);
}

pub async fn hostile_strings_come_back_as_they_were<P: Place<Adapter: Roster>>() {
    let place = P::fresh();
    let roster = place.open().await;
    let mut names = hostile_strings();
    names.extend(["gpu#Monitor Stopped", "#", "~", "roster", "../gpu"].map(str::to_owned));
    names.sort();
    names.dedup();
    for name in &names {
        let mut event = sample::stopped(name, 1);
        event.body = MonitorStopped { reason: name.clone() }.into();
        roster.hear(&event).await.unwrap();
        assert_eq!(heard(&roster, Some(name)).await, [event], "{name:?}");
    }
    assert_eq!(heard(&roster, None).await.len(), names.len());
}

pub async fn what_was_heard_is_there_after_a_restart<P: Place<Adapter: Roster>>() {
    let place = P::fresh();
    let roster = place.open().await;
    roster.hear(&stopped("gpu-1", 3)).await.unwrap();
    place.close(roster).await;
    let roster = place.open().await;
    assert_eq!(heard(&roster, None).await, [stopped("gpu-1", 3)]);
}
