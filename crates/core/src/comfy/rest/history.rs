//! `GET /history` and `GET /history/{id}`.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fields::RawEntries;
use super::queue::QueueItem;
use super::{Answer, NotJson, tolerant};
use crate::comfy::message::{ExecutionError, ExecutionInterrupted, Message, parse_parts};

/// Finished jobs, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    pub entries: Vec<HistoryEntry>,
}

/// A finished job.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    pub prompt_id: String,
    /// What was in the queue; `None` only if the server sent it broken.
    pub job: Option<QueueItem>,
    /// Output by node, untouched; read each with [`crate::comfy::output`].
    pub outputs: Map<String, Value>,
    /// How the last node call ended, which is *not* how the job did: see [`HistoryEntry::outcome`].
    pub status_str: Option<String>,
    /// `execution_start`, `execution_cached` and the terminal one, as they went over the socket.
    pub messages: Vec<Message<'static>>,
    /// For each node with output: the node it is displayed as, and where it comes from.
    pub meta: Map<String, Value>,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome<'a> {
    Success,
    Error(&'a ExecutionError),
    Interrupted(&'a ExecutionInterrupted),
}

impl History {
    /// The entry of one job, the newest if there were several under its id.
    pub fn get(&self, prompt_id: &str) -> Option<&HistoryEntry> {
        self.entries.iter().rfind(|entry| entry.prompt_id == prompt_id)
    }
}

impl HistoryEntry {
    /// The last terminal message; `None` if there is none, which no known server does.
    pub fn outcome(&self) -> Option<Outcome<'_>> {
        self.messages.iter().rev().find_map(|message| match message {
            Message::ExecutionSuccess(_) => Some(Outcome::Success),
            Message::ExecutionError(error) => Some(Outcome::Error(error)),
            Message::ExecutionInterrupted(interrupted) => Some(Outcome::Interrupted(interrupted)),
            _ => None,
        })
    }

    /// Nodes that were in the cache at the start, in graph order.
    pub fn cached(&self) -> &[String] {
        let cached = self.messages.iter().find_map(|message| match message {
            Message::ExecutionCached(cached) => Some(cached.nodes.as_slice()),
            _ => None,
        });
        cached.unwrap_or_default()
    }

    /// When the job started, the server's clock in ms.
    pub fn started_at(&self) -> Option<i64> {
        self.messages.iter().find_map(|message| match message {
            Message::ExecutionStart(start) => start.timestamp,
            _ => None,
        })
    }

    /// When the job ended, the server's clock in ms.
    pub fn ended_at(&self) -> Option<i64> {
        self.messages.iter().rev().find_map(|message| match message {
            Message::ExecutionSuccess(end) => end.timestamp,
            Message::ExecutionError(end) => end.timestamp,
            Message::ExecutionInterrupted(end) => end.timestamp,
            _ => None,
        })
    }

    fn read(prompt_id: String, entry: &RawValue, odd: &mut u32) -> Option<Self> {
        let Ok(RawEntries(fields)) = serde_json::from_str(entry.get()) else {
            *odd += 1;
            return None;
        };
        let mut read = Self {
            prompt_id,
            job: None,
            outputs: Map::new(),
            status_str: None,
            messages: Vec::new(),
            meta: Map::new(),
        };
        for (name, value) in fields {
            match name.as_str() {
                "prompt" => read.job = QueueItem::read(value, odd),
                "outputs" => read.outputs = map(value, odd),
                "meta" => read.meta = map(value, odd),
                "status" => read.read_status(value, odd),
                _ => {}
            }
        }
        Some(read)
    }

    fn read_status(&mut self, status: &RawValue, odd: &mut u32) {
        let RawEntries(fields) = serde_json::from_str(status.get()).unwrap_or(RawEntries(Vec::new()));
        for (name, value) in fields {
            match name.as_str() {
                "status_str" => {
                    self.status_str = serde_json::from_str(value.get()).unwrap_or_default();
                }
                "messages" => self.messages = messages(value, odd),
                _ => {}
            }
        }
    }
}

/// Reads the answer of `GET /history` or `GET /history/{id}`.
pub fn history(body: &[u8]) -> Result<Answer<History>, NotJson> {
    tolerant(body, |body| {
        let mut oddities = 0;
        let RawEntries(entries) = RawEntries::of_body(body, &mut oddities)?;
        let entries = entries.into_iter();
        let entries = entries.filter_map(|(id, entry)| HistoryEntry::read(id, entry, &mut oddities)).collect();
        Ok(Answer { value: History { entries }, oddities })
    })
}

/// `[[type, data], …]`, read like the messages of the socket they once were.
pub(super) fn messages(list: &RawValue, odd: &mut u32) -> Vec<Message<'static>> {
    let list: Vec<&RawValue> = serde_json::from_str(list.get()).unwrap_or_default();
    let mut messages = Vec::with_capacity(list.len().min(16));
    for pair in list {
        let Ok((kind, data)) = serde_json::from_str::<(Cow<'_, str>, &RawValue)>(pair.get()) else {
            *odd += 1;
            continue;
        };
        let parsed = parse_parts(&kind, data.get());
        *odd += u32::from(parsed.lenient);
        messages.push(parsed.message.into_owned());
    }
    messages
}

fn map(value: &RawValue, odd: &mut u32) -> Map<String, Value> {
    serde_json::from_str(value.get()).unwrap_or_else(|_| {
        *odd += 1;
        Map::new()
    })
}
