//! The bar of a running node: what its steps say about how long it will go on.
//!
//! The first step is told apart: weights are loaded in it, and some samplers make half of it. Bars may start over (a
//! node called once for each item of a list, children of an expanded node, several passes): each is a round, and how
//! many rounds a node makes is learnt from its history.

use crate::cost::Guess;

/// What part of a bar is a step at least, where the bar has fractions.
const LEAST_STEP: f64 = 0.002;
/// Steps whose times are kept, the newest.
const KEPT: usize = 32;
/// How much single steps vary (standard deviation of the logarithm), as long as they do not tell themselves; and how
/// many of them this is worth.
const STEP_NOISE: f64 = 0.2;
const STEP_NOISE_WORTH: f64 = 4.0;
/// How much the pace of a server wanders within a node.
const DRIFT: f64 = 0.05;
/// How far a step may lie off the usual one, as a logarithm, before it counts as held up.
const HELD_UP: f64 = 0.92;
/// How much one step counts less than the next.
const FADE: f64 = 0.9;
/// How much the first step varies against the others (standard deviation of the logarithm), and what it is worth for
/// their pace, compared with one of them.
const FIRST_NOISE: f64 = 0.5;
const FIRST: f64 = 0.1;
/// Steps that grow or shrink steadily are followed as far as they do so by more than their noise: how much a step may
/// change along the bar, relative to the mean step (standard deviation).
const TREND: f64 = 0.5;

#[derive(Clone, Debug)]
pub(super) struct Bar {
    /// Who reports: the node itself, or one of its children.
    key: u64,
    value: f64,
    max: f64,
    /// Rounds before this one, and the units they had.
    rounds: u32,
    units: f64,
    /// When it last moved.
    moved: u64,
    /// Its steps are sure to come, though none has: else a bar that stands says nothing yet.
    promised: bool,
    /// Milliseconds and units of the first move.
    first: Option<(f64, f64)>,
    /// The newest, newest last.
    steps: Vec<Step>,
    /// The middle one of them: milliseconds a unit. Kept, since every reading asks for it.
    usual: f64,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    /// Milliseconds a unit, and its logarithm.
    ms: f64,
    log: f64,
    /// Where in its round it was made, 0 to 1.
    place: f64,
}

/// What is expected of the node beforehand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beforehand {
    /// Of the whole node, loading included.
    pub guess: Guess,
    pub load_ms: f64,
    pub rounds: f64,
}

impl Bar {
    pub fn new(key: u64, value: f64, max: f64, began: u64, now: u64) -> Bar {
        let mut bar = Bar {
            key,
            value: 0.0,
            max,
            rounds: 0,
            units: 0.0,
            moved: began,
            promised: false,
            first: None,
            steps: Vec::new(),
            usual: 0.0,
        };
        bar.reach(key, value, max, now);
        bar
    }

    /// A bar that nobody has reported yet, of a node that is sure to report it.
    pub fn promised(max: f64, began: u64) -> Bar {
        Bar { promised: true, ..Bar::new(u64::MAX, 0.0, max, began, began) }
    }

    /// Whether it says anything about the time of its node.
    pub fn tells(&self) -> bool {
        self.promised || self.first.is_some()
    }

    pub fn reach(&mut self, key: u64, value: f64, max: f64, now: u64) {
        let starts_over = key != self.key || value < self.value || (max - self.max).abs() > f64::EPSILON;
        if starts_over {
            if self.value > 0.0 {
                self.rounds += 1;
                self.units += self.max;
            }
            (self.key, self.value, self.max) = (key, 0.0, max);
        }
        let units = value - self.value;
        // A hair's breadth is no step: its time says nothing.
        if units <= 0.0 || (units < 1.0 && units < max * LEAST_STEP) {
            if self.first.is_none() {
                // It said that it is about to begin.
                self.moved = now;
            }
            return;
        }
        let took = now.saturating_sub(self.moved) as f64;
        if self.first.is_none() {
            self.first = Some((took, units));
        } else {
            if self.steps.len() == KEPT {
                self.steps.remove(0);
            }
            let ms = took / units;
            self.steps.push(Step { ms, log: ms.max(0.01).ln(), place: (self.value + units / 2.0) / self.max });
            self.usual = middle(self.steps.iter().map(|step| step.ms));
        }
        (self.value, self.moved) = (value, now);
    }

    /// Rounds made, this one included.
    pub fn rounds(&self) -> u32 {
        self.rounds + 1
    }

    /// What the first step took longer than the others, if they tell.
    pub fn load_ms(&self) -> Option<f64> {
        let (took, units) = self.first?;
        if self.steps.len() < 2 {
            return None;
        }
        let usual = self.usual * units;
        Some((took - usual).max(0.0)).filter(|excess| *excess > 0.25 * usual)
    }

    /// Milliseconds a unit should take by what was expected, and all units.
    fn expected_step(&self, before: &Beforehand) -> (Guess, f64) {
        let rounds = before.rounds.max(f64::from(self.rounds + 1));
        let all = self.units + self.max * (rounds - f64::from(self.rounds)).max(1.0);
        let work = (before.guess.median() - before.load_ms).max(before.guess.median() * 0.2);
        (Guess::of_ms(work / all, before.guess.sigma), all)
    }

    /// How much its steps vary (standard deviation of the logarithm).
    fn noise(&self) -> f64 {
        let logs = || self.steps.iter().map(|step| step.log);
        let count = self.steps.len() as f64;
        let mean = logs().sum::<f64>() / count.max(1.0);
        let squares: f64 = logs().map(|log| (log - mean).powi(2).min(1.0)).sum();
        ((squares + STEP_NOISE_WORTH * STEP_NOISE * STEP_NOISE) / (count + STEP_NOISE_WORTH)).sqrt()
    }

    /// Milliseconds a unit takes: expected, as far as its own steps do not say better.
    pub fn step(&self, before: &Beforehand) -> Guess {
        let (expected, _) = self.expected_step(before);
        let own = 1.0 / expected.sigma.max(0.05).powi(2);
        let each = 1.0 / self.noise().powi(2);
        let (mut sum, mut weight) = (expected.mu * own, own);
        if let Some((took, units)) = self.first {
            let worth = each * FIRST * FADE.powi(i32::try_from(self.steps.len()).unwrap_or(i32::MAX));
            let loading = before.load_ms.min(took * 0.9);
            sum += ((took - loading) / units).max(0.01).ln() * worth;
            weight += worth;
        }
        let usual = self.usual.max(0.01).ln();
        let mut worth = each;
        for step in self.steps.iter().rev() {
            // One step that was held up says little about the next.
            sum += step.log.clamp(usual - HELD_UP, usual + HELD_UP) * worth;
            weight += worth;
            worth *= FADE;
        }
        Guess { mu: sum / weight, sigma: (1.0 / weight).sqrt() }
    }

    /// Logarithm of its own pace over what was expected.
    pub fn off_by(&self, before: &Beforehand) -> f64 {
        if self.usual > 0.0 { self.usual.ln() - self.expected_step(before).0.mu } else { 0.0 }
    }

    /// How sure its own steps make it: 0 none, towards 1.
    pub fn evidence(&self) -> f64 {
        let steps = self.steps.len() as f64;
        steps / (steps + 3.0)
    }

    /// How much longer than the steps so far the coming ones are, when they change steadily: a factor.
    fn trend(&self) -> f64 {
        if self.steps.len() < 3 || self.rounds > 0 {
            return 1.0;
        }
        let count = self.steps.len() as f64;
        let mean = self.steps.iter().map(|step| step.ms).sum::<f64>() / count;
        let centre = self.steps.iter().map(|step| step.place).sum::<f64>() / count;
        if mean <= 0.0 {
            return 1.0;
        }
        let spread: f64 = self.steps.iter().map(|step| (step.place - centre).powi(2)).sum();
        let along: f64 = self.steps.iter().map(|step| (step.place - centre) * (step.ms / mean - 1.0)).sum();
        let steepest = along / spread.max(1e-9);
        let around = self.steps.iter().map(|step| step.ms / mean - 1.0 - steepest * (step.place - centre));
        let noise = around.map(|off| off * off).sum::<f64>() / (count - 2.0).max(1.0);
        let slope = along / (spread + noise.max(0.01) / (TREND * TREND));
        let coming = f64::midpoint(self.value / self.max, 1.0);
        // What is recent weighs more in the step itself already.
        let recent = self.steps[self.steps.len() / 2..].iter().map(|step| step.place).sum::<f64>()
            / (self.steps.len() - self.steps.len() / 2) as f64;
        (1.0 + slope * (coming - recent)).clamp(0.6, 2.5)
    }

    /// Milliseconds still to come, and their standard deviation.
    pub fn left(&self, before: &Beforehand, now: u64) -> (f64, f64) {
        let step = self.step(before);
        let (_, all) = self.expected_step(before);
        let done = self.units + self.value;
        let waited = now.saturating_sub(self.moved) as f64;
        let units = (all - done).max(0.0);
        if units <= 0.0 {
            // Nothing left to count: what is behind the last step is short, or another round comes.
            let behind = Guess::of_ms((step.median() * 0.05).max(5.0), 1.0);
            let left = behind.remaining(waited, 0.5);
            return (left, left);
        }
        let (next, later) = (units.min(self.next_move()), (units - self.next_move()).max(0.0));
        let loading = if self.first.is_none() { before.load_ms } else { 0.0 };
        let mut each = step.median() * self.trend();
        let noise = self.noise();
        let unsure = step.sigma.powi(2);
        // The first step does more than the others: it says less about them.
        let noise = if self.first.is_none() { noise.max(FIRST_NOISE) } else { noise };
        let coming = Guess::of_ms(each * next + loading, (unsure + noise * noise).sqrt());
        let under_way = coming.remaining(waited, 0.5);
        // A step that is late speaks for slow steps, as far as their pace was not known.
        let late = ((waited + under_way) / coming.median()).max(1.0);
        each *= late.powf(unsure / (unsure + noise * noise));
        let left = under_way + later * each;
        let rounds_unsure = if before.rounds > 1.0 || self.rounds > 0 { 0.25 } else { 0.0 };
        let relative = step.sigma + noise / units.max(1.0).sqrt() + rounds_unsure + DRIFT;
        (left, left * relative)
    }

    /// Units the bar moves by.
    fn next_move(&self) -> f64 {
        let moves = self.steps.len() as f64 + f64::from(u8::from(self.first.is_some()));
        if moves > 0.0 { (self.value / moves).max(f64::MIN_POSITIVE).min(self.max) } else { (self.max / 20.0).min(1.0) }
    }
}

/// The upper one of the two in the middle of an even number; 0 of none.
fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    if values.is_empty() {
        return 0.0;
    }
    let half = values.len() / 2;
    *values.select_nth_unstable_by(half, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(ms: f64, sigma: f64) -> Beforehand {
        Beforehand { guess: Guess::of_ms(ms, sigma), load_ms: 0.0, rounds: 1.0 }
    }

    /// A bar of `max` steps, of which `steps` took these milliseconds; and when it was.
    fn bar(max: f64, steps: &[u64]) -> (Bar, u64) {
        let mut now = 0;
        let mut bar = Bar::new(0, 0.0, max, 0, 0);
        for (step, ms) in steps.iter().enumerate() {
            now += ms;
            bar.reach(0, step as f64 + 1.0, max, now);
        }
        (bar, now)
    }

    fn assert_left(bar: &Bar, before: &Beforehand, now: u64, truth: f64, within: f64) {
        let (left, _) = bar.left(before, now);
        assert!((left / truth - 1.0).abs() < within, "{left:.0} ms are left, not {truth:.0}");
    }

    #[test]
    fn its_own_steps_outweigh_a_wrong_expectation() {
        let (bar, now) = bar(20.0, &[500; 6]);
        assert_left(&bar, &before(2_000.0, 0.8), now, 7_000.0, 0.05);
    }

    #[test]
    fn before_its_first_step_what_was_expected_stands() {
        let (bar, now) = bar(20.0, &[]);
        assert_left(&bar, &before(8_000.0, 0.2), now, 8_000.0, 0.05);
    }

    #[test]
    fn a_first_step_with_the_weights_loaded_in_it_is_not_taken_for_the_pace() {
        let (bar, now) = bar(20.0, &[5_000, 400, 410, 390]);
        assert_left(&bar, &Beforehand { load_ms: 1_000.0, ..before(9_000.0, 0.8) }, now, 6_400.0, 0.1);
        assert!((bar.load_ms().unwrap() - 4_600.0).abs() < 20.0);
    }

    #[test]
    fn even_steps_hide_no_loading() {
        assert_eq!(bar(20.0, &[400, 410, 390, 400]).0.load_ms(), None);
    }

    #[test]
    fn a_step_that_was_held_up_says_little_about_the_next() {
        let (bar, now) = bar(20.0, &[100, 100, 100, 3_000, 100, 100]);
        assert_left(&bar, &before(2_000.0, 0.8), now, 1_400.0, 0.35);
    }

    #[test]
    fn steps_that_grow_steadily_are_expected_to_go_on_growing() {
        let steps: Vec<u64> = (1..=8).map(|step| step * 100).collect();
        let (bar, now) = bar(16.0, &steps);
        let even = 8.0 * 600.0;
        let (left, _) = bar.left(&before(2_000.0, 1.0), now);
        assert!(left > even * 1.3, "{left:.0}");
    }

    #[test]
    fn a_bar_that_is_known_to_start_over_is_not_done_when_it_is_full() {
        let (bar, now) = bar(4.0, &[250; 4]);
        let three = Beforehand { rounds: 3.0, ..before(3_000.0, 0.15) };
        assert_left(&bar, &three, now, 2_000.0, 0.1);
    }

    #[test]
    fn a_bar_that_starts_over_unexpectedly_has_another_round_before_it() {
        let (mut bar, now) = bar(4.0, &[250; 4]);
        bar.reach(0, 1.0, 4.0, now + 250);
        assert_eq!(bar.rounds(), 2);
        assert_left(&bar, &before(1_000.0, 0.5), now + 250, 750.0, 0.15);
    }

    #[test]
    fn a_first_report_of_next_to_nothing_is_no_step() {
        let mut bar = Bar::new(0, 0.000_000_7, 2.0, 0, 0);
        assert_left(&bar, &before(2_000.0, 0.5), 0, 2_000.0, 0.05);
        bar.reach(0, 0.1, 2.0, 100);
        assert_left(&bar, &before(2_000.0, 0.5), 100, 1_900.0, 0.05);
    }

    #[test]
    fn regular_steps_make_it_surer_than_irregular_ones() {
        let (even, now) = bar(20.0, &[300; 8]);
        let (uneven, later) = bar(20.0, &[100, 700, 200, 600, 90, 800, 150, 500]);
        let relative = |bar: &Bar, now: u64| {
            let (left, deviation) = bar.left(&before(6_000.0, 0.8), now);
            deviation / left
        };
        assert!(relative(&even, now) < 0.6 * relative(&uneven, later));
    }

    #[test]
    fn a_step_that_does_not_come_moves_the_end_away() {
        let (bar, now) = bar(20.0, &[300; 8]);
        let (soon, _) = bar.left(&before(6_000.0, 0.8), now);
        let (late, _) = bar.left(&before(6_000.0, 0.8), now + 10_000);
        assert!(late > soon, "{late} is not more than {soon}");
    }
}
