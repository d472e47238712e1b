//! How often progress goes onto the bus: it is paid for by the event, so of each job at most once an interval, the
//! newest of every node that runs; and of each instance how long its queue is.

use monitor_core::event::{Body, Event};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Between two words on the queue of an instance.
const QUEUES: Duration = Duration::from_secs(1);

#[derive(Debug, PartialEq, Eq, Hash)]
enum Subject {
    Job(Uuid),
    Instance(String),
}

impl Subject {
    fn of(event: &Event) -> Subject {
        match event.base.queue_id {
            Some(queue_id) => Subject::Job(queue_id),
            None => Subject::Instance(event.base.instance_id.clone()),
        }
    }

    fn interval(&self, jobs: Option<Duration>) -> Option<Duration> {
        match self {
            Subject::Job(_) => jobs,
            Subject::Instance(_) => Some(QUEUES),
        }
    }
}

#[derive(Debug)]
struct Held {
    attempt: u32,
    has_ended: bool,
    /// Not before.
    due: Instant,
    /// By node.
    newest: BTreeMap<Option<String>, Event>,
}

#[derive(Debug)]
pub(super) struct Pace {
    jobs: Option<Duration>,
    held: HashMap<Subject, Held>,
}

impl Pace {
    /// `None`: no progress of jobs.
    pub(super) fn new(jobs: Option<Duration>) -> Pace {
        Pace { jobs, held: HashMap::new() }
    }

    /// Every event in order, also those that go on at once: progress they have overtaken is not told any more.
    pub(super) fn see(&mut self, event: &Event, now: Instant) {
        let (subject, attempt) = (Subject::of(event), event.base.attempt);
        let Some(interval) = subject.interval(self.jobs) else { return };
        if !event.is_durable() {
            let held = self.held.entry(subject).or_insert_with(|| Held {
                attempt,
                has_ended: false,
                due: now,
                newest: BTreeMap::new(),
            });
            if attempt > held.attempt {
                *held = Held { attempt, has_ended: false, due: held.due, newest: BTreeMap::new() };
            }
            if attempt == held.attempt && !held.has_ended {
                held.newest.insert(event.node_id().map(str::to_owned), event.clone());
            }
            return;
        }
        let ends = event.is_terminal() || matches!(event.body, Body::MonitorStopped(_));
        if ends {
            // Kept for an interval, against a straggler.
            let due = now + interval;
            self.held.insert(subject, Held { attempt, has_ended: ends, due, newest: BTreeMap::new() });
        } else if let (Body::NodeExecuted(body), Some(held)) = (&event.body, self.held.get_mut(&subject)) {
            held.newest.remove(&Some(body.node_id.clone()));
        }
    }

    /// What may go now, in the order of each job.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Event> {
        let (mut due, jobs) = (Vec::new(), self.jobs);
        self.held.retain(|subject, held| {
            if held.due > now {
                return true;
            }
            let mut events: Vec<Event> = std::mem::take(&mut held.newest).into_values().collect();
            events.sort_by_key(|event| event.base.sequence);
            held.due = now + subject.interval(jobs).unwrap_or_default();
            let goes_on = !events.is_empty();
            due.append(&mut events);
            goes_on
        });
        due
    }

    /// All that waits, due or not.
    pub(super) fn take_all(&mut self) -> Vec<Event> {
        let mut all: Vec<Event> = self.held.drain().flat_map(|(_, held)| held.newest.into_values()).collect();
        all.sort_by_key(|event| event.base.sequence);
        all
    }

    /// When something that waits may go.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.held.values().filter(|held| !held.newest.is_empty()).map(|held| held.due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_testkit::conformance::sample::{Job, attempt, record};

    const SECOND: Duration = Duration::from_secs(1);

    fn job(number: u32, attempt_number: u32) -> Job {
        Job::of(&attempt(&record(number), attempt_number))
    }

    fn seen(pace: &mut Pace, now: Instant, events: &[Event]) -> Vec<u64> {
        for event in events {
            pace.see(event, now);
        }
        pace.take_due(now).iter().map(|event| event.base.sequence).collect()
    }

    #[test]
    fn the_first_goes_at_once_and_of_the_next_the_newest_when_an_interval_is_over() {
        let (mut pace, start, job) = (Pace::new(Some(SECOND)), Instant::now(), job(1, 1));
        assert_eq!(seen(&mut pace, start, &[job.progress(1, "3")]), [1]);
        assert_eq!(pace.next_due(), None);
        assert_eq!(seen(&mut pace, start + SECOND / 4, &[job.progress(2, "3"), job.progress(3, "3")]), [0; 0]);
        assert_eq!(pace.next_due(), Some(start + SECOND));
        assert_eq!(seen(&mut pace, start + SECOND, &[]), [3]);
        assert_eq!(seen(&mut pace, start + SECOND * 2, &[]), [0; 0]);
        assert!(pace.held.is_empty(), "a job that says nothing is forgotten");
    }

    #[test]
    fn nodes_that_run_together_go_together_and_jobs_do_not_wait_for_each_other() {
        let (mut pace, start, one, two) = (Pace::new(Some(SECOND)), Instant::now(), job(1, 1), job(2, 1));
        seen(&mut pace, start, &[one.progress(1, "3")]);
        let later = [one.progress(3, "9"), one.progress(2, "4"), two.progress(7, "3")];
        assert_eq!(seen(&mut pace, start + SECOND / 2, &later), [7]);
        assert_eq!(seen(&mut pace, start + SECOND, &[]), [2, 3]);
    }

    #[test]
    fn a_node_or_a_job_that_has_ended_tells_no_progress_any_more() {
        let (mut pace, start, job) = (Pace::new(Some(SECOND)), Instant::now(), job(1, 1));
        seen(&mut pace, start, &[job.progress(1, "3")]);
        assert_eq!(seen(&mut pace, start, &[job.progress(2, "3"), job.progress(3, "4"), job.executed(4, "3")]), [0; 0]);
        assert_eq!(seen(&mut pace, start + SECOND, &[]), [3]);
        assert_eq!(seen(&mut pace, start + SECOND, &[job.progress(5, "4"), job.completed(6, 1)]), [0; 0]);
        assert_eq!(pace.next_due(), None);
        assert_eq!(seen(&mut pace, start + SECOND * 2, &[job.progress(5, "4")]), [0; 0], "a straggler");
        assert_eq!(seen(&mut pace, start + SECOND * 4, &[]), [0; 0]);
        assert!(pace.held.is_empty());
    }

    #[test]
    fn another_attempt_may_tell_again_and_forgets_what_waited_of_the_former() {
        let (mut pace, start) = (Pace::new(Some(SECOND)), Instant::now());
        let (first, second) = (job(1, 1), job(1, 2));
        seen(&mut pace, start, &[first.progress(1, "3"), first.failed(2, 1)]);
        let told = seen(&mut pace, start + SECOND, &[first.progress(1, "3"), second.progress(5, "3")]);
        assert_eq!(told, [5]);
        assert_eq!(seen(&mut pace, start + SECOND * 2, &[first.progress(1, "3")]), [0; 0]);
    }
}
