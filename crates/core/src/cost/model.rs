//! Expected times from a history: how far runs of this class were off the shipped guess, in logarithms, carried over to
//! the node in question by how alike it is.
//!
//! It is a Gaussian process with a linear kernel, which is Bayesian regression written by likeness: numbers (steps,
//! pixels, batch, inputs) act by their ratio to the node's own, choices (model, sampler, cold or warm) by being the
//! same, and a run of exactly the same counts for most. Where a class has no runs, its kind's stand in, then those of
//! all that the server did. Each bucket speaks with the median of its runs, newer ones weighing more.

use super::history::{Bucket, History};
use super::priors::{self, Device, prior};
use super::spread::Guess;
use super::{Drivers, Work};
use crate::names::NodeKind;
use crate::time::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Buckets that a guess is made from, the most alike.
const MOST_ALIKE: usize = 24;
/// A run of this age counts half: servers, drivers and cards change.
const HALF_LIFE_MS: f64 = 30.0 * 86_400_000.0;
/// What each newer run takes from the weight of an older one.
const FADE: f64 = 0.85;
/// How much runs of exactly the same vary (standard deviation of the logarithm), as long as few were seen: for what they
/// teach, and, with the machine's moods, for what comes next.
const USUAL_NOISE: f64 = 0.12;
const USUAL_MOODS: f64 = 0.2;
/// What is shorter says more about the machine's mood than about the work.
const TRIFLE_MS: f64 = 10.0;

/// How far each driver can be from what the shipped guess says of it (standard deviations of the logarithm; for
/// numbers: of the exponent).
mod freedom {
    pub const STEPS: f64 = 0.15;
    pub const PIXELS: f64 = 0.4;
    pub const BATCH: f64 = 0.45;
    pub const NUMBER: f64 = 0.6;
    pub const MODEL: f64 = 0.4;
    pub const SAMPLER: f64 = 0.3;
    pub const LOADING: f64 = 0.3;
    pub const CHOICE: f64 = 0.3;
    pub const ITSELF: f64 = 0.12;
}

/// How far the runs of one class are off the shipped guess: what it says about others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    kind: NodeKind,
    /// Logarithm.
    residual: f64,
}

/// Expects times on one instance.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    pub history: &'a History,
    /// Of every class that has any: [`Model::standing`], asked again when the class has run.
    pub standings: &'a BTreeMap<String, Standing>,
    pub device: Device,
    pub now: Timestamp,
}

/// What one bucket has to say.
struct Word<'a> {
    drivers: &'a Drivers,
    /// Logarithm of its median over the shipped guess.
    residual: f64,
    /// Variance of that, from the number of runs and how they vary.
    variance: f64,
    /// How much such runs vary.
    moods: f64,
    median: f64,
}

impl Model<'_> {
    /// What a node should take, loading included.
    pub fn guess(&self, work: &Work) -> Guess {
        let shipped = prior(&work.class_type, work.kind, &work.drivers, self.device);
        let (mean, sigma) = self.machine(work, shipped.sigma);
        let mut words: Vec<(f64, Word)> = self
            .history
            .of_class(&work.class_type)
            .filter_map(|bucket| self.word(bucket))
            .map(|word| (likeness(&work.drivers, &work.drivers, word.drivers, 0.0), word))
            .collect();
        if words.is_empty() {
            return Guess { mu: shipped.mu + mean, sigma };
        }
        words.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        words.truncate(MOST_ALIKE);
        let (to_node, words): (Vec<f64>, Vec<Word>) = words.into_iter().unzip();
        let intercept = sigma * sigma;
        let to_node: Vec<f64> = to_node.into_iter().map(|likeness| likeness + intercept).collect();
        let among = |row: usize, column: usize| {
            let (a, b) = (&words[row], &words[column]);
            let own = if row == column { a.variance } else { 0.0 };
            likeness(&work.drivers, a.drivers, b.drivers, intercept) + own
        };
        let Some(weights) = solve(words.len(), among, &to_node) else {
            return Guess { mu: shipped.mu + mean, sigma };
        };
        let told: f64 = weights.iter().zip(&words).map(|(weight, word)| weight * (word.residual - mean)).sum();
        let known: f64 = weights.iter().zip(&to_node).map(|(weight, likeness)| weight * likeness).sum();
        let own = likeness(&work.drivers, &work.drivers, &work.drivers, intercept);
        let moods = words.first().map_or(USUAL_MOODS, |word| word.moods);
        Guess { mu: shipped.mu + mean + told, sigma: ((own - known).max(0.0) + moods * moods).sqrt() }
    }

    /// Milliseconds that loading weights adds to the first step of a node whose weights are loaded in this run.
    pub fn load_ms(&self, work: &Work) -> f64 {
        let seen: Vec<(f64, f64)> = self
            .history
            .of_class(&work.class_type)
            .filter(|bucket| bucket.drivers.cold && bucket.drivers.model == work.drivers.model)
            .flat_map(|bucket| bucket.recent.iter())
            .filter_map(|run| Some((run.load_ms? as f64, 1.0)))
            .collect();
        if seen.is_empty() { priors::load_ms(self.device) } else { median(seen) }
    }

    /// How often the bar of such a node runs, by what ran before.
    pub fn rounds(&self, work: &Work) -> Option<f64> {
        let buckets: Vec<&Bucket> = self.history.of_class(&work.class_type).collect();
        let same: Vec<&&Bucket> = buckets.iter().filter(|bucket| bucket.drivers == work.drivers).collect();
        let told = if same.is_empty() { buckets.iter().collect() } else { same };
        let rounds = told.into_iter().flat_map(|bucket| &bucket.recent).map(|run| f64::from(run.rounds.unwrap_or(1)));
        let rounds: Vec<(f64, f64)> = rounds.map(|rounds| (rounds, 1.0)).collect();
        (!rounds.is_empty()).then(|| median(rounds).max(1.0))
    }

    /// How far this server is off the shipped guesses in general, as far as it bears on this kind of work.
    fn machine(&self, work: &Work, sigma: f64) -> (f64, f64) {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (_, Standing { kind, residual }) in self.standings.iter().filter(|(class, _)| **class != work.class_type) {
            let share = if *kind == work.kind {
                0.7
            } else if means(*kind) == means(work.kind) {
                0.4
            } else {
                0.05
            };
            sum += share * residual;
            weight += share;
        }
        (sum / (weight + 1.0), (sigma / (1.0 + weight).sqrt()).max(0.35_f64.min(sigma)))
    }

    /// What a class has to say about others; `None` where its runs were trifles.
    pub fn standing(history: &History, class_type: &str, device: Device, now: Timestamp) -> Option<Standing> {
        let model = Model { history, standings: &BTreeMap::new(), device, now };
        let words = history.of_class(class_type).filter_map(|bucket| Some((model.word(bucket)?, bucket.kind)));
        let words: Vec<(Word, NodeKind)> = words.filter(|(word, _)| word.median > TRIFLE_MS).collect();
        let kind = words.first().map(|(_, kind)| *kind)?;
        let residuals = words.iter().map(|(word, _)| (word.residual, 1.0 / (word.variance + 0.05))).collect();
        Some(Standing { kind, residual: median(residuals) })
    }

    fn word<'a>(&self, bucket: &'a Bucket) -> Option<Word<'a>> {
        let logs: Vec<(f64, f64)> = bucket
            .recent
            .iter()
            .rev()
            .enumerate()
            .map(|(newer, run)| {
                let age = self.now.since(run.at) as f64;
                let weight = FADE.powi(i32::try_from(newer).unwrap_or(i32::MAX)) * 0.5_f64.powf(age / HALF_LIFE_MS);
                ((run.duration_ms as f64).max(0.5).ln(), weight.max(1e-6))
            })
            .collect();
        if logs.is_empty() {
            return None;
        }
        let runs: f64 = logs.iter().map(|(_, weight)| weight).sum();
        let middle = median(logs.clone());
        let (noise, moods) = if logs.len() >= 4 {
            let away = logs.iter().map(|(log, weight)| ((log - middle).abs(), *weight)).collect();
            let noise = (1.48 * median(away)).max(0.04);
            // Few runs in a row are more alike than those to come.
            (noise, noise.max(USUAL_MOODS / 2.0))
        } else {
            (USUAL_NOISE, USUAL_MOODS)
        };
        let shipped = prior(&bucket.class_type, bucket.kind, &bucket.drivers, self.device);
        Some(Word {
            drivers: &bucket.drivers,
            residual: middle - shipped.mu,
            variance: noise * noise / runs.max(0.05),
            moods,
            median: middle.exp(),
        })
    }
}

/// Kinds of work that are told apart by what limits them, see [`means`].
pub const MEANS: usize = 4;

/// What a kind of work is limited by: the device, the disk, the processor, or nobody knows.
pub fn means(kind: NodeKind) -> usize {
    match kind {
        NodeKind::Sampler | NodeKind::Vae | NodeKind::TextEncoder | NodeKind::Upscaler => 0,
        NodeKind::Loader => 1,
        NodeKind::Image | NodeKind::Mask | NodeKind::Saver | NodeKind::Preview | NodeKind::Latent | NodeKind::Video => {
            2
        }
        NodeKind::Audio | NodeKind::Model3d | NodeKind::Control | NodeKind::Math | NodeKind::Other => 3,
    }
}

/// How alike two runs are, seen from `node`: the covariance of how far they are off the shipped guess.
fn likeness(node: &Drivers, a: &Drivers, b: &Drivers, intercept: f64) -> f64 {
    let number = |freedom: f64, of: fn(&Drivers) -> Option<f64>| {
        ratio_product(freedom, of(node), of(a), of(b)).unwrap_or_else(|| choice(freedom, of(a) == of(b)))
    };
    let mut sum = intercept
        + number(freedom::STEPS, |drivers| drivers.steps)
        + number(freedom::PIXELS, |drivers| drivers.pixels)
        + number(freedom::BATCH, |drivers| Some(drivers.batch.unwrap_or(1.0)))
        + choice(freedom::MODEL, a.model == b.model)
        + choice(freedom::SAMPLER, a.sampler == b.sampler)
        + choice(freedom::LOADING, a.cold == b.cold)
        + choice(freedom::ITSELF, a == b);
    for (name, own) in &node.inputs {
        let (a, b) = (a.inputs.get(name), b.inputs.get(name));
        let figure = |value: Option<&Value>| value.and_then(Value::as_f64);
        sum += ratio_product(freedom::NUMBER, own.as_f64(), figure(a), figure(b))
            .unwrap_or_else(|| choice(freedom::CHOICE, a == b));
    }
    sum
}

fn choice(freedom: f64, same: bool) -> f64 {
    if same { freedom * freedom } else { 0.0 }
}

/// `None` where a ratio says nothing.
fn ratio_product(freedom: f64, node: Option<f64>, a: Option<f64>, b: Option<f64>) -> Option<f64> {
    let (node, a, b) = (node?, a?, b?);
    (node > 0.0 && a > 0.0 && b > 0.0).then(|| freedom * freedom * (a / node).ln() * (b / node).ln())
}

/// The weighted median, in proportion where it lies between two; 0 of nothing.
fn median(mut values: Vec<(f64, f64)>) -> f64 {
    values.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let half = values.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut before = 0.0;
    let mut last: Option<(f64, f64)> = None;
    for (value, weight) in values {
        let at = before + weight / 2.0;
        if at >= half {
            return match last {
                Some((lower, from)) if at > from => lower + (value - lower) * (half - from) / (at - from),
                _ => value,
            };
        }
        before += weight;
        last = Some((value, at));
    }
    last.map_or(0.0, |(value, _)| value)
}

/// Solves `matrix * x = right` for a symmetric positive definite matrix, by Cholesky. `None` where it is not.
fn solve(size: usize, matrix: impl Fn(usize, usize) -> f64, right: &[f64]) -> Option<Vec<f64>> {
    let mut lower = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| lower[row * size + k] * lower[column * size + k]).sum();
            let rest = matrix(row, column) - known;
            lower[row * size + column] = if row == column {
                if rest <= 1e-12 {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / lower[column * size + column]
            };
        }
    }
    let mut x = right.to_vec();
    for row in 0..size {
        let known: f64 = (0..row).map(|k| lower[row * size + k] * x[k]).sum();
        x[row] = (x[row] - known) / lower[row * size + row];
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|k| lower[k * size + row] * x[k]).sum();
        x[row] = (x[row] - known) / lower[row * size + row];
    }
    Some(x)
}
