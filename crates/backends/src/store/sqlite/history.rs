//! What nodes took. A run is learnt when its attempt has ended, or after that if its event comes late: then it is
//! certain that the event stays, whatever order events come in.

use super::values::{Id, decoded, integer};
use super::{Batch, Failure};
use crate::store::periods::{counted, forgotten_before};
use monitor_core::cost::{Bucket, CLASSES, History, Run, Work};
use monitor_core::event::Event;
use monitor_core::performance::Distribution;
use monitor_core::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, SqlitePool};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Learns what follows from events that are new: from the end of an attempt, and from a node's that came after it.
pub(super) async fn follow(connection: &mut SqliteConnection, new: &[Id]) -> Result<(), Failure> {
    let new: Vec<String> = new.iter().map(|Id(id)| id.simple().to_string()).collect();
    let rows = sqlx::query(
        "WITH new (event_id) AS MATERIALIZED (SELECT unhex(value) FROM json_each(?1))
         SELECT event FROM events WHERE rowid IN (
             SELECT done.rowid FROM new JOIN events AS ended USING (event_id)
                 JOIN events AS done ON done.queue_id = ended.queue_id AND done.attempt = ended.attempt
             WHERE ended.ends AND done.kind = 'Node Executed'
             UNION
             SELECT late.rowid FROM new JOIN events AS late USING (event_id)
                 JOIN events AS ended ON ended.queue_id = late.queue_id AND ended.attempt = late.attempt
             WHERE ended.ends AND late.kind = 'Node Executed')",
    )
    .bind(serde_json::to_string(&new)?)
    .fetch_all(&mut *connection)
    .await?;
    let events: Vec<Event> = decoded(&rows)?;
    let mut by_instance: BTreeMap<&str, Vec<(&Work, Run)>> = BTreeMap::new();
    for event in &events {
        if let Some(run) = Run::of(event) {
            by_instance.entry(&event.base.instance_id).or_default().push(run);
        }
    }
    for (instance_id, runs) in by_instance {
        learn(connection, instance_id, &runs).await?;
    }
    Ok(())
}

pub(super) async fn learn(
    connection: &mut SqliteConnection,
    instance_id: &str,
    runs: &[(&Work, Run)],
) -> Result<(), Failure> {
    let touched: BTreeSet<(&str, String)> =
        runs.iter().map(|(work, _)| (work.class_type.as_str(), Bucket::key(&work.drivers))).collect();
    let rows = affected(connection, instance_id, &touched).await?;
    let mut gone: BTreeSet<(String, String)> =
        rows.iter().map(|row| Ok((row.try_get(1)?, row.try_get(2)?))).collect::<Result<_, sqlx::Error>>()?;
    let mut history = History::from_buckets(decoded(&rows)?);
    for (work, run) in runs {
        history.learn(work, *run);
    }
    let mut changed = Vec::new();
    for bucket in history.buckets() {
        let place = (bucket.class_type.as_str(), Bucket::key(&bucket.drivers));
        let known = touched.contains(&place);
        let place = (bucket.class_type.clone(), place.1);
        gone.remove(&place);
        if known {
            let newest = bucket.newest().map_or(0, Timestamp::as_millis);
            changed.push((place, newest, serde_json::to_string(bucket)?));
        }
    }
    save_buckets(connection, instance_id, changed).await?;
    forget_buckets(connection, instance_id, &gone).await?;
    count(connection, instance_id, runs).await
}

/// The buckets that change; with new ones among them, all of these classes: one may have to make room.
async fn affected(
    connection: &mut SqliteConnection,
    instance_id: &str,
    touched: &BTreeSet<(&str, String)>,
) -> Result<Vec<SqliteRow>, Failure> {
    let rows = sqlx::query(
        "SELECT bucket, class_type, drivers FROM json_each(?2) AS place
             JOIN cost_buckets ON class_type = place.value ->> 0 AND drivers = place.value ->> 1
         WHERE instance_id = ?1",
    )
    .bind(instance_id)
    .bind(serde_json::to_string(touched)?)
    .fetch_all(&mut *connection)
    .await?;
    if rows.len() == touched.len() {
        return Ok(rows);
    }
    let classes: BTreeSet<&str> = touched.iter().map(|(class_type, _)| *class_type).collect();
    let rows = sqlx::query(
        "SELECT bucket, class_type, drivers FROM cost_buckets
         WHERE instance_id = ?1 AND class_type IN (SELECT value FROM json_each(?2))",
    )
    .bind(instance_id)
    .bind(serde_json::to_string(&classes)?)
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

static SAVE_BUCKETS: LazyLock<Batch> = LazyLock::new(|| {
    Batch::new(
        "INSERT INTO cost_buckets (instance_id, class_type, drivers, newest, bucket) SELECT * FROM (VALUES ",
        "(?, ?, ?, ?, ?)",
        ") WHERE column1 IS NOT NULL
         ON CONFLICT DO UPDATE SET newest = excluded.newest, bucket = excluded.bucket",
    )
});

async fn save_buckets(
    connection: &mut SqliteConnection,
    instance_id: &str,
    mut buckets: Vec<((String, String), i64, String)>,
) -> Result<(), Failure> {
    while !buckets.is_empty() {
        let (size, text) = SAVE_BUCKETS.next(buckets.len());
        let mut statement = sqlx::query(text);
        for ((class_type, drivers), newest, bucket) in buckets.drain(..size) {
            statement = statement.bind(instance_id).bind(class_type).bind(drivers).bind(newest).bind(bucket);
        }
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}

/// What had to make room, and what could not be read.
async fn forget_buckets(
    connection: &mut SqliteConnection,
    instance_id: &str,
    gone: &BTreeSet<(String, String)>,
) -> Result<(), Failure> {
    for (class_type, drivers) in gone {
        sqlx::query("DELETE FROM cost_buckets WHERE instance_id = ? AND class_type = ? AND drivers = ?")
            .bind(instance_id)
            .bind(class_type)
            .bind(drivers)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

static SAVE_TIMES: LazyLock<Batch> = LazyLock::new(|| {
    Batch::new(
        "INSERT INTO class_times (instance_id, class_type, half_year, newest, times) SELECT * FROM (VALUES ",
        "(?, ?, ?, ?, ?)",
        ") WHERE column1 IS NOT NULL
         ON CONFLICT DO UPDATE SET newest = max(newest, excluded.newest), times = excluded.times",
    )
});

async fn count(connection: &mut SqliteConnection, instance_id: &str, runs: &[(&Work, Run)]) -> Result<(), Failure> {
    let mut counts = counted(runs);
    let places: Vec<&(&str, i64)> = counts.keys().collect();
    let rows = sqlx::query(
        "SELECT times, class_type, half_year FROM json_each(?2) AS place
             JOIN class_times ON class_type = place.value ->> 0 AND half_year = place.value ->> 1
         WHERE instance_id = ?1",
    )
    .bind(instance_id)
    .bind(serde_json::to_string(&places)?)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        let place = (row.try_get::<&str, _>(1)?, row.try_get::<i64, _>(2)?);
        if let (Some((_, times)), Some(former)) = (counts.get_mut(&place), times(row)?) {
            times.merge(&former);
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    while !counts.is_empty() {
        let (size, text) = SAVE_TIMES.next(counts.len());
        let mut statement = sqlx::query(text);
        for ((class_type, half_year), (newest, times)) in counts.drain(..size) {
            let times = serde_json::to_string(&times)?;
            statement =
                statement.bind(instance_id).bind(class_type).bind(half_year).bind(newest.as_millis()).bind(times);
        }
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}

/// `None` if they cannot be read: they are counted anew.
fn times(row: &SqliteRow) -> Result<Option<Distribution>, Failure> {
    Ok(decoded(std::slice::from_ref(row))?.pop())
}

pub(super) async fn of_instance(readers: &SqlitePool, instance_id: &str) -> Result<History, Failure> {
    let rows = sqlx::query("SELECT bucket FROM cost_buckets WHERE instance_id = ?")
        .bind(instance_id)
        .fetch_all(readers)
        .await?;
    Ok(History::from_buckets(decoded::<Bucket>(&rows)?))
}

pub(super) async fn of_class(readers: &SqlitePool, instance_id: &str, class_type: &str) -> Result<History, Failure> {
    let rows = sqlx::query("SELECT bucket FROM cost_buckets WHERE instance_id = ? AND class_type = ?")
        .bind(instance_id)
        .bind(class_type)
        .fetch_all(readers)
        .await?;
    Ok(History::from_buckets(decoded::<Bucket>(&rows)?))
}

pub(super) async fn class_times(
    readers: &SqlitePool,
    instance_id: Option<&str>,
) -> Result<BTreeMap<String, Distribution>, Failure> {
    let rows = sqlx::query("SELECT times, class_type FROM class_times WHERE ?1 IS NULL OR instance_id = ?1")
        .bind(instance_id)
        .fetch_all(readers)
        .await?;
    let mut classes: BTreeMap<String, Distribution> = BTreeMap::new();
    for row in &rows {
        if let Some(times) = times(row)? {
            classes.entry(row.try_get(1)?).and_modify(|all| all.merge(&times)).or_insert(times);
        }
    }
    Ok(classes)
}

/// What did not run for a year, and classes beyond what a [`History`] holds: a server may invent as many as it likes.
pub(super) async fn forget(connection: &mut SqliteConnection, now: Timestamp) -> Result<(), Failure> {
    for table in ["cost_buckets", "class_times"] {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE newest < ?")))
            .bind(forgotten_before(now))
            .execute(&mut *connection)
            .await?;
        sqlx::query(AssertSqlSafe(format!(
            "DELETE FROM {table} WHERE (instance_id, class_type) IN (
                 SELECT instance_id, class_type FROM (
                     SELECT instance_id, class_type,
                         row_number() OVER (PARTITION BY instance_id ORDER BY max(newest) DESC) AS place
                     FROM {table} GROUP BY instance_id, class_type)
                 WHERE place > ?)"
        )))
        .bind(integer(CLASSES as u64))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
