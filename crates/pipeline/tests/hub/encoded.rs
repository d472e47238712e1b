use super::{job_frame, plain, progress, started};
use crate::pipe::Pipe;
use monitor_core::event::JobError;
use monitor_core::frame::{ErrorCode, FrameBody, PreviewHeader, PreviewKind};
use monitor_core::time::Timestamp;
use monitor_pipeline::hub::{Class, CloseCode, Encoded, Hub, HubSettings, Sink, Snapshot};
use uuid::Uuid;

fn with_message_of(length: usize) -> Encoded {
    plain(FrameBody::Error { code: ErrorCode::BadRequest, message: "x".repeat(length) })
}

#[test]
fn a_frame_of_any_length_arrives_as_one_message() {
    let overhead = with_message_of(0).payload().len();
    for length in [0, 125, 126, 65_535, 65_536, 300_000] {
        let frame = with_message_of(length.max(overhead) - overhead);
        let pipe = Pipe::wide();
        pipe.try_write(frame.websocket()).unwrap();
        let messages = pipe.take();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].payload, frame.payload());
        assert_eq!(messages[0].opcode, 1);
    }
}

#[test]
fn server_sent_events_carry_the_same_payload_with_type_and_sequence() {
    let frame = started(Uuid::nil(), 7);
    let event = String::from_utf8(frame.event().concat()).unwrap();
    let payload = std::str::from_utf8(frame.payload()).unwrap();
    assert_eq!(event, format!("event: job_started\nid: 7\ndata: {payload}\n\n"));
    let event = String::from_utf8(plain(FrameBody::Pong).event().concat()).unwrap();
    assert!(event.starts_with("event: pong\ndata: {"), "{event}");
}

#[test]
fn a_line_break_in_a_frame_does_not_end_the_event() {
    let error = JobError { message: "one\ntwo\r\n\r\nevent: fake".to_owned(), ..JobError::default() };
    let frame = job_frame(Uuid::nil(), 1, FrameBody::JobFailed { error, message: "\n\n".to_owned() });
    let event = String::from_utf8(frame.event().concat()).unwrap();
    assert_eq!(event.lines().count(), 4, "{event}");
}

#[test]
fn a_preview_is_the_length_of_its_header_the_header_and_the_image() {
    let header = PreviewHeader {
        kind: PreviewKind::Preview,
        queue_id: Uuid::nil(),
        prompt_id: "p".to_owned(),
        node_id: "3".to_owned(),
        content_type: "image/jpeg".to_owned(),
        sequence: 9,
        value: Some(1.0),
        max: None,
    };
    let frame = Encoded::preview(&header, &[0xFF, 0xD8, 0xFF]).unwrap();
    let (length, rest) = frame.payload().split_first_chunk().unwrap();
    let (json, image) = rest.split_at(u32::from_be_bytes(*length) as usize);
    let json: serde_json::Value = serde_json::from_slice(json).unwrap();
    assert_eq!((&json["type"], &json["nodeId"], &json["sequence"]), (&"preview".into(), &"3".into(), &9.into()));
    assert_eq!(image, [0xFF, 0xD8, 0xFF]);
    assert_eq!(frame.websocket()[0], 0x82, "a binary message");
    assert_eq!((frame.class(), frame.sequence()), (Class::Preview, 9));
}

#[test]
fn what_a_newer_frame_replaces_is_conflated_and_the_rest_is_not() {
    assert_eq!(progress(Uuid::nil(), 1).class(), Class::Conflated);
    assert_eq!(started(Uuid::nil(), 1).class(), Class::Lifecycle);
    assert_eq!(plain(FrameBody::Pong).class(), Class::Reply);
}

#[test]
fn a_close_frame_has_its_code_and_reason() {
    let pipe = Pipe::wide();
    let hub = Hub::new(HubSettings::default());
    let subscriber = hub.seat().unwrap().join(pipe.clone());
    subscriber.reader().close(CloseCode::SlowReader);
    subscriber.reader().reply(&plain(FrameBody::Pong));
    let messages = pipe.take();
    assert_eq!(messages.len(), 1, "nothing follows a close frame");
    assert_eq!(messages[0].opcode, 8);
    assert_eq!(messages[0].payload[..2], 4002_u16.to_be_bytes());
    assert_eq!(subscriber.reader().closing(), Some(CloseCode::SlowReader));
}

#[test]
fn a_snapshot_over_120_kb_leaves_out_the_nodes_and_says_so() {
    let generation = |title: &str, nodes: usize| {
        let node = serde_json::json!({
            "nodeId": "1", "displayNodeId": "1", "title": "x".repeat(1024), "kind": "other", "state": "pending",
            "dependencies": [],
        });
        serde_json::from_value(serde_json::json!({
            "queueId": Uuid::nil(), "promptId": "p", "instanceId": "i", "origin": "submitted", "status": "pending",
            "title": title, "createdAt": "2026-01-01T00:00:00.000Z", "overallPercentage": 0.0,
            "nodes": vec![node; nodes], "outputs": [], "attempts": [], "retryCount": 0, "sequence": 5,
        }))
        .unwrap()
    };
    let encode = |nodes| {
        let body = FrameBody::Snapshot {
            queue_id: Uuid::nil().to_string(),
            sequence: Some(5),
            generation: Some(Some(Box::new(generation("title", nodes)))),
            generations: None,
            instances: None,
            truncated: false,
        };
        let snapshot = Snapshot::encode(body, Timestamp(0)).unwrap();
        serde_json::from_slice::<serde_json::Value>(snapshot.frame().payload()).unwrap()
    };
    let small = encode(100);
    assert_eq!((small["generation"]["nodes"].as_array().unwrap().len(), small.get("truncated")), (100, None));
    let large = encode(200);
    assert_eq!(large["truncated"], true);
    assert_eq!(large["generation"]["nodes"], serde_json::json!([]));
    assert_eq!(large["generation"]["title"], "title");
}
