//! Forgetting.

use super::created;
use crate::conformance::Place;
use crate::conformance::sample::{Job, at, attempt, media, record, stopped, summary};
use monitor_core::generation::{OutputStatus, Status};
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{MediaRecord, Pruned, Retention, Store};

/// A generation with events, a summary and a stored output with a thumbnail.
async fn with_everything(store: &impl Store, number: u32, status: Status) {
    let record = created(store, number).await;
    store.apply(&Job::of(&attempt(&record, 1)).run()).await.unwrap();
    store.save_summary(&summary(&record, status, 7)).await.unwrap();
    let row = MediaRecord {
        status: OutputStatus::Stored,
        key: Some(format!("key-{number}")),
        thumbnail_key: Some(format!("thumbnail-{number}")),
        ..media(&record, 0)
    };
    store.add_media(&[row, media(&record, 1)]).await.unwrap();
}

async fn is_there(store: &impl Store, number: u32) -> bool {
    let id = record(number).queue_id;
    let there = store.known(id).await.unwrap().is_some();
    assert_eq!(!store.events(id).await.unwrap().is_empty(), there, "events of {number}");
    assert_eq!(!store.media(id).await.unwrap().is_empty(), there, "media of {number}");
    let prompt = attempt(&record(number), 1).prompt_id;
    assert_eq!(store.find_prompt(&prompt).await.unwrap().is_some(), there, "attempts of {number}");
    there
}

/// What is left, and all that was returned; ends when a call returns nothing.
async fn pruned(store: &impl Store, retention: Retention, now: Timestamp) -> Pruned {
    let mut all = Pruned::default();
    loop {
        let some = store.prune(retention, now).await.unwrap();
        if some == Pruned::default() {
            all.keys.sort();
            return all;
        }
        all.generations += some.generations;
        all.keys.extend(some.keys);
    }
}

pub async fn only_what_has_ended_and_is_too_old_goes_with_all_its_rows<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    with_everything(&store, 1, Status::Completed).await;
    with_everything(&store, 2, Status::Processing).await;
    with_everything(&store, 3, Status::Failed).await;
    with_everything(&store, 4, Status::Interrupted).await;
    assert_eq!(pruned(&store, Retention::default(), at(1_000_000)).await, Pruned::default());
    // Each ended a second after it was made: 1 and 3 more than 100 s ago, 4 just so.
    let retention = Retention { max_age_ms: Some(100_000), max_count: None };
    let keys = ["key-1", "key-3", "thumbnail-1", "thumbnail-3"].map(str::to_owned).into();
    assert_eq!(pruned(&store, retention, at(105)).await, Pruned { generations: 2, keys });
    for (number, there) in [(1, false), (2, true), (3, false), (4, true)] {
        assert_eq!(is_there(&store, number).await, there, "{number}");
    }
}

pub async fn the_newest_ended_ones_stay_when_there_are_too_many<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for number in [4, 2, 1, 3] {
        with_everything(&store, number, Status::Completed).await;
    }
    with_everything(&store, 0, Status::Pending).await;
    let retention = Retention { max_age_ms: None, max_count: Some(2) };
    assert_eq!(pruned(&store, retention, at(10)).await.generations, 2);
    for (number, there) in [(0, true), (1, false), (2, false), (3, true), (4, true)] {
        assert_eq!(is_there(&store, number).await, there, "{number}");
    }
}

pub async fn keys_that_other_rows_use_are_not_given_away<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    with_everything(&store, 1, Status::Completed).await;
    with_everything(&store, 2, Status::Completed).await;
    with_everything(&store, 200, Status::Completed).await;
    let shared = MediaRecord {
        key: Some("thumbnail-1".to_owned()),
        thumbnail_key: Some("key-2".to_owned()),
        ..media(&record(200), 2)
    };
    store.add_media(&[shared]).await.unwrap();
    let old = Retention { max_age_ms: Some(100_000), max_count: None };
    let keys = ["key-1", "thumbnail-2"].map(str::to_owned).into();
    assert_eq!(pruned(&store, old, at(150)).await, Pruned { generations: 2, keys });
    // With the last row that uses them they go.
    let keys = ["key-2", "key-200", "thumbnail-1", "thumbnail-200"].map(str::to_owned).into();
    let none = Retention { max_age_ms: None, max_count: Some(0) };
    assert_eq!(pruned(&store, none, at(250)).await, Pruned { generations: 1, keys });
}

pub async fn pruning_goes_on_until_nothing_is_returned<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for number in 1..=450 {
        let record = created(&store, number).await;
        store.save_summary(&summary(&record, Status::Completed, 1)).await.unwrap();
    }
    let retention = Retention { max_age_ms: Some(1_000_000), max_count: Some(25) };
    assert_eq!(pruned(&store, retention, at(500)).await.generations, 425);
    assert!(store.known(record(425).queue_id).await.unwrap().is_none());
    assert!(store.known(record(426).queue_id).await.unwrap().is_some());
}

pub async fn pruning_keeps_the_sequence_of_an_instance<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let events: Vec<_> = (1..=5).map(|sequence| stopped("a", sequence)).collect();
    store.apply(&events).await.unwrap();
    let retention = Retention { max_age_ms: Some(1000), max_count: None };
    pruned(&store, retention, at(1_000_000)).await;
    assert_eq!(store.instance_sequence("a").await.unwrap(), 5);
}
