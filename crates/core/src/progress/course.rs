//! The course of one job: each node of its graph a leg with an expected time, and where it is on it.
//!
//! The percentage is elapsed time over elapsed and remaining time. `ComfyUI` runs one node at a time
//! (`ComfyUI` `execution.py`, `ExecutionList`), so that what remains is what the running node still needs and all that
//! comes after it; nodes that are seen to run side by side (async ones) overlap, and the longest way through the graph
//! decides.

use super::bar::{Bar, Beforehand};
use crate::cost::{Guess, MEANS};
use crate::event::Eta;

/// How much the pace of this run so far says about what is to come.
const PACE_TRUST: f64 = 0.5;
/// Standard deviation (of the logarithm) of how a whole run differs from what is usual.
const PACE_FREEDOM: f64 = 0.2;
/// How much legs are late or early together.
const TOGETHER: f64 = 0.5;
/// From the middle to the first and the last tenth, in standard deviations.
const TENTH: f64 = 1.2816;
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
        Course {
            legs,
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

    /// What is now expected of a leg that is not done: others like it have just told.
    pub fn expect(&mut self, place: usize, guess: Guess) {
        let open = matches!(self.states.get(place), Some(State::Waiting | State::Running { .. }));
        if let Some(leg) = self.legs.get_mut(place).filter(|_| open) {
            leg.guess = guess;
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
                let before = beforehand(leg, 1.0);
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
            let guess = paced(leg.guess, paces[leg.means.min(MEANS - 1)]);
            let takes = expected_ms(guess);
            let alongside = self.beside[place];
            let start = if alongside { ready } else { ready.max(worker) };
            ends[place] = start + takes;
            if !alongside {
                worker = ends[place];
            }
            ahead.later(Span { middle: takes, low: guess.quantile(0.1), high: guess.quantile(0.9) });
            ahead.left = ahead.left.max(ends[place]);
        }
        if untouched && elapsed > 0.0 && ahead.left > 0.0 {
            // Nothing was heard of its nodes (somebody else's job): one lump.
            let (_, above) = ahead.margins();
            let lump = Guess::of_ms(ahead.left, (above / ahead.left / TENTH).clamp(0.2, 1.0));
            ahead = Ahead { running: span_left(lump, elapsed), left: lump.remaining(elapsed, 0.5), ..Ahead::default() };
        }
        ahead
    }

    fn left_of(&self, place: usize, now: u64, paces: &[f64; MEANS]) -> Span {
        let leg = &self.legs[place];
        let State::Running { since, bar } = &self.states[place] else { return Span::default() };
        match bar {
            Some(bar) if bar.tells() => {
                let (left, deviation) = bar.left(&beforehand(leg, 1.0), now);
                let apart = (TENTH * deviation / left.max(1e-3)).exp();
                Span { middle: left, low: left / apart, high: left * apart }
            }
            _ => {
                let ran = now.saturating_sub(*since) as f64;
                let guess = paced(leg.guess, paces[leg.means.min(MEANS - 1)]);
                span_left(guess, ran)
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
                return STALL_FACTOR * bar.step(&beforehand(leg, 1.0)).median();
            }
            let guess = paced(leg.guess, paces[leg.means.min(MEANS - 1)]);
            let least = if guess.sigma > 0.7 { STALL_UNKNOWN } else { 0.0 };
            (STALL_FACTOR * guess.quantile(0.9)).max(least)
        });
        (silent > patience.fold(STALL_LEAST, f64::max)).then_some(self.heard)
    }
}

/// A time and its range, from the first to the last tenth, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    middle: f64,
    low: f64,
    high: f64,
}

fn span_left(guess: Guess, elapsed: f64) -> Span {
    let left = |part| guess.remaining(elapsed, part);
    Span { middle: left(0.5), low: left(0.1), high: left(0.9) }
}

/// What lies ahead, in milliseconds.
#[derive(Default)]
struct Ahead {
    left: f64,
    /// Place of the running leg that takes longest, and what is left of it.
    critical: Option<usize>,
    running: Span,
    /// Of the legs after it: sums, and sums of squares, of how far the range lies below and above the middle.
    below: (f64, f64),
    above: (f64, f64),
}

impl Ahead {
    fn later(&mut self, span: Span) {
        for (sums, margin) in [(&mut self.below, span.middle - span.low), (&mut self.above, span.high - span.middle)] {
            sums.0 += margin.max(0.0);
            sums.1 += margin * margin;
        }
    }

    /// How far the range lies below and above the middle: legs are late or early together in part only.
    fn margins(&self) -> (f64, f64) {
        let margin = |(sum, squares): (f64, f64), running: f64| {
            let together = (sum + running).powi(2);
            let apart = squares + running * running;
            (together * TOGETHER + apart * (1.0 - TOGETHER)).sqrt()
        };
        let running = self.running;
        (margin(self.below, running.middle - running.low), margin(self.above, running.high - running.middle))
    }

    fn eta(&self) -> Eta {
        let (below, above) = self.margins();
        let ms = |value: f64| value.clamp(0.0, 1e12) as u64;
        Eta { remaining_ms: ms(self.left), low_ms: ms(self.left - below), high_ms: ms(self.left + above) }
    }
}

fn beforehand(leg: &Leg, pace: f64) -> Beforehand {
    Beforehand { guess: paced(leg.guess, pace), load_ms: leg.load_ms, rounds: leg.rounds }
}

fn paced(guess: Guess, pace: f64) -> Guess {
    Guess { mu: guess.mu + pace.ln(), ..guess }
}

/// Above the median where it is unsure.
fn expected_ms(guess: Guess) -> f64 {
    (guess.mu + CAUTION * guess.sigma.min(1.5).powi(2)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(ms: f64, sources: &[usize]) -> Leg {
        Leg {
            guess: Guess::of_ms(ms, 0.15),
            load_ms: 0.0,
            steps: None,
            rounds: 1.0,
            sources: sources.to_vec(),
            means: 0,
            idle: false,
        }
    }

    fn unsure(ms: f64) -> Leg {
        Leg { guess: Guess::of_ms(ms, 2.0), ..leg(ms, &[]) }
    }

    fn assert_near(told: f64, truth: f64, within: f64) {
        assert!((told - truth).abs() <= within, "{told:.1} is not about {truth}");
    }

    #[test]
    fn the_percentage_is_the_share_of_time_and_not_of_nodes() {
        let mut course = Course::new(vec![leg(9_000.0, &[]), leg(500.0, &[0]), leg(500.0, &[1])], 0);
        course.begin(0, 0);
        assert_near(course.read(4_500).percentage, 45.0, 3.0);
        course.end(0, 9_000);
        assert_near(course.read(9_000).percentage, 90.0, 2.0);
    }

    #[test]
    fn a_silent_node_that_is_late_slows_down_and_never_claims_to_be_done() {
        let mut course = Course::new(vec![leg(1_000.0, &[])], 0);
        course.begin(0, 0);
        let at: Vec<f64> = (0..60).map(|second| course.read(second * 1_000).percentage).collect();
        assert!(at.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(at[59] < 99.0, "{}", at[59]);
    }

    #[test]
    fn it_never_falls_when_the_plan_grows() {
        let mut course = Course::new(vec![unsure(1_000.0), leg(10.0, &[])], 0);
        course.begin(0, 0);
        course.step(0, 0, 4.0, 10.0, 400);
        course.step(0, 0, 9.0, 10.0, 900);
        let before = course.read(900).percentage;
        course.step(0, 1, 1.0, 100.0, 1_000);
        let after = course.read(1_000).percentage;
        assert!(after >= before && before > 40.0, "{before} {after}");
    }

    #[test]
    fn a_first_step_that_does_not_come_speaks_for_slow_steps() {
        let sampler = Leg { guess: Guess::of_ms(10_000.0, 0.8), steps: Some(20.0), ..leg(10_000.0, &[]) };
        let mut course = Course::new(vec![sampler], 0);
        course.begin(0, 0);
        let reading = course.read(5_000);
        assert!(reading.percentage < 15.0, "{}", reading.percentage);
        assert!(reading.eta.unwrap().remaining_ms > 50_000);
    }

    #[test]
    fn what_comes_from_the_cache_costs_nothing() {
        let mut course = Course::new(vec![leg(60_000.0, &[]), leg(1_000.0, &[0])], 0);
        course.skip(0);
        assert!(course.read(0).eta.unwrap().remaining_ms < 1_200);
    }

    #[test]
    fn nodes_side_by_side_take_as_long_as_the_longest_of_them() {
        let legs = vec![leg(2_000.0, &[]), leg(7_000.0, &[]), leg(4_000.0, &[]), leg(500.0, &[0, 1, 2])];
        let mut course = Course::new(legs, 0);
        for place in 0..3 {
            course.begin(place, 0);
        }
        let reading = course.read(0);
        assert_near(reading.eta.unwrap().remaining_ms as f64, 7_500.0, 200.0);
        assert_eq!(reading.critical, Some(1));
    }

    #[test]
    fn a_node_alone_is_not_called_critical() {
        let mut course = Course::new(vec![leg(2_000.0, &[]), leg(7_000.0, &[0])], 0);
        course.begin(0, 0);
        assert_eq!(course.read(100).critical, None);
    }

    #[test]
    fn a_run_that_is_slow_so_far_is_expected_to_stay_slow() {
        let legs = || (0..6).map(|place| leg(1_000.0, if place == 0 { &[] } else { &[0] })).collect();
        let left_after = |each: u64| {
            let mut course = Course::new(legs(), 0);
            for place in 0..3 {
                course.begin(place, place as u64 * each);
                course.end(place, (place as u64 + 1) * each);
            }
            course.read(3 * each).eta.unwrap().remaining_ms
        };
        assert!(left_after(2_000) > left_after(1_000) * 5 / 4);
        assert!(left_after(500) < left_after(1_000) * 4 / 5);
    }

    #[test]
    fn the_range_is_wide_where_nothing_is_known_and_narrow_where_it_ran_often() {
        let ratio = |leg: Leg| {
            let eta = Course::new(vec![leg], 0).read(0).eta.unwrap();
            eta.high_ms as f64 / eta.low_ms as f64
        };
        assert!(ratio(leg(5_000.0, &[])) < 2.0);
        assert!(ratio(unsure(5_000.0)) > 10.0);
    }

    #[test]
    fn a_job_whose_nodes_are_never_heard_of_goes_by_time_alone() {
        let mut course = Course::new(vec![leg(6_000.0, &[]), leg(4_000.0, &[0])], 0);
        assert_near(course.read(5_000).percentage, 50.0, 8.0);
        assert!(course.read(60_000).percentage < 100.0);
    }

    #[test]
    fn silence_is_a_stall_only_when_it_is_longer_than_the_nodes_lead_to_expect() {
        let mut course = Course::new(vec![leg(60_000.0, &[])], 0);
        course.begin(0, 0);
        assert_eq!(course.read(100_000).silent_since, None);
        assert_eq!(course.read(400_000).silent_since, Some(0));
        let mut course = Course::new(vec![leg(10_000.0, &[])], 0);
        course.begin(0, 0);
        for step in 1..=5_u32 {
            course.step(0, 0, f64::from(step), 20.0, u64::from(step) * 500);
        }
        assert_eq!(course.read(15_000).silent_since, None, "20 s at least");
        assert_eq!(course.read(23_000).silent_since, Some(2_500));
    }

    #[test]
    fn a_silent_node_that_nobody_knows_has_minutes_before_it_counts_as_stalled() {
        let mut course = Course::new(vec![unsure(1_000.0)], 0);
        course.begin(0, 0);
        assert_eq!(course.read(60_000).silent_since, None);
        assert_eq!(course.read(300_000).silent_since, Some(0));
    }
}
