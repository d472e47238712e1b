use super::*;
use fake::KNOWN;
use monitor_core::generation::Status;
use reqwest::multipart::{Form, Part};
use serde_json::json;

#[tokio::test]
async fn a_list_has_counts_of_every_status_and_the_query_is_understood() {
    let served = Served::start().await;
    let query = "status=failed,interrupted&status=pending&instanceId=fjord&q=dusk&limit=999&cursor=abc\
                 &since=2026-11-24T00:00:00.000Z";
    let answer = json(served.get(&format!("/v1/generations?{query}")), 200).await;
    assert_eq!(answer["items"][0]["queueId"], KNOWN.to_string());
    assert_eq!(answer["nextCursor"], "next");
    assert_eq!(answer["counts"], json!({"pending": 0, "processing": 1, "completed": 0, "failed": 0, "interrupted": 0}));
    assert_eq!(answer["today"], json!({"jobs": 4, "medianWaitMs": 1200}));

    let asked = served.api.listed.lock().unwrap().remove(0);
    assert_eq!(asked.statuses, [Status::Failed, Status::Interrupted, Status::Pending]);
    assert_eq!((asked.instance_id.as_deref(), asked.q.as_deref()), (Some("fjord"), Some("dusk")));
    assert_eq!((asked.limit, asked.cursor.as_deref()), (200, Some("abc")));
    assert_eq!(asked.since.unwrap().to_string(), "2026-11-24T00:00:00.000Z");
}

#[tokio::test]
async fn a_query_that_does_not_fit_is_400_and_says_what_would() {
    let served = Served::start().await;
    for (query, hint) in
        [("status=done", "completed"), ("limit=0", "200"), ("limit=x", "200"), ("since=today", "2026-")]
    {
        let answer = problem(served.get(&format!("/v1/generations?{query}")), 400).await;
        assert!(answer["detail"].as_str().unwrap().contains(hint), "{answer}");
    }
}

#[tokio::test]
async fn a_generation_is_found_by_its_id_and_by_its_prompt() {
    let served = Served::start().await;
    assert_eq!(json(served.get(&format!("/v1/generations/{KNOWN}")), 200).await["title"], "Lighthouse at dusk");
    assert_eq!(json(served.get("/v1/jobs/p1"), 200).await["queueId"], KNOWN.to_string());
    problem(served.get("/v1/jobs/p2"), 404).await;
    problem(served.get("/v1/generations/no-uuid"), 404).await;
    let unknown = problem(served.get("/v1/generations/00000000-0000-0000-0000-0000000000ff"), 404).await;
    assert!(unknown["detail"].as_str().unwrap().contains("00ff"), "{unknown}");
}

#[tokio::test]
async fn the_graph_is_passed_through_untouched_also_where_javascript_would_round() {
    let served = Served::start().await;
    let text = served.get("/v1/jobs/p1/workflow").send().await.unwrap().text().await.unwrap();
    assert!(text.contains("18446744073709551615"), "{text}");
}

#[tokio::test]
async fn events_come_in_pages_that_lead_to_the_next() {
    let served = Served::start().await;
    for base in ["/v1/jobs/p1/events", "/v1/instances/default/events"] {
        let first = json(served.get(&format!("{base}?limit=3")), 200).await;
        assert_eq!(first["items"].as_array().unwrap().len(), 3);
        assert_eq!(first["items"][0]["detailType"], "Monitor Stopped");
        assert_eq!(first["items"][0]["detail"]["sequence"], 1);
        assert_eq!(first["nextAfter"], 3);
        let last = json(served.get(&format!("{base}?after=3&limit=2")), 200).await;
        assert_eq!(last["items"].as_array().unwrap().len(), 2);
        assert!(last.get("nextAfter").is_none(), "{last}");
        problem(served.get(&format!("{base}?after=-1")), 400).await;
        problem(served.get(&format!("{base}?limit=many")), 400).await;
    }
}

#[tokio::test]
async fn servers_are_listed_asked_and_called_again() {
    let served = Served::start().await;
    let listed = json(served.get("/v1/instances"), 200).await;
    assert_eq!(listed["items"][0]["instanceId"], "default");
    let readings = json(served.get("/v1/instances/default/readings?since=2026-11-24T16:39:04.974Z"), 200).await;
    assert_eq!(readings, json!([{"t": "2026-11-24T16:39:04.974Z", "usedBytes": 1, "totalBytes": 2}]));
    assert_eq!(json(served.get("/v1/instances/default/object-info"), 200).await, json!({"KSampler": {}}));
    assert_eq!(served.post("/v1/instances/default/reconnect").send().await.unwrap().status(), 202);
    problem(served.get("/v1/instances/default/readings?since=x"), 400).await;
    problem(served.post("/v1/instances/nobody/reconnect"), 404).await;
    let away = problem(served.get("/v1/instances/away/object-info"), 502).await;
    assert_eq!(away["detail"], "away does not answer");
}

#[tokio::test]
async fn an_input_image_is_passed_on_and_named_by_the_server() {
    let served = Served::start().await;
    let form = || Form::new().part("file", Part::bytes(&b"png"[..]).file_name("cat.png"));
    let answer = json(served.post("/v1/instances/default/uploads").multipart(form()), 200).await;
    assert_eq!(answer, json!({"name": "cat (1).png"}));
    let uploaded = served.api.uploaded.lock().unwrap().remove(0);
    assert_eq!((uploaded.filename.as_str(), &uploaded.bytes[..]), ("cat.png", &b"png"[..]));
    problem(served.post("/v1/instances/away/uploads").multipart(form()), 502).await;
    problem(served.post("/v1/instances/default/uploads").body("png"), 415).await;
    problem(served.post("/v1/instances/default/uploads").multipart(Form::new().text("title", "x")), 422).await;
}

#[tokio::test]
async fn what_nodes_take_is_told_of_all_servers_or_of_one_that_is_known() {
    let served = Served::start().await;
    let mut item = json!({
        "classType": "KSampler", "title": "K-Sampler", "kind": "sampler", "runs": 1, "medianMs": 300, "p90Ms": 300,
        "share": 75.0, "ticks": [300], "drivers": [],
    });
    let all = json(served.get("/v1/performance"), 200).await;
    assert_eq!((all["items"].as_array().unwrap().len(), &all["items"][0]), (2, &item));
    item["instanceId"] = json!("default");
    assert_eq!(json(served.get("/v1/performance?instanceId=default"), 200).await["items"][0], item);
    let unknown = problem(served.get("/v1/performance?instanceId=nobody"), 404).await;
    assert!(unknown["detail"].as_str().unwrap().contains("nobody"), "{unknown}");
    problem(served.get("/v1/performance?instanceId=a&instanceId=b"), 400).await;
}

#[tokio::test]
async fn an_absent_comfyui_is_told_in_the_body_of_readyz_and_an_absent_store_by_its_code() {
    let served = Served::start().await;
    let ready = json(served.get("/readyz"), 200).await;
    assert_eq!(ready["instances"][0]["state"], "disconnected");
    assert_eq!(json(served.get("/healthz"), 200).await["service"], "comfyui-monitor");
    let broken = FakeApi { store_is_broken: true, ..FakeApi::default() };
    let served = Served::with(broken, Config::defaults(&Environment::default())).await;
    assert_eq!(served.get("/readyz").send().await.unwrap().status(), 503);
    json(served.get("/healthz"), 200).await;
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_tell_of_servers() {
    let served = Served::start().await;
    served.get("/v1/generations/nonsense").send().await.unwrap();
    served.get("/v1/generations/other-nonsense").send().await.unwrap();
    let text = served.get("/metrics").send().await.unwrap().text().await.unwrap();
    let counted = r#"http_requests_total{method="GET",path="/v1/generations/{queueId}",status="404"} 2"#;
    assert!(text.contains(counted), "{text}");
    assert!(text.contains(r#"comfyui_monitor_instance_up{instance="default"} 0"#), "{text}");
    assert!(text.contains(r#"comfyui_monitor_instance_queue{instance="default"} 3"#), "{text}");
}
