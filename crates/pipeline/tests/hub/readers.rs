use super::{confirmed, give_snapshots, plain, progress, snapshot, started};
use crate::pipe::Pipe;
use monitor_core::frame::{FrameBody, PreviewHeader, PreviewKind};
use monitor_core::generation::Summary;
use monitor_core::time::Timestamp;
use monitor_pipeline::hub::{CloseCode, Encoded, Hub, HubSettings, NoSeat, Pull, Pulled, Snapshot, Subscriber, Topic};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

fn hub() -> Arc<Hub> {
    Hub::new(HubSettings::default())
}

/// A reader with its snapshot as of 0.
fn reader(hub: &Arc<Hub>, topics: &[Topic]) -> (Subscriber, Pipe) {
    let pipe = Pipe::wide();
    let mut subscriber = hub.seat().unwrap().join(pipe.clone());
    for &topic in topics {
        subscriber.subscribe(topic, None, None).unwrap();
    }
    give_snapshots(&subscriber, 0);
    pipe.take();
    (subscriber, pipe)
}

fn summary(queue_id: Uuid, sequence: u64) -> Summary {
    serde_json::from_value(serde_json::json!({
        "queueId": queue_id, "promptId": "p", "instanceId": "i", "origin": "submitted", "status": "pending",
        "title": "t", "createdAt": "2026-01-01T00:00:00.000Z", "overallPercentage": 0.0, "retryCount": 0,
        "sequence": sequence, "strip": [], "outputCount": 0,
    }))
    .unwrap()
}

fn update(queue_id: Uuid, sequence: u64) -> Encoded {
    plain(FrameBody::GenerationUpdate { generation: Box::new(summary(queue_id, sequence)) })
}

fn preview(queue_id: Uuid, sequence: u64) -> Encoded {
    let header = PreviewHeader {
        kind: PreviewKind::Preview,
        queue_id,
        prompt_id: "p".to_owned(),
        node_id: "3".to_owned(),
        content_type: "image/png".to_owned(),
        sequence,
        value: None,
        max: None,
    };
    Encoded::preview(&header, b"image").unwrap()
}

/// Those of the previews that came.
fn sequences(pipe: &Pipe) -> Vec<u64> {
    let header = |payload: &[u8]| {
        let (length, rest) = payload.split_first_chunk().unwrap();
        serde_json::from_slice::<serde_json::Value>(&rest[..u32::from_be_bytes(*length) as usize]).unwrap()
    };
    pipe.take().iter().map(|sent| header(&sent.payload)["sequence"].as_u64().unwrap()).collect()
}

fn kinds(pipe: &Pipe) -> Vec<String> {
    pipe.briefs().into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn a_frame_reaches_those_who_subscribed_to_its_generation_and_nobody_else() {
    let (hub, one, other) = (hub(), Uuid::new_v4(), Uuid::new_v4());
    let (_a, a) = reader(&hub, &[Topic::Generation(one)]);
    let (_b, b) = reader(&hub, &[Topic::Generation(other)]);
    hub.publish(one, &started(one, 1));
    assert_eq!(a.briefs(), [("job_started".to_owned(), 1)]);
    assert!(b.briefs().is_empty());
}

#[test]
fn a_reader_of_both_a_generation_and_all_gets_each_frame_once() {
    let (hub, id) = (hub(), Uuid::new_v4());
    let (_all, all) = reader(&hub, &[Topic::All]);
    let (_both, both) = reader(&hub, &[Topic::All, Topic::Generation(id)]);
    hub.publish(id, &started(id, 1));
    hub.publish_all(&update(id, 1));
    assert_eq!(kinds(&all), ["generation_update"]);
    assert_eq!(kinds(&both), ["job_started", "generation_update"]);
}

#[test]
fn the_confirmation_comes_first_then_the_snapshot_then_what_is_newer() {
    let (hub, id) = (hub(), Uuid::new_v4());
    let topic = Topic::Generation(id);
    let pipe = Pipe::wide();
    let mut subscriber = hub.seat().unwrap().join(pipe.clone());
    hub.publish(id, &started(id, 1));
    subscriber.subscribe(topic, None, Some(&confirmed(topic))).unwrap();
    hub.publish(id, &started(id, 2));
    let ticket = subscriber.reader().next_snapshot().unwrap();
    for sequence in 3..=6 {
        hub.publish(id, &started(id, sequence));
    }
    subscriber.reader().give_snapshot(ticket, &snapshot(topic, 5));
    // Published late, though older.
    hub.publish(id, &started(id, 4));
    hub.publish(id, &started(id, 7));
    let briefs = pipe.briefs();
    assert_eq!(briefs[0].0, "subscription_confirmed");
    assert_eq!(briefs[1], ("snapshot".to_owned(), 5));
    // 5 itself: several frames may stand for one event, and the snapshot may have been read between them.
    assert_eq!(briefs[2..].iter().map(|brief| brief.1).collect::<Vec<_>>(), [5, 6, 7]);
}

#[test]
fn what_a_snapshot_of_all_holds_is_not_sent_again_and_what_is_newer_is() {
    let (hub, old, new) = (hub(), Uuid::new_v4(), Uuid::new_v4());
    let pipe = Pipe::wide();
    let mut subscriber = hub.seat().unwrap().join(pipe.clone());
    subscriber.subscribe(Topic::All, None, None).unwrap();
    let ticket = subscriber.reader().next_snapshot().unwrap();
    hub.publish_all(&update(old, 4));
    hub.publish_all(&update(new, 1));
    let body = FrameBody::Snapshot {
        queue_id: "*".to_owned(),
        sequence: None,
        generation: None,
        generations: Some(vec![summary(old, 5)]),
        instances: Some(Vec::new()),
        truncated: false,
    };
    subscriber.reader().give_snapshot(ticket, &Snapshot::encode(body, Timestamp(0)).unwrap());
    let messages = pipe.take();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1].json()["generation"]["queueId"], new.to_string());
}

#[test]
fn subscribing_again_confirms_and_changes_previews_and_sends_no_second_snapshot() {
    let (hub, id) = (hub(), Uuid::new_v4());
    let topic = Topic::Generation(id);
    let (mut subscriber, pipe) = reader(&hub, &[topic]);
    hub.preview(id, &preview(id, 1));
    assert!(pipe.take().is_empty(), "it did not ask for previews");
    subscriber.subscribe(topic, Some(true), Some(&confirmed(topic))).unwrap();
    assert_eq!(subscriber.reader().next_snapshot(), None);
    assert_eq!(kinds(&pipe), ["subscription_confirmed"]);
    subscriber.subscribe(topic, None, None).unwrap();
    hub.publish(id, &progress(id, 2));
    assert_eq!(kinds(&pipe), ["job_progress"], "and each frame once");
    hub.preview(id, &preview(id, 3));
    assert_eq!(pipe.take()[0].opcode, 2);
}

#[test]
fn previews_of_a_job_come_at_most_once_per_gap() {
    let mut settings = HubSettings::default();
    settings.limits.preview_gap = Duration::from_hours(1);
    let (hub, one, other) = (Hub::new(settings), Uuid::new_v4(), Uuid::new_v4());
    let (mut subscriber, pipe) = reader(&hub, &[Topic::Generation(one), Topic::Generation(other)]);
    for id in [one, other] {
        subscriber.subscribe(Topic::Generation(id), Some(true), None).unwrap();
    }
    for sequence in 0..10 {
        hub.preview(one, &preview(one, sequence));
        hub.preview(other, &preview(other, sequence));
    }
    assert_eq!(pipe.take().len(), 2, "one for each job");
    assert!(subscriber.reader().previews_due().is_some_and(|due| due > Instant::now()));
    subscriber.reader().give_previews(Instant::now());
    assert!(pipe.take().is_empty(), "the gap is not over");
}

#[test]
fn of_previews_that_come_too_soon_the_newest_follows_when_the_gap_is_over() {
    let mut settings = HubSettings::default();
    settings.limits.preview_gap = Duration::from_hours(1);
    let (hub, id) = (Hub::new(settings), Uuid::new_v4());
    let (mut subscriber, pipe) = reader(&hub, &[Topic::Generation(id)]);
    subscriber.subscribe(Topic::Generation(id), Some(true), None).unwrap();
    assert_eq!(subscriber.reader().previews_due(), None);
    for sequence in 1..=5 {
        hub.preview(id, &preview(id, sequence));
    }
    assert_eq!(sequences(&pipe), [1]);
    let due = subscriber.reader().previews_due().unwrap();
    subscriber.reader().give_previews(due);
    assert_eq!(sequences(&pipe), [5]);
    assert_eq!(subscriber.reader().previews_due(), None, "none is kept");
    hub.preview(id, &preview(id, 6));
    assert!(pipe.take().is_empty(), "the one that came late counts as well");
    assert!(subscriber.reader().previews_due().unwrap() > due);
}

#[test]
fn a_preview_that_waits_is_outdated_by_the_end_of_its_job() {
    let mut settings = HubSettings::default();
    settings.limits.preview_gap = Duration::from_hours(1);
    let (hub, id) = (Hub::new(settings), Uuid::new_v4());
    let (mut subscriber, pipe) = reader(&hub, &[Topic::Generation(id)]);
    subscriber.subscribe(Topic::Generation(id), Some(true), None).unwrap();
    hub.preview(id, &preview(id, 1));
    hub.preview(id, &preview(id, 2));
    hub.publish(id, &started(id, 3));
    pipe.take();
    assert_eq!(subscriber.reader().previews_due(), None);
    subscriber.reader().give_previews(Instant::now() + Duration::from_hours(2));
    assert!(pipe.take().is_empty());
}

#[test]
fn previews_are_wanted_while_somebody_who_asked_has_the_snapshot_and_never_where_they_are_off() {
    for allowed in [true, false] {
        let (hub, id) = (Hub::new(HubSettings { previews: allowed, ..HubSettings::default() }), Uuid::new_v4());
        let topic = Topic::Generation(id);
        let (mut subscriber, pipe) = reader(&hub, &[topic]);
        assert!(!hub.wants_previews(id), "it did not ask");
        subscriber.subscribe(topic, Some(true), None).unwrap();
        assert_eq!(hub.wants_previews(id), allowed);
        hub.preview(id, &preview(id, 1));
        assert_eq!(pipe.take().len(), usize::from(allowed));
        subscriber.subscribe(topic, Some(false), None).unwrap();
        assert!(!hub.wants_previews(id));
        hub.publish(id, &started(id, 2));
        assert_eq!(pipe.take().len(), 1, "everything else comes");
    }
}

#[test]
fn a_snapshot_nobody_waits_for_any_more_is_not_sent() {
    let (hub, id) = (hub(), Uuid::new_v4());
    let topic = Topic::Generation(id);
    let pipe = Pipe::wide();
    let mut subscriber = hub.seat().unwrap().join(pipe.clone());
    subscriber.subscribe(topic, None, None).unwrap();
    let outdated = subscriber.reader().next_snapshot().unwrap();
    assert!(subscriber.unsubscribe(topic));
    assert!(!subscriber.unsubscribe(topic));
    subscriber.reader().give_snapshot(outdated, &snapshot(topic, 1));
    hub.publish(id, &started(id, 2));
    assert!(pipe.take().is_empty());

    subscriber.subscribe(topic, None, None).unwrap();
    let current = subscriber.reader().next_snapshot().unwrap();
    subscriber.reader().give_snapshot(outdated, &snapshot(topic, 1));
    assert!(pipe.take().is_empty(), "that of the subscription before");
    subscriber.reader().give_snapshot(current, &snapshot(topic, 2));
    assert_eq!(pipe.briefs(), [("snapshot".to_owned(), 2)]);
}

#[test]
fn a_connection_has_64_subscriptions_at_most() {
    let hub = hub();
    let (mut subscriber, _pipe) = reader(&hub, &[]);
    let topics: Vec<Topic> = (0..65).map(|_| Topic::Generation(Uuid::new_v4())).collect();
    for &topic in &topics[..64] {
        subscriber.subscribe(topic, None, None).unwrap();
    }
    assert!(subscriber.subscribe(topics[64], None, None).is_err());
    subscriber.subscribe(topics[0], Some(true), None).unwrap();
    subscriber.unsubscribe(topics[0]);
    subscriber.subscribe(topics[64], None, None).unwrap();
}

#[test]
fn a_topic_is_watched_as_long_as_somebody_reads_it() {
    let (hub, id) = (hub(), Uuid::new_v4());
    let topic = Topic::Generation(id);
    assert!(!hub.is_watched(topic));
    let (one, _a) = reader(&hub, &[topic]);
    let (mut two, b) = reader(&hub, &[topic]);
    drop(one);
    assert!(hub.is_watched(topic));
    hub.publish(id, &started(id, 1));
    assert_eq!(b.take().len(), 1);
    two.unsubscribe(topic);
    assert!(!hub.is_watched(topic));
}

#[test]
fn a_broken_socket_harms_nobody_else() {
    let (hub, id) = (hub(), Uuid::new_v4());
    let (_a, a) = reader(&hub, &[Topic::Generation(id)]);
    let (_b, b) = reader(&hub, &[Topic::Generation(id)]);
    a.break_off();
    hub.publish(id, &started(id, 1));
    hub.publish(id, &started(id, 2));
    assert_eq!(b.take().len(), 2);
}

#[test]
fn seats_are_limited_and_come_back() {
    let hub = Hub::new(HubSettings { readers: 2, ..HubSettings::default() });
    let first = hub.seat().unwrap();
    let second = hub.seat().unwrap().join(Pulled);
    assert_eq!(hub.seat().err(), Some(NoSeat::Full));
    drop(first);
    let third = hub.seat().unwrap();
    assert_eq!(hub.readers(), 2);
    drop((second, third));
    assert_eq!(hub.readers(), 0);
}

#[tokio::test]
async fn closing_tells_every_reader_waits_for_them_and_takes_no_new_one() {
    let hub = hub();
    let (reading, pipe) = reader(&hub, &[Topic::All]);
    let late = hub.seat().unwrap();
    let leaving = tokio::spawn(async move {
        while reading.reader().closing().is_none() {
            reading.reader().woken().await;
        }
        reading.reader().closing()
    });
    let closing = tokio::spawn({
        let hub = Arc::clone(&hub);
        async move { hub.close_all(CloseCode::GoingAway, Duration::from_mins(1)).await }
    });
    assert_eq!(leaving.await.unwrap(), Some(CloseCode::GoingAway));
    assert_eq!(pipe.take()[0].payload[..2], 1001_u16.to_be_bytes());
    assert_eq!(hub.seat().err(), Some(NoSeat::Closing));
    let late = late.join(Pulled);
    assert!(matches!(late.reader().pull(), Pull::End), "it was in its handshake when the others were told");
    drop(late);
    assert_eq!(closing.await.unwrap(), 0);
}

#[tokio::test]
async fn closing_does_not_wait_for_ever() {
    let hub = hub();
    let (_stuck, _pipe) = reader(&hub, &[]);
    assert_eq!(hub.close_all(CloseCode::GoingAway, Duration::from_millis(1)).await, 1);
}
