//! Pages of summaries, with what stands around them. A slim row for each generation, all in one partition, is what pages,
//! counts and today's numbers are made of; summaries are read for the page alone.

use super::calls::{Wanted, Words};
use super::generations::{id_of, searched_beginning};
use super::item::{Item, get_number, get_text, key, number, text};
use super::{DynamoStore, Failure, table};
use crate::store::listing::{Cursor, ended_at, folded, ids_beginning_with, rank, success_percentage};
use monitor_core::generation::{Status, Summary};
use monitor_core::time::Timestamp;
use monitor_pipeline::ports::{ListQuery, Page, StoreError, Today};
use uuid::Uuid;

/// Bytes of a title that lists look for words in; of what is longer, all of it is read from the summary.
const SEARCHED: usize = 600;
/// By sequence, then by rank of status.
const NEWER: &str = "attribute_exists(pk) AND (attribute_not_exists(seq) OR seq < :seq OR (seq = :seq AND st <= :st))";

/// A generation as lists need it.
struct Row {
    queue_id: Uuid,
    created_at: i64,
    status: Option<i64>,
    instance: Option<String>,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    /// `None`: too long for a row.
    searched: Option<String>,
    prompts: Vec<String>,
}

impl Row {
    fn of(item: &Item) -> Result<Row, Failure> {
        let created = get_text(item, "sk").and_then(|sk| sk.split('#').next()?.parse::<u64>().ok());
        let prompts = item.get("p").and_then(|prompts| prompts.as_l().ok());
        Ok(Row {
            queue_id: id_of(item)?,
            created_at: (created.unwrap_or_default() ^ (1 << 63)).cast_signed(),
            status: get_number(item, "st"),
            instance: get_text(item, "i").map(str::to_owned),
            started_at: get_number(item, "sa"),
            ended_at: get_number(item, "ea"),
            searched: get_text(item, "t").map(str::to_owned),
            prompts: prompts.into_iter().flatten().filter_map(|prompt| prompt.as_s().ok().cloned()).collect(),
        })
    }
}

/// A generation that has ended, as pruning needs it.
pub(super) struct Ended {
    pub(super) queue_id: Uuid,
    pub(super) created_at: Timestamp,
    pub(super) at: i64,
}

impl DynamoStore {
    /// What lists show, and what a restart of ours must not lose; never an older one.
    pub(super) async fn keep_summary(&self, summary: &Summary) -> Result<(), Failure> {
        let order = Words::default().value("seq", number(summary.sequence)).value("st", number(rank(summary.status)));
        let words = order.clone().value("s", self.document(summary).await?);
        let meta = key(table::generation(summary.queue_id), table::META);
        let expression = "SET s = :s, seq = :seq, st = :st";
        let Some(held) = self.update(meta.clone(), expression, Some(NEWER), words).await? else {
            return match self.get(meta).await? {
                Some(_) => Ok(()),
                None => Err(StoreError::NotFound(summary.queue_id).into()),
            };
        };
        let row = key(table::LIST, table::listed(Self::created_at(&held), summary.queue_id));
        let (expression, words) = shown(summary, order);
        // A newer one may have come between.
        self.update(row, &expression, Some(NEWER), words).await.map(drop)
    }

    async fn rows(&self) -> Result<Vec<Row>, Failure> {
        let newest_first = Wanted { newest_first: true, ..Wanted::all(table::LIST) };
        self.query(newest_first).await?.iter().map(Row::of).collect()
    }

    pub(super) async fn page(&self, query: &ListQuery) -> Result<Page, Failure> {
        let cursor = query.cursor.as_deref().map(Cursor::read).transpose()?;
        let rows = self.rows().await?;
        let shown: Vec<&Row> = rows.iter().filter(|row| row.status.is_some()).collect();
        let mut matching = Vec::new();
        let filter = Filter::of(query);
        for row in &shown {
            if filter.takes(row) && self.has_words(row, &filter).await? {
                matching.push(*row);
            }
        }
        let counts = Status::ALL.map(|status| {
            let count = matching.iter().filter(|row| row.status == Some(rank(status))).count();
            (status, count as u64)
        });
        let wanted: Vec<i64> = query.statuses.iter().map(|status| rank(*status)).collect();
        matching.retain(|row| wanted.is_empty() || row.status.is_some_and(|status| wanted.contains(&status)));
        if let Some(Cursor { created_at, queue_id }) = cursor {
            matching.retain(|row| (row.created_at, row.queue_id) < (created_at, queue_id));
        }
        let more = matching.len() > query.limit as usize;
        matching.truncate(query.limit as usize);
        let last = matching.last().filter(|_| more);
        let next_cursor = last.map(|last| Cursor { created_at: last.created_at, queue_id: last.queue_id }.to_string());
        let keys = matching.iter().map(|row| key(table::generation(row.queue_id), table::META)).collect();
        let items = self.get_all(keys).await?;
        Ok(Page {
            items: self.read_each(&items, "s").await,
            next_cursor,
            counts: counts.into(),
            today: today(&shown, query.today),
        })
    }

    async fn has_words(&self, row: &Row, filter: &Filter) -> Result<bool, Failure> {
        let Some(wanted) = &filter.wanted else { return Ok(true) };
        if wanted.is_of(row) {
            return Ok(true);
        }
        if let Some(searched) = &row.searched {
            return Ok(wanted.words.iter().all(|word| searched.contains(word)));
        }
        let Some(meta) = self.get(key(table::generation(row.queue_id), table::META)).await? else { return Ok(false) };
        let summary: Option<Summary> = self.read_in(&meta, "s").await?;
        Ok(summary.is_some_and(|summary| {
            let title = folded(&summary.title);
            wanted.words.iter().all(|word| title.contains(word))
        }))
    }

    /// Oldest first, also what was never saved.
    pub(super) async fn open_generations(&self, instance_id: Option<&str>) -> Result<Vec<Uuid>, Failure> {
        let instance = instance_id.map(table::part);
        let mut rows = self.rows().await?;
        rows.retain(|row| row.ended_at.is_none() && (instance.is_none() || row.instance == instance));
        rows.sort_by_key(|row| (row.created_at, row.queue_id));
        Ok(rows.into_iter().map(|row| row.queue_id).collect())
    }

    pub(super) async fn listed_generations(&self) -> Result<Vec<Uuid>, Failure> {
        Ok(self.rows().await?.into_iter().map(|row| row.queue_id).collect())
    }

    pub(super) async fn ended_generations(&self) -> Result<Vec<Ended>, Failure> {
        let ended = |row: Row| {
            let created_at = Timestamp(row.created_at);
            Some(Ended { queue_id: row.queue_id, created_at, at: row.ended_at? })
        };
        Ok(self.rows().await?.into_iter().filter_map(ended).collect())
    }
}

fn shown(summary: &Summary, order: Words) -> (String, Words) {
    let mut set = vec!["st = :st", "seq = :seq", "i = :i"];
    let mut remove = Vec::new();
    let mut words = order.value("i", text(table::part(&summary.instance_id)));
    let searched = Some(folded(&summary.title)).filter(|title| title.len() <= SEARCHED);
    let optional = [
        ("sa", "sa = :sa", summary.started_at.map(|at| number(at.as_millis()))),
        ("ea", "ea = :ea", ended_at(summary).map(|at| number(at.as_millis()))),
        ("t", "t = :t", searched.map(text)),
    ];
    for (name, assignment, value) in optional {
        match value {
            Some(value) => {
                set.push(assignment);
                words = words.value(name, value);
            }
            None => remove.push(name),
        }
    }
    let removed = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
    (format!("SET {}{removed}", set.join(", ")), words)
}

/// All filters but the status, which the counts leave out.
struct Filter {
    instance: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    wanted: Option<Searched>,
}

struct Searched {
    words: Vec<String>,
    ids: Option<(Uuid, Uuid)>,
    prompt: String,
}

impl Searched {
    /// Of its id, or of a prompt of it.
    fn is_of(&self, row: &Row) -> bool {
        self.ids.is_some_and(|(lowest, highest)| (lowest..=highest).contains(&row.queue_id))
            || row.prompts.iter().any(|prompt| prompt.starts_with(&self.prompt))
    }
}

impl Filter {
    fn of(query: &ListQuery) -> Filter {
        let wanted = query.q.as_deref().map(str::trim).filter(|wanted| !wanted.is_empty());
        Filter {
            instance: query.instance_id.as_deref().map(table::part),
            since: query.since.map(Timestamp::as_millis),
            until: query.until.map(Timestamp::as_millis),
            wanted: wanted.map(|wanted| Searched {
                words: folded(wanted).split_whitespace().map(str::to_owned).collect(),
                ids: ids_beginning_with(wanted),
                prompt: searched_beginning(wanted),
            }),
        }
    }

    fn takes(&self, row: &Row) -> bool {
        (self.instance.is_none() || row.instance == self.instance)
            && self.since.is_none_or(|since| row.created_at >= since)
            && self.until.is_none_or(|until| row.created_at < until)
    }
}

fn today(rows: &[&Row], start: Timestamp) -> Today {
    let day: Vec<&&Row> = rows.iter().filter(|row| row.created_at >= start.as_millis()).collect();
    let of = |status: Status| day.iter().filter(|row| row.status == Some(rank(status))).count() as u64;
    let wait = |row: &&&Row| u64::try_from((row.started_at? - row.created_at).max(0)).ok();
    let mut waits: Vec<u64> = day.iter().filter_map(wait).collect();
    waits.sort_unstable();
    let middle = |places: [usize; 2]| {
        let [lower, upper] = places.map(|place| waits.get(place).copied());
        Some(u64::midpoint(lower?, upper? + (lower? + upper?) % 2))
    };
    Today {
        jobs: day.len() as u64,
        median_wait_ms: middle([waits.len().saturating_sub(1) / 2, waits.len() / 2]),
        success_percentage: success_percentage(of(Status::Completed), of(Status::Failed)),
    }
}
