//! What is particular to this adapter; the guarantees of its ports are in `tests/conformance.rs`.

use super::{Sqlite, Writes};
use monitor_core::event::{Event, JobQueued, NodeExecuted, WorkflowNode, WorkflowNodes};
use monitor_core::names::NodeKind;
use monitor_pipeline::ports::{Outbox, Store, StoreError};
use monitor_testkit::conformance::sample::{Job, at, attempt, record, shuffled};
use sqlx::{AssertSqlSafe, Executor};
use tempfile::TempDir;

async fn fresh() -> (TempDir, Sqlite) {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(dir.path()).await.unwrap();
    (dir, store)
}

fn job(number: u32) -> Job {
    Job::of(&attempt(&record(number), 1))
}

/// `(node, class, start, duration, cached, steps)`.
type NodeRun = (String, Option<String>, Option<i64>, Option<i64>, bool, Option<f64>);

async fn node_runs(store: &Sqlite) -> Vec<NodeRun> {
    sqlx::query_as(
        "SELECT node_id, class_type, started_at, duration_ms, cached, steps FROM node_runs
         ORDER BY queue_id, node_id",
    )
    .fetch_all(store.readers())
    .await
    .unwrap()
}

/// Node 3 ran, node 9 was cached, node 12 blocked, node 3.0.1 made by expansion.
fn run_of(job: &Job) -> Vec<Event> {
    let node = |node_id: &str, class_type: &str| WorkflowNode {
        node_id: node_id.to_owned(),
        class_type: class_type.to_owned(),
        node_title: String::new(),
        kind: NodeKind::Other,
        dependencies: Vec::new(),
    };
    let executed = |node_id: &str| NodeExecuted {
        node_id: node_id.to_owned(),
        display_node_id: node_id.to_owned(),
        duration_ms: None,
        output: None,
        cached: false,
        blocked: None,
        steps: None,
    };
    let graph = vec![node("3", "KSampler"), node("9", "SaveImage"), node("12", "PreviewImage")];
    vec![
        job.event(1, WorkflowNodes { workflow_nodes: graph, total_nodes: 3 }),
        job.event(2, NodeExecuted { cached: true, ..executed("9") }),
        job.executing(3, "3"),
        job.executed(4, "3"),
        job.event(5, NodeExecuted { duration_ms: Some(250), ..executed("3.0.1") }),
        job.event(6, NodeExecuted { blocked: Some("switched off".to_owned()), ..executed("12") }),
        job.completed(7, 10),
    ]
}

fn measured() -> [NodeRun; 3] {
    let at = |seconds| Some(at(seconds).as_millis());
    [
        ("3".to_owned(), Some("KSampler".to_owned()), at(3), Some(1500), false, Some(20.0)),
        ("3.0.1".to_owned(), None, at(5).map(|end| end - 250), Some(250), false, None),
        ("9".to_owned(), Some("SaveImage".to_owned()), None, None, true, None),
    ]
}

#[tokio::test]
async fn nodes_are_measured_when_their_attempt_has_ended() {
    let (_dir, store) = fresh().await;
    let events = run_of(&job(1));
    store.apply(&events[..6]).await.unwrap();
    assert_eq!(node_runs(&store).await, []);
    store.apply(&events[6..]).await.unwrap();
    assert_eq!(node_runs(&store).await, measured());
}

#[tokio::test]
async fn nodes_are_measured_alike_in_whatever_order_their_events_come() {
    for seed in 0..12 {
        let (_dir, store) = fresh().await;
        for batch in shuffled(&run_of(&job(1)), seed).chunks(seed as usize % 3 + 1) {
            store.apply(batch).await.unwrap();
        }
        assert_eq!(node_runs(&store).await, measured(), "order {seed}");
    }
}

#[tokio::test]
async fn the_newest_node_runs_are_read_from_an_index_alone() {
    let (_dir, store) = fresh().await;
    for statement in [super::node_runs::OF_ALL, super::node_runs::OF_INSTANCE] {
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
                .fetch_all(store.readers())
                .await
                .unwrap();
        let [(.., step)] = &plan[..] else { panic!("{plan:?}") };
        assert!(step.contains("USING COVERING INDEX node_runs_newest"), "{step}");
    }
}

#[tokio::test]
async fn work_that_fails_takes_neither_its_own_rows_nor_those_of_its_group_along() {
    let (_dir, store) = fresh().await;
    // Asked for together, so that they come into one group.
    let failing = store.write(Writes::Often, |connection| {
        Box::pin(async move {
            connection.execute("INSERT INTO facts VALUES ('half', '1')").await?;
            connection.execute("INSERT INTO nowhere VALUES (1)").await?;
            Ok(())
        })
    });
    let events = job(1).run();
    let (before, failed, after, broken) = tokio::join!(
        store.set_fact_once("before", "1"),
        failing,
        store.append(&events),
        store.write(Writes::Once, |connection| Box::pin(async move {
            connection.execute("INSERT INTO facts VALUES ('before', 'again')").await?;
            Ok(())
        }))
    );
    assert_eq!(before.unwrap(), "1");
    assert!(failed.unwrap_err().to_string().contains("no such table: nowhere"));
    after.unwrap();
    assert!(broken.unwrap_err().to_string().contains("UNIQUE"));
    assert_eq!(store.fact("half").await.unwrap(), None);
    assert_eq!(store.fact("before").await.unwrap(), Some("1".to_owned()));
    assert_eq!(store.pending(100).await.unwrap(), events);
}

#[tokio::test]
async fn what_was_asked_for_before_closing_is_kept_and_what_comes_after_is_refused() {
    let (dir, store) = fresh().await;
    let events = job(1).run();
    let appending = {
        let (store, events) = (store.clone(), events.clone());
        tokio::spawn(async move { futures::future::join_all(events.chunks(1).map(|event| store.append(event))).await })
    };
    let appended = appending.await.unwrap();
    store.close().await;
    assert!(appended.iter().all(Result::is_ok));
    for refused in [store.append(&events).await, store.pending(1).await.map(drop), store.fact("a").await.map(drop)] {
        let Err(StoreError::Failed { place, cause }) = refused else { panic!("{refused:?}") };
        assert!(place.ends_with("monitor.db") && cause.contains("it is closed"), "{place}: {cause}");
    }
    // Twice does no harm, and the folder is free.
    store.close().await;
    assert_eq!(Sqlite::open(dir.path()).await.unwrap().pending(100).await.unwrap(), events);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_holds_up_no_other() {
    let (_dir, store) = fresh().await;
    let events = job(1).run();
    let record = record(1);
    store.create(&record, &attempt(&record, 1)).await.unwrap();
    store.append(&events).await.unwrap();
    store.apply(&events).await.unwrap();
    store
        .write(Writes::Often, |connection| {
            Box::pin(async move {
                connection.execute("UPDATE outbox SET event = 'no JSON' WHERE position <= 2").await?;
                connection.execute("UPDATE generations SET summary = '{}'").await?;
                connection
                    .execute("UPDATE events SET event = '{\"detailType\": \"Unheard Of\"}' WHERE rowid = 3")
                    .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    assert_eq!(store.pending(2).await.unwrap(), events[2..4]);
    assert_eq!(store.pending(100).await.unwrap(), events[2..]);
    let known = store.known(record.queue_id).await.unwrap().unwrap();
    assert_eq!((known.record.title, known.saved), (record.title, None));
    let read = store.events(record.queue_id).await.unwrap();
    assert_eq!(read, [&events[..2], &events[3..]].concat());
}

#[tokio::test]
async fn a_batch_larger_than_a_statement_is_kept_as_a_whole_and_in_order() {
    let (_dir, store) = fresh().await;
    let job = job(1);
    let events: Vec<Event> =
        (1..=300).map(|sequence| job.event(sequence, JobQueued { queue_position: None, title: None })).collect();
    store.append(&events).await.unwrap();
    assert_eq!(store.pending(1000).await.unwrap(), events);
    assert_eq!(store.apply(&events).await.unwrap(), vec![true; 300]);
    store.remove(&events.iter().map(|event| event.base.event_id).collect::<Vec<_>>()).await.unwrap();
    assert!(store.pending(1000).await.unwrap().is_empty());
}

#[tokio::test]
async fn events_whose_generation_was_forgotten_are_forgotten_too() {
    let (_dir, store) = fresh().await;
    store.apply(&job(1).run()).await.unwrap();
    let record = record(2);
    store.create(&record, &attempt(&record, 1)).await.unwrap();
    store.apply(&job(2).run()).await.unwrap();
    let day = 24 * 60 * 60;
    // Their generation may still come.
    store.prune(monitor_pipeline::ports::Retention::default(), at(day)).await.unwrap();
    assert_eq!(store.events(job(1).queue_id).await.unwrap().len(), 7);
    store.prune(monitor_pipeline::ports::Retention::default(), at(day + 60)).await.unwrap();
    assert_eq!(store.events(job(1).queue_id).await.unwrap().len(), 0);
    assert_eq!(store.events(job(2).queue_id).await.unwrap().len(), 7);
}
