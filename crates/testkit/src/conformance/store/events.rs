//! The log of events.

use super::created;
use crate::conformance::Place;
use crate::conformance::sample::{self, Job, at, attempt, record, shuffled, stopped};
use futures::future::join_all;
use monitor_core::event::Event;
use monitor_pipeline::ports::{AttemptRecord, Store};

fn job(number: u32) -> Job {
    Job::of(&attempt(&record(number), 1))
}

/// Found in the server's history, which says when it happened.
fn learnt_later(mut event: Event, happened: i64) -> Event {
    event.base.occurred_at = Some(at(happened));
    event
}

pub async fn each_event_is_new_once<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    created(&store, 1).await;
    let events = job(1).run();
    assert!(store.apply(&[]).await.unwrap().is_empty());
    let twice = [&events[..2], &events[..2]].concat();
    assert_eq!(store.apply(&twice).await.unwrap(), [true, true, false, false]);
    assert_eq!(store.apply(&events).await.unwrap(), [false, false, true, true, true, true, true]);
    assert_eq!(store.apply(&events).await.unwrap(), [false; 7]);
    assert_eq!(store.events(events[0].base.queue_id.unwrap()).await.unwrap(), events);
}

pub async fn events_are_read_by_sequence_whatever_order_they_came_in<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for number in 1..=8 {
        let record = created(&store, number).await;
        let events = job(number).run();
        for event in shuffled(&events, u64::from(number)) {
            assert_eq!(store.apply(&[event]).await.unwrap(), [true]);
        }
        assert_eq!(store.events(record.queue_id).await.unwrap(), events);
    }
}

pub async fn any_order_of_a_jobs_events_leaves_the_same<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for number in 1..=24 {
        let record = created(&store, number).await;
        let job = job(number);
        let second = Job { attempt: 2, ..job.clone() };
        let kept = vec![
            job.queued(1),
            job.executing(2, "3"),
            job.failed(3, 10),
            job.retrying(6),
            second.queued(7),
            second.completed(8, 10),
        ];
        let beyond_the_end = [job.executed(4, "3"), job.started(5), second.executing(9, "3")];
        let told = shuffled(&[&kept[..], &beyond_the_end, &kept].concat(), u64::from(number));
        // Singly, or in batches of any size.
        for batch in told.chunks(number as usize % 7 + 1) {
            store.apply(batch).await.unwrap();
        }
        assert_eq!(store.events(record.queue_id).await.unwrap(), kept, "order {number}");
        assert_eq!(store.apply(&told).await.unwrap(), vec![false; told.len()], "order {number}");
    }
}

pub async fn after_the_end_of_an_attempt_only_job_retrying_is_taken<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let job = job(1);
    let told = [job.queued(1), job.failed(2, 10), job.executed(3, "3"), job.retrying(4), job.started(5)];
    assert_eq!(store.apply(&told).await.unwrap(), [true, true, false, true, false]);
    assert_eq!(store.apply(&[job.executing(6, "3")]).await.unwrap(), [false]);
    let kept = [told[0].clone(), told[1].clone(), told[3].clone()];
    assert_eq!(store.events(record.queue_id).await.unwrap(), kept);
}

pub async fn a_second_end_changes_nothing<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let job = job(1);
    let (first, second) = (job.completed(5, 10), job.failed(6, 10));
    assert_eq!(store.apply(&[first.clone(), second.clone()]).await.unwrap(), [true, false]);
    assert_eq!(store.apply(&[second]).await.unwrap(), [false]);
    // Nor one that says to have been earlier: the first one was told to everybody.
    assert_eq!(store.apply(&[job.failed(4, 10)]).await.unwrap(), [false]);
    assert_eq!(store.events(record.queue_id).await.unwrap(), [first]);
}

pub async fn an_event_that_comes_late_but_lies_before_the_end_is_taken<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let events = job(1).run();
    let (before, end) = events.split_at(6);
    assert_eq!(store.apply(end).await.unwrap(), [true]);
    assert_eq!(store.apply(before).await.unwrap(), [true; 6]);
    assert_eq!(store.events(record.queue_id).await.unwrap(), events);
}

pub async fn the_next_attempt_goes_on_after_the_end_of_the_one_before<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let first = job(1);
    let second = Job { attempt: 2, prompt_id: "second".to_owned(), ..first.clone() };
    let told = vec![first.failed(1, 10), first.retrying(2), second.queued(3), second.completed(4, 10)];
    assert_eq!(store.apply(&told).await.unwrap(), [true; 4]);
    assert_eq!(store.events(record.queue_id).await.unwrap(), told);
}

pub async fn of_many_that_apply_the_same_events_at_once_each_is_new_to_one<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let events = job(1).run();
    let applying = (0..10).map(|seed| {
        let (store, events) = (store.clone(), shuffled(&events, seed));
        tokio::spawn(async move {
            let new = store.apply(&events).await.unwrap();
            events.into_iter().zip(new).filter(|(_, new)| *new).map(|(event, _)| event).collect::<Vec<_>>()
        })
    });
    let mut new: Vec<Event> = join_all(applying).await.into_iter().flat_map(Result::unwrap).collect();
    new.sort_by_key(|event| event.base.sequence);
    assert_eq!(new, events);
    assert_eq!(store.events(record.queue_id).await.unwrap(), events);
}

pub async fn conflated_events_are_not_kept<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let job = job(1);
    let told = [job.queued(1), job.progress(2, "3"), job.started(3)];
    assert_eq!(store.apply(&told).await.unwrap(), [true, false, true]);
    assert_eq!(store.events(record.queue_id).await.unwrap(), [told[0].clone(), told[2].clone()]);
}

pub async fn events_may_come_before_their_generation<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let events = job(1).run();
    assert_eq!(store.apply(&events).await.unwrap(), [true; 7]);
    let record = created(&store, 1).await;
    assert_eq!(store.events(record.queue_id).await.unwrap(), events);
    assert_eq!(store.prompt_events(&events[0].base.prompt_id, 0, 100).await.unwrap(), events);
}

pub async fn the_events_of_a_prompt_are_read_page_by_page<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    created(&store, 1).await;
    let first = job(1);
    let second = Job { attempt: 2, prompt_id: "second".to_owned(), ..first.clone() };
    let record = record(1);
    store.add_attempt(&AttemptRecord { prompt_id: "second".to_owned(), ..attempt(&record, 2) }).await.unwrap();
    let events = [first.queued(10), first.started(20), first.failed(30, 10), first.retrying(40)];
    store.apply(&[&events[..], &[second.queued(50)]].concat()).await.unwrap();
    let prompt = &first.prompt_id;
    assert_eq!(store.prompt_events(prompt, 0, 3).await.unwrap(), events[..3]);
    assert_eq!(store.prompt_events(prompt, 30, 3).await.unwrap(), events[3..]);
    assert_eq!(store.prompt_events(prompt, 40, 3).await.unwrap(), []);
    assert_eq!(store.prompt_events("second", 0, 3).await.unwrap(), [second.queued(50)]);
    assert_eq!(store.prompt_events("never", 0, 3).await.unwrap(), []);
}

pub async fn the_events_of_a_prompt_id_used_twice_are_those_of_the_newest<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for number in [2, 1] {
        let record = record(number);
        let attempt = AttemptRecord { prompt_id: "twice".to_owned(), ..attempt(&record, 1) };
        store.create(&record, &attempt).await.unwrap();
        store.apply(&Job::of(&attempt).run()).await.unwrap();
    }
    let newest = Job { prompt_id: "twice".to_owned(), ..job(2) };
    assert_eq!(store.prompt_events("twice", 0, 100).await.unwrap(), newest.run());
}

pub async fn sequences_of_an_instance_go_on_after_a_restart<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    assert_eq!(store.instance_sequence("a").await.unwrap(), 0);
    let events: Vec<Event> = [3, 7, 8].map(|sequence| stopped("a", sequence)).into();
    store.apply(&shuffled(&events, 1)).await.unwrap();
    store.apply(&[stopped("b", 99)]).await.unwrap();
    // A generation's events have sequences of their own.
    let of_job = Job { instance_id: "a".to_owned(), ..job(1) };
    store.apply(&[of_job.queued(500)]).await.unwrap();
    place.close(store).await;
    let store = place.open().await;
    assert_eq!(store.instance_sequence("a").await.unwrap(), 8);
    assert_eq!(store.instance_events("a", 0, 10).await.unwrap(), events);
    assert_eq!(store.instance_events("a", 3, 1).await.unwrap(), events[1..2]);
    assert_eq!(store.instance_events("b", 0, 10).await.unwrap(), [stopped("b", 99)]);
}

pub async fn prompts_that_ended_at_an_instance_are_told_newest_last<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for number in [3, 1, 4, 2] {
        // The sequence is the second in which it ended.
        store.apply(&[job(number).completed(u64::from(number), 10)]).await.unwrap();
    }
    store.apply(&[Job { instance_id: "elsewhere".to_owned(), ..job(5) }.completed(5, 10)]).await.unwrap();
    store.apply(&[job(6).started(6), learnt_later(job(7).completed(7, 10), 0)]).await.unwrap();
    let newest = [2, 3, 4].map(|number| job(number).prompt_id);
    assert_eq!(store.ended_prompts(sample::INSTANCE, 3).await.unwrap(), newest);
}

pub async fn the_day_of_an_instance_counts_its_attempts<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    assert_eq!(store.instance_today(sample::INSTANCE, at(0)).await.unwrap(), (0, 0, 0));
    let second = Job { attempt: 2, ..job(1) };
    let told = [
        job(9).completed(99, 5_000),
        // Of its 4 s, one lies in yesterday.
        job(1).failed(103, 4_000),
        second.completed(110, 2_000),
        job(2).completed(120, 1_500),
        Job { instance_id: "elsewhere".to_owned(), ..job(3) }.completed(130, 9_000),
        learnt_later(job(4).completed(140, 8_000), 90),
    ];
    store.apply(&told).await.unwrap();
    assert_eq!(store.instance_today(sample::INSTANCE, at(100)).await.unwrap(), (2, 1, 6_500));
}
