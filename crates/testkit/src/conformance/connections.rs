//! The guarantees of `Connections`.

use super::Place;
use super::sample::hostile_strings;
use monitor_core::time::Timestamp;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::{Connections, Listener, MOST_SUBSCRIPTIONS};
use uuid::Uuid;

/// The suite for an adapter at places of type `$place`.
#[macro_export]
macro_rules! connections_conformance {
    ($place:ty) => {
        $crate::conformance_tests!(
            $place,
            connections,
            who_subscribed_is_among_the_listeners
            whoever_only_connected_listens_to_nothing
            subscribing_twice_is_subscribing_once
            previews_stay_as_they_were_where_a_subscription_does_not_say
            unsubscribing_ends_one_subscription_and_no_other
            a_disconnection_ends_all_subscriptions
            a_connection_that_is_unknown_can_unsubscribe_and_disconnect
            beyond_the_most_subscriptions_only_those_held_are_taken
            subscriptions_are_gone_when_no_gateway_would_hold_the_connection
            ids_of_connections_are_any_text
            many_that_subscribe_at_once_all_listen
            what_was_subscribed_is_there_after_a_restart
        );
    };
}

fn generation(number: u128) -> Topic {
    Topic::Generation(Uuid::from_u128(number))
}

fn now() -> Timestamp {
    monitor_pipeline::clock::wall()
}

fn later(minutes: i64) -> Timestamp {
    Timestamp(now().as_millis() + minutes * 60_000)
}

fn listener(connection_id: &str, previews: bool) -> Listener {
    Listener { connection_id: connection_id.to_owned(), previews }
}

async fn connect(connections: &impl Connections, connection_id: &str) {
    connections.connect(connection_id, now()).await.unwrap();
}

async fn subscribe(connections: &impl Connections, connection_id: &str, topic: Topic) {
    assert!(connections.subscribe(connection_id, topic, None, now()).await.unwrap());
}

/// By id.
async fn listeners(connections: &impl Connections, topic: Topic) -> Vec<Listener> {
    let mut listeners = connections.listeners(topic, now()).await.unwrap();
    listeners.sort_by(|one, other| one.connection_id.cmp(&other.connection_id));
    listeners
}

async fn ids(connections: &impl Connections, topic: Topic) -> Vec<String> {
    listeners(connections, topic).await.into_iter().map(|listener| listener.connection_id).collect()
}

pub async fn who_subscribed_is_among_the_listeners<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    for id in ["one", "other"] {
        connect(&connections, id).await;
        subscribe(&connections, id, generation(1)).await;
        assert!(ids(&connections, generation(1)).await.contains(&id.to_owned()));
    }
    subscribe(&connections, "one", Topic::All).await;
    assert_eq!(ids(&connections, generation(1)).await, ["one", "other"]);
    assert_eq!(ids(&connections, Topic::All).await, ["one"]);
    assert_eq!(ids(&connections, generation(2)).await, [""; 0]);
}

pub async fn whoever_only_connected_listens_to_nothing<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    connect(&connections, "one").await;
    assert_eq!(listeners(&connections, Topic::All).await, []);
}

pub async fn subscribing_twice_is_subscribing_once<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    connect(&connections, "one").await;
    for _ in 0..2 {
        subscribe(&connections, "one", generation(1)).await;
    }
    assert_eq!(listeners(&connections, generation(1)).await, [listener("one", false)]);
    connections.unsubscribe("one", generation(1)).await.unwrap();
    assert_eq!(listeners(&connections, generation(1)).await, []);
}

pub async fn previews_stay_as_they_were_where_a_subscription_does_not_say<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    connect(&connections, "one").await;
    for (said, previews) in
        [(None, false), (Some(true), true), (None, true), (Some(false), false), (None, false), (Some(true), true)]
    {
        assert!(connections.subscribe("one", generation(1), said, now()).await.unwrap());
        assert_eq!(listeners(&connections, generation(1)).await, [listener("one", previews)], "{said:?}");
    }
    // Of this generation alone, and not past its end.
    subscribe(&connections, "one", generation(2)).await;
    assert_eq!(listeners(&connections, generation(2)).await, [listener("one", false)]);
    connections.unsubscribe("one", generation(1)).await.unwrap();
    subscribe(&connections, "one", generation(1)).await;
    assert_eq!(listeners(&connections, generation(1)).await, [listener("one", false)]);
}

pub async fn unsubscribing_ends_one_subscription_and_no_other<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    for (id, topic) in [("one", generation(1)), ("one", Topic::All), ("other", generation(1))] {
        subscribe(&connections, id, topic).await;
    }
    connections.unsubscribe("one", generation(1)).await.unwrap();
    assert_eq!(ids(&connections, generation(1)).await, ["other"]);
    assert_eq!(ids(&connections, Topic::All).await, ["one"]);
}

pub async fn a_disconnection_ends_all_subscriptions<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    for id in ["one", "other"] {
        connect(&connections, id).await;
        for number in 1..=MOST_SUBSCRIPTIONS as u128 {
            subscribe(&connections, id, generation(number)).await;
        }
    }
    connections.disconnect("one").await.unwrap();
    for number in 1..=MOST_SUBSCRIPTIONS as u128 {
        assert_eq!(ids(&connections, generation(number)).await, ["other"], "{number}");
    }
    // It has room for as many again.
    connect(&connections, "one").await;
    subscribe(&connections, "one", Topic::All).await;
    assert_eq!(ids(&connections, Topic::All).await, ["one"]);
}

pub async fn a_connection_that_is_unknown_can_unsubscribe_and_disconnect<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    subscribe(&connections, "one", generation(1)).await;
    connections.unsubscribe("unknown", generation(1)).await.unwrap();
    connections.unsubscribe("one", generation(2)).await.unwrap();
    connections.disconnect("unknown").await.unwrap();
    connections.disconnect("unknown").await.unwrap();
    assert_eq!(ids(&connections, generation(1)).await, ["one"]);
}

pub async fn beyond_the_most_subscriptions_only_those_held_are_taken<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    let most = MOST_SUBSCRIPTIONS as u128;
    for number in 1..=most {
        subscribe(&connections, "one", generation(number)).await;
    }
    for topic in [generation(most + 1), Topic::All] {
        assert!(!connections.subscribe("one", topic, Some(true), now()).await.unwrap());
        assert_eq!(listeners(&connections, topic).await, []);
    }
    assert!(connections.subscribe("one", generation(most), Some(true), now()).await.unwrap());
    assert_eq!(listeners(&connections, generation(most)).await, [listener("one", true)]);
    subscribe(&connections, "other", Topic::All).await;
    connections.unsubscribe("one", generation(1)).await.unwrap();
    subscribe(&connections, "one", Topic::All).await;
    assert_eq!(ids(&connections, Topic::All).await, ["one", "other"]);
}

pub async fn subscriptions_are_gone_when_no_gateway_would_hold_the_connection<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    connect(&connections, "one").await;
    subscribe(&connections, "one", generation(1)).await;
    // A gateway holds a connection for two hours.
    assert_eq!(connections.listeners(generation(1), later(119)).await.unwrap().len(), 1);
    assert_eq!(connections.listeners(generation(1), later(150)).await.unwrap(), []);
    // Whoever is still there says so by subscribing.
    assert!(connections.subscribe("one", generation(1), None, later(100)).await.unwrap());
    assert_eq!(connections.listeners(generation(1), later(150)).await.unwrap().len(), 1);
}

pub async fn ids_of_connections_are_any_text<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    let mut hostile = hostile_strings();
    // No gateway gives out ids as long as a document.
    hostile.retain(|id| id.len() < 10_000);
    hostile.extend(
        ["topic#*", "connection#one", "#", "~", "-", "a#b", "a b", "../one", "L0SM9cOFvHcCIhw="].map(str::to_owned),
    );
    hostile.push("x".repeat(3_000));
    hostile.sort();
    hostile.dedup();
    for id in &hostile {
        connect(&connections, id).await;
        subscribe(&connections, id, generation(1)).await;
    }
    assert_eq!(ids(&connections, generation(1)).await, hostile);
    for left in 0..hostile.len() {
        assert_eq!(ids(&connections, generation(1)).await, hostile[left..]);
        connections.disconnect(&hostile[left]).await.unwrap();
    }
    assert_eq!(listeners(&connections, generation(1)).await, []);
}

pub async fn many_that_subscribe_at_once_all_listen<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    let ids_of_all: Vec<String> = (0..24).map(|number| format!("page-{number:02}")).collect();
    // Each to the same and to one of its own, some of them twice.
    let subscribing = ids_of_all.iter().enumerate().flat_map(|(number, id)| {
        [Topic::All, generation(number as u128), Topic::All].map(|topic| {
            let (connections, id) = (connections.clone(), id.clone());
            tokio::spawn(async move { subscribe(&connections, &id, topic).await })
        })
    });
    for done in futures::future::join_all(subscribing).await {
        done.unwrap();
    }
    assert_eq!(ids(&connections, Topic::All).await, ids_of_all);
    let leaving = ids_of_all.iter().step_by(2).map(|id| {
        let (connections, id) = (connections.clone(), id.clone());
        tokio::spawn(async move { connections.disconnect(&id).await.unwrap() })
    });
    for done in futures::future::join_all(leaving).await {
        done.unwrap();
    }
    let stayed: Vec<String> = ids_of_all.iter().skip(1).step_by(2).cloned().collect();
    assert_eq!(ids(&connections, Topic::All).await, stayed);
    assert_eq!(ids(&connections, generation(0)).await, [""; 0]);
    assert_eq!(ids(&connections, generation(1)).await, ["page-01"]);
}

pub async fn what_was_subscribed_is_there_after_a_restart<P: Place<Adapter: Connections>>() {
    let place = P::fresh();
    let connections = place.open().await;
    assert!(connections.subscribe("one", generation(1), Some(true), now()).await.unwrap());
    place.close(connections).await;
    let connections = place.open().await;
    assert_eq!(listeners(&connections, generation(1)).await, [listener("one", true)]);
}
