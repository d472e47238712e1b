//! What is particular to this adapter; the guarantees of its ports are in `tests/conformance.rs`.

use super::{Sqlite, Writes};
use monitor_core::cost::{Drivers, Run, Work};
use monitor_core::event::{Event, JobQueued};
use monitor_core::names::NodeKind;
use monitor_core::performance::Distribution;
use monitor_pipeline::ports::{Outbox, Store, StoreError};
use monitor_testkit::conformance::sample::{Job, at, attempt, record};
use sqlx::Executor;
use tempfile::TempDir;

async fn fresh() -> (TempDir, Sqlite) {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(dir.path()).await.unwrap();
    (dir, store)
}

fn job(number: u32) -> Job {
    Job::of(&attempt(&record(number), 1))
}

/// Rows that are read to answer, and their bytes.
async fn read(store: &Sqlite) -> [i64; 4] {
    let (buckets, of_buckets, times, of_times) = sqlx::query_as(
        "SELECT * FROM (SELECT count(*), sum(length(bucket)) FROM cost_buckets),
             (SELECT count(*), sum(length(times)) FROM class_times)",
    )
    .fetch_one(store.readers())
    .await
    .unwrap();
    [buckets, of_buckets, times, of_times]
}

/// So many runs of ten classes, each at four counts of steps, whose durations spread over 100 to 1,099 ms.
async fn learn(store: &Sqlite, runs: std::ops::Range<u64>) {
    let works: Vec<Work> = (0..40_u32)
        .map(|number| Work {
            class_type: format!("Class{}", number % 10),
            kind: NodeKind::Other,
            drivers: Drivers { steps: Some(f64::from(number / 10)), ..Drivers::default() },
            load_ms: None,
            rounds: None,
        })
        .collect();
    store
        .write(Writes::Often, move |connection| {
            Box::pin(async move {
                let runs: Vec<(&Work, Run)> = runs
                    .map(|number| {
                        let at = at(i64::try_from(number).unwrap());
                        let work = &works[number as usize % 40];
                        (work, work.run(at, 100 + number * 7919 % 1_000))
                    })
                    .collect();
                super::history::learn(connection, "gpu-1", &runs).await
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn however_many_runs_there_were_as_much_is_read_to_tell_of_them() {
    let (_dir, store) = fresh().await;
    learn(&store, 0..10_000).await;
    let [buckets, of_buckets, times, of_times] = read(&store).await;
    assert_eq!((buckets, times), (40, 10));
    learn(&store, 10_000..30_000).await;
    let [more_buckets, of_more_buckets, more_times, of_more_times] = read(&store).await;
    assert_eq!((more_buckets, more_times), (buckets, times));
    // Numbers have become a digit longer.
    assert!(of_more_buckets < of_buckets * 11 / 10, "{of_buckets} bytes became {of_more_buckets}");
    assert!(of_more_times < of_times * 12 / 10, "{of_times} bytes became {of_more_times}");
    let told = store.class_times(Some("gpu-1")).await.unwrap();
    assert_eq!(told.values().map(Distribution::runs).sum::<u64>(), 30_000);
    let history = store.history("gpu-1").await.unwrap();
    assert_eq!(history.buckets().map(|bucket| bucket.runs).sum::<u64>(), 30_000);
    assert_eq!(history.buckets().map(|bucket| bucket.recent.len()).max(), Some(15));
}

#[tokio::test]
async fn a_bucket_that_cannot_be_read_is_made_anew() {
    let (_dir, store) = fresh().await;
    learn(&store, 0..80).await;
    store
        .write(Writes::Once, |connection| {
            Box::pin(async move {
                let spoiled = "UPDATE cost_buckets SET bucket = 'no JSON' WHERE class_type = 'Class0'";
                connection.execute(spoiled).await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    assert_eq!(store.history("gpu-1").await.unwrap().buckets().count(), 36);
    learn(&store, 80..81).await;
    let history = store.history("gpu-1").await.unwrap();
    assert_eq!(history.of_class("Class0").map(|bucket| bucket.runs).collect::<Vec<_>>(), [1]);
    assert_eq!(read(&store).await[0], 40);
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
