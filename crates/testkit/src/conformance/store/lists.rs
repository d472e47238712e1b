//! Summaries: saved, listed, counted.

use super::created;
use crate::conformance::Place;
use crate::conformance::sample::{at, attempt, record, shuffled, summary};
use monitor_core::generation::{Status, Summary};
use monitor_pipeline::ports::{GenerationRecord, ListQuery, Page, Store, StoreError, Today};
use std::collections::HashSet;
use uuid::Uuid;

fn all() -> ListQuery {
    ListQuery { limit: 100, ..ListQuery::default() }
}

async fn saved(store: &impl Store, record: &GenerationRecord, summary: Summary) -> Summary {
    store.create(record, &attempt(record, 1)).await.unwrap();
    store.save_summary(&summary).await.unwrap();
    summary
}

/// The numbers [`record`] made them of.
fn numbers(page: &Page) -> Vec<u32> {
    page.items.iter().map(|item| u32::try_from(item.queue_id.as_u128() >> 64).unwrap()).collect()
}

fn counts(page: &Page) -> Vec<(Status, u64)> {
    page.counts.iter().copied().filter(|(_, count)| *count > 0).collect()
}

pub async fn a_newer_summary_is_never_replaced_by_an_older_one<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for number in 1..=10 {
        let record = created(&store, number).await;
        // By sequence, then by rank of status.
        let rising = [
            summary(&record, Status::Pending, 1),
            summary(&record, Status::Processing, 1),
            summary(&record, Status::Completed, 2),
            summary(&record, Status::Pending, 3),
            summary(&record, Status::Failed, 3),
        ];
        for summary in shuffled(&rising, u64::from(number)) {
            store.save_summary(&summary).await.unwrap();
        }
        let newest = store.list(&ListQuery { limit: 1, ..all() }).await.unwrap().items;
        assert_eq!(newest, rising[4..]);
        assert_eq!(store.known(record.queue_id).await.unwrap().unwrap().saved.as_ref(), rising.last());
    }
    // The same again may know more.
    let record = record(10);
    let with_outputs = Summary { output_count: 4, ..summary(&record, Status::Failed, 3) };
    store.save_summary(&with_outputs).await.unwrap();
    assert_eq!(store.list(&ListQuery { limit: 1, ..all() }).await.unwrap().items, [with_outputs]);
}

pub async fn a_summary_without_a_generation_is_refused<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let refused = store.save_summary(&summary(&record(1), Status::Pending, 1)).await;
    assert!(matches!(refused, Err(StoreError::NotFound(id)) if id == record(1).queue_id), "{refused:?}");
}

pub async fn what_has_not_ended_is_open<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let elsewhere = GenerationRecord { instance_id: Some("elsewhere".to_owned()), ..record(1) };
    saved(&store, &elsewhere, summary(&elsewhere, Status::Processing, 1)).await;
    saved(&store, &record(3), summary(&record(3), Status::Completed, 1)).await;
    saved(&store, &record(4), summary(&record(4), Status::Pending, 1)).await;
    created(&store, 2).await;
    let id = |number| record(number).queue_id;
    assert_eq!(store.open(None).await.unwrap(), [id(1), id(2), id(4)]);
    assert_eq!(store.open(Some("elsewhere")).await.unwrap(), [id(1)]);
    // Ended, then tried again.
    store.save_summary(&summary(&record(3), Status::Pending, 2)).await.unwrap();
    store.save_summary(&summary(&record(4), Status::Interrupted, 2)).await.unwrap();
    assert_eq!(store.open(None).await.unwrap(), [id(1), id(2), id(3)]);
}

pub async fn pages_hold_everything_once_while_more_comes<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    // Many of the same moment, so that time alone tells no order.
    let record = |number: u32| GenerationRecord { created_at: at(i64::from(number / 10)), ..record(number) };
    for number in shuffled(&(1..=57).collect::<Vec<_>>(), 1) {
        saved(&store, &record(number), summary(&record(number), Status::Completed, 1)).await;
    }
    let mut query = ListQuery { limit: 10, ..all() };
    let mut seen: Vec<(_, Uuid)> = Vec::new();
    for newer in 1000.. {
        let page = store.list(&query).await.unwrap();
        seen.extend(page.items.iter().map(|item| (item.created_at, item.queue_id)));
        saved(&store, &record(newer), summary(&record(newer), Status::Pending, 1)).await;
        let Some(cursor) = page.next_cursor else {
            break;
        };
        assert_eq!(page.items.len(), 10);
        query.cursor = Some(cursor);
    }
    assert!(seen.is_sorted_by(|newer, older| newer > older), "newest first, none twice");
    let ids: HashSet<Uuid> = seen.into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids, (1..=57).map(|number| record(number).queue_id).collect());
}

pub async fn a_forged_cursor_is_refused<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for forged in ["", "0", "'; --", "_", "🎈"] {
        let refused = store.list(&ListQuery { cursor: Some(forged.to_owned()), ..all() }).await;
        assert!(matches!(refused, Err(StoreError::BadCursor(_))), "{forged}: {refused:?}");
    }
}

pub async fn filters_narrow_the_list_and_counts_leave_out_the_status<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let statuses = [Status::Pending, Status::Processing, Status::Completed, Status::Completed, Status::Failed];
    for (number, status) in (1..).zip(statuses) {
        let instance_id = Some(if number % 2 == 0 { "even" } else { "odd" }.to_owned());
        let record = GenerationRecord { instance_id, ..record(number) };
        saved(&store, &record, summary(&record, status, 1)).await;
    }
    // Never saved: lists do not show it.
    created(&store, 6).await;

    let page = store.list(&all()).await.unwrap();
    assert_eq!(numbers(&page), [5, 4, 3, 2, 1]);
    assert_eq!(page.next_cursor, None);
    let every = [
        (Status::Pending, 1),
        (Status::Processing, 1),
        (Status::Completed, 2),
        (Status::Failed, 1),
        (Status::Interrupted, 0),
    ];
    assert_eq!(page.counts, every);

    let two = vec![Status::Completed, Status::Pending];
    let page = store.list(&ListQuery { statuses: two.clone(), ..all() }).await.unwrap();
    assert_eq!(numbers(&page), [4, 3, 1]);
    assert_eq!(page.counts, every);

    let odd = ListQuery { instance_id: Some("odd".to_owned()), ..all() };
    let page = store.list(&odd).await.unwrap();
    assert_eq!(numbers(&page), [5, 3, 1]);
    assert_eq!(counts(&page), [(Status::Pending, 1), (Status::Completed, 1), (Status::Failed, 1)]);

    // From the first moment on, up to but without the last.
    let between = ListQuery { since: Some(at(2)), until: Some(at(4)), ..all() };
    let page = store.list(&between).await.unwrap();
    assert_eq!(numbers(&page), [3, 2]);
    assert_eq!(counts(&page), [(Status::Processing, 1), (Status::Completed, 1)]);

    let page = store.list(&ListQuery { statuses: two, limit: 1, ..odd }).await.unwrap();
    assert_eq!(numbers(&page), [3]);
    assert!(page.next_cursor.is_some());
}

pub async fn words_are_found_in_titles_in_any_case_and_wildcards_mean_themselves<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let titles = ["Ein GRÜNER Apfel", "100% apple_pie", "1000 apples", "it's \"quoted\"", "\\ back"];
    for (number, title) in (1..).zip(titles) {
        let record = GenerationRecord { title: title.to_owned(), ..record(number) };
        saved(&store, &record, summary(&record, Status::Completed, 1)).await;
    }
    let wanted = [
        ("grüner", vec![1]),
        ("apfel ein", vec![1]),
        ("APPLE", vec![3, 2]),
        ("100%", vec![2]),
        ("e_p", vec![2]),
        ("%", vec![2]),
        ("it's \"q", vec![4]),
        ("\\", vec![5]),
        ("apple pear", vec![]),
        ("  ", vec![5, 4, 3, 2, 1]),
    ];
    for (q, found) in wanted {
        let page = store.list(&ListQuery { q: Some(q.to_owned()), ..all() }).await.unwrap();
        assert_eq!(numbers(&page), found, "{q}");
        assert_eq!(counts(&page).iter().map(|(_, count)| count).sum::<u64>(), found.len() as u64, "{q}");
    }
}

pub async fn the_beginning_of_an_id_finds_its_generation<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    for (number, id) in (1..).zip(["0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "0a1c0000-0000-0000-0000-000000000000"]) {
        let record = GenerationRecord { queue_id: id.parse().unwrap(), title: String::new(), ..record(number) };
        saved(&store, &record, summary(&record, Status::Completed, 1)).await;
    }
    for (q, found) in [
        ("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", 1),
        ("0A1B2C3D-4e5f-6", 1),
        ("0a1b", 1),
        ("0a1", 2),
        ("0a1b2c3d4e5f", 1),
        ("a1b", 0),
        // Of a prompt, too.
        ("prompt-0a1c", 1),
        ("prompt-%", 0),
    ] {
        let page = store.list(&ListQuery { q: Some(q.to_owned()), ..all() }).await.unwrap();
        assert_eq!(page.items.len(), found, "{q}");
    }
}

pub async fn today_tells_jobs_median_wait_and_success<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let query = ListQuery { today: at(10), ..all() };
    assert_eq!(store.list(&query).await.unwrap().today, Today::default());
    let waits = [(9, 50_000, Status::Failed), (10, 1000, Status::Completed), (11, 3000, Status::Completed)];
    let more = [(12, 0, Status::Failed), (13, 9000, Status::Interrupted)];
    for (number, wait, status) in waits.into_iter().chain(more) {
        let record = record(number);
        let started_at = Some(record.created_at.plus(wait));
        saved(&store, &record, Summary { started_at, ..summary(&record, status, 1) }).await;
    }
    // Waits still: it has no wait to tell.
    saved(&store, &record(14), summary(&record(14), Status::Pending, 1)).await;
    let today = Today { jobs: 5, median_wait_ms: Some(2000), success_percentage: Some(66.66) };
    assert_eq!(store.list(&query).await.unwrap().today, today);
    // Whatever the filters.
    let filtered = ListQuery { statuses: vec![Status::Failed], q: Some("nothing".to_owned()), limit: 1, ..query };
    assert_eq!(store.list(&filtered).await.unwrap().today, today);
}
