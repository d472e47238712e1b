//! The bar of a running node: what its steps say about how long it will go on.
//!
//! The first step is told apart: weights are loaded in it, and some samplers make half of it. Bars may start over (a
//! node called once for each item of a list, children of an expanded node, several passes): each is a round, and how
//! many rounds a node makes is learnt from its history.

use crate::cost::Guess;

/// Steps whose times are kept, the newest.
const KEPT: usize = 64;
/// How much single steps vary (standard deviation of the logarithm).
const STEP_NOISE: f64 = 0.2;
/// How much one step counts less than the next.
const FADE: f64 = 0.93;
/// What the first step is worth, compared with the others.
const FIRST: f64 = 0.25;
/// Steps that grow or shrink steadily are followed when they do so by more than their noise: its variance over that of
/// the growth (both relative to the mean step).
const TREND: f64 = 0.2;

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
    /// Milliseconds and units of the first move.
    first: Option<(f64, f64)>,
    /// Milliseconds a unit, newest last, and where in its round it was made (0 to 1).
    steps: Vec<(f64, f64)>,
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
            first: None,
            steps: Vec::new(),
        };
        bar.reach(key, value, max, now);
        bar
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
        if units <= 0.0 {
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
            self.steps.push((took / units, (self.value + units / 2.0) / self.max));
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
        let mut steps: Vec<f64> = self.steps.iter().map(|(step, _)| *step).collect();
        steps.sort_by(f64::total_cmp);
        let usual = steps[steps.len() / 2] * units;
        Some((took - usual).max(0.0)).filter(|excess| *excess > 0.25 * usual)
    }

    /// Milliseconds a unit should take by what was expected, and all units.
    fn expected_step(&self, before: &Beforehand) -> (Guess, f64) {
        let rounds = before.rounds.max(f64::from(self.rounds + 1));
        let all = self.units + self.max * (rounds - f64::from(self.rounds)).max(1.0);
        let work = (before.guess.median() - before.load_ms).max(before.guess.median() * 0.2);
        (Guess::of_ms(work / all, before.guess.sigma), all)
    }

    /// Milliseconds a unit takes: expected, as far as its own steps do not say better.
    pub fn step(&self, before: &Beforehand) -> Guess {
        let (expected, _) = self.expected_step(before);
        let own = 1.0 / expected.sigma.max(0.05).powi(2);
        let each = 1.0 / (STEP_NOISE * STEP_NOISE);
        let (mut sum, mut weight) = (expected.mu * own, own);
        if let Some((took, units)) = self.first {
            let worth = each * FIRST * FADE.powi(i32::try_from(self.steps.len()).unwrap_or(i32::MAX));
            let loading = before.load_ms.min(took * 0.9);
            sum += ((took - loading) / units).max(0.01).ln() * worth;
            weight += worth;
        }
        let usual = self.usual();
        for (newer, (step, _)) in self.steps.iter().rev().enumerate() {
            let worth = each * FADE.powi(i32::try_from(newer).unwrap_or(i32::MAX));
            // One step that was held up says little about the next.
            sum += step.clamp(usual / 2.5, usual * 2.5).max(0.01).ln() * worth;
            weight += worth;
        }
        Guess { mu: sum / weight, sigma: (1.0 / weight).sqrt() }
    }

    /// Logarithm of its own pace over what was expected.
    pub fn off_by(&self, before: &Beforehand) -> f64 {
        let usual = self.usual();
        if usual > 0.0 { usual.ln() - self.expected_step(before).0.mu } else { 0.0 }
    }

    /// How sure its own steps make it: 0 none, towards 1.
    pub fn evidence(&self) -> f64 {
        let steps = self.steps.len() as f64;
        steps / (steps + 3.0)
    }

    fn usual(&self) -> f64 {
        let mut steps: Vec<f64> = self.steps.iter().map(|(step, _)| *step).collect();
        steps.sort_by(f64::total_cmp);
        steps.get(steps.len() / 2).copied().unwrap_or(0.0)
    }

    /// How much longer than the steps so far the coming ones are, when they change steadily: a factor.
    fn trend(&self) -> f64 {
        if self.steps.len() < 3 || self.rounds > 0 {
            return 1.0;
        }
        let count = self.steps.len() as f64;
        let mean = self.steps.iter().map(|(step, _)| step).sum::<f64>() / count;
        let centre = self.steps.iter().map(|(_, place)| place).sum::<f64>() / count;
        if mean <= 0.0 {
            return 1.0;
        }
        let spread: f64 = self.steps.iter().map(|(_, place)| (place - centre).powi(2)).sum();
        let along: f64 = self.steps.iter().map(|(step, place)| (place - centre) * (step / mean - 1.0)).sum();
        let slope = along / (spread + TREND);
        let coming = f64::midpoint(self.value / self.max, 1.0);
        // What is recent weighs more in the step itself already.
        let recent = self.steps[self.steps.len() / 2..].iter().map(|(_, place)| place).sum::<f64>()
            / (self.steps.len() - self.steps.len() / 2) as f64;
        (1.0 + slope * (coming - recent)).clamp(0.6, 2.0)
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
        let each = step.median() * self.trend();
        let under_way = Guess::of_ms(each * next + loading, STEP_NOISE.max(step.sigma)).remaining(waited, 0.5);
        let left = under_way + later * each;
        let rounds_unsure = if before.rounds > 1.0 || self.rounds > 0 { 0.25 } else { 0.0 };
        let relative = step.sigma + STEP_NOISE / units.max(1.0).sqrt() + rounds_unsure + 0.03;
        (left, left * relative)
    }

    /// Units the bar moves by.
    fn next_move(&self) -> f64 {
        let moves = self.steps.len() as f64 + f64::from(u8::from(self.first.is_some()));
        if moves > 0.0 { (self.value / moves).max(f64::MIN_POSITIVE).min(self.max) } else { (self.max / 20.0).min(1.0) }
    }
}
