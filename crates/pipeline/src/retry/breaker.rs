//! Whether an instance is fit for retries at all. After several generations in a row were lost there, retries wait;
//! then one goes ahead, and the others follow when it has run.

use monitor_core::time::Timestamp;
use uuid::Uuid;

/// When a breaker opens, and for how long. Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// So many different generations in a row.
    pub failures: u32,
    /// Until the first one goes ahead.
    pub pause: u64,
    /// The pause doubles each time that one fails as well, up to this; and one of which nothing is heard for so long
    /// is no longer waited for.
    pub longest_pause: u64,
}

/// How an attempt ended, as far as it tells of the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The instance did its work, also where the job failed by its own fault.
    Works,
    /// It was lost there, or hung.
    Broken,
    /// A person stopped it.
    Nothing,
}

/// Whether a retry may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Go,
    /// Ask again then, or when something was heard of the instance.
    Wait(Timestamp),
}

#[derive(Clone, Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// Generations that were lost since the last one that was not.
    Closed(Vec<Uuid>),
    Open {
        until: Timestamp,
        pause: u64,
    },
    /// This one went ahead; without a word of it the next one does then.
    Probing {
        probe: Uuid,
        until: Timestamp,
        pause: u64,
    },
}

impl Breaker {
    pub fn new(settings: BreakerSettings) -> Breaker {
        Breaker { settings, state: State::Closed(Vec::new()) }
    }

    /// An attempt of this generation has ended at the instance.
    pub fn hear(&mut self, now: Timestamp, generation: Uuid, told: Told) {
        match (told, &mut self.state) {
            (Told::Works, _) => self.state = State::Closed(Vec::new()),
            (Told::Broken, State::Closed(lost)) => {
                if !lost.contains(&generation) {
                    lost.push(generation);
                }
                if lost.len() >= self.settings.failures.max(1) as usize {
                    self.open(now, self.settings.pause);
                }
            }
            (Told::Broken, State::Probing { probe, pause, .. }) if *probe == generation => {
                let pause = pause.saturating_mul(2).min(self.settings.longest_pause);
                self.open(now, pause);
            }
            // It said nothing: another one may go ahead.
            (Told::Nothing, State::Probing { probe, pause, .. }) if *probe == generation => {
                self.state = State::Open { until: now, pause: *pause };
            }
            // What was on its way when the breaker opened tells nothing new.
            (Told::Broken | Told::Nothing, _) => {}
        }
    }

    fn open(&mut self, now: Timestamp, pause: u64) {
        self.state = State::Open { until: now.plus(pause), pause };
    }

    /// Whether a retry of this generation may go there now. With `Go` it is taken to be on its way.
    pub fn admit(&mut self, now: Timestamp, generation: Uuid) -> Admission {
        match &self.state {
            State::Closed(_) => Admission::Go,
            State::Open { until, pause } | State::Probing { until, pause, .. } if *until <= now => {
                let until = now.plus(self.settings.longest_pause);
                self.state = State::Probing { probe: generation, until, pause: *pause };
                Admission::Go
            }
            State::Open { until, .. } | State::Probing { until, .. } => Admission::Wait(*until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SETTINGS: BreakerSettings = BreakerSettings { failures: 3, pause: 1_000, longest_pause: 8_000 };

    fn generation(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn open() -> Breaker {
        let mut breaker = Breaker::new(SETTINGS);
        for number in 0..3 {
            breaker.hear(Timestamp(0), generation(number), Told::Broken);
        }
        breaker
    }

    #[test]
    fn one_generation_that_is_lost_again_and_again_says_nothing_of_the_instance() {
        let mut breaker = Breaker::new(SETTINGS);
        for _ in 0..10 {
            breaker.hear(Timestamp(0), generation(1), Told::Broken);
        }
        assert_eq!(breaker.admit(Timestamp(0), generation(1)), Admission::Go);
    }

    #[test]
    fn several_in_a_row_make_all_wait_and_one_that_works_in_between_does_not() {
        assert_eq!(open().admit(Timestamp(999), generation(9)), Admission::Wait(Timestamp(1_000)));
        let mut breaker = Breaker::new(SETTINGS);
        for number in 0..10 {
            breaker.hear(Timestamp(0), generation(number), Told::Broken);
            breaker.hear(Timestamp(0), generation(100), Told::Works);
        }
        assert_eq!(breaker.admit(Timestamp(0), generation(1)), Admission::Go);
    }

    #[test]
    fn after_the_pause_one_goes_ahead_and_the_others_follow_when_it_has_run() {
        let mut breaker = open();
        assert_eq!(breaker.admit(Timestamp(1_000), generation(1)), Admission::Go);
        assert_eq!(breaker.admit(Timestamp(1_000), generation(2)), Admission::Wait(Timestamp(9_000)));
        breaker.hear(Timestamp(2_000), generation(1), Told::Works);
        assert_eq!(breaker.admit(Timestamp(2_000), generation(2)), Admission::Go);
        assert_eq!(breaker.admit(Timestamp(2_000), generation(3)), Admission::Go);
    }

    #[test]
    fn each_one_that_goes_ahead_and_fails_makes_the_pause_longer_up_to_a_limit() {
        let (mut breaker, mut now) = (open(), Timestamp(0));
        for pause in [1_000, 2_000, 4_000, 8_000, 8_000] {
            assert_eq!(breaker.admit(now, generation(5)), Admission::Wait(now.plus(pause)));
            now = now.plus(pause);
            assert_eq!(breaker.admit(now, generation(5)), Admission::Go);
            breaker.hear(now, generation(5), Told::Broken);
        }
    }

    #[test]
    fn one_that_a_person_stopped_or_that_is_never_heard_of_lets_the_next_one_go_ahead() {
        let mut breaker = open();
        assert_eq!(breaker.admit(Timestamp(1_000), generation(1)), Admission::Go);
        breaker.hear(Timestamp(1_500), generation(1), Told::Nothing);
        assert_eq!(breaker.admit(Timestamp(1_500), generation(2)), Admission::Go);
        assert_eq!(breaker.admit(Timestamp(9_499), generation(3)), Admission::Wait(Timestamp(9_500)));
        assert_eq!(breaker.admit(Timestamp(9_500), generation(3)), Admission::Go);
    }

    proptest! {
        #[test]
        fn a_broken_instance_is_given_one_retry_a_pause_however_many_are_wanted(
            wishes in proptest::collection::vec((0_u64..400, 0_u128..60), 1..400),
        ) {
            let (mut breaker, mut now, mut last, mut pause) = (open(), Timestamp(0), Timestamp(0), SETTINGS.pause);
            for (passes, number) in wishes {
                now = now.plus(passes);
                if breaker.admit(now, generation(number)) == Admission::Go {
                    prop_assert!(now.since(last) >= pause, "one at {now} although the last one went at {last}");
                    (last, pause) = (now, (pause * 2).min(SETTINGS.longest_pause));
                    breaker.hear(now, generation(number), Told::Broken);
                }
            }
        }

        #[test]
        fn whatever_happens_a_retry_that_asks_again_when_it_is_told_to_goes_in_the_end(
            happenings in proptest::collection::vec((0_u64..5_000, 0_u128..8, 0_u8..4), 0..60),
        ) {
            let (mut breaker, mut now) = (Breaker::new(SETTINGS), Timestamp(0));
            for (passes, number, what) in happenings {
                now = now.plus(passes);
                match what {
                    0 => breaker.hear(now, generation(number), Told::Broken),
                    1 => breaker.hear(now, generation(number), Told::Works),
                    2 => breaker.hear(now, generation(number), Told::Nothing),
                    _ => {
                        let _ = breaker.admit(now, generation(number));
                    }
                }
            }
            if let Admission::Wait(until) = breaker.admit(now, generation(99)) {
                prop_assert!(until > now && until.since(now) <= SETTINGS.longest_pause);
                prop_assert_eq!(breaker.admit(until, generation(99)), Admission::Go);
            }
        }
    }
}
