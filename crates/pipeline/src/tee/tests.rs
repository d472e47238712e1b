use super::*;
use crate::rehearsed::{FarAway, queued, sequences};

fn tee() -> (Tee, Arc<FarAway>, Arc<FarAway>) {
    let (near, far) = (Arc::new(FarAway::default()), Arc::new(FarAway::default()));
    (Tee::new(near.clone(), far.clone(), Box::new(|_| None)), near, far)
}

/// By the clock of the tests, which does not wait.
const FOR_EVER: Duration = Duration::from_hours(24);

#[tokio::test(start_paused = true)]
async fn the_handlers_beside_us_have_events_at_once_while_the_far_bus_fails() {
    let (tee, near, far) = tee();
    far.fail_next(7);
    for sequence in 1..=3 {
        tee.publish(&[queued(sequence)]).await.unwrap();
        assert_eq!(near.told().last(), Some(&sequence));
    }
    assert_eq!(far.told(), [0; 0]);
    tee.flush().await.unwrap();
    assert_eq!(far.told(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn the_far_bus_gets_all_of_them_in_order_however_often_it_fails() {
    let (tee, near, far) = tee();
    let all: Vec<u64> = (1..=300).collect();
    for batch in all.chunks(7) {
        far.fail_next(2);
        let events: Vec<Event> = batch.iter().copied().map(queued).collect();
        tee.publish(&events).await.unwrap();
        tokio::time::sleep(Duration::from_millis(batch[0] % 3 * 100)).await;
    }
    tee.flush().await.unwrap();
    assert_eq!(far.told(), all);
    assert_eq!(near.told(), all);
}

#[tokio::test(start_paused = true)]
async fn what_the_far_bus_took_and_did_not_keep_is_told_again() {
    let (tee, _near, far) = tee();
    far.fail_next_flushes(1);
    tee.publish(&[queued(1), queued(2)]).await.unwrap();
    tee.flush().await.unwrap();
    assert_eq!(far.told(), [1, 2, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_is_answered_when_the_far_bus_has_all_before_it() {
    let (tee, near, far) = tee();
    far.hold();
    tee.publish(&[queued(1)]).await.unwrap();
    assert!(tokio::time::timeout(FOR_EVER, tee.flush()).await.is_err());
    // Whoever gave up waiting stands in nobody's way.
    tee.publish(&[queued(2)]).await.unwrap();
    assert_eq!(near.told(), [1, 2]);
    far.let_go();
    tee.flush().await.unwrap();
    assert_eq!(far.told(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_with_nothing_before_it_is_answered_while_the_far_bus_is_away() {
    let (tee, _near, far) = tee();
    far.fail_next(usize::MAX);
    tee.flush().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_more_waits_in_memory_than_has_room_and_later_there_is_room_again() {
    let (tee, near, far) = tee();
    far.hold();
    let batch: Vec<Event> = (1..=1_000).map(queued).collect();
    let mut taken = 0;
    while tee.publish(&batch).await.is_ok() {
        taken += batch.len();
        assert!(taken <= WAITING + batch.len());
    }
    assert!(taken >= WAITING);
    // The relay tells them again, and the handlers know what they have seen.
    assert_eq!(near.told().len(), taken + batch.len());
    far.let_go();
    tee.flush().await.unwrap();
    assert_eq!(far.told().len(), taken, "what was refused is not told behind the relay's back");
    tee.publish(&batch).await.unwrap();
    tee.flush().await.unwrap();
    assert_eq!(far.told().len(), taken + batch.len());
}

#[tokio::test(start_paused = true)]
async fn what_the_handlers_beside_us_did_not_take_goes_nowhere_else() {
    let (tee, near, far) = tee();
    near.fail_next(1);
    tee.publish(&[queued(1)]).await.unwrap_err();
    tee.publish(&[queued(1), queued(2)]).await.unwrap();
    tee.flush().await.unwrap();
    assert_eq!(far.told(), [1, 2]);
    near.fail_next_flushes(1);
    tee.flush().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_was_published_goes_out_after_the_tee_has_ended() {
    let (tee, _near, far) = tee();
    far.fail_next(2);
    tee.publish(&[queued(1)]).await.unwrap();
    drop(tee);
    far.until(|told| sequences(told) == [1]).await;
}
