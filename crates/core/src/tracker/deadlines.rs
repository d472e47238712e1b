//! What time alone brings about.

use super::job::Phase;
use super::{COARSE_INTERVAL, HISTORY_PATIENCE, Output, STRANGER_PATIENCE, Tracker, Want};
use crate::time::Now;

impl Tracker {
    /// What time alone brings about.
    pub(super) fn due(&mut self, now: Now, out: &mut Vec<Output>) {
        let mut at = 0;
        while at < self.jobs.len() {
            if self.jobs[at].start_due.is_some_and(|due| due <= now.mono) {
                self.write(now, at, out, |job, pen| job.start(pen, &[]));
            }
            if self.jobs[at].end_due.is_some_and(|due| due <= now.mono) && self.end_is_due(now, at, out) {
                continue;
            }
            at += 1;
        }
        let mut overdue = Vec::new();
        let mut ask = false;
        let submitting = self.jobs.iter().any(|job| job.phase == Phase::Submitting);
        for (prompt_id, stranger) in &mut self.strangers {
            if stranger.ask_due <= now.mono {
                stranger.ask_due = now.mono + 1_000;
                ask = true;
                if now.mono.saturating_sub(stranger.since) >= STRANGER_PATIENCE && !submitting {
                    overdue.push(prompt_id.clone());
                }
            }
        }
        for prompt_id in overdue {
            if self.is_ended(&prompt_id) {
                // Words about a job that has ended, and the queue knows no second one.
                self.strangers.remove(&prompt_id);
            } else {
                self.adopt_unexplained(now, &prompt_id, out);
            }
        }
        if ask && !self.strangers.is_empty() {
            self.want_snapshot(out);
        }
        if self.beat_due.is_some_and(|due| due <= now.mono) {
            self.tell_queue(now, out);
        }
        self.coarse(now, out);
        self.paces(now, out);
    }

    /// Jobs that the socket says nothing of are followed by reading the queue.
    pub(super) fn coarse(&mut self, now: Now, out: &mut Vec<Output>) {
        let coarse = self.disconnected_at.is_none()
            && self.jobs.iter().any(|job| !job.addressed_to_us || job.phase == Phase::Waiting);
        if !coarse {
            self.coarse_due = None;
        } else if self.coarse_due.is_none_or(|due| due <= now.mono) {
            if self.coarse_due.is_some() {
                self.want_snapshot(out);
            }
            self.coarse_due = Some(now.mono + COARSE_INTERVAL);
        }
    }

    /// True if the job is gone.
    pub(super) fn end_is_due(&mut self, now: Now, at: usize, out: &mut Vec<Output>) -> bool {
        let job = &mut self.jobs[at];
        if self.disconnected_at.is_some() {
            // Nobody can be asked; the reconnect's snapshot will tell.
            job.end_due = None;
            return false;
        }
        job.history_asks += 1;
        if u64::from(job.history_asks) * 1_000 > HISTORY_PATIENCE
            && let Some(end) = job.heard_end.clone()
        {
            self.conclude(now, at, &end, None, out);
            return true;
        }
        job.end_due = Some(now.mono + 1_000);
        out.push(Output::Want(Want::History { prompt_id: job.prompt_id.clone() }));
        false
    }
}
