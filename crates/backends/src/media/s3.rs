//! Media in a bucket. Bytes go through `object_store`; credentials and region are those of the SDK's clients, so that
//! there is one way to give them.

use super::object::{ObjectMedia, checked, key_of, thumbnail_key_of};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_eventbridge::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use monitor_pipeline::disposition::disposition;
use monitor_pipeline::ports::MediaError;
use object_store::aws::{AmazonS3Builder, AwsCredential};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use object_store::{ClientOptions, CredentialProvider, ObjectStore};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use uuid::Uuid;

/// The SDK reads this for its own clients of S3, of which there is none here.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_S3";
const ENCRYPTION: &str = "aws_server_side_encryption";
const CONNECT: Duration = Duration::from_secs(5);
/// Without a byte. How long all of a file takes is nobody's business.
const SILENCE: Duration = Duration::from_secs(30);
/// The same for a request that has more to send than this. Until all of it is sent the bucket has nothing to say, and a
/// rented machine may share a slow uplink: a part of a file suffices with 140 kbit/s.
const SMALL: usize = 64 * 1024;
const SILENCE_AT_UPLOADS: Duration = Duration::from_mins(5);
/// S3 takes no longer ones.
const LONGEST_LINK: Duration = Duration::from_hours(7 * 24);
/// Credentials are asked for again this long before they end.
const EARLY: Duration = Duration::from_mins(2);
/// And those that say no end, that often.
const WITHOUT_END: Duration = Duration::from_mins(15);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket says.
    #[default]
    Bucket,
    /// `AES256`: keys of S3.
    S3,
    /// A key of KMS, by its ARN or id.
    Kms(String),
}

#[derive(Clone, Debug, Default)]
pub struct S3Settings {
    pub bucket: String,
    /// Before every key, without a slash at its end.
    pub prefix: Option<String>,
    pub encryption: Encryption,
}

/// What makes links.
#[derive(Clone)]
pub(super) struct Links {
    signer: Arc<dyn Signer>,
    prefix: Key,
}

/// A bucket, or what is below a prefix of it: also for what is not media (`bulk`).
///
/// # Errors
/// [`MediaError::Failed`] when the settings make no client.
pub fn bucket(sdk: &SdkConfig, settings: &S3Settings) -> Result<Arc<dyn ObjectStore>, MediaError> {
    opened(sdk, settings).map(|(store, _)| store)
}

fn opened(sdk: &SdkConfig, settings: &S3Settings) -> Result<(Arc<dyn ObjectStore>, Links), MediaError> {
    let told = |cause: String| MediaError::Failed(format!("the bucket {:?} cannot be used: {cause}", settings.bucket));
    // Of several providers that are compiled in, TLS takes the one that is installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let credentials = sdk.credentials_provider().ok_or_else(|| {
        told("there are no AWS credentials: set AWS_ACCESS_KEY_ID, a profile, or give the machine a role".to_owned())
    })?;
    let client = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout_disabled();
    let endpoint = std::env::var(ENDPOINT).ok().or_else(|| sdk.endpoint_url().map(str::to_owned));
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&settings.bucket)
        .with_credentials(Arc::new(FromSdk { provider: credentials, kept: Mutex::new(None) }))
        // A name with a dot in it fits no certificate.
        .with_virtual_hosted_style_request(endpoint.is_none() && !settings.bucket.contains('.'));
    if let Some(region) = sdk.region() {
        builder = builder.with_region(region.as_ref());
    }
    let client = match &endpoint {
        Some(endpoint) => {
            builder = builder.with_endpoint(endpoint);
            client.with_allow_http(endpoint.starts_with("http://"))
        }
        None => client,
    };
    builder = builder.with_client_options(client).with_http_connector(BySize);
    builder = match &settings.encryption {
        Encryption::Bucket => builder,
        Encryption::S3 => {
            let key = ENCRYPTION.parse().map_err(|error: object_store::Error| told(error.to_string()))?;
            builder.with_config(key, "AES256")
        }
        Encryption::Kms(key) => builder.with_sse_kms_encryption(key),
    };
    let s3 = Arc::new(builder.build().map_err(|error| told(error.to_string()))?);
    let prefix = Key::parse(settings.prefix.as_deref().unwrap_or_default()).map_err(|error| told(error.to_string()))?;
    let store: Arc<dyn ObjectStore> = if prefix.as_ref().is_empty() {
        Arc::clone(&s3) as Arc<dyn ObjectStore>
    } else {
        Arc::new(PrefixStore::new(Arc::clone(&s3), prefix.clone()))
    };
    Ok((store, Links { signer: s3, prefix }))
}

/// What sends much has a client of its own: reading, a bucket that has died is noticed sooner.
#[derive(Debug)]
struct BySize;

impl HttpConnector for BySize {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let patient = |silence| ReqwestConnector::default().connect(&options.clone().with_read_timeout(silence));
        Ok(HttpClient::new(Clients { small: patient(SILENCE)?, uploads: patient(SILENCE_AT_UPLOADS)? }))
    }
}

#[derive(Debug)]
struct Clients {
    small: HttpClient,
    uploads: HttpClient,
}

#[async_trait]
impl HttpService for Clients {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let client = if request.body().content_length() > SMALL { &self.uploads } else { &self.small };
        client.execute(request).await
    }
}

impl ObjectMedia {
    /// In a bucket. Files larger than `max_bytes` are refused.
    ///
    /// An upload that is cut off by the end of this process leaves its parts, which nobody sees but who pays: the bucket
    /// should have a rule that clears them away (`AbortIncompleteMultipartUpload`).
    ///
    /// # Errors
    /// [`MediaError::Failed`] when the settings make no client.
    pub fn s3(sdk: &SdkConfig, settings: &S3Settings, max_bytes: u64) -> Result<ObjectMedia, MediaError> {
        let (store, links) = opened(sdk, settings)?;
        Ok(ObjectMedia::new(store, max_bytes).shared().with_links(links))
    }

    /// A link to what is stored under `key`, for whoever has it and as long as it is `valid`: a week at most, and not
    /// beyond the end of the credentials that sign it. `content_type` and `disposition` are what the answer says, else
    /// what was stored.
    ///
    /// # Errors
    /// [`MediaError::NotFound`] for keys that were not given out, [`MediaError::Failed`] where there are no links or no
    /// credentials. Whether something is stored there is not looked up.
    pub async fn signed(
        &self,
        key: &str,
        content_type: Option<&str>,
        disposition: Option<&str>,
        valid: Duration,
    ) -> Result<String, MediaError> {
        let place = checked(key)?;
        let links = self.links().ok_or_else(|| MediaError::Failed("this store gives no links".to_owned()))?;
        let place: Key = links.prefix.parts().chain(place.parts()).collect();
        let said = [("response-content-type", content_type), ("response-content-disposition", disposition)];
        let said = said.into_iter().filter_map(|(name, value)| Some((name, value?)));
        links
            .signer
            .signed_url_opts(
                Method::GET,
                &place,
                valid.min(LONGEST_LINK),
                &SignedUrlOptions::default().with_query(said),
            )
            .await
            .map(String::from)
            .map_err(|error| MediaError::Failed(error.to_string()))
    }
}

/// Types that a browser shows without running anything; all others are bytes to keep.
const SHOWN: [&str; 3] = ["image/", "video/", "audio/"];

/// As long as a page may stay open; the next answer has new ones. A role's credentials seldom last longer.
const LINK: Duration = Duration::from_hours(12);

/// Links to what is in the bucket.
pub struct S3Links(ObjectMedia);

impl S3Links {
    pub fn new(media: ObjectMedia) -> S3Links {
        S3Links(media)
    }
}

#[async_trait]
impl monitor_pipeline::ports::Links for S3Links {
    async fn link(
        &self,
        media_id: Uuid,
        thumbnail: bool,
        content_type: Option<&str>,
        filename: Option<&str>,
    ) -> Result<String, MediaError> {
        if thumbnail {
            return self.0.signed(thumbnail_key_of(media_id).as_ref(), Some("image/webp"), None, LINK).await;
        }
        let shown =
            content_type.filter(|told| SHOWN.iter().any(|shown| told.starts_with(shown)) && !told.contains("svg"));
        let disposition = disposition(shown.is_some(), filename);
        let content_type = shown.unwrap_or("application/octet-stream");
        self.0.signed(key_of(media_id).as_ref(), Some(content_type), Some(&disposition), LINK).await
    }
}

/// The SDK's credentials, kept while they are good: each request asks, and a provider may have to ask the network.
#[derive(Debug)]
struct FromSdk {
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    credential: Arc<AwsCredential>,
    until: SystemTime,
}

#[async_trait]
impl CredentialProvider for FromSdk {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut kept = self.kept.lock().await;
        let now = SystemTime::now();
        if let Some(kept) = kept.as_ref().filter(|kept| kept.until > now) {
            return Ok(Arc::clone(&kept.credential));
        }
        let found = self
            .provider
            .provide_credentials()
            .await
            .map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })?;
        let fresh = Kept::new(&found, now);
        let credential = Arc::clone(&fresh.credential);
        *kept = Some(fresh);
        Ok(credential)
    }
}

impl Kept {
    fn new(found: &Credentials, now: SystemTime) -> Kept {
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        let until = found.expiry().map_or(now + WITHOUT_END, |end| end.checked_sub(EARLY).unwrap_or(now));
        Kept { credential, until }
    }
}

#[cfg(test)]
mod tests {
    use super::super::upload::PART;
    use super::*;
    use aws_config::Region;
    use axum::Router;
    use axum::extract::DefaultBodyLimit;
    use bytes::Bytes;
    use futures::StreamExt as _;
    use http::HeaderMap;
    use monitor_pipeline::ports::Media as _;
    use object_store::ObjectStoreExt as _;
    use tokio::net::TcpListener;

    /// A bucket that says its first word so long after all of a request has come.
    async fn slow(takes: fn(&HeaderMap) -> Duration) -> SdkConfig {
        let answer = move |headers: HeaderMap, _: Bytes| async move {
            // The time of all in this process, the client's too.
            tokio::time::pause();
            tokio::time::advance(takes(&headers)).await;
            tokio::time::resume();
            ([("etag", "\"1\"")], "")
        };
        let app = Router::new().fallback(answer).layer(DefaultBodyLimit::disable());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let credentials = Credentials::new("id", "secret", None, None, "test");
        SdkConfig::builder()
            .region(Region::from_static("us-east-1"))
            .endpoint_url(format!("http://{address}"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }

    fn pictures() -> S3Settings {
        S3Settings { bucket: "pictures".to_owned(), ..S3Settings::default() }
    }

    #[tokio::test]
    async fn an_upload_has_minutes_and_a_silent_bucket_is_given_up_sooner() {
        // Longer than `object_store` would try again.
        let sdk = slow(|_| Duration::from_mins(4)).await;
        let bucket = bucket(&sdk, &pictures()).unwrap();
        bucket.put(&Key::from("part"), vec![7; PART].into()).await.unwrap();
        let silent = bucket.head(&Key::from("part")).await.unwrap_err();
        assert!(matches!(silent, object_store::Error::Generic { .. }), "{silent}");
    }

    #[tokio::test]
    async fn a_file_that_was_cut_off_on_its_way_is_sent_again() {
        let sdk = slow(|headers| Duration::from_mins(if headers.contains_key("if-none-match") { 6 } else { 0 })).await;
        let media = ObjectMedia::s3(&sdk, &pictures(), 1 << 30).unwrap();
        let bytes = futures::stream::iter([Ok(Bytes::from(vec![0xfe; 2 * SMALL]))]);
        media.store(Uuid::from_u128(1), bytes.boxed()).await.unwrap();
    }

    #[test]
    fn credentials_are_kept_until_shortly_before_they_end() {
        let now = SystemTime::now();
        let kept = |end| Kept::new(&Credentials::new("id", "secret", Some("token".to_owned()), end, "test"), now);
        assert_eq!(kept(Some(now + EARLY * 3)).until, now + EARLY * 2);
        assert!(kept(Some(now + EARLY / 2)).until < now);
        assert_eq!(kept(None).until, now + WITHOUT_END);
        assert_eq!(kept(None).credential.token.as_deref(), Some("token"));
    }

    #[test]
    fn settings_that_make_no_client_are_told_with_the_name_of_the_bucket() {
        let told = ObjectMedia::s3(&SdkConfig::builder().build(), &pictures(), 1).err().unwrap().to_string();
        assert!(told.contains("pictures") && told.contains("credentials"), "{told}");
    }
}
