//! The guarantees of `Outbox`.

use super::Place;
use super::sample::{self, Job, hostile_strings};
use monitor_core::event::{Event, JobQueued};
use monitor_pipeline::ports::Outbox;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use uuid::Uuid;

/// The suite for an adapter at places of type `$place`.
#[macro_export]
macro_rules! outbox_conformance {
    ($place:ty) => {
        $crate::conformance_tests!(
            $place,
            outbox,
            events_are_pending_in_the_order_of_appending
            an_event_leaves_only_by_removal
            an_event_appended_twice_is_pending_once
            no_more_is_given_than_asked_for
            what_was_appended_is_there_after_a_restart
            appends_at_once_are_each_there_and_in_order
            hostile_strings_come_back_as_they_were
        );

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn what_was_acknowledged_is_there_after_a_kill() {
            let this = concat!(module_path!(), "::what_was_acknowledged_is_there_after_a_kill");
            $crate::conformance::outbox::what_was_acknowledged_is_there_after_a_kill::<$place>(this).await;
        }
    };
}

fn job(number: u32) -> Job {
    Job::of(&sample::attempt(&sample::record(number), 1))
}

fn ids(events: &[Event]) -> Vec<Uuid> {
    events.iter().map(|event| event.base.event_id).collect()
}

pub async fn events_are_pending_in_the_order_of_appending<P: Place<Adapter: Outbox>>() {
    let place = P::fresh();
    let outbox = place.open().await;
    // Against their sequence and mixed, so that only the order of appending explains the order of reading.
    let mut events = job(1).run();
    events.reverse();
    let others = job(2).run();
    outbox.append(&events).await.unwrap();
    for event in &others {
        outbox.append(std::slice::from_ref(event)).await.unwrap();
    }
    events.extend(others);
    assert_eq!(outbox.pending(1000).await.unwrap(), events);
}

pub async fn an_event_leaves_only_by_removal<P: Place<Adapter: Outbox>>() {
    let place = P::fresh();
    let outbox = place.open().await;
    let events = job(1).run();
    outbox.append(&events).await.unwrap();
    assert_eq!(outbox.pending(1000).await.unwrap(), outbox.pending(1000).await.unwrap());
    let (gone, stay) = (&events[1..4], [&events[..1], &events[4..]].concat());
    outbox.remove(&ids(gone)).await.unwrap();
    // Again, and with what was never there.
    outbox.remove(&[ids(gone), vec![Uuid::nil()]].concat()).await.unwrap();
    outbox.remove(&[]).await.unwrap();
    assert_eq!(outbox.pending(1000).await.unwrap(), stay);
    outbox.remove(&ids(&stay)).await.unwrap();
    assert_eq!(outbox.pending(1000).await.unwrap(), []);
}

pub async fn an_event_appended_twice_is_pending_once<P: Place<Adapter: Outbox>>() {
    let place = P::fresh();
    let outbox = place.open().await;
    let events = job(1).run();
    outbox.append(&[]).await.unwrap();
    outbox.append(&[&events[..3], &events[..3]].concat()).await.unwrap();
    outbox.append(&events).await.unwrap();
    assert_eq!(outbox.pending(1000).await.unwrap(), events);
}

pub async fn no_more_is_given_than_asked_for<P: Place<Adapter: Outbox>>() {
    let place = P::fresh();
    let outbox = place.open().await;
    let events = job(1).run();
    outbox.append(&events).await.unwrap();
    assert_eq!(outbox.pending(3).await.unwrap(), events[..3]);
    assert_eq!(outbox.pending(0).await.unwrap(), []);
}

pub async fn what_was_appended_is_there_after_a_restart<P: Place<Adapter: Outbox>>() {
    let place = P::fresh();
    let outbox = place.open().await;
    let events = job(1).run();
    outbox.append(&events).await.unwrap();
    outbox.remove(&ids(&events[..2])).await.unwrap();
    place.close(outbox).await;
    let outbox = place.open().await;
    assert_eq!(outbox.pending(1000).await.unwrap(), events[2..]);
    // And what comes now comes behind.
    let later = job(2).run();
    outbox.append(&later).await.unwrap();
    assert_eq!(outbox.pending(1000).await.unwrap(), [&events[2..], &later].concat());
}

pub async fn appends_at_once_are_each_there_and_in_order<P: Place<Adapter: Outbox>>() {
    let place = P::fresh();
    let outbox = place.open().await;
    let jobs: Vec<Vec<Event>> = (1..=16).map(|number| job(number).run()).collect();
    let appending = jobs.clone().into_iter().map(|events| {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            for event in events {
                outbox.append(&[event]).await.unwrap();
            }
        })
    });
    for done in futures::future::join_all(appending).await {
        done.unwrap();
    }
    let pending = outbox.pending(1000).await.unwrap();
    assert_eq!(pending.len(), 16 * 7);
    for events in jobs {
        let of_job = pending.iter().filter(|event| event.base.queue_id == events[0].base.queue_id);
        assert_eq!(of_job.cloned().collect::<Vec<_>>(), events);
    }
}

pub async fn hostile_strings_come_back_as_they_were<P: Place<Adapter: Outbox>>() {
    let place = P::fresh();
    let outbox = place.open().await;
    let events: Vec<Event> = hostile_strings()
        .into_iter()
        .zip(1..)
        .map(|(text, number)| {
            let job = Job { prompt_id: text.clone(), instance_id: text.clone(), ..job(number) };
            job.event(1, JobQueued { queue_position: None, title: Some(text) })
        })
        .collect();
    outbox.append(&events).await.unwrap();
    assert_eq!(outbox.pending(1000).await.unwrap(), events);
}

const KILLED_PLACE: &str = "CONFORMANCE_KILLED_PLACE";

/// Runs itself (`test`, as `module_path!()` has it) in another process, which appends until it is killed.
pub async fn what_was_acknowledged_is_there_after_a_kill<P: Place<Adapter: Outbox>>(test: &str) {
    if let Ok(name) = std::env::var(KILLED_PLACE) {
        append_until_killed(P::named(&name).open().await).await;
        return;
    }
    let place = P::fresh();
    let (_, test) = test.split_once("::").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(KILLED_PLACE, place.name())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    let mut killed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some(id) = line.unwrap().strip_prefix("acknowledged ") {
            acknowledged.push(id.parse::<Uuid>().unwrap());
        }
        // After some, in the midst of it; what was acknowledged before the signal arrived is read, too.
        if acknowledged.len() >= 200 && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    assert!(!child.wait().unwrap().success(), "it ended by itself");
    assert!(killed, "it acknowledged only {}", acknowledged.len());
    let pending = ids(&place.open().await.pending(u32::MAX).await.unwrap());
    let missing = acknowledged.iter().filter(|id| !pending.contains(id)).count();
    assert_eq!(missing, 0, "of {} acknowledged events", acknowledged.len());
}

/// Several at once, one or many events each; ends only by a signal, or when nobody reads any more.
async fn append_until_killed<O: Outbox + Clone + 'static>(outbox: O) {
    let appending = (1..=4u32).map(|number| {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            let job = job(number);
            for batch in 0.. {
                let sequences = batch * 100..batch * 100 + u64::from(number * number);
                let events: Vec<Event> = sequences.map(|sequence| job.queued(sequence)).collect();
                outbox.append(&events).await.unwrap();
                let mut out = std::io::stdout().lock();
                let told = ids(&events).iter().try_for_each(|id| writeln!(out, "acknowledged {id}"));
                if told.and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        })
    });
    futures::future::join_all(appending).await;
}
