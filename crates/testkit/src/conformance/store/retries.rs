//! Retries to come: planned once, taken once, or stopped.

use super::created;
use crate::conformance::Place;
use crate::conformance::sample::{attempt, planned, record};
use monitor_core::retry::Tried;
use monitor_pipeline::ports::{AttemptRecord, PlannedRetry, Store, StoreError};

pub async fn of_two_plans_for_one_attempt_the_first_stands<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let plan = planned(&record, 2);
    assert_eq!(store.planned_retry(record.queue_id).await.unwrap(), None);
    assert_eq!(store.plan_retry(&plan).await.unwrap(), Some(plan.clone()));
    let other = PlannedRetry { change: None, retry_at: plan.retry_at.plus(1), ..plan.clone() };
    assert_eq!(store.plan_retry(&other).await.unwrap(), Some(plan.clone()));
    place.close(store).await;
    let store = place.open().await;
    assert_eq!(store.planned_retry(record.queue_id).await.unwrap(), Some(plan));
}

pub async fn plans_are_listed_soonest_first<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let mut wanted = Vec::new();
    for (number, seconds) in [(1, 5), (2, 2), (3, 9)] {
        let record = created(&store, number).await;
        let plan = planned(&record, seconds);
        store.plan_retry(&plan).await.unwrap();
        wanted.push(plan);
    }
    wanted.sort_by_key(|plan| plan.retry_at);
    assert_eq!(store.planned_retries().await.unwrap(), wanted);
}

pub async fn a_plan_is_gone_with_the_attempt_it_becomes<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let (first, other) = (created(&store, 1).await, created(&store, 2).await);
    for record in [&first, &other] {
        store.plan_retry(&planned(record, 2)).await.unwrap();
    }
    let tried = Tried { policy: "lost_instance".to_owned(), step: 0, at: first.created_at };
    let second = AttemptRecord { retry: Some(tried), ..attempt(&first, 2) };
    store.add_attempt(&second).await.unwrap();
    assert_eq!(store.planned_retry(first.queue_id).await.unwrap(), None);
    assert_eq!(store.known(first.queue_id).await.unwrap().unwrap().attempts, [attempt(&first, 1), second]);
    // Late words of the failure before it plan nothing any more.
    assert_eq!(store.plan_retry(&planned(&first, 2)).await.unwrap(), None);
    assert_eq!(store.planned_retries().await.unwrap().len(), 1);
    let third = planned(&first, 3);
    assert_eq!(store.plan_retry(&third).await.unwrap(), Some(third));
}

pub async fn a_stopped_retry_is_forgotten_and_its_attempt_keeps_that<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    store.plan_retry(&planned(&record, 2)).await.unwrap();
    store.stop_retry(record.queue_id, 1).await.unwrap();
    let stopped = AttemptRecord { retry_stopped: true, ..attempt(&record, 1) };
    assert_eq!(store.planned_retry(record.queue_id).await.unwrap(), None);
    assert_eq!(store.known(record.queue_id).await.unwrap().unwrap().attempts, std::slice::from_ref(&stopped));
    // A person may go on later.
    store.add_attempt(&attempt(&record, 2)).await.unwrap();
    assert_eq!(store.known(record.queue_id).await.unwrap().unwrap().attempts, [stopped, attempt(&record, 2)]);
}

pub async fn a_plan_without_its_generation_is_refused<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let plan = planned(&record(1), 2);
    let refusals = [store.plan_retry(&plan).await.map(drop), store.stop_retry(plan.queue_id, 1).await];
    for refused in refusals {
        assert!(matches!(refused, Err(StoreError::NotFound(id)) if id == plan.queue_id), "{refused:?}");
    }
}
