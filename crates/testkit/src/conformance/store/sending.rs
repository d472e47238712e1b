//! Generations and attempts: asked for, sent, found again.

use super::created;
use crate::conformance::Place;
use crate::conformance::sample::{self, Job, at, attempt, hostile_strings, record};
use futures::future::join_all;
use monitor_core::generation::{NodeError, Origin, Status};
use monitor_pipeline::ports::{AttemptRecord, Created, GenerationRecord, ListQuery, Sending, Store, StoreError};
use serde_json::json;
use uuid::Uuid;

async fn assert_known(store: &impl Store, record: &GenerationRecord, attempts: &[AttemptRecord]) {
    let known = store.known(record.queue_id).await.unwrap().unwrap();
    assert_eq!(known.record, *record);
    assert_eq!(known.attempts, attempts);
}

pub async fn what_was_created_is_known_with_its_first_attempt<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = GenerationRecord {
        origin: Origin::Observed,
        instance_id: None,
        idempotency_key: Some("key".to_owned()),
        metadata: Some(json!({"a": [1, 2.5, null], "b": {"c": "d"}})),
        warnings: vec![NodeError { message: "node 3 was left out".to_owned(), ..NodeError::default() }],
        ..record(1)
    };
    let attempt = AttemptRecord {
        change: Some("smaller".to_owned()),
        refusal: Some(sample::error()),
        queue_number: Some(-0.5),
        submitter_client_id: Some("browser".to_owned()),
        ..attempt(&record, 1)
    };
    assert_eq!(store.create(&record, &attempt).await.unwrap(), Created::New);
    assert_known(&store, &record, &[attempt]).await;
    assert_eq!(store.known(record.queue_id).await.unwrap().unwrap().saved, None);
    assert!(store.known(Uuid::nil()).await.unwrap().is_none());
}

pub async fn an_id_in_use_is_refused_and_the_first_one_stays<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let first = created(&store, 1).await;
    let second = GenerationRecord { title: "another".to_owned(), ..first.clone() };
    let refused = store.create(&second, &attempt(&second, 2)).await;
    assert!(matches!(refused, Err(StoreError::Exists(id)) if id == first.queue_id), "{refused:?}");
    assert_known(&store, &first, &[attempt(&first, 1)]).await;
}

pub async fn the_same_idempotency_key_again_gives_the_generation_that_has_it<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let with_key = |number| GenerationRecord { idempotency_key: Some("key".to_owned()), ..record(number) };
    let (first, second) = (with_key(1), with_key(2));
    assert_eq!(store.create(&first, &attempt(&first, 1)).await.unwrap(), Created::New);
    for again in [&first, &second] {
        let created = store.create(again, &attempt(again, 1)).await.unwrap();
        assert_eq!(created, Created::Existing(first.queue_id));
    }
    assert!(store.known(second.queue_id).await.unwrap().is_none());
    assert_eq!(store.find_prompt(&attempt(&second, 1).prompt_id).await.unwrap(), None);
}

pub async fn of_many_with_one_idempotency_key_at_once_one_is_new<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let creating = (1..=20).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let record = GenerationRecord { idempotency_key: Some("key".to_owned()), ..record(number) };
            (record.queue_id, store.create(&record, &attempt(&record, 1)).await.unwrap())
        })
    });
    let outcomes: Vec<_> = join_all(creating).await.into_iter().map(Result::unwrap).collect();
    let new: Vec<Uuid> = outcomes.iter().filter(|(_, made)| *made == Created::New).map(|(id, _)| *id).collect();
    assert_eq!(new.len(), 1);
    let others = outcomes.iter().filter(|(id, _)| *id != new[0]);
    for (_, outcome) in others {
        assert_eq!(*outcome, Created::Existing(new[0]));
    }
}

pub async fn a_next_attempt_is_added_once<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let second = AttemptRecord { change: Some("smaller".to_owned()), ..attempt(&record, 2) };
    store.add_attempt(&second).await.unwrap();
    store.add_attempt(&AttemptRecord { change: Some("larger".to_owned()), ..second.clone() }).await.unwrap();
    assert_known(&store, &record, &[attempt(&record, 1), second]).await;
}

pub async fn an_attempt_without_a_generation_is_refused<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let attempt = attempt(&record(1), 1);
    let refusals = [
        store.add_attempt(&attempt).await,
        store.update_attempt(&attempt).await,
        store.set_warnings(attempt.queue_id, &[]).await,
    ];
    for refused in refusals {
        assert!(matches!(refused, Err(StoreError::NotFound(id)) if id == attempt.queue_id), "{refused:?}");
    }
}

pub async fn updating_an_attempt_replaces_what_is_known_of_its_sending<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let second = attempt(&record, 2);
    store.add_attempt(&second).await.unwrap();
    let sent = AttemptRecord {
        prompt_id: "the server's own".to_owned(),
        instance_id: Some("gpu-2".to_owned()),
        sending: Sending::Refused,
        refusal: Some(sample::error()),
        complaints: vec![NodeError { message: "Value not in list".to_owned(), ..NodeError::default() }],
        queue_number: Some(17.25),
        ..second.clone()
    };
    let beside =
        AttemptRecord { workflow: json!({}), change: Some("no".to_owned()), created_at: at(99), ..sent.clone() };
    store.update_attempt(&beside).await.unwrap();
    assert_known(&store, &record, &[attempt(&record, 1), sent]).await;
    assert_eq!(store.find_prompt(&second.prompt_id).await.unwrap(), None);
    assert_eq!(store.find_prompt("the server's own").await.unwrap(), Some((record.queue_id, 2)));
}

pub async fn what_was_not_sent_is_listed_oldest_first<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let all = [Sending::Waiting, Sending::Accepted, Sending::Sent, Sending::Refused, Sending::None, Sending::Waiting];
    let mut attempts: Vec<AttemptRecord> = Vec::new();
    for (number, sending) in (1..).zip(all) {
        let record = record(number);
        attempts.push(AttemptRecord { sending, created_at: at(-i64::from(number)), ..attempt(&record, 1) });
        store.create(&record, attempts.last().unwrap()).await.unwrap();
    }
    let unsent = [attempts[5].clone(), attempts[2].clone(), attempts[0].clone()];
    assert_eq!(store.unsent().await.unwrap(), unsent);
    store.update_attempt(&AttemptRecord { sending: Sending::Accepted, ..attempts[2].clone() }).await.unwrap();
    assert_eq!(store.unsent().await.unwrap(), [attempts[5].clone(), attempts[0].clone()]);
}

pub async fn warnings_are_replaced<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let mut record = created(&store, 1).await;
    for texts in [hostile_strings(), vec!["one".to_owned()], Vec::new()] {
        record.warnings =
            texts.into_iter().map(|message| NodeError { message, ..NodeError::default() }).collect::<Vec<_>>();
        store.set_warnings(record.queue_id, &record.warnings).await.unwrap();
        assert_known(&store, &record, &[attempt(&record, 1)]).await;
    }
}

pub async fn a_prompt_id_used_twice_is_found_in_the_newest_generation<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    // Made out of order: the newest is the one created last by its own time.
    for number in [2, 3, 1] {
        let record = record(number);
        let attempt = AttemptRecord { prompt_id: "twice".to_owned(), ..attempt(&record, number) };
        store.create(&record, &attempt).await.unwrap();
    }
    assert_eq!(store.find_prompt("twice").await.unwrap(), Some((record(3).queue_id, 3)));
    assert_eq!(store.find_prompt("never").await.unwrap(), None);
}

pub async fn a_fact_keeps_its_first_value<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    assert_eq!(store.fact("seed").await.unwrap(), None);
    let setting = (0..10).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.set_fact_once("seed", &number.to_string()).await.unwrap() })
    });
    let values: Vec<String> = join_all(setting).await.into_iter().map(Result::unwrap).collect();
    let kept = store.fact("seed").await.unwrap().unwrap();
    assert_eq!(values, vec![kept; 10]);
}

pub async fn hostile_strings_come_back_as_they_were<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for (number, text) in (1..).zip(hostile_strings()) {
        let record = GenerationRecord {
            title: text.clone(),
            instance_id: Some(text.clone()),
            idempotency_key: Some(text.clone()),
            metadata: Some(json!({ &text: text })),
            ..record(number)
        };
        let attempt = AttemptRecord {
            prompt_id: text.clone(),
            workflow: json!({ &text: {"class_type": text, "inputs": {"text": text}} }),
            change: Some(text.clone()),
            submitter_client_id: Some(text.clone()),
            ..attempt(&record, 1)
        };
        store.create(&record, &attempt).await.unwrap();
        assert_known(&store, &record, std::slice::from_ref(&attempt)).await;
        assert_eq!(store.find_prompt(&text).await.unwrap(), Some((record.queue_id, 1)));

        let job = Job::of(&attempt);
        let events = vec![job.executing(1, &text), job.executed(2, &text), job.completed(3, 10)];
        assert_eq!(store.apply(&events).await.unwrap(), [true; 3]);
        assert_eq!(store.events(record.queue_id).await.unwrap(), events);
        assert_eq!(store.prompt_events(&text, 0, 10).await.unwrap(), events);
        assert_eq!(store.ended_prompts(&text, 10).await.unwrap(), std::slice::from_ref(&text));

        let summary = sample::summary(&record, Status::Processing, 3);
        store.save_summary(&summary).await.unwrap();
        let query =
            ListQuery { instance_id: Some(text.clone()), q: Some(text.clone()), limit: 10, ..ListQuery::default() };
        assert_eq!(store.list(&query).await.unwrap().items, [summary]);
        assert_eq!(store.set_fact_once(&text, &text).await.unwrap(), text);
    }
}

pub async fn everything_is_there_after_a_restart<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let attempt = attempt(&record, 1);
    let events = Job::of(&attempt).run();
    store.apply(&events).await.unwrap();
    let summary = sample::summary(&record, Status::Completed, 7);
    store.save_summary(&summary).await.unwrap();
    let media = sample::media(&record, 0);
    store.add_media(std::slice::from_ref(&media)).await.unwrap();
    store.set_fact_once("seed", "1").await.unwrap();
    place.close(store).await;

    let store = place.open().await;
    assert_known(&store, &record, &[attempt]).await;
    assert_eq!(store.events(record.queue_id).await.unwrap(), events);
    assert_eq!(store.apply(&events).await.unwrap(), [false; 7]);
    assert_eq!(store.list(&ListQuery { limit: 10, ..ListQuery::default() }).await.unwrap().items, [summary]);
    assert_eq!(store.media(record.queue_id).await.unwrap(), [media]);
    assert_eq!(store.set_fact_once("seed", "2").await.unwrap(), "1");
    assert!(store.open(None).await.unwrap().is_empty());
}
