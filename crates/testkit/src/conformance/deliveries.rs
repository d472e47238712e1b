//! The guarantees of `Deliveries` that need nobody who waits.

use super::Place;
use super::sample::{self, hostile_strings};
use monitor_core::generation::OutputStatus;
use monitor_pipeline::ports::{Deliveries, MediaRecord};
use uuid::Uuid;

/// The suite for an adapter at places of type `$place`.
#[macro_export]
macro_rules! deliveries_conformance {
    ($place:ty) => {
        $crate::conformance_tests!(
            $place,
            deliveries,
            what_was_announced_is_found_whole
            what_was_never_announced_is_not_there
            what_is_announced_again_is_the_newer_one
            announcing_the_same_at_once_is_announcing_it_once
            hostile_strings_come_back_as_they_were
            a_long_text_is_found_whole
            what_was_announced_is_there_after_a_restart
        );
    };
}

fn settled(position: u32) -> MediaRecord {
    MediaRecord {
        status: OutputStatus::Stored,
        content_type: Some("image/png".to_owned()),
        size: Some(u64::MAX),
        key: Some("media/00/00/x".to_owned()),
        ..sample::media(&sample::record(1), position)
    }
}

async fn found(deliveries: &impl Deliveries, row: &MediaRecord) -> MediaRecord {
    deliveries.find(row.media_id).await.unwrap().unwrap()
}

pub async fn what_was_announced_is_found_whole<P: Place<Adapter: Deliveries>>() {
    let place = P::fresh();
    let deliveries = place.open().await;
    let failed = MediaRecord { status: OutputStatus::Failed, reason: Some("it went away".to_owned()), ..settled(2) };
    for row in [settled(1), failed] {
        deliveries.announce(&row).await.unwrap();
        assert_eq!(found(&deliveries, &row).await, row);
    }
    assert_eq!(found(&deliveries, &settled(1)).await, settled(1));
}

pub async fn what_was_never_announced_is_not_there<P: Place<Adapter: Deliveries>>() {
    let place = P::fresh();
    let deliveries = place.open().await;
    deliveries.announce(&settled(1)).await.unwrap();
    for id in [Uuid::nil(), Uuid::max(), settled(2).media_id] {
        assert_eq!(deliveries.find(id).await.unwrap(), None);
    }
}

pub async fn what_is_announced_again_is_the_newer_one<P: Place<Adapter: Deliveries>>() {
    let place = P::fresh();
    let deliveries = place.open().await;
    let failed = MediaRecord { status: OutputStatus::Failed, key: None, ..settled(1) };
    for row in [failed, settled(1), settled(1)] {
        deliveries.announce(&row).await.unwrap();
        assert_eq!(found(&deliveries, &row).await, row);
    }
}

pub async fn announcing_the_same_at_once_is_announcing_it_once<P: Place<Adapter: Deliveries>>() {
    let place = P::fresh();
    let deliveries = place.open().await;
    let announcing = (0..16).map(|number| {
        let deliveries = deliveries.clone();
        tokio::spawn(async move { deliveries.announce(&settled(number % 2)).await.unwrap() })
    });
    for done in futures::future::join_all(announcing).await {
        done.unwrap();
    }
    for row in [settled(0), settled(1)] {
        assert_eq!(found(&deliveries, &row).await, row);
    }
}

pub async fn hostile_strings_come_back_as_they_were<P: Place<Adapter: Deliveries>>() {
    let place = P::fresh();
    let deliveries = place.open().await;
    for (position, hostile) in (1..).zip(hostile_strings()) {
        let row = MediaRecord {
            text: Some(hostile.clone()),
            node_id: hostile.clone(),
            reason: Some(hostile),
            ..settled(position)
        };
        deliveries.announce(&row).await.unwrap();
        assert_eq!(found(&deliveries, &row).await, row);
    }
}

/// The longest that a node's text may be, and each character of it six bytes of JSON.
pub async fn a_long_text_is_found_whole<P: Place<Adapter: Deliveries>>() {
    let place = P::fresh();
    let deliveries = place.open().await;
    let text = "\u{1}".repeat(monitor_core::comfy::output::MAX_TEXT);
    let row = MediaRecord { text: Some(text), ..settled(1) };
    deliveries.announce(&row).await.unwrap();
    assert_eq!(found(&deliveries, &row).await, row);
}

pub async fn what_was_announced_is_there_after_a_restart<P: Place<Adapter: Deliveries>>() {
    let place = P::fresh();
    let deliveries = place.open().await;
    deliveries.announce(&settled(1)).await.unwrap();
    place.close(deliveries).await;
    let deliveries = place.open().await;
    assert_eq!(found(&deliveries, &settled(1)).await, settled(1));
}
