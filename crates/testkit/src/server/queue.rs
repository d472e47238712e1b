//! The one queue of a server: a heap laid out as Python's `heapq` lays it out, because `/queue` shows it as it lies.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::Number;
use tokio::sync::watch;

use super::repertoire::Source;
use crate::graph::Graph;

/// An accepted prompt.
#[derive(Debug)]
pub(crate) struct Job {
    /// Priority, smaller runs first; `front` makes it negative, and callers may give fractions.
    pub number: Number,
    pub prompt_id: String,
    pub graph: Graph,
    /// `extra_data` as shown in `/queue`: with `client_id` and `create_time`.
    pub extra: Graph,
    /// The output nodes to run.
    pub targets: Vec<String>,
    /// `None` is a job without client id, or with `null`.
    pub client: Option<String>,
    pub created_ms: u64,
    pub source: Source,
    /// How many messages the job has sent; closed when it has ended.
    pub sent: watch::Sender<u64>,
}

impl Job {
    /// As an item of `/queue` and of history: number, id, graph, extra data, output nodes.
    pub(crate) fn item(&self) -> serde_json::Value {
        serde_json::json!([self.number, self.prompt_id, self.graph, self.extra, self.targets])
    }

    /// Tuples compare by number, then by prompt id.
    fn order(&self, other: &Self) -> Ordering {
        let numbers = (self.number.as_f64(), other.number.as_f64());
        let by_number = numbers.0.unwrap_or_default().total_cmp(&numbers.1.unwrap_or_default());
        by_number.then_with(|| self.prompt_id.cmp(&other.prompt_id))
    }

    fn before(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Less
    }
}

/// Waiting jobs, in heap order.
#[derive(Debug, Default)]
pub(crate) struct Queue(Vec<Arc<Job>>);

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// As they lie in the heap: only the first is where it belongs.
    pub(crate) fn as_they_lie(&self) -> &[Arc<Job>] {
        &self.0
    }

    pub(crate) fn in_order(&self) -> Vec<Arc<Job>> {
        let mut jobs = self.0.clone();
        jobs.sort_by(|a, b| a.order(b));
        jobs
    }

    pub(crate) fn push(&mut self, job: Arc<Job>) {
        self.0.push(job);
        self.rise(0, self.0.len() - 1);
    }

    pub(crate) fn pop(&mut self) -> Option<Arc<Job>> {
        let last = self.0.pop()?;
        let Some(first) = self.0.first_mut() else {
            return Some(last);
        };
        let first = std::mem::replace(first, last);
        self.sink(0);
        Some(first)
    }

    /// Takes out one waiting job and makes the rest a heap again.
    pub(crate) fn remove(&mut self, prompt_id: &str) -> Option<Arc<Job>> {
        let at = self.0.iter().position(|job| job.prompt_id == prompt_id)?;
        let job = self.0.remove(at);
        for index in (0..self.0.len() / 2).rev() {
            self.sink(index);
        }
        Some(job)
    }

    pub(crate) fn clear(&mut self) -> Vec<Arc<Job>> {
        std::mem::take(&mut self.0)
    }

    /// `heapq._siftdown`: the item at `at` goes up, not above `top`.
    fn rise(&mut self, top: usize, mut at: usize) {
        while at > top {
            let parent = (at - 1) / 2;
            if !self.0[at].before(&self.0[parent]) {
                break;
            }
            self.0.swap(at, parent);
            at = parent;
        }
    }

    /// `heapq._siftup`: the item at `top` goes down along the smaller children to the end, then up to its place.
    fn sink(&mut self, top: usize) {
        let mut at = top;
        while 2 * at + 1 < self.0.len() {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let left_first = right >= self.0.len() || self.0[left].before(&self.0[right]);
            let child = if left_first { left } else { right };
            self.0.swap(at, child);
            at = child;
        }
        self.rise(top, at);
    }
}
