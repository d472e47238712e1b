//! `GET /queue`.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::RawEntries;
use super::{Answer, NotJson, RawGraph, tolerant};

/// What runs and what waits on a server, of all clients.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Queue {
    /// At most one, as far as servers up to 0.38 go.
    pub running: Vec<QueueItem>,
    /// In heap order: [`Queue::waiting`] is the order in which they will run.
    pub pending: Vec<QueueItem>,
}

/// A job in the queue: the tuple `[number, prompt_id, graph, extra_data, outputs]`.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueItem {
    /// Priority, smaller runs first; may be negative or a fraction.
    pub number: f64,
    pub prompt_id: String,
    /// The graph as it runs: values cast to their types, replaced classes renamed.
    pub graph: RawGraph,
    /// The submitter's; absent for jobs whose progress goes to everybody.
    pub client_id: Option<String>,
    /// When the server took the job, its clock in ms (0.3.69 and newer).
    pub create_time: Option<i64>,
    /// Ids of the output nodes to run, unordered.
    pub outputs: Vec<String>,
}

impl Queue {
    /// The waiting jobs in the order in which they will run.
    pub fn waiting(&self) -> Vec<&QueueItem> {
        let mut waiting: Vec<&QueueItem> = self.pending.iter().collect();
        // Equal numbers: the server's heap goes on to compare the ids.
        waiting.sort_by(|a, b| a.number.total_cmp(&b.number).then_with(|| a.prompt_id.cmp(&b.prompt_id)));
        waiting
    }
}

/// Reads the answer of `GET /queue`.
pub fn queue(body: &[u8]) -> Result<Answer<Queue>, NotJson> {
    tolerant(body, |body| {
        let mut oddities = 0;
        let mut queue = Queue::default();
        let RawEntries(lists) = RawEntries::of_body(body, &mut oddities)?;
        for (name, list) in lists {
            match name.as_str() {
                "queue_running" => queue.running = items(list, &mut oddities),
                "queue_pending" => queue.pending = items(list, &mut oddities),
                _ => {}
            }
        }
        Ok(Answer { value: queue, oddities })
    })
}

fn items(list: &RawValue, odd: &mut u32) -> Vec<QueueItem> {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(list.get()) else {
        *odd += 1;
        return Vec::new();
    };
    items.into_iter().filter_map(|item| QueueItem::read(item, odd)).collect()
}

impl QueueItem {
    /// Reads the tuple, also that of a history entry. Without an id or a graph it is of no use.
    pub(super) fn read(tuple: &RawValue, odd: &mut u32) -> Option<Self> {
        let read = Self::read_tuple(tuple);
        if read.is_none() {
            *odd += 1;
        }
        read
    }

    fn read_tuple(tuple: &RawValue) -> Option<Self> {
        let parts: Vec<&RawValue> = serde_json::from_str(tuple.get()).ok()?;
        let [number, prompt_id, graph, rest @ ..] = parts.as_slice() else {
            return None;
        };
        let extra: Extra = rest.first().and_then(|extra| serde_json::from_str(extra.get()).ok()).unwrap_or_default();
        Some(Self {
            number: serde_json::from_str(number.get()).ok()?,
            prompt_id: serde_json::from_str(prompt_id.get()).ok()?,
            graph: RawGraph((*graph).to_owned()),
            client_id: extra.client_id.as_str().map(str::to_owned),
            create_time: extra.create_time.as_f64().map(|ms| ms as i64),
            outputs: rest.get(1).and_then(|outputs| serde_json::from_str(outputs.get()).ok()).unwrap_or_default(),
        })
    }
}

/// What is of use in `extra_data`; the rest may hold a whole editor workflow.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Extra {
    client_id: Value,
    create_time: Value,
}
