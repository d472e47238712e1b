//! What became of outputs, told through a bucket: in memory and in the emulator's S3.

use crate::emulated::of_account;
use crate::media::{as_account, bucket_of, make_bucket};
use async_trait::async_trait;
use monitor_backends::media::deliveries::{ObjectDeliveries, PREFIX, media_id_of};
use monitor_backends::media::s3::{S3Settings, bucket};
use monitor_pipeline::ports::{Deliveries, MediaError, MediaRecord};
use monitor_testkit::conformance::{Place, sample};
use monitor_testkit::emulator::Emulator;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// So many receives in vain, each of a second, and what is missing will not come.
const PATIENCE: u32 = 30;

#[derive(Clone)]
struct Shared(Arc<ObjectDeliveries>);

impl Shared {
    fn over(store: Arc<dyn ObjectStore>) -> Shared {
        Shared(Arc::new(ObjectDeliveries::new(store)))
    }
}

#[async_trait]
impl Deliveries for Shared {
    async fn announce(&self, row: &MediaRecord) -> Result<(), MediaError> {
        self.0.announce(row).await
    }

    async fn find(&self, media_id: Uuid) -> Result<Option<MediaRecord>, MediaError> {
        self.0.find(media_id).await
    }
}

struct Memory(Arc<InMemory>);

impl Place for Memory {
    type Adapter = Shared;

    fn fresh() -> Self {
        Memory(Arc::default())
    }

    fn named(_: &str) -> Self {
        Self::fresh()
    }

    fn name(&self) -> String {
        String::new()
    }

    async fn open(&self) -> Shared {
        Shared::over(self.0.clone())
    }

    async fn close(&self, adapter: Shared) {
        drop(adapter);
    }
}

/// A bucket in an account of its own.
struct Bucket(String);

impl Bucket {
    async fn store(&self) -> Arc<dyn ObjectStore> {
        make_bucket(&self.0).await;
        let settings = S3Settings { bucket: bucket_of(&self.0), ..S3Settings::default() };
        bucket(&of_account(&self.0).await, &settings).unwrap()
    }
}

impl Place for Bucket {
    type Adapter = Shared;

    fn fresh() -> Self {
        Bucket(Emulator::shared().account())
    }

    fn named(name: &str) -> Self {
        Bucket(name.to_owned())
    }

    fn name(&self) -> String {
        self.0.clone()
    }

    async fn open(&self) -> Shared {
        Shared::over(self.store().await)
    }

    async fn close(&self, adapter: Shared) {
        drop(adapter);
    }
}

mod in_memory {
    monitor_testkit::deliveries_conformance!(crate::deliveries::Memory);
}

mod s3 {
    monitor_testkit::deliveries_conformance!(crate::deliveries::Bucket);
}

#[tokio::test]
async fn what_lies_under_the_name_of_another_output_tells_nothing() {
    let store = Arc::new(InMemory::new());
    let deliveries = Shared::over(store.clone());
    let (row, other) = (sample::media(&sample::record(1), 1), sample::media(&sample::record(1), 2));
    let at = |row: &MediaRecord| Key::from(format!("{PREFIX}{}", row.media_id));
    store.put(&at(&other), serde_json::to_vec(&row).unwrap().into()).await.unwrap();
    assert_eq!(deliveries.find(other.media_id).await.unwrap(), None);
    for unreadable in [&b""[..], b"{}", b"\xff", b"[]"] {
        store.put(&at(&row), unreadable.to_vec().into()).await.unwrap();
        assert!(matches!(deliveries.find(row.media_id).await, Err(MediaError::Failed(_))), "{unreadable:?}");
    }
    store.put(&at(&row), vec![b' '; (4 << 20) + 1].into()).await.unwrap();
    assert!(matches!(deliveries.find(row.media_id).await, Err(MediaError::TooLarge { .. })));
}

/// A queue that hears of new objects, by a rule of the default bus as the deployment has it.
async fn hearing(account: &str) -> (aws_sdk_sqs::Client, String) {
    use aws_sdk_sqs::types::QueueAttributeName::QueueArn;
    let sdk = of_account(account).await;
    let sqs = aws_sdk_sqs::Client::new(&sdk);
    let queue = sqs.create_queue().queue_name("heard").send().await.unwrap().queue_url.unwrap();
    let asked = sqs.get_queue_attributes().queue_url(&queue).attribute_names(QueueArn);
    let arn = asked.send().await.unwrap().attributes.unwrap().remove(&QueueArn).unwrap();
    let events = aws_sdk_eventbridge::Client::new(&sdk);
    let pattern = json!({
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket_of(account)]}, "object": {"key": [{"prefix": PREFIX}]}}
    });
    events.put_rule().name("settled").event_pattern(pattern.to_string()).send().await.unwrap();
    let target = aws_sdk_eventbridge::types::Target::builder().id("queue").arn(arn).build().unwrap();
    events.put_targets().rule("settled").targets(target).send().await.unwrap();
    (sqs, queue)
}

/// The bucket tells the bus of its account.
async fn notify(account: &str) {
    let url = format!("{}/{}?notification", Emulator::shared().endpoint(), bucket_of(account));
    let body = "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>";
    let set = as_account(reqwest::Client::new().put(url), account).body(body).send().await.unwrap();
    set.error_for_status().unwrap();
}

#[tokio::test]
async fn whoever_waits_for_new_objects_hears_of_each_output_and_of_nothing_else() {
    let place = Bucket::fresh();
    let store = place.store().await;
    let (sqs, queue) = hearing(&place.0).await;
    notify(&place.0).await;
    let deliveries = Shared::over(store.clone());
    let rows = [1, 2].map(|position| sample::media(&sample::record(1), position));
    store.put(&Key::from("media/00/00/x"), "bytes".into()).await.unwrap();
    for row in &rows {
        deliveries.announce(row).await.unwrap();
    }
    let expected: BTreeSet<Uuid> = rows.iter().map(|row| row.media_id).collect();
    let (mut heard, mut vain) = (BTreeSet::new(), 0);
    while heard != expected {
        let asked = sqs.receive_message().queue_url(&queue).max_number_of_messages(10).wait_time_seconds(1);
        let messages = asked.send().await.unwrap();
        vain += u32::from(messages.messages().is_empty());
        assert!(vain < PATIENCE, "{heard:?}\n{}", Emulator::shared().log());
        for message in messages.messages() {
            let event: Value = serde_json::from_str(message.body().unwrap()).unwrap();
            assert_eq!(event["detail"]["bucket"]["name"], bucket_of(&place.0));
            let media_id = media_id_of(event["detail"]["object"]["key"].as_str().unwrap());
            let row = deliveries.find(media_id.unwrap()).await.unwrap().unwrap();
            heard.insert(row.media_id);
            let receipt = message.receipt_handle().unwrap();
            sqs.delete_message().queue_url(&queue).receipt_handle(receipt).send().await.unwrap();
        }
    }
}
