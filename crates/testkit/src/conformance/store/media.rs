//! Rows of outputs.

use super::created;
use crate::conformance::Place;
use crate::conformance::sample::{hostile_strings, media, record};
use monitor_core::event::FileRef;
use monitor_core::generation::{OutputKind, OutputStatus};
use monitor_pipeline::ports::{MediaRecord, Store, StoreError};
use uuid::Uuid;

pub async fn media_rows_are_kept_once_and_listed_by_position<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let rows: Vec<MediaRecord> = (0..9).map(|position| media(&record, position)).collect();
    let again = MediaRecord { text: Some("another".to_owned()), ..rows[4].clone() };
    store.add_media(&[]).await.unwrap();
    store.add_media(&[rows[4].clone(), again.clone()]).await.unwrap();
    store.add_media(&[&[again], &rows[..]].concat()).await.unwrap();
    assert_eq!(store.media(record.queue_id).await.unwrap(), rows);
    assert_eq!(store.media_by_id(rows[3].media_id).await.unwrap(), Some(rows[3].clone()));
    assert_eq!(store.media_by_id(Uuid::nil()).await.unwrap(), None);
    assert_eq!(store.media(Uuid::nil()).await.unwrap(), []);
}

pub async fn media_rows_are_replaced_by_updates<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let record = created(&store, 1).await;
    let row = media(&record, 0);
    store.add_media(std::slice::from_ref(&row)).await.unwrap();
    for text in hostile_strings() {
        let stored = MediaRecord {
            kind: OutputKind::Text,
            status: OutputStatus::Stored,
            source: Some(FileRef { filename: text.clone(), subfolder: text.clone(), r#type: text.clone() }),
            text: Some(text.clone()),
            content_type: Some("image/png".to_owned()),
            size: Some(u64::from(u32::MAX) * 4),
            width: Some(u32::MAX),
            height: Some(1),
            sha256: Some("00".to_owned()),
            key: Some("key".to_owned()),
            thumbnail_key: Some("thumbnail".to_owned()),
            reason: Some(text),
            ..row.clone()
        };
        store.update_media(&stored).await.unwrap();
        assert_eq!(store.media(record.queue_id).await.unwrap(), [stored]);
    }
    let missing = media(&record, 1);
    let refused = store.update_media(&missing).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    assert_eq!(store.media_by_id(missing.media_id).await.unwrap(), None);
}

pub async fn pending_media_is_listed_oldest_first<P: Place<Adapter: Store>>() {
    let place = P::fresh();
    let store = place.open().await;
    let rows = [media(&record(2), 0), media(&record(1), 0), media(&record(1), 1), media(&record(3), 0)];
    store.add_media(&rows).await.unwrap();
    store.update_media(&MediaRecord { status: OutputStatus::Stored, ..rows[1].clone() }).await.unwrap();
    store.update_media(&MediaRecord { status: OutputStatus::Failed, ..rows[3].clone() }).await.unwrap();
    assert_eq!(store.pending_media().await.unwrap(), [rows[0].clone(), rows[2].clone()]);
}
