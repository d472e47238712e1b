use super::{give_snapshots, plain, progress, queued, started};
use crate::pipe::Pipe;
use monitor_core::event::JobError;
use monitor_core::frame::FrameBody;
use monitor_pipeline::hub::{
    Bounds, CloseCode, Encoded, Flushed, Hub, HubSettings, Pull, Pulled, ReaderLimits, Subscriber, Topic,
};
use std::future::Future;
use std::sync::Arc;
use uuid::Uuid;

const LIFECYCLE: usize = 8;

struct Slow {
    hub: Arc<Hub>,
    id: Uuid,
    subscriber: Subscriber,
    pipe: Pipe,
}

/// A reader with its snapshot whose socket takes nothing any more.
fn slow() -> Slow {
    let backlog = Bounds { lifecycle: LIFECYCLE, bytes: 64 * 1024 };
    let limits = ReaderLimits { backlog, ..ReaderLimits::default() };
    let hub = Hub::new(HubSettings { limits, ..HubSettings::default() });
    let (id, pipe) = (Uuid::new_v4(), Pipe::wide());
    let mut subscriber = hub.seat().unwrap().join(pipe.clone());
    subscriber.subscribe(Topic::Generation(id), None, None).unwrap();
    give_snapshots(&subscriber, 0);
    pipe.take();
    pipe.close_tap();
    Slow { hub, id, subscriber, pipe }
}

impl Slow {
    fn publish(&self, frame: &Encoded) {
        self.hub.publish(self.id, frame);
    }

    fn drain(&self) -> Vec<(String, u64)> {
        self.pipe.make_room(usize::MAX);
        assert_eq!(self.subscriber.reader().flush(), Flushed::All);
        self.pipe.briefs()
    }
}

fn briefs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|&(kind, sequence)| (kind.to_owned(), sequence)).collect()
}

#[test]
fn of_progress_a_slow_reader_gets_the_newest_and_of_the_rest_all_in_order() {
    let slow = slow();
    slow.publish(&progress(slow.id, 1));
    slow.publish(&started(slow.id, 2));
    slow.publish(&queued(slow.id, 3));
    slow.publish(&progress(slow.id, 4));
    slow.publish(&started(slow.id, 5));
    slow.publish(&queued(slow.id, 6));
    slow.publish(&progress(slow.id, 7));
    assert_eq!(
        slow.drain(),
        briefs(&[("job_started", 2), ("job_started", 5), ("queue_update", 6), ("job_progress", 7)])
    );
}

#[test]
fn a_thousand_steps_leave_one_frame_waiting() {
    let slow = slow();
    for sequence in 1..=1000 {
        slow.publish(&progress(slow.id, sequence));
    }
    assert_eq!(slow.drain(), briefs(&[("job_progress", 1000)]));
}

#[test]
fn a_frame_that_went_in_part_is_finished_before_anything_else() {
    let slow = slow();
    slow.pipe.make_room(5);
    slow.publish(&progress(slow.id, 1));
    assert!(slow.pipe.has_half_a_frame());
    slow.publish(&progress(slow.id, 2));
    slow.subscriber.reader().reply(&plain(FrameBody::Pong));
    slow.publish(&progress(slow.id, 3));
    assert_eq!(slow.drain(), briefs(&[("job_progress", 1), ("pong", 0), ("job_progress", 3)]));
}

#[test]
fn the_reader_s_task_is_woken_for_what_the_socket_had_no_room_for_and_only_then() {
    let slow = slow();
    let woken = || {
        let mut woken = std::pin::pin!(slow.subscriber.reader().woken());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        woken.as_mut().poll(&mut context).is_ready()
    };
    // From the snapshot.
    woken();
    slow.pipe.make_room(usize::MAX);
    slow.publish(&started(slow.id, 1));
    assert!(!woken());
    slow.pipe.close_tap();
    slow.publish(&started(slow.id, 2));
    assert!(woken());
}

#[test]
fn a_reader_whose_queue_is_full_gets_a_fresh_snapshot_instead() {
    let slow = slow();
    for sequence in 1..=LIFECYCLE as u64 {
        slow.publish(&started(slow.id, sequence));
    }
    assert_eq!(slow.subscriber.reader().deadline(), None);
    slow.subscriber.reader().reply(&plain(FrameBody::Pong));
    slow.publish(&started(slow.id, 100));
    slow.publish(&started(slow.id, 101));
    assert!(slow.subscriber.reader().deadline().is_some());
    assert_eq!(slow.subscriber.reader().next_snapshot(), None, "it has not even taken what it is owed");

    assert_eq!(slow.drain(), briefs(&[("pong", 0)]), "an answer is owed");
    give_snapshots(&slow.subscriber, 101);
    slow.publish(&started(slow.id, 102));
    assert_eq!(slow.pipe.briefs(), briefs(&[("snapshot", 101), ("job_started", 102)]));
    assert_eq!(slow.subscriber.reader().deadline(), None);
}

#[test]
fn bytes_fill_the_queue_too() {
    let slow = slow();
    let other = Uuid::new_v4();
    let long = |sequence| {
        let message = "x".repeat(20 * 1024);
        super::job_frame(other, sequence, FrameBody::JobFailed { error: JobError::default(), message })
    };
    for sequence in 1..=4 {
        slow.publish(&long(sequence));
    }
    assert!(slow.drain().is_empty());
    assert!(slow.subscriber.reader().next_snapshot().is_some());
}

#[test]
fn too_much_while_a_snapshot_is_being_made_makes_another_one_necessary() {
    let slow = slow();
    slow.pipe.make_room(usize::MAX);
    let mut subscriber = slow.hub.seat().unwrap().join(slow.pipe.clone());
    let topic = Topic::Generation(slow.id);
    subscriber.subscribe(topic, None, None).unwrap();
    let ticket = subscriber.reader().next_snapshot().unwrap();
    drop(slow.subscriber);
    for sequence in 1..=20 {
        slow.hub.publish(slow.id, &started(slow.id, sequence));
    }
    subscriber.reader().give_snapshot(ticket, &super::snapshot(topic, 3));
    assert!(slow.pipe.briefs().iter().all(|(kind, _)| kind == "job_started"), "those of the other reader");
    give_snapshots(&subscriber, 20);
    assert_eq!(slow.pipe.briefs(), briefs(&[("snapshot", 20)]));
}

#[test]
fn a_close_goes_out_behind_the_rest_of_a_frame_and_before_all_that_waits() {
    let slow = slow();
    slow.pipe.make_room(5);
    slow.publish(&started(slow.id, 1));
    slow.publish(&started(slow.id, 2));
    slow.subscriber.reader().close(CloseCode::SlowReader);
    slow.publish(&started(slow.id, 3));
    slow.pipe.make_room(usize::MAX);
    assert_eq!(slow.subscriber.reader().flush(), Flushed::All);
    let messages = slow.pipe.take();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].brief(), ("job_started".to_owned(), 1));
    assert_eq!(messages[1].payload[..2], 4002_u16.to_be_bytes());
}

#[test]
fn of_pings_only_the_newest_is_answered_when_the_socket_is_full() {
    let slow = slow();
    for payload in [b"a", b"b", b"c"] {
        slow.subscriber.reader().reply(&Encoded::pong(payload));
    }
    slow.subscriber.reader().reply(&plain(FrameBody::Pong));
    assert_eq!(slow.subscriber.reader().replies(), 2);
    slow.pipe.make_room(usize::MAX);
    slow.subscriber.reader().flush();
    let messages = slow.pipe.take();
    assert_eq!((messages[0].opcode, &messages[0].payload[..]), (0xA, &b"c"[..]));
    assert_eq!(messages[1].brief().0, "pong");
}

#[test]
fn a_transport_that_pulls_gets_the_same_frames_conflated_in_the_same_way() {
    let hub = Hub::new(HubSettings::default());
    let id = Uuid::new_v4();
    let mut subscriber = hub.seat().unwrap().join(Pulled);
    subscriber.subscribe(Topic::Generation(id), None, None).unwrap();
    give_snapshots(&subscriber, 0);
    for sequence in 1..=10 {
        hub.publish(id, &progress(id, sequence));
    }
    hub.publish(id, &started(id, 11));
    let pulled: Vec<(&str, u64)> = std::iter::from_fn(|| match subscriber.reader().pull() {
        Pull::Frame(frame) => Some((frame.kind(), frame.sequence())),
        Pull::Nothing | Pull::End => None,
    })
    .collect();
    assert_eq!(pulled, [("snapshot", 0), ("job_progress", 10), ("job_started", 11)]);
    subscriber.reader().close(CloseCode::GoingAway);
    assert!(matches!(subscriber.reader().pull(), Pull::End));
}
