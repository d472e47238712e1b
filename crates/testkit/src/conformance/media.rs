//! The guarantees of `Media`.

use super::Place;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use monitor_pipeline::ports::{Media, MediaError, StoredFile};
use std::io::Cursor;
use std::ops::Range;
use uuid::Uuid;

/// The limit an adapter under test is opened with, in bytes.
pub const MAX_BYTES: u64 = 20 * 1024 * 1024;

/// The suite for an adapter at places of type `$place`, opened with [`MAX_BYTES`].
#[macro_export]
macro_rules! media_conformance {
    ($place:ty) => {
        $crate::conformance_tests!(
            $place,
            media,
            what_was_stored_is_read_back
            a_file_of_many_parts_is_read_back
            ranges_are_read_with_the_size_of_the_whole
            an_image_is_measured_and_gets_a_thumbnail
            a_broken_image_is_stored_without_a_thumbnail
            the_content_type_comes_from_the_bytes
            storing_again_gives_the_same
            storing_the_same_at_once_gives_the_same
            a_source_that_breaks_off_leaves_nothing
            a_file_beyond_the_limit_leaves_nothing
            what_was_stored_is_there_after_a_restart
            what_was_deleted_is_gone_and_may_be_deleted_again
            keys_of_others_are_not_there
        );
    };
}

fn source(bytes: &[u8], chunk: usize) -> BoxStream<'static, Result<Bytes, MediaError>> {
    let chunks: Vec<_> = bytes.chunks(chunk).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks).boxed()
}

fn broken_off(bytes: &[u8]) -> BoxStream<'static, Result<Bytes, MediaError>> {
    source(bytes, 64 * 1024).chain(stream::iter([Err(MediaError::Source("connection reset".to_owned()))])).boxed()
}

async fn stored(media: &impl Media, number: u128, bytes: &[u8]) -> StoredFile {
    media.store(Uuid::from_u128(number), source(bytes, 1000)).await.unwrap()
}

async fn read(media: &impl Media, key: &str, range: Option<Range<u64>>) -> (u64, Vec<u8>) {
    let (size, chunks) = media.open(key, range).await.unwrap();
    (size, chunks.try_collect::<Vec<Bytes>>().await.unwrap().concat())
}

async fn is_missing(media: &impl Media, key: &str) -> bool {
    match media.open(key, None).await {
        Ok(_) => false,
        Err(MediaError::NotFound(missing)) => missing == key,
        Err(error) => panic!("{error}"),
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x * y) as u8]));
    DynamicImage::from(image).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

pub async fn what_was_stored_is_read_back<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let file = stored(&media, 1, b"hello").await;
    assert_eq!(file.size, 5);
    assert_eq!(file.sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_eq!((file.width, file.height, &file.thumbnail_key), (None, None, &None));
    assert_eq!(read(&media, &file.key, None).await, (5, b"hello".to_vec()));
    let empty = stored(&media, 2, b"").await;
    assert_eq!(read(&media, &empty.key, None).await, (0, Vec::new()));
}

pub async fn a_file_of_many_parts_is_read_back<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let bytes = noise(19 * 1024 * 1024 + 3);
    let file = media.store(Uuid::from_u128(1), source(&bytes, 100_000)).await.unwrap();
    assert_eq!(file.size, bytes.len() as u64);
    assert!(read(&media, &file.key, None).await.1 == bytes);
}

pub async fn ranges_are_read_with_the_size_of_the_whole<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let bytes = noise(100_000);
    let file = stored(&media, 1, &bytes).await;
    for range in [0..1, 0..100_000, 10..70_001, 99_999..100_000, 99_990..u64::MAX, 100_000..100_001, 7..7] {
        let end = range.end.min(100_000) as usize;
        let expected = bytes.get(range.start as usize..end).unwrap_or_default();
        let (size, read) = read(&media, &file.key, Some(range.clone())).await;
        assert_eq!(size, 100_000, "{range:?}");
        assert!(read == expected, "{range:?}: {} bytes", read.len());
    }
}

pub async fn an_image_is_measured_and_gets_a_thumbnail<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let file = stored(&media, 1, &png(800, 400)).await;
    assert_eq!((file.content_type.as_str(), file.width, file.height), ("image/png", Some(800), Some(400)));
    let thumbnail_key = file.thumbnail_key.unwrap();
    assert_ne!(thumbnail_key, file.key);
    let (_, thumbnail) = read(&media, &thumbnail_key, None).await;
    assert!(matches!(image::guess_format(&thumbnail).unwrap(), ImageFormat::Jpeg | ImageFormat::WebP));
    let size = image::ImageReader::new(Cursor::new(&thumbnail)).with_guessed_format().unwrap().into_dimensions();
    assert_eq!(size.unwrap(), (320, 160));
}

pub async fn a_broken_image_is_stored_without_a_thumbnail<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let whole = png(800, 400);
    for (number, length) in (1..).zip([whole.len() / 2, 40, 20, 8]) {
        let file = stored(&media, number, &whole[..length]).await;
        assert_eq!((file.content_type.as_str(), &file.thumbnail_key), ("image/png", &None));
        assert_eq!(read(&media, &file.key, None).await.1, whole[..length]);
    }
}

pub async fn the_content_type_comes_from_the_bytes<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let files: [(&[u8], &str); 5] = [
        (b"a cat", "text/plain; charset=utf-8"),
        (b"<script>alert(1)</script>", "text/plain; charset=utf-8"),
        (b"{\"a\": 1}", "application/json"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", "video/mp4"),
    ];
    for (number, (bytes, content_type)) in (1..).zip(files) {
        // A byte at a time: what is known does not depend on how it came.
        let file = media.store(Uuid::from_u128(number), source(bytes, 1)).await.unwrap();
        assert_eq!(file.content_type, content_type);
    }
}

pub async fn storing_again_gives_the_same<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let bytes = png(400, 400);
    let first = stored(&media, 1, &bytes).await;
    assert_eq!(stored(&media, 1, &bytes).await, first);
    // Cut off by its source, a second time takes nothing of the first away.
    media.store(Uuid::from_u128(1), broken_off(&bytes)).await.unwrap_err();
    assert_eq!(read(&media, &first.key, None).await.1, bytes);
    assert_ne!(stored(&media, 2, &bytes).await.key, first.key);
}

pub async fn storing_the_same_at_once_gives_the_same<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let bytes = noise(300_000);
    let storing = (0..8).map(|_| {
        let (media, bytes) = (media.clone(), bytes.clone());
        tokio::spawn(async move { stored(&media, 1, &bytes).await })
    });
    let files: Vec<StoredFile> = futures::future::join_all(storing).await.into_iter().map(Result::unwrap).collect();
    assert!(files.iter().all(|file| *file == files[0]));
    assert!(read(&media, &files[0].key, None).await.1 == bytes);
}

pub async fn a_source_that_breaks_off_leaves_nothing<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let key = stored(&media, 1, b"to learn its key").await.key;
    media.delete(&key).await.unwrap();
    for length in [0, 100, 17 * 1024 * 1024] {
        let refused = media.store(Uuid::from_u128(1), broken_off(&noise(length))).await;
        assert!(matches!(&refused, Err(MediaError::Source(cause)) if cause == "connection reset"), "{refused:?}");
        assert!(is_missing(&media, &key).await, "{length}");
    }
}

pub async fn a_file_beyond_the_limit_leaves_nothing<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let most = noise(MAX_BYTES as usize);
    let key = media.store(Uuid::from_u128(1), source(&most, 1 << 20)).await.unwrap().key;
    media.delete(&key).await.unwrap();
    // It never ends: it is given up at the limit.
    let endless = stream::repeat_with(|| Ok(Bytes::from(vec![7; 1 << 20]))).boxed();
    let refused = media.store(Uuid::from_u128(1), endless).await;
    assert!(matches!(refused, Err(MediaError::TooLarge { limit: MAX_BYTES })), "{refused:?}");
    assert!(is_missing(&media, &key).await);
}

pub async fn what_was_stored_is_there_after_a_restart<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let key = stored(&media, 1, b"hello").await.key;
    place.close(media).await;
    let media = place.open().await;
    assert_eq!(read(&media, &key, None).await.1, b"hello");
}

pub async fn what_was_deleted_is_gone_and_may_be_deleted_again<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let (gone, stays) = (stored(&media, 1, b"gone").await.key, stored(&media, 2, b"stays").await.key);
    media.delete(&gone).await.unwrap();
    media.delete(&gone).await.unwrap();
    assert!(is_missing(&media, &gone).await);
    assert_eq!(read(&media, &stays, None).await.1, b"stays");
}

pub async fn keys_of_others_are_not_there<P: Place<Adapter: Media>>() {
    let place = P::fresh();
    let media = place.open().await;
    let key = stored(&media, 1, b"hello").await.key;
    for forged in [
        "",
        "/",
        ".",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "media",
        "media/\0",
        "🎈",
        &format!("{key}/.."),
        &format!("./{key}"),
    ] {
        assert!(is_missing(&media, forged).await, "{forged}");
        let deleted = media.delete(forged).await;
        assert!(matches!(deleted, Err(MediaError::NotFound(_))), "{forged}: {deleted:?}");
    }
    assert_eq!(read(&media, &key, None).await.1, b"hello");
}
