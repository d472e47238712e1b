//! The course of one job: each node of its graph a leg with an expected time, and where it is on it.
//!
//! The percentage is elapsed time over elapsed and remaining time. `ComfyUI` runs one node at a time
//! (`ComfyUI` `execution.py`, `ExecutionList`), so that what remains is what the running node still needs and all that
//! comes after it; nodes that are seen to run side by side (async ones) overlap, and the longest way through the graph
//! decides.

use super::ahead::{Ahead, Span};
use super::bar::{Bar, Beforehand};
use crate::cost::{Guess, MEANS};
use crate::event::Eta;

/// How much the pace of this run so far says about what is to come.
const PACE_TRUST: f64 = 0.5;
/// Standard deviation (of the logarithm) of how a whole run differs from what is usual.
const PACE_FREEDOM: f64 = 0.2;
/// How far the expected time of an unsure leg lies above its median: what takes longer weighs more.
const CAUTION: f64 = 0.2;
/// Silent for longer than this many times of what was to be expected, a job has stalled.
const STALL_FACTOR: f64 = 3.0;
/// Never sooner than this (ms); and not before this where nothing is known of a silent node.
const STALL_LEAST: f64 = 20_000.0;
const STALL_UNKNOWN: f64 = 180_000.0;

/// One node of the graph.
#[derive(Clone, Debug)]
pub struct Leg {
    /// Of the whole node, loading included.
    pub guess: Guess,
    /// Of that, loading weights within its first step.
    pub load_ms: f64,
    /// Steps it will report, where that is sure beforehand: as long as none has come, the first is under way.
    pub steps: Option<f64>,
    /// How often its bar is expected to run.
    pub rounds: f64,
    /// Legs it waits for, by place.
    pub sources: Vec<usize>,
    /// What limits it, and so what its pace says something about: [`crate::cost::means`].
    pub means: usize,
    /// No output needs it: it will not run.
    pub idle: bool,
}

#[derive(Clone, Debug)]
enum State {
    Waiting,
    /// It costs nothing: from the cache, blocked, or not needed.
    Skipped,
    Running {
        since: u64,
        bar: Option<Bar>,
    },
    Done,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// 0 to 99.99.
    pub percentage: f64,
    pub eta: Option<Eta>,
    /// Place of the leg that decides when the job ends, where several run.
    pub critical: Option<usize>,
    /// Monotonic ms of the last sign of life, when it was too long ago.
    pub silent_since: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Course {
    legs: Vec<Leg>,
    /// What each of them takes: it is summed up on every message.
    spans: Vec<Span>,
    states: Vec<State>,
    running: Vec<usize>,
    /// Seen to run beside others.
    beside: Vec<bool>,
    started: u64,
    heard: u64,
    /// By kind of work: sum of logarithms of actual over expected, and of weights.
    paces: [(f64, f64); MEANS],
    highest: f64,
}

impl Course {
    pub fn new(legs: Vec<Leg>, started: u64) -> Course {
        let states = legs.iter().map(|leg| if leg.idle { State::Skipped } else { State::Waiting }).collect();
        let beside = vec![false; legs.len()];
        let spans = legs.iter().map(|leg| span(leg.guess)).collect();
        Course {
            legs,
            spans,
            states,
            running: Vec::new(),
            beside,
            started,
            heard: started,
            paces: [(0.0, 0.0); MEANS],
            highest: 0.0,
        }
    }

    /// It comes from the cache, or its branch was blocked.
    pub fn skip(&mut self, place: usize) {
        self.running.retain(|running| *running != place);
        if let Some(state @ (State::Waiting | State::Running { .. })) = self.states.get_mut(place) {
            *state = State::Skipped;
        }
    }

    pub fn begin(&mut self, place: usize, now: u64) {
        self.heard = now;
        let Some(state @ (State::Waiting | State::Skipped)) = self.states.get_mut(place) else { return };
        let steps = self.legs[place].steps.filter(|steps| *steps >= 1.0);
        *state = State::Running { since: now, bar: steps.map(|steps| Bar::promised(steps, now)) };
        self.running.push(place);
        if self.running.len() > 1 {
            for place in &self.running {
                self.beside[*place] = true;
            }
        }
    }

    /// The bar of a running node, or of one of its children, told apart by `key`.
    pub fn step(&mut self, place: usize, key: u64, value: f64, max: f64, now: u64) {
        self.heard = now;
        if let Some(State::Running { since, bar }) = self.states.get_mut(place) {
            match bar {
                Some(bar) => bar.reach(key, value, max, now),
                None => *bar = Some(Bar::new(key, value, max, *since, now)),
            }
        }
    }

    /// A sign of life that is nothing else.
    pub fn alive(&mut self, now: u64) {
        self.heard = now;
    }

    /// Whether it is still to be done, or under way.
    pub fn is_open(&self, place: usize) -> bool {
        matches!(self.states.get(place), Some(State::Waiting | State::Running { .. }))
    }

    /// What is now expected of a leg: others like it have just told.
    pub fn expect(&mut self, place: usize, guess: Guess) {
        if let Some(leg) = self.legs.get_mut(place) {
            leg.guess = guess;
            self.spans[place] = span(guess);
        }
    }

    /// What loading took of the time of a running node, and how often its bar ran, as far as it told.
    pub fn told(&self, place: usize) -> (Option<f64>, Option<u32>) {
        match self.states.get(place) {
            Some(State::Running { bar: Some(bar), .. }) => (bar.load_ms(), Some(bar.rounds())),
            _ => (None, None),
        }
    }

    /// It is done.
    pub fn end(&mut self, place: usize, now: u64) {
        self.heard = now;
        self.running.retain(|running| *running != place);
        let Some(state) = self.states.get_mut(place) else { return };
        let before = std::mem::replace(state, State::Done);
        let State::Running { since, .. } = before else { return };
        let took = now.saturating_sub(since) as f64;
        let leg = &self.legs[place];
        // Trifles say nothing about pace.
        if took.max(leg.guess.median()) > 50.0 {
            let (sum, weight) = &mut self.paces[leg.means.min(MEANS - 1)];
            let sure = 1.0 / (leg.guess.sigma.powi(2) + 0.02);
            *sum += (took.max(1.0).ln() - leg.guess.mu) * sure;
            *weight += sure;
        }
    }

    /// How far it is, at a moment.
    pub fn read(&mut self, now: u64) -> Reading {
        let elapsed = now.saturating_sub(self.started) as f64;
        if self.legs.is_empty() {
            return Reading { percentage: self.highest, eta: None, critical: None, silent_since: None };
        }
        let paces = self.paces_now();
        let ahead = self.ahead(now, elapsed, &paces);
        let share = elapsed / (elapsed + ahead.left).max(1.0) * 100.0;
        self.highest = self.highest.max(share.min(99.99));
        Reading {
            percentage: self.highest,
            eta: Some(ahead.eta()),
            critical: (self.running.len() > 1).then_some(ahead.critical).flatten(),
            silent_since: self.silent_since(now, &paces),
        }
    }

    /// What was shown before, of an earlier run of ours.
    pub fn reached(&mut self, percentage: f64) {
        self.highest = self.highest.max(percentage.min(99.99));
    }

    /// Actual over expected, by kind of work, as far as this run tells.
    fn paces_now(&self) -> [f64; MEANS] {
        let mut paces = self.paces;
        for place in &self.running {
            if let State::Running { bar: Some(bar), .. } = &self.states[*place] {
                let leg = &self.legs[*place];
                let before = beforehand(leg);
                let sure = bar.evidence() / (leg.guess.sigma.powi(2) + 0.02);
                let (sum, weight) = &mut paces[leg.means.min(MEANS - 1)];
                *sum += bar.off_by(&before) * sure;
                *weight += sure;
            }
        }
        let own = 1.0 / (PACE_FREEDOM * PACE_FREEDOM);
        paces.map(|(sum, weight)| (PACE_TRUST * sum / (weight + own)).clamp(-2.0, 2.0).exp())
    }

    fn ahead(&self, now: u64, elapsed: f64, paces: &[f64; MEANS]) -> Ahead {
        let mut ends = vec![0.0_f64; self.legs.len()];
        let mut ahead = Ahead::default();
        // Running nodes side by side: none waits for another.
        for place in &self.running {
            let span = self.left_of(*place, now, paces);
            let left = span.middle;
            ends[*place] = left;
            if left >= ahead.left {
                ahead.left = left;
                ahead.critical = Some(*place);
                ahead.running = span;
            }
        }
        // A node that runs by itself keeps the worker; async ones do not.
        let busy = self.running.iter().filter(|place| !self.beside[**place]).map(|place| ends[*place]);
        let mut worker = busy.fold(0.0, f64::max);
        let mut untouched = self.running.is_empty();
        for (place, leg) in self.legs.iter().enumerate() {
            match self.states[place] {
                State::Waiting => {}
                State::Done => {
                    untouched = false;
                    continue;
                }
                State::Skipped | State::Running { .. } => continue,
            }
            let ready = leg.sources.iter().map(|source| ends[*source]).fold(0.0, f64::max);
            let span = self.spans[place].times(paces[leg.means.min(MEANS - 1)]);
            let alongside = self.beside[place];
            let start = if alongside { ready } else { ready.max(worker) };
            ends[place] = start + span.middle;
            if !alongside {
                worker = ends[place];
            }
            ahead.later(span);
            ahead.left = ahead.left.max(ends[place]);
        }
        if untouched && elapsed > 0.0 && ahead.left > 0.0 {
            // Nothing was heard of its nodes (somebody else's job): one lump.
            ahead = ahead.in_one_lump(elapsed);
        }
        ahead
    }

    fn left_of(&self, place: usize, now: u64, paces: &[f64; MEANS]) -> Span {
        let leg = &self.legs[place];
        let State::Running { since, bar } = &self.states[place] else { return Span::default() };
        match bar {
            Some(bar) if bar.tells() => {
                let (left, deviation) = bar.left(&beforehand(leg), now);
                Span::around(left, deviation)
            }
            _ => {
                let ran = now.saturating_sub(*since) as f64;
                let guess = paced(leg.guess, paces[leg.means.min(MEANS - 1)]);
                Span::left(guess, ran)
            }
        }
    }

    fn silent_since(&self, now: u64, paces: &[f64; MEANS]) -> Option<u64> {
        let silent = now.saturating_sub(self.heard) as f64;
        if silent < STALL_LEAST || self.running.is_empty() {
            return None;
        }
        let patience = self.running.iter().map(|place| {
            let leg = &self.legs[*place];
            let State::Running { bar, .. } = &self.states[*place] else { return 0.0 };
            if let Some(bar) = bar {
                return STALL_FACTOR * bar.step(&beforehand(leg)).median();
            }
            let guess = paced(leg.guess, paces[leg.means.min(MEANS - 1)]);
            let least = if guess.sigma > 0.7 { STALL_UNKNOWN } else { 0.0 };
            (STALL_FACTOR * guess.quantile(0.9)).max(least)
        });
        (silent > patience.fold(STALL_LEAST, f64::max)).then_some(self.heard)
    }
}

fn beforehand(leg: &Leg) -> Beforehand {
    Beforehand { guess: leg.guess, load_ms: leg.load_ms, rounds: leg.rounds }
}

fn paced(guess: Guess, pace: f64) -> Guess {
    Guess { mu: guess.mu + pace.ln(), ..guess }
}

/// Above the median where it is unsure.
fn span(guess: Guess) -> Span {
    let middle = (guess.mu + CAUTION * guess.sigma.min(1.5).powi(2)).exp();
    Span { middle, low: guess.quantile(0.1), high: guess.quantile(0.9) }
}

#[cfg(test)]
mod tests;
