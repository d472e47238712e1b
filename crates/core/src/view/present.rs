//! What is true now and nowhere kept: a job's place in line, and its pace. It stands beside the fold, pinned to the
//! attempt it was told of, so that it never says anything about another one.

use super::View;
use super::shown::Shown;
use crate::event::Eta;
use crate::generation::Status;
use crate::time::Timestamp;
use crate::tracker::{Pace, Place};

/// A node that is late by less is not worth a word (ms).
const OVER_LEAST: u64 = 5_000;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Present {
    line: Option<InLine>,
    pace: Option<Paced>,
}

#[derive(Clone, Debug, PartialEq)]
struct InLine {
    attempt: u32,
    at: Timestamp,
    place: Place,
    queue_remaining: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
struct Paced {
    attempt: u32,
    at: Timestamp,
    /// The highest so far.
    percentage: f64,
    eta: Option<Eta>,
    critical_node_id: Option<String>,
    stalled_since: Option<Timestamp>,
}

impl View {
    /// Its place in line as of `at`, and how many jobs the instance has in all. Whether that is new; one that does not
    /// wait has none.
    pub fn place_known(&mut self, place: &Place, queue_remaining: Option<u64>, at: Timestamp) -> bool {
        if place.queue_id != self.queue_id() || !self.waits() {
            return false;
        }
        let line = InLine { attempt: self.attempt(), at, place: place.clone(), queue_remaining };
        let held = self.line();
        let new = held.is_none_or(|held| held.place != line.place || held.queue_remaining != queue_remaining);
        self.present.line = Some(line);
        new
    }

    /// How far the job is as of `at`. Whether it was taken: of an attempt that is not the newest, or has ended, nothing
    /// is heard any more.
    pub fn pace_known(&mut self, pace: &Pace, at: Timestamp) -> bool {
        let newest = self.newest();
        if pace.queue_id != self.queue_id() || pace.attempt != newest.number || newest.end.is_some() {
            return false;
        }
        let held = self.pace();
        let told = Some(pace.overall_percentage).filter(|percentage| percentage.is_finite()).unwrap_or(0.0);
        self.present.pace = Some(Paced {
            attempt: pace.attempt,
            at,
            percentage: held.map_or(0.0, |held| held.percentage).max(told),
            eta: pace.eta,
            critical_node_id: pace.critical_node_id.clone(),
            stalled_since: pace.stalled_since,
        });
        true
    }

    fn line(&self) -> Option<&InLine> {
        self.present.line.as_ref().filter(|line| line.attempt == self.attempt())
    }

    fn pace(&self) -> Option<&Paced> {
        self.present.pace.as_ref().filter(|pace| pace.attempt == self.attempt())
    }

    /// For its turn: not for another attempt.
    fn waits(&self) -> bool {
        self.status() == Status::Pending && self.newest().end.is_none()
    }

    /// From 1; absent once it runs, and between attempts. Where nothing newer is known, the one in `Job Queued`.
    pub(super) fn queue_position(&self) -> Option<u32> {
        let queued = || self.newest().queued.get()?.position;
        self.line().map(|line| line.place.position).or_else(queued).filter(|_| self.waits())
    }

    /// Jobs the instance has, waiting and running.
    pub(super) fn queue_remaining(&self) -> Option<u64> {
        self.line()?.queue_remaining
    }

    /// Milliseconds until it starts, less the time since that was told.
    pub(super) fn estimated_wait_time(&self, now: Timestamp) -> Option<u64> {
        let line = self.line().filter(|_| self.waits())?;
        line.place.estimated_wait_time.map(|wait| wait.saturating_sub(now.since(line.at)))
    }

    /// 0 to 100, as the pace has it.
    pub(super) fn paced_percentage(&self) -> f64 {
        self.pace().map_or(0.0, |pace| pace.percentage)
    }

    /// Until it is done: what was told last, less the time since.
    pub(super) fn eta(&self, now: Timestamp) -> Option<Eta> {
        let (at, eta) = self.told_eta()?;
        let left = |ms: u64| ms.saturating_sub(now.since(at));
        Some(Eta { remaining_ms: left(eta.remaining_ms), low_ms: left(eta.low_ms), high_ms: left(eta.high_ms) })
    }

    /// Of what the line, the pace and progress told the newest, and when. That nothing is known is told, too.
    fn told_eta(&self) -> Option<(Timestamp, Eta)> {
        if self.waits() {
            let line = self.line()?;
            return line.place.eta.map(|eta| (line.at, eta));
        }
        let newest = self.newest();
        if newest.end.is_some() {
            return None;
        }
        let heard = newest.eta.get().copied().flatten();
        match self.pace() {
            Some(pace) if heard.is_none_or(|(at, _)| pace.at >= at) => pace.eta.map(|eta| (pace.at, eta)),
            _ => heard,
        }
    }

    /// Of the nodes that run, where there are several, the one that decides when the job ends.
    pub(super) fn critical<'a>(&self, running: &[Shown<'a>]) -> Option<Shown<'a>> {
        let critical = self.pace()?.critical_node_id.as_deref()?;
        running.iter().find(|node| running.len() > 1 && node.id == critical).copied()
    }

    /// The one to name when only one can be: the one that decides when the job ends; else with a step count rather than
    /// without, then the latest to start.
    pub(super) fn foremost<'a>(&self, running: &[Shown<'a>]) -> Option<Shown<'a>> {
        // Of equals `max_by_key` takes the last, and they come in the order they started.
        self.critical(running).or_else(|| running.iter().max_by_key(|node| node.steps().is_some()).copied())
    }

    pub(super) fn current(&self) -> Option<Shown<'_>> {
        self.foremost(&self.setting().running(super::MAX_CHILDREN))
    }

    /// How far the foremost node is past what nine of ten of its runs take. Only where that says more than the time
    /// left: it counts no steps, and what follows it takes less.
    pub(super) fn over_ms(&self, foremost: Option<Shown<'_>>, now: Timestamp) -> Option<u64> {
        let node = foremost.filter(|node| node.steps().is_none())?;
        let over = node.elapsed_ms(now)?.saturating_sub(node.expected()?.high_ms);
        let follows = || {
            let expected = self.newest().ahead().filter_map(|node| node.expected);
            expected.fold(0_u64, |sum, expected| sum.saturating_add(expected.ms))
        };
        (over >= OVER_LEAST && over >= follows()).then_some(over)
    }

    pub(super) fn stalled_since(&self) -> Option<Timestamp> {
        let runs = self.status() == Status::Processing && self.newest().end.is_none();
        self.pace().filter(|_| runs)?.stalled_since
    }
}
