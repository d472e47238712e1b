//! Pages of summaries, with what stands around them: counts and today's numbers.

use super::Failure;
use super::values::{Id, decoded, unsigned};
use crate::store::listing::{Cursor, folded, ids_beginning_with, rank, success_percentage};
use monitor_core::generation::Status;
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{ListQuery, Page, Today};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, SqlitePool};

pub(super) async fn list(readers: &SqlitePool, query: &ListQuery) -> Result<Page, Failure> {
    let cursor = query.cursor.as_deref().map(Cursor::read).transpose()?;
    // One snapshot: items and counts tell of the same moment.
    let mut snapshot = readers.begin().await?;
    let connection = &mut *snapshot;

    let mut page = QueryBuilder::new("SELECT summary, created_at, queue_id FROM generations");
    filter(&mut page, query);
    if !query.statuses.is_empty() {
        page.push(" AND status IN (");
        let mut statuses = page.separated(", ");
        for status in &query.statuses {
            statuses.push_bind(rank(*status));
        }
        page.push(")");
    }
    if let Some(Cursor { created_at, queue_id }) = cursor {
        page.push(" AND (created_at, queue_id) < (").push_bind(created_at).push(", ").push_bind(Id(queue_id)).push(")");
    }
    // One more than asked for tells whether there is a next page.
    page.push(" ORDER BY created_at DESC, queue_id DESC LIMIT ").push_bind(i64::from(query.limit) + 1);
    let mut rows = page.build().fetch_all(&mut *connection).await?;
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    let next_cursor = match rows.last() {
        Some(last) if more => {
            Some(Cursor { created_at: last.try_get(1)?, queue_id: last.try_get::<Id, _>(2)?.0 }.to_string())
        }
        _ => None,
    };

    Ok(Page {
        items: decoded(&rows)?,
        next_cursor,
        counts: counts(connection, query).await?,
        today: today(connection, query.today).await?,
    })
}

/// All filters but the status, which the counts leave out.
fn filter(statement: &mut QueryBuilder<Sqlite>, query: &ListQuery) {
    statement.push(" WHERE status IS NOT NULL");
    if let Some(instance_id) = &query.instance_id {
        statement.push(" AND instance_id = ").push_bind(instance_id);
    }
    if let Some(since) = query.since {
        statement.push(" AND created_at >= ").push_bind(since.as_millis());
    }
    if let Some(until) = query.until {
        statement.push(" AND created_at < ").push_bind(until.as_millis());
    }
    let Some(wanted) = query.q.as_deref().map(str::trim).filter(|wanted| !wanted.is_empty()) else {
        return;
    };
    statement.push(" AND ((1");
    for word in folded(wanted).split_whitespace() {
        // instr, not LIKE: it knows no wildcards that would have to be escaped.
        statement.push(" AND instr(searched, ").push_bind(word).push(")");
    }
    statement.push(")");
    if let Some((lowest, highest)) = ids_beginning_with(wanted) {
        statement.push(" OR queue_id BETWEEN ").push_bind(Id(lowest)).push(" AND ").push_bind(Id(highest));
    }
    statement.push(" OR queue_id IN (SELECT queue_id FROM attempts WHERE prompt_id >= ").push_bind(wanted);
    statement.push(" AND prompt_id < ").push_bind(format!("{wanted}\u{10FFFF}")).push("))");
}

async fn counts(connection: &mut SqliteConnection, query: &ListQuery) -> Result<Vec<(Status, u64)>, Failure> {
    // One pass over the index; GROUP BY would sort all of it first.
    let mut statement = QueryBuilder::new("SELECT ");
    let mut columns = statement.separated(", ");
    for status in Status::ALL {
        columns.push("count(*) FILTER (WHERE status = ").push_bind_unseparated(rank(status)).push_unseparated(")");
    }
    statement.push(" FROM generations");
    filter(&mut statement, query);
    let counted = statement.build().fetch_one(connection).await?;
    let count = |(place, status)| Ok((status, unsigned(counted.try_get(place)?)));
    Status::ALL.into_iter().enumerate().map(count).collect()
}

/// Of all generations made since the day began, whatever the filters. Success is out of those that completed or
/// failed: what a person stopped says nothing of it.
async fn today(connection: &mut SqliteConnection, start: Timestamp) -> Result<Today, Failure> {
    let (jobs, completed, failed, median_wait) = sqlx::query_as::<_, (i64, i64, i64, Option<f64>)>(
        "WITH day AS MATERIALIZED (
             SELECT status, max(started_at - created_at, 0) AS wait FROM generations
             WHERE status IS NOT NULL AND created_at >= ?1),
         waits AS (
             SELECT wait, row_number() OVER (ORDER BY wait) AS place, count(*) OVER () AS total
             FROM day WHERE wait IS NOT NULL)
         SELECT (SELECT count(*) FROM day), (SELECT count(*) FROM day WHERE status = ?2),
             (SELECT count(*) FROM day WHERE status = ?3),
             (SELECT avg(wait) FROM waits WHERE place IN ((total + 1) / 2, (total + 2) / 2))",
    )
    .bind(start.as_millis())
    .bind(rank(Status::Completed))
    .bind(rank(Status::Failed))
    .fetch_one(connection)
    .await?;
    Ok(Today {
        jobs: unsigned(jobs),
        median_wait_ms: median_wait.map(|wait| wait.round() as u64),
        success_percentage: success_percentage(unsigned(completed), unsigned(failed)),
    })
}
