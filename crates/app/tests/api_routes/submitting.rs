use super::*;
use fake::{ENDED, KNOWN};
use monitor_pipeline::api::Source;
use reqwest::multipart::{Form, Part};
use serde_json::json;

#[tokio::test]
async fn a_workflow_is_handed_over_as_it_came_and_answered_with_its_address() {
    let served = Served::start().await;
    let workflow = json!({"3": {"class_type": "KSampler", "inputs": {"seed": u64::MAX, "cfg": 7.5}}});
    let body = json!({
        "workflow": workflow, "overrides": {"3": {"steps": 5}}, "instanceId": "fjord", "queueId": ENDED,
        "idempotencyKey": "k", "title": "Dusk", "metadata": {"a": 1},
    });
    let response = served.post("/v1/generations").json(&body).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(header(&response, "location"), format!("/v1/generations/{KNOWN}"));
    assert_eq!(response.json::<Value>().await.unwrap()["status"], "pending");

    let submitted = served.api.submitted.lock().unwrap().remove(0);
    assert!(matches!(submitted.source, Source::Json(value) if value == workflow));
    assert_eq!(Value::Object(submitted.overrides), json!({"3": {"steps": 5}}));
    assert_eq!(submitted.instance_id.as_deref(), Some("fjord"));
    assert_eq!(submitted.queue_id, Some(ENDED));
    assert_eq!(submitted.idempotency_key.as_deref(), Some("k"));
    assert_eq!(submitted.title.as_deref(), Some("Dusk"));
    assert_eq!(submitted.metadata, Some(json!({"a": 1})));
}

#[tokio::test]
async fn a_known_idempotency_key_is_answered_with_200() {
    let served = Served::start().await;
    let body = json!({"workflow": {}, "idempotencyKey": "again"});
    json(served.post("/v1/generations").json(&body), 200).await;
}

#[tokio::test]
async fn a_file_comes_as_a_form_with_its_name() {
    let served = Served::start().await;
    let form = Form::new()
        .part("file", Part::bytes(&b"\x89PNG..."[..]).file_name("dusk.png"))
        .text("overrides", r#"{"3": {"seed": 18446744073709551615}}"#)
        .text("title", "Dusk");
    json(served.post("/v1/generations").multipart(form), 201).await;
    let submitted = served.api.submitted.lock().unwrap().remove(0);
    assert!(matches!(submitted.source, Source::File(bytes) if &bytes[..] == b"\x89PNG..."));
    assert_eq!(submitted.filename.as_deref(), Some("dusk.png"));
    assert_eq!(submitted.overrides["3"]["seed"], u64::MAX);
    assert_eq!(submitted.title.as_deref(), Some("Dusk"));
}

#[tokio::test]
async fn what_is_no_json_is_400_and_what_is_no_workflow_is_422() {
    let served = Served::start().await;
    let post =
        |body: &str| served.post("/v1/generations").header("content-type", "application/json").body(body.to_owned());
    for body in ["", "{", "{\"workflow\": NaN}", "\u{feff}{}", "{\"workflow\": {}} trailing"] {
        problem(post(body), 400).await;
    }
    let deep = format!("{{\"workflow\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    problem(post(&deep), 400).await;
    for body in
        ["[]", "5", "{}", "null", r#"{"workflow": {}, "queueId": "no"}"#, r#"{"workflow": {}, "metadata": 1, "x": 1}"#]
    {
        problem(post(body), 422).await;
    }
    assert!(served.api.submitted.lock().unwrap().is_empty());
    let typo = problem(post(r#"{"workflow": {}, "override": {}}"#), 422).await;
    assert!(typo["detail"].as_str().unwrap().contains("override"), "{typo}");
    let invalid = problem(post(r#"{"workflow": []}"#), 422).await;
    assert_eq!(invalid["nodeId"], "3");
    let overrides = problem(post(r#"{"workflow": {}, "overrides": {"3": 5}}"#), 422).await;
    assert!(overrides["detail"].as_str().unwrap().contains("node 3"), "{overrides}");
}

#[tokio::test]
async fn fields_for_people_have_a_bound() {
    let served = Served::start().await;
    for (field, value) in [
        ("title", json!("x".repeat(201))),
        ("idempotencyKey", json!("x".repeat(201))),
        ("idempotencyKey", json!("")),
        ("metadata", json!("x".repeat(20_000))),
    ] {
        let answer = problem(served.post("/v1/generations").json(&json!({"workflow": {}, field: value})), 422).await;
        assert!(answer["detail"].as_str().unwrap().contains(field), "{answer}");
    }
}

#[tokio::test]
async fn a_body_of_another_kind_is_415_and_told_how() {
    let served = Served::start().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "image/png"] {
        let request = served.post("/v1/generations").header("content-type", content_type).body("{}");
        assert!(problem(request, 415).await["detail"].as_str().unwrap().contains("multipart/form-data"));
    }
    problem(served.post("/v1/generations").body("{}"), 415).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413_whether_it_says_so_or_not() {
    let mut config = Config::defaults(&Environment::default());
    config.limits.request_bytes = 1_000;
    let served = Served::with(FakeApi::default(), config).await;
    let long = "x".repeat(2_000);
    let body = json!({"workflow": {}, "title": long}).to_string();
    let json = || served.post("/v1/generations").header("content-type", "application/json");
    problem(json().body(body.clone()), 413).await;
    let chunks = futures::stream::iter([Ok::<_, std::io::Error>(body.into_bytes())]);
    problem(json().body(reqwest::Body::wrap_stream(chunks)), 413).await;
    let form = Form::new().part("file", Part::bytes(long.into_bytes()));
    problem(served.post("/v1/generations").multipart(form), 413).await;
    let answer = problem(json().body("y".repeat(1_001)), 413).await;
    assert!(answer["detail"].as_str().unwrap().contains("limits.request_bytes"), "{answer}");
}

#[tokio::test]
async fn a_form_without_a_file_or_with_an_unknown_field_is_422() {
    let served = Served::start().await;
    problem(served.post("/v1/generations").multipart(Form::new().text("title", "x")), 422).await;
    let form = Form::new().text("titel", "x").part("file", Part::bytes(&b"{}"[..]));
    let answer = problem(served.post("/v1/generations").multipart(form), 422).await;
    assert!(answer["detail"].as_str().unwrap().contains("titel"), "{answer}");
    let broken = served.post("/v1/generations").header("content-type", "multipart/form-data").body("x");
    problem(broken, 400).await;
}

#[tokio::test]
async fn what_comfyui_refuses_is_422_with_its_reasons_and_the_generation_that_keeps_them() {
    let served = Served::start().await;
    let body = json!({"workflow": {}, "title": "refuse"});
    let answer = problem(served.post("/v1/generations").json(&body), 422).await;
    assert_eq!(answer["queueId"], KNOWN.to_string());
    assert_eq!(answer["nodeErrors"], json!([{"nodeId": "4", "message": "not there"}]));
    assert_eq!(answer["error"]["type"], "submission_refused");
}

#[tokio::test]
async fn a_workflow_is_read_from_a_file_from_itself_or_from_inside_an_object() {
    let served = Served::start().await;
    let post = || served.post("/v1/workflows");
    let graph = json!({"3": {"class_type": "KSampler", "inputs": {}}});
    let answer = json(post().json(&graph), 200).await;
    assert_eq!(answer["workflow"]["3"]["inputs"]["seed"], u64::MAX, "the graph is passed through untouched");
    json(post().json(&json!({"workflow": graph, "instanceId": "fjord"})), 200).await;
    let odd = json!({"workflow": {"class_type": "KSampler", "inputs": {}}});
    json(post().json(&odd), 200).await;
    json(post().multipart(Form::new().part("file", Part::bytes(&b"png"[..]).file_name("a.png"))), 200).await;

    let read = served.api.read.lock().unwrap();
    let source = |index: usize| match &read[index].0 {
        Source::Json(value) => value.clone(),
        Source::File(bytes) => json!(String::from_utf8_lossy(bytes)),
    };
    assert_eq!((source(0), source(1), source(2), source(3)), (graph.clone(), graph, odd, json!("png")));
    assert_eq!(read[1].2.as_deref(), Some("fjord"));
    assert_eq!(read[3].1.as_deref(), Some("a.png"));
}

#[tokio::test]
async fn cancelling_and_trying_again_are_accepted_or_say_why_not() {
    let served = Served::start().await;
    json(served.post(&format!("/v1/generations/{KNOWN}/cancel")), 202).await;
    problem(served.post(&format!("/v1/generations/{ENDED}/cancel")), 409).await;
    problem(served.post("/v1/generations/00000000-0000-0000-0000-0000000000ff/cancel"), 404).await;
    problem(served.post("/v1/generations/nonsense/cancel"), 404).await;

    let retry = || served.post(&format!("/v1/generations/{ENDED}/retry"));
    json(retry(), 202).await;
    json(retry().json(&json!({"overrides": {"3": {"seed": 1}}, "instanceId": "gull"})), 202).await;
    problem(retry().json(&json!({"overrides": {"3": 1}})), 422).await;
    problem(retry().header("content-type", "text/plain").body("{}"), 415).await;
    let retried = served.api.retried.lock().unwrap();
    assert_eq!(retried.len(), 2);
    assert_eq!(retried[1].1.as_deref(), Some("gull"));
}
