//! What goes from the table, by its own time or by retention, and what must not.

use crate::table::{Table, created, noise, table};
use aws_sdk_dynamodb::types::AttributeValue;
use monitor_backends::store::dynamodb::EXPIRES_AT;
use monitor_core::generation::Status;
use monitor_pipeline::clock;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::{Connections, Retention, Store};
use monitor_testkit::conformance::sample::{self, Job, attempt, record, summary};
use object_store::ObjectStoreExt;
use serde_json::Value;
use std::time::Duration;

impl Table {
    /// As the bucket's rule does it.
    async fn forget_beside(&self) {
        for object in self.beside().await {
            self.large.delete(&object.location).await.unwrap();
        }
    }

    /// All that has ended, in one call.
    pub(crate) async fn prune_all(&self) -> u64 {
        let nothing = Retention { max_count: Some(0), max_age_ms: None };
        self.store.prune(nothing, clock::wall()).await.unwrap().generations
    }
}

#[tokio::test]
async fn what_lay_beside_the_table_for_too_long_is_missed_alone() {
    let table = table().await;
    let mut attempt = attempt(&record(1), 1);
    attempt.workflow = noise();
    table.store.create(&record(1), &attempt).await.unwrap();
    table.forget_beside().await;
    let known = table.store.known(attempt.queue_id).await.unwrap().unwrap();
    assert_eq!((known.attempts.len(), &known.attempts[0].workflow), (1, &Value::Null));
    table.store.apply(&Job::of(&attempt).run()).await.unwrap();
    table.store.save_summary(&summary(&record(1), Status::Completed, 9)).await.unwrap();
    assert_eq!(table.prune_all().await, 1);
    assert!(table.items().await.iter().all(|item| !item["pk"].as_s().unwrap().starts_with("prompt#")));
}

#[tokio::test]
async fn a_generation_that_cannot_be_removed_keeps_no_other() {
    let table = table().await;
    for number in [1, 2] {
        let record = record(number);
        table.store.create(&record, &attempt(&record, 1)).await.unwrap();
        table.store.save_summary(&summary(&record, Status::Completed, 9)).await.unwrap();
    }
    let broken = attempt(&record(1), 1);
    let update = table.client().update_item().table_name("store").update_expression("SET d = :d");
    let partition = format!("g#{}", broken.queue_id.simple());
    let update =
        update.key("pk", AttributeValue::S(partition)).key("sk", AttributeValue::S("attempt#0000000001".into()));
    update.expression_attribute_values(":d", AttributeValue::S("no record".to_owned())).send().await.unwrap();
    assert_eq!(table.prune_all().await, 1);
    assert_eq!(table.prune_all().await, 0);
    assert!(table.store.find_prompt(&attempt(&record(2), 1).prompt_id).await.unwrap().is_none());
    assert!(table.store.find_prompt(&broken.prompt_id).await.unwrap().is_some());
}

#[tokio::test]
async fn what_was_cut_off_while_it_was_removed_goes_next_time() {
    let table = table().await;
    let job = created(&table.store).await;
    table.store.save_summary(&summary(&record(1), Status::Completed, 9)).await.unwrap();
    table.lose(|partition| partition != "list").await;
    assert_eq!(table.prune_all().await, 1);
    assert_eq!(table.prune_all().await, 0);
    assert!(table.store.known(job.queue_id).await.unwrap().is_none());
}

#[tokio::test]
async fn what_has_expired_is_not_read_also_where_it_is_still_there() {
    let table = table().await;
    let job = created(&table.store).await;
    let short = table.store.clone().keeping_events_for(Duration::ZERO);
    short.apply(&[job.queued(1)]).await.unwrap();
    table.store.apply(&[job.started(2)]).await.unwrap();
    let events = table.store.events(job.queue_id).await.unwrap();
    assert_eq!(events.iter().map(|event| event.base.sequence).collect::<Vec<_>>(), [2]);
    assert_eq!(table.store.prompt_events(&job.prompt_id, 0, 10).await.unwrap().len(), 1);
    // Its generation outlives it.
    assert!(table.store.known(job.queue_id).await.unwrap().is_some());
}

#[tokio::test]
async fn what_grows_with_every_job_goes_by_itself_and_what_must_stay_does_not() {
    let table = table().await;
    let job = created(&table.store).await;
    table.store.apply(&job.run()).await.unwrap();
    table.store.apply(&[sample::stopped("gpu-1", 1)]).await.unwrap();
    table.store.save_summary(&summary(&record(1), Status::Completed, 9)).await.unwrap();
    let now = clock::wall();
    table.store.connect("page", now).await.unwrap();
    table.store.subscribe("page", Topic::All, None, now).await.unwrap();
    let days = |item: &std::collections::HashMap<String, AttributeValue>| {
        let at: i64 = item.get(EXPIRES_AT)?.as_n().ok()?.parse().ok()?;
        Some((at * 1_000 - now.as_millis()) / (24 * 60 * 60 * 1_000))
    };
    for item in table.items().await {
        let (pk, sk) = (item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
        let expected = match (pk.split('#').next().unwrap(), sk.split('#').next().unwrap()) {
            ("g", "event" | "end") | ("ended", _) => Some(true),
            ("connection" | "topic", _) => Some(false),
            _ => None,
        };
        match expected {
            Some(true) => assert!((89..=90).contains(&days(&item).unwrap()), "{pk} {sk}"),
            Some(false) => assert_eq!(days(&item), Some(0), "{pk} {sk}"),
            None => assert_eq!(days(&item), None, "{pk} {sk}"),
        }
    }
}
