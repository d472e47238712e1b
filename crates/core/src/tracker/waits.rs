//! Time ahead: the pace of what runs, the waits of what is in line, and what a graph would take.

use super::job::{Job, PACE_INTERVAL, Phase};
use super::{Estimate, Output, Place, Tracker, Want};
use crate::event::Eta;
use crate::time::Now;
use std::collections::HashSet;

/// How often the waits of those in line are told again, ms: time passes for them without a word.
const WAITS_INTERVAL: u64 = 5_000;
/// Those in line that are told of their waits when only time has passed.
const MAX_TOLD: usize = 200;
/// How often a job that runs too long is interrupted, until it has ended, ms.
const INTERRUPT_INTERVAL: u64 = 10_000;

impl Tracker {
    /// What is due of jobs that run.
    pub(super) fn paces(&mut self, now: Now, out: &mut Vec<Output>) {
        for job in &mut self.jobs {
            if job.phase != Phase::Running || !job.is_started() {
                continue;
            }
            if job.pace_due.is_some_and(|due| due <= now.mono) {
                job.pace_due = Some(now.mono + PACE_INTERVAL);
                out.push(Output::Pace(job.pace(now)));
            }
            let limit = self.config.timeout_ms.filter(|_| job.ours && !job.cancelling && job.heard_end.is_none());
            if limit.is_some_and(|limit| job.elapsed(now) >= limit)
                && job.interrupt_due.is_none_or(|due| due <= now.mono)
                && self.disconnected_at.is_none()
            {
                job.interrupt_due = Some(now.mono + INTERRUPT_INTERVAL);
                out.push(Output::Want(Want::Interrupt { prompt_id: job.prompt_id.clone() }));
            }
        }
    }

    /// When the next of these is due.
    pub(super) fn paces_due(&self) -> Option<u64> {
        let running = self.jobs.iter().filter(|job| job.phase == Phase::Running && job.is_started());
        let due = running.filter_map(|job| {
            let limit = self.config.timeout_ms.filter(|_| job.ours && !job.cancelling && job.heard_end.is_none());
            let ends = limit.zip(job.started_at()).map(|(limit, started)| started + limit);
            let interrupt = job.interrupt_due.or(ends).filter(|_| limit.is_some() && self.disconnected_at.is_none());
            [job.pace_due, interrupt].into_iter().flatten().min()
        });
        due.chain(self.waits_due).min()
    }

    /// Those in line are told soon, all at once: something changed that is told with their places.
    pub(super) fn tell_waits_soon(&mut self, now: Now) {
        self.waits_due = self.waits_due.map(|due| due.min(now.mono + PACE_INTERVAL));
    }

    /// Those in line, with how long each will wait.
    pub(super) fn waits(&mut self, now: Now, out: &mut Vec<Output>) {
        self.place_in_line();
        let due = self.waits_due.is_some_and(|due| due <= now.mono);
        if self.moved.is_empty() && !due {
            return;
        }
        let moved = std::mem::take(&mut self.moved);
        let line = self.line();
        // Moves of some do not put off what the others are to be told.
        let next = self.waits_due.filter(|_| !due).unwrap_or(now.mono + WAITS_INTERVAL);
        self.waits_due = (!line.is_empty()).then_some(next);
        let mut ahead = self.left_of_running(now);
        let mut places = Vec::new();
        for at in line {
            let own = self.expect(now, at);
            let job = &self.jobs[at];
            let told = due && places.len() < MAX_TOLD;
            if let Some(position) = job.position.filter(|_| told || moved.contains_key(&job.queue_id)) {
                let eta = own.zip(ahead).map(|(own, ahead)| after(ahead, own));
                let wait = ahead.map(|ahead| ahead.remaining_ms);
                places.push(Place { queue_id: job.queue_id, position, estimated_wait_time: wait, eta });
            }
            ahead = ahead.zip(own).map(|(ahead, own)| after(ahead, own));
        }
        if !places.is_empty() {
            out.push(Output::Positions {
                places,
                queue_remaining: self.queue.as_ref().map(|queue| queue.queue_remaining),
            });
        }
    }

    /// Generations that wait, in the order in which they will run, and what each is expected to take once it runs
    /// (milliseconds).
    pub fn waiting(&self) -> Vec<(uuid::Uuid, Option<u64>)> {
        let line = self.line().into_iter().map(|at| &self.jobs[at]);
        line.map(|job| (job.queue_id, job.expected.map(|eta| eta.remaining_ms))).collect()
    }

    /// What a graph would take here, if it came now.
    pub fn estimate(&mut self, now: Now, workflow: &serde_json::Value) -> Estimate {
        let plan = self.plan(workflow, &[]);
        let line = self.line();
        let last = line.last().copied().or_else(|| self.jobs.iter().position(|job| job.phase == Phase::Running));
        let before: Option<HashSet<u64>> = last.map(|at| self.jobs[at].plan.signatures.iter().copied().collect());
        let cached = self.costs.will_be_cached(&plan, before.as_ref());
        let mut ahead = self.left_of_running(now).unwrap_or(NOTHING);
        for at in line {
            ahead = after(ahead, self.expect(now, at).unwrap_or(NOTHING));
        }
        let eta = self.costs.chart(&plan, &cached, now.wall, now.mono).course.read(now.mono).eta;
        Estimate { estimated_wait_time: ahead.remaining_ms, eta }
    }

    /// Places of the jobs in line, the next one first.
    fn line(&self) -> Vec<usize> {
        let mut line: Vec<usize> = (0..self.jobs.len()).filter(|at| self.jobs[*at].position.is_some()).collect();
        line.sort_by_key(|at| self.jobs[*at].position);
        line
    }

    /// Until what runs is done; `None` where that is not known.
    fn left_of_running(&mut self, now: Now) -> Option<Eta> {
        let running = self.jobs.iter_mut().filter(|job| job.phase == Phase::Running);
        running.map(|job| job.left(now)).try_fold(NOTHING, |ahead, left| Some(after(ahead, left?)))
    }

    /// What a waiting job will take: asked once, since it takes all of its graph to tell.
    fn expect(&mut self, now: Now, at: usize) -> Option<Eta> {
        let job = &self.jobs[at];
        if job.expected.is_none() && !job.plan.nodes.is_empty() {
            // What runs just before it fills the cache.
            let before = self.jobs.iter().filter(|other| {
                other.phase == Phase::Running || (other.position.is_some() && other.position < job.position)
            });
            let before = before.max_by_key(|other| other.position).map(Job::signatures);
            let cached = self.costs.will_be_cached(&job.plan, before.as_ref());
            let mut charted = self.costs.chart(&job.plan, &cached, now.wall, now.mono);
            self.jobs[at].expected = charted.course.read(now.mono).eta;
        }
        self.jobs[at].expected
    }
}

const NOTHING: Eta = Eta { remaining_ms: 0, low_ms: 0, high_ms: 0 };

/// One after the other.
fn after(first: Eta, then: Eta) -> Eta {
    let remaining_ms = first.remaining_ms + then.remaining_ms;
    // Both are late or early together in part only.
    let apart = |a: u64, b: u64| {
        let (a, b) = (a as f64, b as f64);
        (0.5 * (a * a + b * b) + 0.5 * (a + b).powi(2)).sqrt() as u64
    };
    let below = apart(first.remaining_ms.saturating_sub(first.low_ms), then.remaining_ms.saturating_sub(then.low_ms));
    let above = apart(first.high_ms.saturating_sub(first.remaining_ms), then.high_ms.saturating_sub(then.remaining_ms));
    Eta { remaining_ms, low_ms: remaining_ms.saturating_sub(below), high_ms: remaining_ms + above }
}
