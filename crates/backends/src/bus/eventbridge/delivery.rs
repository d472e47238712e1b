//! One request until all of it is settled: taken, or buried, or given up for now.
//!
//! A request is not atomic. An entry that failed is sent again alone, and nothing that comes later is sent before it is
//! settled; but what was in the same request may have been taken before it. The bus itself keeps no order, so handlers
//! go by the sequence in any case.

use super::entry::Entry;
use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use monitor_pipeline::ports::{BusError, DeadLetters};
use std::time::Duration;
use tokio::time::Instant;

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Taken,
    /// The bus says to try again.
    Passing(String),
    /// Never to be taken, in the bus's words.
    Refused(String),
}

/// Why there is no answer about entries.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// Worth trying again now.
    Passing(String),
    /// The request itself is at fault, so one of its entries is.
    Refused(String),
    /// Neither time nor other entries help: a right, a name or a setting is missing.
    Unusable(String),
}

#[async_trait]
pub(super) trait Requests: Send + Sync {
    /// An answer for each entry, in order.
    async fn put(&self, entries: &[Entry]) -> Result<Vec<Answer>, Fault>;
}

/// How long a request is tried before the events go back to where they wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub first_pause: Duration,
    pub longest_pause: Duration,
    pub retries: usize,
    /// No other try after this time, however many are left.
    pub total: Duration,
}

impl Default for Patience {
    /// Short: who waits meanwhile keeps everything on disk, and asks again.
    fn default() -> Patience {
        Patience {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(2),
            retries: 5,
            total: Duration::from_secs(10),
        }
    }
}

pub(super) struct Delivery<'a> {
    pub(super) requests: &'a dyn Requests,
    pub(super) dead_letters: &'a dyn DeadLetters,
    pub(super) patience: Patience,
}

impl Delivery<'_> {
    /// Until all entries are settled.
    pub(super) async fn deliver(&self, mut entries: Vec<Entry>) -> Result<(), BusError> {
        let since = Instant::now();
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(self.patience.first_pause)
            .with_max_delay(self.patience.longest_pause)
            .with_max_times(self.patience.retries)
            .with_jitter()
            .build();
        loop {
            if entries.is_empty() {
                return Ok(());
            }
            let cause = match self.requests.put(&entries).await {
                Ok(answers) => {
                    let (left, cause) = self.settle(entries, answers).await;
                    if left.is_empty() {
                        return Ok(());
                    }
                    entries = left;
                    cause
                }
                Err(Fault::Passing(cause)) => cause,
                Err(Fault::Refused(cause)) => return self.one_by_one(entries, &cause).await,
                Err(Fault::Unusable(cause)) => return Err(BusError(cause)),
            };
            match pauses.next() {
                Some(pause) if since.elapsed() + pause <= self.patience.total => {
                    tracing::debug!(cause, entries = entries.len(), ?pause, "trying the bus again");
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(BusError(cause)),
            }
        }
    }

    /// Once: whatever is not taken is forgotten.
    pub(super) async fn attempt(&self, entries: Vec<Entry>) {
        let count = entries.len();
        match self.requests.put(&entries).await {
            Ok(answers) => {
                for answer in answers.iter().filter(|answer| **answer != Answer::Taken) {
                    tracing::debug!(?answer, "progress was not taken");
                }
            }
            Err(fault) => tracing::debug!(?fault, count, "progress was not taken"),
        }
    }

    /// Which one is at fault is found out by sending each alone; the others are none the worse for it.
    async fn one_by_one(&self, entries: Vec<Entry>, cause: &str) -> Result<(), BusError> {
        if let [entry] = entries.as_slice() {
            self.dead_letters.bury(&entry.event, cause).await;
            return Ok(());
        }
        for entry in entries {
            Box::pin(self.deliver(vec![entry])).await?;
        }
        Ok(())
    }

    /// What is to be sent again, and why.
    async fn settle(&self, entries: Vec<Entry>, answers: Vec<Answer>) -> (Vec<Entry>, String) {
        let mut left = Vec::new();
        let mut why = String::new();
        // An answer that breaks off says nothing of the rest.
        let missing = std::iter::repeat_with(|| Answer::Passing("the answer says nothing of it".to_owned()));
        for (entry, answer) in entries.into_iter().zip(answers.into_iter().chain(missing)) {
            match answer {
                Answer::Taken => {}
                Answer::Passing(cause) => {
                    why = cause;
                    left.push(entry);
                }
                Answer::Refused(cause) => self.dead_letters.bury(&entry.event, &cause).await,
            }
        }
        (left, why)
    }
}
