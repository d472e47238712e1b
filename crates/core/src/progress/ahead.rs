//! What lies ahead of a job, with its range.

use crate::cost::Guess;
use crate::event::Eta;

/// From the middle to the first and the last tenth, in standard deviations.
const TENTH: f64 = 1.2816;
/// How much legs are late or early together.
const TOGETHER: f64 = 0.5;

/// A time and its range, from the first to the last tenth, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub middle: f64,
    pub low: f64,
    pub high: f64,
}

impl Span {
    pub fn times(self, pace: f64) -> Span {
        Span { middle: self.middle * pace, low: self.low * pace, high: self.high * pace }
    }

    /// Of a middle and its standard deviation, wider above than below.
    pub fn around(middle: f64, deviation: f64) -> Span {
        let apart = (TENTH * deviation / middle.max(1e-3)).exp();
        Span { middle, low: middle / apart, high: middle * apart }
    }

    /// Of what is left of something that has taken `elapsed` already.
    pub fn left(guess: Guess, elapsed: f64) -> Span {
        let left = |part| guess.remaining(elapsed, part);
        Span { middle: left(0.5), low: left(0.1), high: left(0.9) }
    }
}

/// What lies ahead, in milliseconds.
#[derive(Default)]
pub(super) struct Ahead {
    pub left: f64,
    /// Place of the running leg that takes longest, and what is left of it.
    pub critical: Option<usize>,
    pub running: Span,
    /// Of the legs after it: sums, and sums of squares, of how far the range lies below and above the middle.
    below: (f64, f64),
    above: (f64, f64),
}

impl Ahead {
    pub fn later(&mut self, span: Span) {
        for (sums, margin) in [(&mut self.below, span.middle - span.low), (&mut self.above, span.high - span.middle)] {
            sums.0 += margin.max(0.0);
            sums.1 += margin * margin;
        }
    }

    /// How far the range lies below and above the middle: legs are late or early together in part only.
    pub fn margins(&self) -> (f64, f64) {
        let margin = |(sum, squares): (f64, f64), running: f64| {
            let together = (sum + running).powi(2);
            let apart = squares + running * running;
            (together * TOGETHER + apart * (1.0 - TOGETHER)).sqrt()
        };
        let running = self.running;
        (margin(self.below, running.middle - running.low), margin(self.above, running.high - running.middle))
    }

    /// The whole of it as one thing that has taken `elapsed` already.
    pub fn in_one_lump(&self, elapsed: f64) -> Ahead {
        let (_, above) = self.margins();
        let lump = Guess::of_ms(self.left, (above / self.left / TENTH).clamp(0.2, 1.0));
        let running = Span::left(lump, elapsed);
        Ahead { running, left: running.middle, ..Ahead::default() }
    }

    pub fn eta(&self) -> Eta {
        let (below, above) = self.margins();
        let ms = |value: f64| value.clamp(0.0, 1e12) as u64;
        Eta { remaining_ms: ms(self.left), low_ms: ms(self.left - below), high_ms: ms(self.left + above) }
    }
}
