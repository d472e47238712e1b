//! The publisher: through the emulator's bus into a queue, and against answers made by hand.

use crate::emulated::of_account;
use crate::media::{bucket_of, make_bucket};
use async_trait::async_trait;
use aws_config::SdkConfig;
use axum::extract::{Json, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use monitor_backends::bulk;
use monitor_backends::bus::eventbridge::{EventBridge, Patience, Settings};
use monitor_backends::media::s3::{S3Settings, bucket};
use monitor_core::event::{DETAIL_TYPES, Event, JobQueued, SOURCE};
use monitor_pipeline::ports::{Bus, DeadLetters};
use monitor_testkit::conformance::sample::{self, Job, attempt, record};
use monitor_testkit::emulator::Emulator;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// So many receives in vain, each of a second, and what is missing will not come.
const PATIENCE: u32 = 30;
const BUS: &str = "events";

#[derive(Default)]
struct Buried(Mutex<Vec<(u64, String)>>);

#[async_trait]
impl DeadLetters for Buried {
    async fn bury(&self, event: &Event, reason: &str) {
        self.0.lock().unwrap().push((event.base.sequence, reason.to_owned()));
    }
}

fn publisher(sdk: &SdkConfig, bulk: Option<Arc<dyn ObjectStore>>) -> (EventBridge, Arc<Buried>) {
    let buried = Arc::new(Buried::default());
    let millisecond = Duration::from_millis(1);
    let settings = Settings {
        bus_name: BUS.to_owned(),
        progress: Some(Duration::from_secs(1)),
        bulk,
        dead_letters: Arc::clone(&buried) as Arc<dyn DeadLetters>,
        patience: Patience {
            first_pause: millisecond,
            longest_pause: millisecond * 5,
            retries: 3,
            total: Duration::from_mins(1),
        },
    };
    (EventBridge::new(aws_sdk_eventbridge::Client::new(sdk), settings), buried)
}

fn job() -> Job {
    Job::of(&attempt(&record(1), 1))
}

fn queued(count: u64) -> Vec<Event> {
    (1..=count).map(|sequence| job().queued(sequence)).collect()
}

fn large(sequence: u64, size: usize) -> Event {
    let mut event = job().queued(sequence);
    event.body = JobQueued { queue_position: None, title: Some("x".repeat(size)) }.into();
    event
}

/// One of each detail type.
fn one_of_each() -> Vec<Event> {
    let node = json!({"nodeId": "3", "displayNodeId": "3", "nodeTitle": "grüße \u{1F388}", "classType": "KSampler"});
    let error = json!({"type": "torch.OutOfMemoryError", "message": "out of \"memory\"\n"});
    let body = |detail_type: &str| match detail_type {
        "Monitor Initialized" => json!({"comfyuiHost": "http://gpu", "version": "1", "devices": []}),
        "Monitor Stopped" | "Monitor Disconnected" => json!({"reason": "shutdown"}),
        "Monitor Reconnected" => json!({"missedMs": 5, "healedJobs": 1}),
        "Queue Status Updated" => json!({"queueRemaining": 1, "execInfo": {"queue_remaining": 1}}),
        "Job Queued" => json!({"queuePosition": 1}),
        "Job Started" => json!({"totalNodes": 7, "cachedNodes": ["4"]}),
        "Workflow Nodes" => json!({"workflowNodes": [], "totalNodes": 7}),
        "Node Executing" => node.clone(),
        "Node Progress Update" => {
            let mut fields = node.clone();
            fields["nodeState"] = json!("running");
            fields["message"] = json!("Generating image using K-Sampler");
            fields["overallPercentage"] = json!(12.5);
            fields
        }
        "Node Executed" => json!({"nodeId": "4", "displayNodeId": "4", "output": {"a": [1, null]}}),
        "Images Generated" => json!({"nodeId": "9", "images": [], "output": {}}),
        "Job Completed" => json!({"executionData": {"promptId": "p", "output": {}}, "durationMs": 3000}),
        "Job Failed" => json!({"error": error, "willRetry": true}),
        "Job Interrupted" => json!({"reason": "cancelled"}),
        "Job Retrying" => json!({"retryCount": 1, "maxRetries": 3, "retryDelay": 5000, "error": error}),
        other => panic!("{other} is new: give it a body here"),
    };
    let events = (1..).zip(DETAIL_TYPES).map(|(number, detail_type)| {
        // Each of a generation of its own, or the ends would take the progress along.
        let mut detail = Job::of(&attempt(&record(number), 1)).queued(u64::from(number)).detail().unwrap();
        detail.as_object_mut().unwrap().remove("queuePosition");
        detail.as_object_mut().unwrap().extend(body(detail_type).as_object().unwrap().clone());
        if detail_type.starts_with("Monitor") || detail_type.starts_with("Queue") {
            detail.as_object_mut().unwrap().remove("queueId");
            detail["instanceId"] = json!(format!("gpu-{number}"));
        }
        Event::from_parts(detail_type, detail).unwrap()
    });
    events.collect()
}

/// A bus of the emulator, and the queue into which its only rule puts what is ours.
struct Line {
    sdk: SdkConfig,
    account: String,
    sqs: aws_sdk_sqs::Client,
    queue: String,
}

impl Line {
    async fn fresh() -> Line {
        let account = Emulator::shared().account();
        let sdk = of_account(&account).await;
        let sqs = aws_sdk_sqs::Client::new(&sdk);
        let made = sqs.create_queue().queue_name("heard").send().await.unwrap();
        let queue = made.queue_url().unwrap().to_owned();
        let attributes = sqs
            .get_queue_attributes()
            .queue_url(&queue)
            .attribute_names(aws_sdk_sqs::types::QueueAttributeName::QueueArn)
            .send()
            .await
            .unwrap();
        let arn = attributes.attributes().unwrap().values().next().unwrap().clone();
        let events = aws_sdk_eventbridge::Client::new(&sdk);
        events.create_event_bus().name(BUS).send().await.unwrap();
        let pattern = json!({"source": [SOURCE]}).to_string();
        events.put_rule().name("all").event_bus_name(BUS).event_pattern(pattern).send().await.unwrap();
        let target = aws_sdk_eventbridge::types::Target::builder().id("queue").arn(arn).build().unwrap();
        events.put_targets().rule("all").event_bus_name(BUS).targets(target).send().await.unwrap();
        Line { sdk, account, sqs, queue }
    }

    /// Events as they arrive until the one with this sequence of a monitor is among them, and `count` in all.
    async fn heard_until(&self, last: u64, count: usize) -> Vec<Value> {
        let mut heard: Vec<Value> = Vec::new();
        let mut vain = 0;
        while heard.len() < count || !heard.iter().any(|event| event["detail"]["sequence"] == last) {
            let asked = self.sqs.receive_message().queue_url(&self.queue).max_number_of_messages(10);
            let messages = asked.wait_time_seconds(1).send().await.unwrap();
            vain += u32::from(messages.messages().is_empty());
            assert!(vain < PATIENCE, "{heard:#?}");
            for message in messages.messages() {
                heard.push(serde_json::from_str(message.body().unwrap()).unwrap());
                let handle = message.receipt_handle().unwrap();
                self.sqs.delete_message().queue_url(&self.queue).receipt_handle(handle).send().await.unwrap();
            }
        }
        heard
    }
}

#[tokio::test]
async fn every_detail_type_arrives_once_as_the_contract_has_it() {
    let line = Line::fresh().await;
    let (bus, buried) = publisher(&line.sdk, None);
    let events = one_of_each();
    bus.publish(&events).await.unwrap();
    bus.publish(&[sample::stopped("gpu-last", 1_000)]).await.unwrap();
    let heard = line.heard_until(1_000, events.len() + 1).await;
    assert_eq!(heard.len(), events.len() + 1);
    let by_type: BTreeMap<u64, &Value> =
        heard.iter().map(|event| (event["detail"]["sequence"].as_u64().unwrap(), event)).collect();
    for event in &events {
        let arrived = by_type[&event.base.sequence];
        assert_eq!(arrived["source"], "comfyui.monitor");
        assert_eq!(arrived["detail-type"], event.detail_type());
        assert_eq!(arrived["detail"], event.detail().unwrap());
    }
    assert_eq!(*buried.0.lock().unwrap(), []);
}

#[tokio::test]
async fn what_is_too_large_for_the_bus_is_whole_again_behind_it() {
    let line = Line::fresh().await;
    make_bucket(&line.account).await;
    let settings = S3Settings { bucket: bucket_of(&line.account), ..S3Settings::default() };
    let bulk = bucket(&line.sdk, &settings).unwrap();
    let (bus, _) = publisher(&line.sdk, Some(Arc::clone(&bulk)));
    let event = large(1, 1_500_000);
    // Twice, as after a kill.
    bus.publish(&[event.clone(), event.clone(), job().queued(2)]).await.unwrap();
    let heard = line.heard_until(2, 3).await;
    for short in heard.into_iter().filter(|arrived| arrived["detail"]["sequence"] == 1) {
        assert!(short.to_string().len() < 2_000);
        assert_eq!(short["detail"]["queueId"], event.detail().unwrap()["queueId"]);
        let detail = bulk::whole(short["detail"].clone(), &*bulk).await.unwrap();
        assert_eq!(Event::from_parts(short["detail-type"].as_str().unwrap(), detail).unwrap(), event);
    }
}

type Answers = VecDeque<(StatusCode, Value)>;

/// Answers as told, in turn; when they are over, all is taken.
#[derive(Clone, Default)]
struct ByHand {
    answers: Arc<Mutex<Answers>>,
    /// The entries of each request.
    asked: Arc<Mutex<Vec<Vec<Value>>>>,
}

impl ByHand {
    async fn start(answers: Vec<(u16, Value)>) -> (ByHand, SdkConfig) {
        let answers = answers.into_iter().map(|(status, body)| (StatusCode::from_u16(status).unwrap(), body));
        let by_hand = ByHand { answers: Arc::new(Mutex::new(answers.collect())), asked: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(by_hand.clone());
        // An event may be as large as it likes, here.
        let app = app.layer(axum::extract::DefaultBodyLimit::disable());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let sdk = of_account("000000000000").await.into_builder().endpoint_url(endpoint).build();
        (by_hand, sdk)
    }

    /// The sequences in each request.
    fn asked(&self) -> Vec<Vec<u64>> {
        let sequence = |entry: &Value| {
            let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            detail["sequence"].as_u64().unwrap()
        };
        self.asked.lock().unwrap().iter().map(|entries| entries.iter().map(sequence).collect()).collect()
    }
}

async fn answer(State(by_hand): State<ByHand>, body: axum::body::Bytes) -> impl IntoResponse {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let entries = body["Entries"].as_array().unwrap().clone();
    let all_taken = json!({"FailedEntryCount": 0, "Entries": vec![taken(); entries.len()]});
    by_hand.asked.lock().unwrap().push(entries);
    let (status, answer) = by_hand.answers.lock().unwrap().pop_front().unwrap_or((StatusCode::OK, all_taken));
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], Json(answer))
}

fn taken() -> Value {
    json!({"EventId": "11710aed-b79e-4468-a20b-bb3c0c3b4860"})
}

/// A 200 in which one entry failed.
fn but(number: usize, of: usize, code: &str, message: &str) -> (u16, Value) {
    let mut entries = vec![taken(); of];
    entries[number - 1] = json!({"ErrorCode": code, "ErrorMessage": message});
    (200, json!({"FailedEntryCount": 1, "Entries": entries}))
}

fn fails(status: u16, code: &str) -> (u16, Value) {
    (status, json!({"__type": code, "message": "said by hand"}))
}

#[tokio::test]
async fn an_entry_that_was_throttled_is_sent_again_alone_before_what_follows() {
    let answers = vec![but(3, 10, "ThrottlingException", "slow down"), but(1, 1, "InternalFailure", "oh")];
    let (by_hand, sdk) = ByHand::start(answers).await;
    let (bus, buried) = publisher(&sdk, None);
    bus.publish(&queued(12)).await.unwrap();
    assert_eq!(by_hand.asked(), [(1..=10).collect(), vec![3], vec![3], vec![11, 12]]);
    assert_eq!(*buried.0.lock().unwrap(), []);
}

#[tokio::test]
async fn an_entry_that_is_refused_is_buried_with_code_and_message_and_the_others_are_published() {
    for code in ["MalformedDetail", "InvalidArgument", "NotAuthorizedForSource", "SomethingNew"] {
        let (by_hand, sdk) = ByHand::start(vec![but(2, 3, code, "Detail is malformed.")]).await;
        let (bus, buried) = publisher(&sdk, None);
        bus.publish(&queued(3)).await.unwrap();
        assert_eq!(by_hand.asked(), [[1, 2, 3]]);
        assert_eq!(*buried.0.lock().unwrap(), [(2, format!("{code}: Detail is malformed."))]);
    }
}

#[tokio::test]
async fn a_request_that_fails_as_a_whole_is_sent_again_and_then_given_back() {
    for failure in [
        fails(500, "InternalException"),
        fails(503, "ServiceUnavailable"),
        fails(429, "TooManyRequestsException"),
        fails(400, "ThrottlingException"),
    ] {
        let (by_hand, sdk) = ByHand::start(vec![failure.clone(); 3]).await;
        let (bus, _) = publisher(&sdk, None);
        bus.publish(&queued(2)).await.unwrap();
        assert_eq!(by_hand.asked(), [[1, 2]; 4], "{failure:?}");

        let (by_hand, sdk) = ByHand::start(vec![failure.clone(); 4]).await;
        let (bus, buried) = publisher(&sdk, None);
        bus.publish(&queued(12)).await.unwrap_err();
        assert_eq!(by_hand.asked(), vec![(1..=10).collect::<Vec<_>>(); 4], "{failure:?}");
        assert_eq!(*buried.0.lock().unwrap(), []);
    }
}

#[tokio::test]
async fn a_bus_that_cannot_be_used_or_reached_is_an_error_and_buries_nothing() {
    for code in ["AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"] {
        let (by_hand, sdk) = ByHand::start(vec![fails(400, code)]).await;
        let (bus, buried) = publisher(&sdk, None);
        let told = bus.publish(&queued(2)).await.unwrap_err().to_string();
        assert!(told.contains(code) && told.contains("said by hand"), "{told}");
        assert_eq!(by_hand.asked(), [[1, 2]]);
        assert_eq!(*buried.0.lock().unwrap(), []);
    }
    let misnamed = json!({
        "__type": "ValidationException",
        "message": "Value 'a b' at 'entries.1.member.eventBusName' failed to satisfy constraint",
    });
    let (by_hand, sdk) = ByHand::start(vec![(400, misnamed)]).await;
    let (bus, buried) = publisher(&sdk, None);
    bus.publish(&queued(1)).await.unwrap_err();
    assert_eq!(by_hand.asked(), [[1]]);
    assert_eq!(*buried.0.lock().unwrap(), []);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sdk = of_account("000000000000").await.into_builder().endpoint_url(nobody).build();
    let (bus, buried) = publisher(&sdk, None);
    bus.publish(&queued(2)).await.unwrap_err();
    assert_eq!(*buried.0.lock().unwrap(), []);
}

#[tokio::test]
async fn of_a_request_that_is_refused_as_a_whole_only_the_entry_at_fault_is_lost() {
    for failure in [fails(400, "ValidationException"), fails(413, "RequestEntityTooLarge")] {
        let taken = (200, json!({"FailedEntryCount": 0, "Entries": [taken()]}));
        let (by_hand, sdk) = ByHand::start(vec![failure.clone(), taken, failure.clone()]).await;
        let (bus, buried) = publisher(&sdk, None);
        bus.publish(&queued(3)).await.unwrap();
        assert_eq!(by_hand.asked(), [vec![1, 2, 3], vec![1], vec![2], vec![3]]);
        assert!(matches!(&buried.0.lock().unwrap()[..], [(2, reason)] if reason.ends_with("said by hand")));
    }
}

#[tokio::test]
async fn requests_are_split_by_size_and_an_entry_says_where_it_belongs() {
    let (by_hand, sdk) = ByHand::start(Vec::new()).await;
    let (bus, _) = publisher(&sdk, None);
    bus.publish(&(1..=9).map(|sequence| large(sequence, 230_000)).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(by_hand.asked(), [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9]]);
    let entry = by_hand.asked.lock().unwrap()[2][0].clone();
    assert_eq!((&entry["Source"], &entry["DetailType"]), (&json!("comfyui.monitor"), &json!("Job Queued")));
    assert_eq!(entry["EventBusName"], BUS);
    assert_eq!(entry["Time"].as_f64(), Some(large(9, 0).base.timestamp.0 as f64 / 1_000.0));
}

#[tokio::test]
async fn an_entry_that_is_too_large_carries_a_reference() {
    let (by_hand, sdk) = ByHand::start(Vec::new()).await;
    let bulk: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (bus, buried) = publisher(&sdk, Some(Arc::clone(&bulk)));
    let event = large(1, 300_000);
    bus.publish(&[event.clone(), large(2, 100)]).await.unwrap();
    assert_eq!(by_hand.asked(), [[1, 2]]);
    let entry = by_hand.asked.lock().unwrap()[0][0].clone();
    let short: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(short["eventId"], event.base.event_id.to_string());
    assert_eq!(short.get("title"), None);
    assert_eq!(bulk::whole(short, &*bulk).await.unwrap(), event.detail().unwrap());
    assert_eq!(*buried.0.lock().unwrap(), []);
}
