//! Media in the emulator's S3.

use crate::emulated::of_account;
use aws_config::SdkConfig;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use monitor_backends::media::object::ObjectMedia;
use monitor_backends::media::s3::{Encryption, S3Links, S3Settings, bucket};
use monitor_pipeline::ports::{Links, Media, MediaError};
use monitor_testkit::conformance::{Place, media::MAX_BYTES};
use monitor_testkit::emulator::Emulator;
use object_store::{ObjectStore, ObjectStoreExt, path::Path as Key};
use std::time::Duration;
use uuid::Uuid;

/// Of an account; the names of buckets are everybody's.
pub(crate) fn bucket_of(account: &str) -> String {
    format!("media-{account}")
}

const HOUR: Duration = Duration::from_hours(1);

struct Account(String);

impl Account {
    fn settings(&self) -> S3Settings {
        S3Settings { bucket: bucket_of(&self.0), prefix: Some("monitor/one".to_owned()), encryption: Encryption::S3 }
    }

    async fn sdk(&self) -> SdkConfig {
        let sdk = of_account(&self.0).await;
        make_bucket(&self.0).await;
        sdk
    }

    /// All of the bucket, without the prefix.
    async fn whole_bucket(&self) -> std::sync::Arc<dyn ObjectStore> {
        bucket(&self.sdk().await, &S3Settings { prefix: None, ..self.settings() }).unwrap()
    }

    async fn keys(&self) -> Vec<String> {
        let store = self.whole_bucket().await;
        let mut keys: Vec<String> =
            store.list(None).map_ok(|object| object.location.to_string()).try_collect().await.unwrap();
        keys.sort();
        keys
    }

    /// Uploads that have begun and are neither done nor taken back.
    async fn open_uploads(&self) -> usize {
        let url = format!("{}/{}?uploads", Emulator::shared().endpoint(), bucket_of(&self.0));
        let listed = as_account(reqwest::Client::new().get(url), &self.0).send().await.unwrap().error_for_status();
        listed.unwrap().text().await.unwrap().matches("<UploadId>").count()
    }
}

/// There is no client of S3 but `object_store`'s, which makes no buckets: the emulator looks at the account alone.
pub(crate) fn as_account(request: reqwest::RequestBuilder, account: &str) -> reqwest::RequestBuilder {
    let scope = format!("{account}/20260101/us-east-1/s3/aws4_request");
    request
        .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
        .header("x-amz-date", "20260101T000000Z")
}

pub(crate) async fn make_bucket(account: &str) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("{}/{}", Emulator::shared().endpoint(), bucket_of(account));
    let made = as_account(reqwest::Client::new().put(url), account).send().await.unwrap();
    // 409: it was there.
    assert!(made.status().is_success() || made.status() == 409, "{}", made.status());
}

impl Place for Account {
    type Adapter = ObjectMedia;

    fn fresh() -> Self {
        Account(Emulator::shared().account())
    }

    fn named(name: &str) -> Self {
        Account(name.to_owned())
    }

    fn name(&self) -> String {
        self.0.clone()
    }

    async fn open(&self) -> ObjectMedia {
        ObjectMedia::s3(&self.sdk().await, &self.settings(), MAX_BYTES).unwrap()
    }

    async fn close(&self, adapter: ObjectMedia) {
        drop(adapter);
    }
}

mod conformance {
    monitor_testkit::media_conformance!(super::Account);
}

async fn stored(media: &ObjectMedia, number: u128, bytes: Vec<u8>) -> String {
    let chunks: Vec<_> = bytes.chunks(1 << 20).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    media.store(Uuid::from_u128(number), stream::iter(chunks).boxed()).await.unwrap().key
}

#[tokio::test]
async fn a_signed_link_gives_the_bytes_until_it_is_touched() {
    let place = Account::fresh();
    let media = place.open().await;
    let key = stored(&media, 1, b"{\"a\": 1}".to_vec()).await;
    let get = async |link: &str| reqwest::get(link).await.unwrap();

    let answer = get(&media.signed(&key, None, None, HOUR).await.unwrap()).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["x-amz-server-side-encryption"], "AES256");
    assert_eq!(answer.bytes().await.unwrap(), &b"{\"a\": 1}"[..]);

    let link = media.signed(&key, Some("text/plain; charset=utf-8"), None, HOUR).await.unwrap();
    assert_eq!(get(&link).await.headers()["content-type"], "text/plain; charset=utf-8");
    let other = stored(&media, 2, b"secret".to_vec()).await;
    for touched in [
        link.replace(&key, &other),
        link.replace("X-Amz-Expires=3600", "X-Amz-Expires=360000"),
        link.replace("X-Amz-Signature=", "X-Amz-Signature=0"),
    ] {
        assert_ne!(touched, link);
        assert_eq!(get(&touched).await.status(), 403, "{touched}");
    }
}

#[tokio::test]
async fn what_is_saved_from_a_link_has_the_name_its_server_gave_it() {
    let media = Account::fresh().open().await;
    stored(&media, 1, b"{\"a\": 1}".to_vec()).await;
    let links = S3Links::new(media);
    let said = async |content_type: &str, filename: Option<&str>| {
        let link = links.link(Uuid::from_u128(1), false, Some(content_type), filename).await.unwrap();
        reqwest::get(link).await.unwrap().headers()["content-disposition"].to_str().unwrap().to_owned()
    };
    let image = said("image/png", Some("Käse 1.png")).await;
    assert_eq!(image, "inline; filename=\"K_se 1.png\"; filename*=UTF-8''K%C3%A4se%201.png");
    let page = said("text/html", Some("page.html")).await;
    assert_eq!(page, "attachment; filename=\"page.html\"; filename*=UTF-8''page.html");
    assert_eq!(said("image/png", None).await, "inline");
}

#[tokio::test]
async fn links_are_made_only_for_what_was_given_out_and_for_a_week_at_most() {
    let place = Account::fresh();
    let media = place.open().await;
    let key = stored(&media, 1, b"hello".to_vec()).await;
    for forged in ["", "../secret", "bulk/x", &key.to_uppercase(), &format!("{key}/..")] {
        let refused = media.signed(forged, None, None, HOUR).await;
        assert!(matches!(refused, Err(MediaError::NotFound(_))), "{forged}: {refused:?}");
    }
    let link = media.signed(&key, None, None, HOUR * 24 * 365).await.unwrap();
    assert!(link.contains("X-Amz-Expires=604800&"), "{link}");
    let folder = tempfile::tempdir().unwrap();
    let local = ObjectMedia::local(folder.path(), 1).unwrap();
    assert!(matches!(local.signed(&key, None, None, HOUR).await, Err(MediaError::Failed(_))));
}

#[tokio::test]
async fn everything_is_below_the_prefix_and_a_large_file_is_one_object_with_its_type() {
    let place = Account::fresh();
    let media = place.open().await;
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.resize(12 * 1024 * 1024 + 1, 7);
    let key = stored(&media, 1, bytes.clone()).await;
    assert_eq!(place.keys().await, [format!("monitor/one/{key}")]);
    let found = place.whole_bucket().await.get(&Key::from(format!("monitor/one/{key}"))).await.unwrap();
    assert_eq!(found.attributes.get(&object_store::Attribute::ContentType).unwrap().as_ref(), "image/png");
    assert!(found.bytes().await.unwrap() == bytes);
    assert_eq!(place.open_uploads().await, 0);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_neither_an_object_nor_parts_of_one() {
    let place = Account::fresh();
    let media = place.open().await;
    let chunks = (0..20).map(|_| Ok(Bytes::from(vec![7; 1 << 20])));
    let (reached, breaks) = tokio::sync::oneshot::channel();
    let place_of_break = Account::named(&place.name());
    // Looked at right before it breaks: there must be something to take back.
    let broken = stream::once(async move {
        reached.send(place_of_break.open_uploads().await).unwrap();
        Err(MediaError::Source("reset".to_owned()))
    });
    media.store(Uuid::from_u128(1), stream::iter(chunks).chain(broken).boxed()).await.unwrap_err();
    assert_eq!(breaks.await.unwrap(), 1);
    assert_eq!(place.open_uploads().await, 0);
    assert_eq!(place.keys().await, [""; 0]);
}
