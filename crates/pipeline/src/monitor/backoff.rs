//! How long to wait before the next try to reach a server.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const FIRST_MS: u64 = 1_000;
/// A restart of `ComfyUI` takes seconds to minutes, and the truth has to be back within 10 s of it.
const LONGEST_MS: u64 = 8_000;
/// What is away for longer than this is not restarting: it is off.
const RESTART_MS: u64 = 5 * 60_000;
const LONGEST_WHEN_OFF_MS: u64 = 30_000;

/// Doubling delays with jitter, from half a second to half a minute, for ever. Many monitors of one server spread out.
#[derive(Debug)]
pub struct Backoff {
    random: StdRng,
    next_ms: u64,
}

impl Backoff {
    /// The same seed gives the same delays.
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), next_ms: FIRST_MS }
    }

    /// Milliseconds until the next try; `outage_ms` is how long the server has been away.
    pub fn next(&mut self, outage_ms: u64) -> u64 {
        let longest = if outage_ms < RESTART_MS { LONGEST_MS } else { LONGEST_WHEN_OFF_MS };
        let delay = self.next_ms.min(longest);
        self.next_ms = (delay * 2).min(longest);
        self.random.random_range(delay / 2..=delay)
    }

    /// The server was there: the next outage starts small.
    pub fn reset(&mut self) {
        self.next_ms = FIRST_MS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_from_half_a_second_and_stay_below_ten_seconds_while_a_restart_is_likely() {
        let mut backoff = Backoff::new(1);
        let first = backoff.next(0);
        assert!((500..=1_000).contains(&first), "{first}");
        let mut outage = first;
        while outage < RESTART_MS {
            let delay = backoff.next(outage);
            assert!((500..=8_000).contains(&delay), "{delay} after {outage}");
            outage += delay;
        }
    }

    #[test]
    fn a_server_that_is_off_is_asked_about_twice_a_minute_for_ever() {
        let mut backoff = Backoff::new(2);
        let late: Vec<u64> = (0..1_000).map(|_| backoff.next(RESTART_MS)).skip(10).collect();
        assert!(late.iter().all(|delay| (15_000..=30_000).contains(delay)));
    }

    #[test]
    fn after_a_success_delays_start_small_again() {
        let mut backoff = Backoff::new(3);
        for _ in 0..20 {
            backoff.next(RESTART_MS);
        }
        backoff.reset();
        assert!(backoff.next(0) <= FIRST_MS);
    }

    #[test]
    fn two_monitors_do_not_try_in_step_and_a_seed_repeats_itself() {
        let delays = |seed| {
            let mut backoff = Backoff::new(seed);
            (0..8).map(|_| backoff.next(0)).collect::<Vec<_>>()
        };
        assert_eq!(delays(4), delays(4));
        assert_ne!(delays(4), delays(5));
    }
}
