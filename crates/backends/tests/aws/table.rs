//! What the store in `DynamoDB` does beyond what is asked of any store: what it costs, what lies beside the table, and who
//! wins a race.

use crate::emulated::of_account;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::{HeaderMap, StatusCode};
use axum::{Json, Router};
use futures::TryStreamExt;
use monitor_backends::store::dynamodb::DynamoStore;
use monitor_core::event::Event;
use monitor_core::generation::{OutputStatus, Status, Summary};
use monitor_core::time::Timestamp;
use monitor_pipeline::clock;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::{Connections, ListQuery, MediaRecord, Store};
use monitor_testkit::conformance::sample::{self, Job, attempt, record, summary};
use monitor_testkit::emulator::Emulator;
use object_store::memory::InMemory;
use object_store::{ObjectMeta, ObjectStore};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// Counts calls by their names.
#[derive(Clone, Debug, Default)]
struct Calls(Arc<Mutex<BTreeMap<String, usize>>>);

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let name = target.rsplit('.').next().unwrap_or_default().to_owned();
        *self.0.lock().unwrap().entry(name).or_default() += 1;
        Ok(())
    }
}

impl Calls {
    /// Since it was asked last, in words.
    fn taken(&self) -> String {
        let calls = std::mem::take(&mut *self.0.lock().unwrap());
        calls.into_iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    }
}

pub(crate) struct Table {
    sdk: SdkConfig,
    pub(crate) large: Arc<InMemory>,
    calls: Calls,
    pub(crate) store: DynamoStore,
}

fn counted(sdk: &SdkConfig, large: &Arc<InMemory>) -> (DynamoStore, Calls) {
    let calls = Calls::default();
    let counted = aws_sdk_dynamodb::config::Builder::from(sdk).interceptor(calls.clone()).build();
    (DynamoStore::new(Client::from_conf(counted), "store".to_owned(), large.clone()), calls)
}

pub(crate) async fn table() -> Table {
    let sdk = of_account(&Emulator::shared().account()).await;
    let large = Arc::new(InMemory::new());
    let (store, calls) = counted(&sdk, &large);
    store.create_table().await.unwrap();
    calls.taken();
    Table { sdk, large, calls, store }
}

impl Table {
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.sdk)
    }

    pub(crate) async fn items(&self) -> Vec<std::collections::HashMap<String, AttributeValue>> {
        let pages = self.client().scan().table_name("store").into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.unwrap()
    }

    pub(crate) async fn beside(&self) -> Vec<ObjectMeta> {
        self.large.list(None).try_collect().await.unwrap()
    }

    /// All items in partitions that are named so.
    pub(crate) async fn lose(&self, named: impl Fn(&str) -> bool) {
        for item in self.items().await {
            if named(item["pk"].as_s().unwrap()) {
                let delete = self.client().delete_item().table_name("store");
                delete.key("pk", item["pk"].clone()).key("sk", item["sk"].clone()).send().await.unwrap();
            }
        }
    }
}

/// Generation 1 with its first attempt.
pub(crate) async fn created(store: &DynamoStore) -> Job {
    let (record, attempt) = (record(1), attempt(&record(1), 1));
    store.create(&record, &attempt).await.unwrap();
    Job::of(&attempt)
}

#[tokio::test]
async fn an_event_costs_what_the_decision_says() {
    let table = table().await;
    let (store, calls) = (&table.store, &table.calls);
    let job = created(store).await;
    assert_eq!(calls.taken(), "1 TransactWriteItems");
    let apply = async |event: Event| {
        assert_eq!(store.apply(&[event]).await.unwrap(), [true]);
        calls.taken()
    };
    for event in [job.queued(1), job.started(2), job.executing(3, "4"), job.executed(4, "4")] {
        assert_eq!(apply(event).await, "1 GetItem, 1 PutItem");
    }
    // Progress is not kept.
    assert_eq!(store.apply(&[job.progress(5, "4")]).await.unwrap(), [false]);
    assert_eq!(calls.taken(), "");
    // Read again.
    assert_eq!(store.events(job.queue_id).await.unwrap().len(), 4);
    assert_eq!(calls.taken(), "1 Query");
    store.save_summary(&summary(&record(1), Status::Processing, 4)).await.unwrap();
    assert_eq!(calls.taken(), "2 UpdateItem");
    store.apply(&[sample::stopped("gpu-1", 1)]).await.unwrap();
    assert_eq!(calls.taken(), "2 PutItem");
    store.known(job.queue_id).await.unwrap();
    assert_eq!(calls.taken(), "1 GetItem, 1 Query");
    store.list(&ListQuery { limit: 50, ..ListQuery::default() }).await.unwrap();
    assert_eq!(calls.taken(), "1 BatchGetItem, 1 Query");
}

#[tokio::test]
async fn the_end_of_an_attempt_costs_the_same_however_many_nodes_of_a_class_ran() {
    let mut ends = Vec::new();
    for nodes in [1, 25] {
        let table = table().await;
        let job = created(&table.store).await;
        let events: Vec<Event> = (0..nodes).map(|node| job.executed(node + 2, &format!("n{node}"))).collect();
        table.store.apply(&events).await.unwrap();
        table.calls.taken();
        table.store.apply(&[job.completed(100, 3000)]).await.unwrap();
        ends.push(table.calls.taken());
    }
    assert_eq!(ends[0], ends[1]);
}

#[tokio::test]
async fn nothing_is_ever_scanned() {
    let table = table().await;
    let store = &table.store;
    let job = created(store).await;
    store.apply(&job.run()).await.unwrap();
    store.save_summary(&summary(&record(1), Status::Completed, 9)).await.unwrap();
    store.list(&ListQuery { q: Some("cat".to_owned()), limit: 5, ..ListQuery::default() }).await.unwrap();
    store.open(None).await.unwrap();
    store.unsent().await.unwrap();
    store.planned_retries().await.unwrap();
    store.pending_media().await.unwrap();
    store.class_times(None).await.unwrap();
    table.prune_all().await;
    let calls = table.calls.taken();
    assert!(calls.contains("Query") && !calls.contains("Scan"), "{calls}");
}

/// A graph that does not pack well.
pub(crate) fn noise() -> Value {
    let noise: Vec<String> =
        (0..30_000).map(|number| monitor_core::ids::event_id("noise", 1, "", "", number).to_string()).collect();
    json!({"1": {"class_type": "Note", "inputs": {"text": noise}}})
}

#[tokio::test]
async fn what_no_item_holds_lies_beside_the_table_and_is_read_as_if_it_did_not() {
    let table = table().await;
    let mut attempt = attempt(&record(1), 1);
    attempt.workflow = noise();
    assert!(attempt.workflow.to_string().len() > 1_000_000);
    table.store.create(&record(1), &attempt).await.unwrap();
    let before = table.beside().await;
    assert_eq!(before.len(), 1);
    for item in table.items().await {
        assert!(size(&item) < 400 * 1024);
    }
    let known = table.store.known(attempt.queue_id).await.unwrap().unwrap();
    assert!(known.attempts[0].workflow == attempt.workflow);
    // The same graph once more is the same object, which stays longer now.
    let mut again = sample::attempt(&record(2), 1);
    again.workflow = attempt.workflow.clone();
    table.store.create(&record(2), &again).await.unwrap();
    let after = table.beside().await;
    assert_eq!(after.len(), 1);
    assert!(after[0].last_modified > before[0].last_modified);
}

/// Roughly as the service counts: names and values.
fn size(item: &std::collections::HashMap<String, AttributeValue>) -> usize {
    fn of(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            AttributeValue::M(map) => map.iter().map(|(name, value)| name.len() + of(value)).sum(),
            AttributeValue::L(list) => list.iter().map(of).sum(),
            _ => 1,
        }
    }
    item.iter().map(|(name, value)| name.len() + of(value)).sum()
}

#[tokio::test]
async fn of_two_writers_of_a_summary_the_newer_stays_in_every_row() {
    for turn in 0..8 {
        let table = table().await;
        let job = created(&table.store).await;
        let of =
            |status, sequence| Summary { completed_at: Some(Timestamp(5)), ..summary(&record(1), status, sequence) };
        let older = of(Status::Processing, 10);
        let newer = if turn % 2 == 0 { of(Status::Completed, 11) } else { of(Status::Completed, 10) };
        let keep = |summary: Summary| {
            let store = table.store.clone();
            tokio::spawn(async move { store.save_summary(&summary).await.unwrap() })
        };
        let (one, other) = (keep(older), keep(newer.clone()));
        one.await.unwrap();
        other.await.unwrap();
        assert_eq!(table.store.known(job.queue_id).await.unwrap().unwrap().saved, Some(newer.clone()));
        let page = table.store.list(&ListQuery { limit: 5, ..ListQuery::default() }).await.unwrap();
        assert_eq!(page.items, [newer]);
        assert_eq!(page.counts.iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(), [&(Status::Completed, 1)]);
        assert!(table.store.open(None).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn of_two_ends_at_once_one_stays() {
    let table = table().await;
    let job = created(&table.store).await;
    let ends = [job.completed(9, 3000), job.failed(10, 3000), job.completed(9, 3000)].map(|end| {
        let store = table.store.clone();
        tokio::spawn(async move { store.apply(&[end]).await.unwrap()[0] })
    });
    let new = futures::future::join_all(ends).await.into_iter().filter(|new| *new.as_ref().unwrap()).count();
    assert_eq!(new, 1);
    let events = table.store.events(job.queue_id).await.unwrap();
    assert_eq!(events.len(), 1, "{events:?}");
    let (done, failed, _) = table.store.instance_today(&job.instance_id, Timestamp(0)).await.unwrap();
    assert_eq!(done + failed, 1);
}

#[tokio::test]
async fn what_leads_to_an_output_is_written_again_where_it_was_cut_off() {
    let table = table().await;
    created(&table.store).await;
    let mut row = sample::media(&record(1), 1);
    row.status = OutputStatus::Pending;
    table.store.add_media(std::slice::from_ref(&row)).await.unwrap();
    table.lose(|partition| !partition.starts_with("g#")).await;
    assert_eq!(table.store.pending_media().await.unwrap(), []);
    table.store.add_media(std::slice::from_ref(&row)).await.unwrap();
    assert_eq!(table.store.pending_media().await.unwrap(), [row.clone()]);
    assert_eq!(table.store.media_by_id(row.media_id).await.unwrap(), Some(row.clone()));
    // Settled, it stays so.
    let settled = MediaRecord { status: OutputStatus::Stored, ..row.clone() };
    table.store.update_media(&settled).await.unwrap();
    table.store.add_media(&[row]).await.unwrap();
    assert_eq!(table.store.pending_media().await.unwrap(), []);
}

/// Refuses the first call of each kind as the service does while a transaction is at the item.
async fn busy_table() -> SdkConfig {
    let met = Arc::new(Mutex::new(BTreeSet::new()));
    let answer = move |headers: HeaderMap| {
        let call = headers["x-amz-target"].to_str().unwrap().to_owned();
        let (status, body) = if met.lock().unwrap().insert(call) {
            let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
            (StatusCode::BAD_REQUEST, json!({"__type": kind, "message": "Transaction is ongoing for the item"}))
        } else {
            (StatusCode::OK, json!({}))
        };
        std::future::ready((status, [("content-type", "application/x-amz-json-1.0")], Json(body)))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
    of_account("000000000000").await.into_builder().endpoint_url(endpoint).build()
}

#[tokio::test]
async fn a_write_that_meets_a_transaction_is_made_again() {
    let (store, calls) = counted(&busy_table().await, &Arc::default());
    store.connect("page", clock::wall()).await.unwrap();
    assert_eq!(calls.taken(), "2 PutItem");
    store.set_warnings(record(1).queue_id, &[]).await.unwrap();
    assert_eq!(calls.taken(), "2 UpdateItem");
    store.unsubscribe("page", Topic::All).await.unwrap();
    assert_eq!(calls.taken(), "3 DeleteItem");
}
