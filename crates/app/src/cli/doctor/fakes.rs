//! Each finding on a server that shows it, and on that one nothing else.

use super::examine::{self, Limits};
use super::findings::{Finding, Severity};
use crate::clock;
use crate::config::{Config, Environment, Instance, Secret};
use axum::Router;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::routing::{MethodRouter, get};
use http::StatusCode;
use monitor_testkit::{FakeComfy, Faults, NodeScript, Script, demo};
use reqwest::Url;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};

const HOUR: i64 = 60 * 60 * 1_000;

fn at(url: &str) -> Instance {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Instance::new("default", Url::parse(url).unwrap())
}

async fn served(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn json(value: Value) -> MethodRouter {
    get(move || async move { axum::Json(value) })
}

fn fails(status: StatusCode) -> MethodRouter {
    get(move || async move { (status, "no") })
}

fn stats(argv: &[&str]) -> MethodRouter {
    json(json!({"system": {"comfyui_version": "0.33.0", "argv": argv}, "devices": []}))
}

/// Greets, and stays until the client goes.
async fn greets(upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(async |mut socket| {
        let status = json!({"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "a"}});
        let _ = socket.send(Message::text(status.to_string())).await;
        while let Some(Ok(_)) = socket.recv().await {}
    })
}

/// A server in order but for these routes, for what a whole fake of `ComfyUI` never does.
async fn in_order_but<const N: usize>(routes: [(&'static str, MethodRouter); N]) -> String {
    let mut all = BTreeMap::from([
        ("/system_stats", stats(&["main.py", "--preview-method", "auto"])),
        ("/queue", json(json!({"queue_running": [], "queue_pending": []}))),
        ("/history", json(json!({}))),
        ("/object_info", json(json!({}))),
        ("/ws", get(greets)),
    ]);
    all.extend(routes);
    served(all.into_iter().fold(Router::new(), |router, (path, answer)| router.route(path, answer))).await
}

/// Nobody can listen at it.
const NOWHERE: u16 = 0;

/// A port of this machine where nobody listens, nor another test while this is kept.
fn deserted() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (socket, url)
}

/// Does not wait between the looks at a queue that does not change, nor look at ports of the machine it runs on.
fn limits() -> Limits {
    Limits { looks: Duration::from_millis(1), usual_ports: [NOWHERE; 2], ..Limits::default() }
}

async fn findings(instance: &Instance) -> Vec<Finding> {
    examine::server(instance, true, &limits()).await
}

/// The only finding at a server.
async fn finding(url: &str) -> Finding {
    only(findings(&at(url)).await)
}

fn only(found: Vec<Finding>) -> Finding {
    let [finding] = <[Finding; 1]>::try_from(found).unwrap();
    finding
}

fn queued(id: &str, create_time: i64) -> Value {
    json!([1, id, {}, {"create_time": create_time}, []])
}

#[tokio::test]
async fn a_healthy_server_has_no_findings() {
    let fake = FakeComfy::builder().start().await.unwrap();
    assert_eq!(findings(&at(&fake.base_url())).await, []);
    assert_eq!(findings(&at(&in_order_but([]).await)).await, []);
}

#[tokio::test]
async fn a_server_that_does_not_run_is_told_as_such() {
    let (_kept, url) = deserted();
    let found = finding(&url).await;
    assert_eq!(found.severity, Severity::Error);
    assert_eq!(found.cause, "nothing listens there");
    assert!(found.fix.contains("COMFYUI_PORT"), "{found:?}");
}

#[tokio::test]
async fn a_server_at_a_usual_port_of_the_same_host_is_found_there() {
    let fake = FakeComfy::builder().start().await.unwrap();
    let (_kept, url) = deserted();
    let limits = Limits { usual_ports: [NOWHERE, fake.addr().port()], ..limits() };
    let found = only(examine::server(&at(&url), true, &limits).await);
    assert_eq!(found.severity, Severity::Error);
    assert!(found.fix.contains(&format!("COMFYUI_PORT={}", fake.addr().port())), "{found:?}");
}

#[tokio::test]
async fn a_token_is_not_shown_to_a_port_that_nobody_configured() {
    let faults = Faults { require_header: Some(("authorization".into(), "Bearer t".into())), ..Faults::default() };
    let fake = FakeComfy::builder().faults(faults).start().await.unwrap();
    let (_kept, url) = deserted();
    let limits = Limits { usual_ports: [NOWHERE, fake.addr().port()], ..limits() };
    let mut instance = at(&url);
    instance.token = Some(Secret::new("t"));
    let found = only(examine::server(&instance, true, &limits).await);
    assert_eq!(found.cause, "nothing listens there", "with the token it would have answered");
}

#[tokio::test]
async fn something_else_at_the_port_is_no_comfyui() {
    let found = finding(&served(Router::new().route("/", get(|| async { "hello" }))).await).await;
    assert!(found.title.contains("No ComfyUI") && found.cause.contains("something else"), "{found:?}");
}

#[tokio::test]
async fn an_address_without_the_path_of_the_proxy_is_told_as_such_and_the_path_helps() {
    let fake = FakeComfy::builder().prefix("/comfy").start().await.unwrap();
    let whole = format!("http://{}/comfy", fake.addr());
    let found = finding(&format!("http://{}", fake.addr())).await;
    assert!(found.cause.contains("something else") && found.fix.contains("path"), "{found:?}");
    assert_eq!(findings(&at(&whole)).await, []);
}

#[tokio::test]
async fn a_server_that_fails_is_told_with_what_it_said() {
    let found = finding(&in_order_but([("/system_stats", fails(StatusCode::INTERNAL_SERVER_ERROR))]).await).await;
    assert!(found.cause.contains("500") && found.fix.contains("terminal"), "{found:?}");
}

#[tokio::test]
async fn a_server_that_wants_a_login_is_told_as_such_and_the_login_helps() {
    let faults = Faults { require_header: Some(("authorization".into(), "Bearer t".into())), ..Faults::default() };
    let fake = FakeComfy::builder().faults(faults).start().await.unwrap();
    let mut instance = at(&fake.base_url());
    assert!(only(findings(&instance).await).title.contains("refuses us with 401"));
    instance.token = Some(Secret::new("t"));
    assert_eq!(findings(&instance).await, []);
}

#[tokio::test]
async fn a_server_that_forbids_may_be_checking_the_origin() {
    let found = finding(&in_order_but([("/system_stats", fails(StatusCode::FORBIDDEN))]).await).await;
    assert!(found.title.contains("refuses us with 403") && found.cause.contains("`Origin`"), "{found:?}");
}

#[tokio::test]
async fn https_to_a_server_that_speaks_http_is_a_tls_problem() {
    let fake = FakeComfy::builder().start().await.unwrap();
    let found = finding(&fake.base_url().replace("http://", "https://")).await;
    assert!(found.title.contains("No secure connection") && found.fix.contains("http://"), "{found:?}");
}

#[tokio::test]
async fn an_old_server_is_told_as_such() {
    let fake = FakeComfy::builder().version("0.3.40").start().await.unwrap();
    assert_eq!(finding(&fake.base_url()).await.title, "ComfyUI 0.3.40 is too old");
}

#[tokio::test]
async fn a_server_started_without_previews_gives_a_hint() {
    for argv in [&["main.py", "--listen"][..], &["main.py", "--preview-method", "none"]] {
        let found = finding(&in_order_but([("/system_stats", stats(argv))]).await).await;
        assert_eq!(found.severity, Severity::Hint);
        assert!(found.fix.contains("--preview-method auto"), "{found:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_passes_http_and_no_websocket_is_told_as_such() {
    for status in [StatusCode::BAD_GATEWAY, StatusCode::NOT_FOUND, StatusCode::OK] {
        let found = finding(&in_order_but([("/ws", fails(status))]).await).await;
        assert_eq!(found.severity, Severity::Error);
        assert!(found.title.contains("No live messages") && found.cause.contains("upgrades"), "{found:?}");
    }
}

#[tokio::test]
async fn a_websocket_that_is_forbidden_fails_the_check_of_the_origin() {
    let found = finding(&in_order_but([("/ws", fails(StatusCode::FORBIDDEN))]).await).await;
    assert!(found.title.contains("No live messages"), "{found:?}");
    assert!(found.cause.contains("`Origin`") && found.fix.contains("--enable-cors-header"), "{found:?}");
}

#[tokio::test]
async fn a_websocket_that_breaks_off_at_once_is_none() {
    let breaks = get(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(async |socket| drop(socket)) });
    let found = finding(&in_order_but([("/ws", breaks)]).await).await;
    assert!(found.title.contains("No live messages"), "{found:?}");
}

#[tokio::test]
async fn a_websocket_that_opens_and_does_not_greet_is_silent() {
    let silent = get(|upgrade: WebSocketUpgrade| async {
        upgrade.on_upgrade(async |mut socket| while let Some(Ok(_)) = socket.recv().await {})
    });
    let limits = Limits { greeting: Duration::from_millis(50), ..limits() };
    let found = only(examine::server(&at(&in_order_but([("/ws", silent)]).await), true, &limits).await);
    assert_eq!(found.severity, Severity::Error);
    assert!(found.title.contains("says nothing") && found.fix.contains("proxy_buffering"), "{found:?}");
}

#[tokio::test]
async fn a_queue_that_nobody_works_off_is_stuck() {
    let queue = json!({"queue_running": [], "queue_pending": [queued("a", 1), queued("b", 2)]});
    let found = finding(&in_order_but([("/queue", json(queue))]).await).await;
    assert_eq!((found.severity, found.title.as_str()), (Severity::Error, "2 jobs wait and none runs"));
}

#[tokio::test]
async fn a_queue_that_is_worked_off_is_no_finding() {
    let script = Script::new().pace(0.0).class("KSampler", NodeScript::new().steps(4).held_at(2));
    let fake = FakeComfy::builder().script(script).start().await.unwrap();
    let body = Map::from_iter([("prompt".to_owned(), Value::from(demo::portrait()))]);
    fake.submit(&body).unwrap();
    fake.submit(&body).unwrap();
    fake.wait_until(|state| state.held && state.pending.len() == 1).await;
    assert_eq!(findings(&at(&fake.base_url())).await, []);
}

#[tokio::test]
async fn a_job_that_runs_for_hours_is_told_with_how_many_wait_for_it() {
    let sent = clock::now().as_millis() - 3 * HOUR;
    let queue = json!({"queue_running": [queued("long", sent)], "queue_pending": [queued("next", sent)]});
    let found = finding(&in_order_but([("/queue", json(queue))]).await).await;
    assert_eq!((found.severity, found.title.as_str()), (Severity::Warning, "A job has been running for 3 hours"));
    assert!(found.cause.contains("job long") && found.cause.contains("1 more"), "{found:?}");
}

#[tokio::test]
async fn a_job_that_waited_for_hours_has_not_been_running_for_hours() {
    let now = clock::now().as_millis();
    let queue = json!({"queue_running": [queued("patient", now - 3 * HOUR)], "queue_pending": []});
    let ended = json!(["execution_success", {"prompt_id": "before", "timestamp": now - HOUR / 60}]);
    let before = json!({"before": {
        "prompt": queued("before", now - 4 * HOUR),
        "outputs": {},
        "status": {"status_str": "success", "completed": true, "messages": [ended]},
    }});
    let url = in_order_but([("/queue", json(queue)), ("/history", json(before))]).await;
    assert_eq!(findings(&at(&url)).await, []);
}

#[tokio::test]
async fn a_server_that_lists_its_node_classes_slowly_is_told_unless_it_is_not_asked() {
    let faults = Faults { object_info_takes: Duration::from_millis(60), ..Faults::default() };
    let fake = FakeComfy::builder().faults(faults).start().await.unwrap();
    let limits = Limits { object_info: Duration::from_millis(30), ..limits() };
    let found = only(examine::server(&at(&fake.base_url()), true, &limits).await);
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.title.contains("to list its node classes"), "{found:?}");
    assert_eq!(examine::server(&at(&fake.base_url()), false, &limits).await, []);
}

#[tokio::test]
async fn a_server_that_fails_to_list_its_node_classes_is_not_called_slow() {
    let found = finding(&in_order_but([("/object_info", fails(StatusCode::INTERNAL_SERVER_ERROR))]).await).await;
    assert_eq!(found.title, "ComfyUI does not list its node classes");
    assert!(found.cause.contains("500"), "{found:?}");
}

#[tokio::test]
async fn at_our_own_port_a_monitor_is_welcome_and_anything_else_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::defaults(&Environment::default());
    config.data_dir = folder.path().to_owned();
    for (service, welcome) in [(crate::http::system::SERVICE, true), ("another", false)] {
        let healthz = json(json!({"status": "ok", "service": service, "version": "1"}));
        let url = Url::parse(&served(Router::new().route("/healthz", healthz)).await).unwrap();
        config.listen = url.socket_addrs(|| None).unwrap()[0];
        let found = examine::ourselves(&config).await;
        assert_eq!(found.is_empty(), welcome, "{found:?}");
        assert!(found.iter().all(|finding| finding.title.contains("cannot listen")), "{found:?}");
    }
}
