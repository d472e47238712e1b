//! Telling a deaf socket from a silent server (`comfyui-protocol`, section 1, "Take-over" and "The send loop").
//!
//! A server that has forgotten our socket, or whose send loop hangs on another client, still answers pings and HTTP.
//! But every change of its queue is broadcast: so what we heard last must be what it says when asked. Where the two
//! differ and go on differing in silence, nothing reaches us. Only an answer can prove that: a server that is too busy
//! to answer is not deaf.

/// How long a difference must last, in silence, to be no message on its way. Milliseconds, as all times here.
const PATIENCE: u64 = 1_500;
/// How long after an accepted submission its `status` may take (15 ms where recorded).
const STATUS_DUE: u64 = 1_000;
/// Between two looks, when all is well and when it is not.
const EVERY: u64 = 2_000;
const IN_DOUBT: u64 = 800;

/// What was heard, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The first `status`, and what else the handler of the connection says by itself: it proves nothing about the
    /// server's map of sockets or its send loop.
    Greeting {
        remaining: Option<u64>,
    },
    Status {
        remaining: Option<u64>,
    },
    /// A word of a job that runs.
    Works(&'a str),
    /// The last word of a job.
    Ends(&'a str),
    Other,
}

/// The job of ours that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Running {
    /// Not asked, or nothing heard yet.
    #[default]
    Unknown,
    Nothing,
    Job(String),
}

/// What the server said when asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// When the question was sent.
    pub asked_at: u64,
    pub remaining: u64,
    pub running: Running,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Hears,
    /// A difference that a message on its way may explain.
    Doubtful,
    Deaf,
}

/// Watches one connection. Told what is heard and what is asked; keeps no clock.
#[derive(Debug)]
pub struct Watchdog {
    since: u64,
    remaining: Option<u64>,
    /// By what was heard, or was said the first time we asked.
    running: Running,
    last_proof: Option<u64>,
    doubt: Option<u64>,
    /// A submission was accepted then, and no `status` has come since it was sent.
    owed: Option<u64>,
}

impl Watchdog {
    /// A new connection.
    pub fn new(now: u64) -> Self {
        Self { since: now, remaining: None, running: Running::Unknown, last_proof: None, doubt: None, owed: None }
    }

    pub fn hear(&mut self, now: u64, heard: Heard) {
        match heard {
            Heard::Greeting { remaining } => {
                self.remaining = remaining.or(self.remaining);
                return;
            }
            Heard::Status { remaining } => self.remaining = remaining.or(self.remaining),
            Heard::Works(prompt_id) => {
                if !matches!(&self.running, Running::Job(known) if known == prompt_id) {
                    self.running = Running::Job(prompt_id.to_owned());
                }
            }
            Heard::Ends(_) => self.running = Running::Nothing,
            Heard::Other => {}
        }
        self.last_proof = Some(now);
        self.doubt = None;
        self.owed = None;
    }

    /// The server accepted a submission that was sent at `sent`: a `status` must follow, or has come already.
    pub fn submitted(&mut self, sent: u64, now: u64) {
        if self.last_proof.is_none_or(|proof| proof < sent) {
            self.owed = self.owed.or(Some(now));
        }
    }

    /// Something was heard that only a working connection brings.
    pub fn is_proven(&self) -> bool {
        self.last_proof.is_some()
    }

    pub fn judge(&mut self, now: u64, look: &Look) -> Verdict {
        let said_nothing = self.remaining.is_none() && look.asked_at >= self.since + EVERY;
        let other_length = self.remaining.is_some_and(|heard| heard != look.remaining);
        let both_known = self.running != Running::Unknown && look.running != Running::Unknown;
        let other_job = both_known && self.running != look.running;
        let owes = self.owed.is_some_and(|owed| look.asked_at >= owed + STATUS_DUE);
        if self.running == Running::Unknown {
            self.running.clone_from(&look.running);
        }
        if !(said_nothing || other_length || other_job || owes) {
            self.doubt = None;
            return Verdict::Hears;
        }
        let since = *self.doubt.get_or_insert(look.asked_at);
        if now >= since + PATIENCE { Verdict::Deaf } else { Verdict::Doubtful }
    }

    /// Whether the next look should ask for the running job too, which costs more: equal numbers prove nothing while
    /// jobs come and go unheard.
    pub fn asks_for_running(&self, now: u64) -> bool {
        let busy = self.remaining.is_none_or(|remaining| remaining > 0) || matches!(self.running, Running::Job(_));
        busy && self.last_proof.unwrap_or(self.since) + EVERY <= now
    }

    /// Whether the last look differed from what was heard.
    pub fn in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// How long after a look the next one is due.
    pub fn interval(&self) -> u64 {
        if self.in_doubt() { IN_DOUBT } else { EVERY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected(remaining: u64) -> Watchdog {
        let mut dog = Watchdog::new(0);
        dog.hear(1, Heard::Greeting { remaining: Some(remaining) });
        dog
    }

    fn look(at: u64, remaining: u64) -> Look {
        Look { asked_at: at, remaining, running: Running::Unknown }
    }

    fn runs(at: u64, remaining: u64, job: Option<&str>) -> Look {
        Look { running: job.map_or(Running::Nothing, |job| Running::Job(job.to_owned())), ..look(at, remaining) }
    }

    /// Looks as often as it asks to, from `from` on, and says when it called the socket deaf.
    fn deaf_at(dog: &mut Watchdog, from: u64, until: u64, mut say: impl FnMut(u64) -> Look) -> Option<u64> {
        let mut now = from;
        while now < until {
            if dog.judge(now + 5, &say(now)) == Verdict::Deaf {
                return Some(now);
            }
            now += dog.interval();
        }
        None
    }

    #[test]
    fn a_silent_server_with_nothing_to_say_is_not_deaf() {
        let mut dog = connected(0);
        assert_eq!(deaf_at(&mut dog, 2_000, 3_600_000, |now| look(now, 0)), None);
    }

    #[test]
    fn a_queue_that_changes_unheard_is_noticed_within_five_seconds() {
        for offset in (0..2_000).step_by(100) {
            let mut dog = connected(0);
            let change = 10_000 + offset;
            let deaf = deaf_at(&mut dog, 2_000, 60_000, |now| look(now, u64::from(now >= change)));
            assert!(deaf.is_some_and(|deaf| deaf < change + 5_000), "change at {change}, noticed at {deaf:?}");
        }
    }

    #[test]
    fn an_answer_that_overtakes_its_status_is_only_a_doubt() {
        let mut dog = connected(0);
        assert_eq!(dog.judge(2_005, &look(2_000, 1)), Verdict::Doubtful);
        dog.hear(2_010, Heard::Status { remaining: Some(1) });
        assert_eq!(dog.judge(2_805, &look(2_800, 1)), Verdict::Hears);
    }

    #[test]
    fn words_that_come_late_end_the_doubt() {
        let mut dog = connected(0);
        assert_eq!(dog.judge(2_005, &look(2_000, 1)), Verdict::Doubtful);
        dog.hear(2_900, Heard::Other);
        assert_eq!(dog.judge(3_605, &look(3_600, 1)), Verdict::Doubtful);
    }

    #[test]
    fn the_greeting_of_a_server_whose_send_loop_hangs_proves_nothing() {
        let mut dog = connected(1);
        assert!(!dog.is_proven());
        assert!(deaf_at(&mut dog, 2_000, 60_000, |now| look(now, 2)).is_some());
        dog.hear(9_000, Heard::Status { remaining: Some(2) });
        assert!(dog.is_proven());
    }

    #[test]
    fn a_server_that_never_greets_is_deaf() {
        let mut dog = Watchdog::new(0);
        assert_eq!(dog.judge(1_005, &look(1_000, 0)), Verdict::Hears);
        assert!(deaf_at(&mut dog, 2_000, 10_000, |now| look(now, 0)).is_some());
    }

    #[test]
    fn jobs_that_come_and_go_unheard_are_noticed_although_the_queue_keeps_its_length() {
        let mut dog = connected(1);
        dog.hear(10, Heard::Works("a"));
        assert_eq!(dog.judge(2_005, &runs(2_000, 1, Some("a"))), Verdict::Hears);
        assert!(dog.asks_for_running(4_000));
        assert!(deaf_at(&mut dog, 4_000, 9_000, |now| runs(now, 1, Some("b"))).is_some());
    }

    #[test]
    fn a_node_that_works_in_silence_for_an_hour_is_not_deafness() {
        let mut dog = connected(1);
        dog.hear(10, Heard::Works("a"));
        assert_eq!(deaf_at(&mut dog, 2_000, 3_600_000, |now| runs(now, 1, Some("a"))), None);
    }

    #[test]
    fn a_job_found_running_after_a_reconnect_is_taken_as_it_is() {
        let mut dog = connected(1);
        assert_eq!(deaf_at(&mut dog, 2_000, 600_000, |now| runs(now, 1, Some("a"))), None);
        dog.hear(600_000, Heard::Ends("a"));
        assert_eq!(dog.judge(602_005, &runs(602_000, 1, None)), Verdict::Hears);
    }

    #[test]
    fn an_accepted_submission_that_brings_no_status_is_deafness_even_if_the_job_is_over_by_then() {
        let mut dog = connected(0);
        dog.submitted(2_900, 3_000);
        let deaf = deaf_at(&mut dog, 4_000, 60_000, |now| look(now, 0));
        assert!(deaf.is_some_and(|deaf| deaf < 3_000 + 5_000), "{deaf:?}");
    }

    #[test]
    fn a_status_that_came_before_the_answer_to_the_submission_counts() {
        let mut dog = connected(0);
        dog.hear(2_950, Heard::Status { remaining: Some(1) });
        dog.submitted(2_900, 3_000);
        assert_eq!(deaf_at(&mut dog, 4_000, 60_000, |now| look(now, 1)), None);
    }

    #[test]
    fn a_server_that_does_not_answer_is_never_called_deaf() {
        let mut dog = connected(0);
        assert_eq!(dog.judge(2_005, &look(2_000, 1)), Verdict::Doubtful);
        // Nothing is judged while no answer comes; then the message is there.
        dog.hear(60_000, Heard::Status { remaining: Some(1) });
        assert_eq!(dog.judge(60_005, &look(60_000, 1)), Verdict::Hears);
    }
}
