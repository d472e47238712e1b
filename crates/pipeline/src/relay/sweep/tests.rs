use super::*;
use crate::rehearsed::{FarAway, Kept, queued};
use monitor_core::event::Event;
use tokio::sync::oneshot::error::TryRecvError;

/// A sweep over an outbox that has these, all of them published.
fn sweep(count: u64) -> (Sweep, Arc<FarAway>, Arc<Kept>) {
    let events: Vec<Event> = (1..=count).map(queued).collect();
    let (bus, outbox) = (Arc::new(FarAway::default()), Arc::new(Kept::of(&events)));
    let mut sweep = Sweep::new(outbox.clone(), bus.clone());
    sweep.published(events.iter().map(|event| event.base.event_id));
    (sweep, bus, outbox)
}

/// As the relay's loop has it, for so long by the clock of the tests.
async fn runs_for(sweep: &mut Sweep, time: Duration) {
    let end = Instant::now() + time;
    let mut rounds = 0;
    while Instant::now() < end {
        rounds += 1;
        assert!(rounds < 1_000, "it goes round and round, and no time passes");
        sweep.if_due(Instant::now());
        let due = sweep.due.filter(|due| *due > Instant::now()).unwrap_or(end).min(end);
        tokio::select! {
            true = sweep.ended() => {}
            () = tokio::time::sleep_until(due) => {}
        }
    }
    sweep.if_due(Instant::now());
}

#[tokio::test(start_paused = true)]
async fn an_event_leaves_the_outbox_when_the_bus_has_it_for_good_and_not_before() {
    let (mut sweep, bus, outbox) = sweep(2);
    bus.hold();
    runs_for(&mut sweep, INTERVAL * 3).await;
    assert_eq!(*bus.flushes.borrow(), 1);
    assert_eq!(outbox.left(), [1, 2]);
    bus.let_go();
    assert!(sweep.ended().await);
    assert_eq!(outbox.left(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_published_meanwhile_waits_for_the_next_time() {
    let (mut sweep, bus, outbox) = sweep(1);
    bus.hold();
    runs_for(&mut sweep, INTERVAL * 2).await;
    let later = queued(2);
    outbox.append(std::slice::from_ref(&later)).await.unwrap();
    sweep.published([later.base.event_id].into_iter());
    bus.let_go();
    assert!(sweep.ended().await);
    assert_eq!(outbox.left(), [2], "it may have been published after the bus looked");
    runs_for(&mut sweep, INTERVAL * 2).await;
    assert_eq!(outbox.left(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_did_not_keep_is_tried_again_after_a_while() {
    let (mut sweep, bus, outbox) = sweep(1);
    bus.fail_next_flushes(2);
    runs_for(&mut sweep, INTERVAL + AFTER_FAILURE / 2).await;
    assert_eq!((*bus.flushes.borrow(), outbox.left()), (1, vec![1]));
    runs_for(&mut sweep, AFTER_FAILURE).await;
    assert_eq!((*bus.flushes.borrow(), outbox.left()), (2, vec![1]));
    runs_for(&mut sweep, AFTER_FAILURE).await;
    assert_eq!((*bus.flushes.borrow(), outbox.left()), (3, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_fails_is_not_asked_without_pause_however_much_waits() {
    let (mut sweep, bus, outbox) = sweep(COUNT as u64 * 2);
    bus.fail_next_flushes(usize::MAX);
    runs_for(&mut sweep, AFTER_FAILURE * 4).await;
    assert!((4..=6).contains(&*bus.flushes.borrow()), "{} times", *bus.flushes.borrow());
    bus.fail_next_flushes(0);
    runs_for(&mut sweep, AFTER_FAILURE * 2).await;
    assert_eq!(outbox.left(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn many_do_not_wait_for_their_time() {
    let (mut sweep, bus, _outbox) = sweep(COUNT as u64);
    sweep.if_due(Instant::now());
    assert!(sweep.ended().await);
    assert_eq!(*bus.flushes.borrow(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_slow_is_given_up_for_now_and_its_events_stay() {
    let (mut sweep, bus, outbox) = sweep(1);
    bus.hold();
    runs_for(&mut sweep, INTERVAL + PATIENCE + AFTER_FAILURE / 2).await;
    assert_eq!(outbox.left(), [1]);
    bus.let_go();
    runs_for(&mut sweep, AFTER_FAILURE).await;
    assert_eq!(outbox.left(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_is_answered_after_a_sweep_of_all_that_was_published_by_then() {
    let (mut sweep, bus, outbox) = sweep(1);
    bus.hold();
    let (done, mut first) = oneshot::channel();
    sweep.answer_after([done].into_iter());
    let later = queued(2);
    outbox.append(std::slice::from_ref(&later)).await.unwrap();
    sweep.published([later.base.event_id].into_iter());
    let (done, mut second) = oneshot::channel();
    sweep.answer_after([done].into_iter());
    assert_eq!((first.try_recv(), second.try_recv()), (Err(TryRecvError::Empty), Err(TryRecvError::Empty)));
    bus.let_go();
    assert!(sweep.ended().await);
    assert_eq!((first.try_recv(), second.try_recv()), (Ok(()), Err(TryRecvError::Empty)));
    assert_eq!(outbox.left(), [2]);
    assert!(sweep.ended().await);
    assert_eq!(second.try_recv(), Ok(()));
    assert_eq!(outbox.left(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_was_published_whoever_asks_is_answered_at_once() {
    let (mut sweep, bus, _outbox) = sweep(0);
    bus.hold();
    let (done, mut answered) = oneshot::channel();
    sweep.answer_after([done].into_iter());
    assert_eq!(answered.try_recv(), Ok(()));
    assert_eq!(*bus.flushes.borrow(), 0);
}

#[tokio::test(start_paused = true)]
async fn sweeping_all_ends_also_where_the_bus_fails() {
    let (mut sweep, bus, outbox) = sweep(1);
    bus.fail_next_flushes(usize::MAX);
    sweep.all().await;
    assert_eq!(outbox.left(), [1], "the next start tells it again");
    bus.fail_next_flushes(0);
    sweep.all().await;
    assert_eq!(outbox.left(), [0; 0]);
}
