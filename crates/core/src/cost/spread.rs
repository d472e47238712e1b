//! How sure an expected time is: a median and a spread, log-logistic. Its tail is heavy, as that of real durations is,
//! and its quantiles have closed forms.

use std::f64::consts::PI;

/// A duration that is not known exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess {
    /// Natural logarithm of the median, in milliseconds.
    pub mu: f64,
    /// Standard deviation of the logarithm.
    pub sigma: f64,
}

impl Guess {
    pub fn of_ms(ms: f64, sigma: f64) -> Guess {
        Guess { mu: ms.max(0.01).ln(), sigma }
    }

    /// Milliseconds; half of all runs are shorter.
    pub fn median(self) -> f64 {
        self.mu.exp()
    }

    /// Milliseconds of which `part` (0 to 1, exclusive) of all runs take no more.
    pub fn quantile(self, part: f64) -> f64 {
        self.remaining(0.0, part)
    }

    /// Milliseconds still to come, at `part`, of one that has taken `elapsed` ms already: never 0, since a run that is
    /// longer than expected says that the expectation was wrong, not that it is done.
    pub fn remaining(self, elapsed: f64, part: f64) -> f64 {
        let shape = PI / (3.0_f64.sqrt() * self.sigma.max(0.02));
        let left = 1.0 - part.clamp(0.001, 0.999);
        let ratio = elapsed.max(0.0) / self.median();
        let odds = ratio.powf(shape);
        let total = if odds.is_finite() && odds < 1e12 {
            self.median() * ((1.0 + odds) / left - 1.0).powf(1.0 / shape)
        } else {
            elapsed * (1.0 / left).powf(1.0 / shape)
        };
        (total - elapsed).max(0.0)
    }

    /// Two independent opinions about the same duration, the surer one counting for more.
    #[must_use]
    pub fn and(self, other: Guess) -> Guess {
        let (a, b) = (1.0 / self.sigma.max(0.02).powi(2), 1.0 / other.sigma.max(0.02).powi(2));
        Guess { mu: (self.mu * a + other.mu * b) / (a + b), sigma: (1.0 / (a + b)).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_taken_longer_than_expected_has_ever_more_to_go() {
        let guess = Guess::of_ms(1_000.0, 0.5);
        assert!((guess.remaining(0.0, 0.5) - 1_000.0).abs() < 1.0);
        assert!(guess.remaining(900.0, 0.5) > 100.0);
        assert!(guess.remaining(10_000.0, 0.5) > guess.remaining(3_000.0, 0.5));
    }

    #[test]
    fn eight_of_ten_lie_between_the_first_and_the_last_tenth() {
        let guess = Guess::of_ms(1_000.0, 0.3);
        let (low, high) = (guess.quantile(0.1), guess.quantile(0.9));
        assert!(low > 650.0 && low < 750.0, "{low}");
        assert!((low * high / 1e6 - 1.0).abs() < 0.01);
    }

    #[test]
    fn nothing_overflows_however_late_it_gets() {
        let guess = Guess::of_ms(1.0, 0.02);
        let left = guess.remaining(1e12, 0.5);
        assert!(left.is_finite() && left > 0.0);
    }

    #[test]
    fn of_two_opinions_the_surer_one_counts_for_more() {
        let both = Guess::of_ms(100.0, 0.1).and(Guess::of_ms(1_000.0, 1.0));
        assert!(both.median() < 110.0 && both.sigma < 0.1);
    }
}
