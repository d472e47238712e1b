//! Posting to connections, against answers made by hand.

use crate::emulated::of_account;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use monitor_backends::push::apigateway::ApiGateway;
use monitor_pipeline::ports::{Gateway, PostError};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

struct Posted {
    method: String,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Answers each request the same.
#[derive(Clone)]
struct ByHand {
    status: StatusCode,
    error: &'static str,
    posted: Arc<Mutex<Vec<Posted>>>,
}

async fn answer(State(by_hand): State<ByHand>, request: Request) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    by_hand.posted.lock().unwrap().push(Posted {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers,
        body,
    });
    let headers = [(header::CONTENT_TYPE.as_str(), "application/json"), ("x-amzn-errortype", by_hand.error)];
    (by_hand.status, headers, if by_hand.error.is_empty() { "" } else { "{\"message\":\"said by hand\"}" })
}

/// And where it listens, without a scheme.
async fn start(status: u16, error: &'static str) -> (ByHand, String) {
    let by_hand = ByHand { status: StatusCode::from_u16(status).unwrap(), error, posted: Arc::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let app = axum::Router::new().fallback(answer).with_state(by_hand.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (by_hand, address)
}

async fn gateway(endpoint: &str) -> ApiGateway {
    ApiGateway::new(&of_account("000000000000").await, endpoint)
}

async fn post(endpoint: &str, connection_id: &str) -> Result<(), PostError> {
    gateway(endpoint).await.post(connection_id, Bytes::from_static(b"{\"type\":\"pong\"}")).await
}

#[tokio::test]
async fn a_frame_goes_to_its_connection_at_the_stage_and_is_signed() {
    let (by_hand, address) = start(200, "").await;
    for endpoint in [format!("http://{address}/live"), format!("ws://{address}/live/")] {
        post(&endpoint, "L0SM9cOFvHcCIhw=").await.unwrap();
    }
    for posted in by_hand.posted.lock().unwrap().iter() {
        assert_eq!((posted.method.as_str(), posted.path.as_str()), ("POST", "/live/@connections/L0SM9cOFvHcCIhw%3D"));
        assert_eq!(posted.body, "{\"type\":\"pong\"}");
        let signed = posted.headers[header::AUTHORIZATION].to_str().unwrap();
        assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=000000000000/"), "{signed}");
        assert!(signed.contains("/us-east-1/execute-api/aws4_request"), "{signed}");
    }
    assert_eq!(by_hand.posted.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_id_of_a_connection_is_one_part_of_the_path_whatever_it_holds() {
    let (by_hand, address) = start(200, "").await;
    let endpoint = format!("http://{address}/live");
    for id in ["a/b", "../other", "a?b=c", "a#b", "a b", "ü"] {
        post(&endpoint, id).await.unwrap();
    }
    let paths: Vec<String> = by_hand.posted.lock().unwrap().iter().map(|posted| posted.path.clone()).collect();
    for path in &paths {
        let id = path.strip_prefix("/live/@connections/").unwrap_or_else(|| panic!("{path}"));
        assert!(!id.is_empty() && !id.contains(['/', '?', '#', ' ']), "{path}");
    }
    assert_eq!(paths.len(), 6);
}

type Kind<'a> = &'a dyn Fn(&PostError) -> bool;

#[tokio::test]
async fn what_the_gateway_answers_says_what_became_of_the_frame() {
    let gone = |error: &PostError| matches!(error, PostError::Gone);
    let large = |error: &PostError| matches!(error, PostError::TooLarge);
    let throttled = |error: &PostError| matches!(error, PostError::Throttled);
    let failed = |error: &PostError| matches!(error, PostError::Failed(_));
    let answers: [(u16, &str, Kind<'_>); 10] = [
        (410, "GoneException", &gone),
        (413, "PayloadTooLargeException", &large),
        (429, "LimitExceededException", &throttled),
        (403, "ForbiddenException", &failed),
        (500, "InternalServerError", &failed),
        // What stands between may answer in its own words.
        (410, "", &gone),
        (413, "", &large),
        (429, "", &throttled),
        (403, "", &failed),
        (503, "", &failed),
    ];
    for (status, error, is_so) in answers {
        let (by_hand, address) = start(status, error).await;
        let told = post(&format!("http://{address}/live"), "page").await.unwrap_err();
        assert!(is_so(&told), "{status} {error}: {told:?}");
        let tries = by_hand.posted.lock().unwrap().len();
        assert_eq!(tries, 1, "{status} {error}: whoever sends decides about another try");
    }
}

#[tokio::test]
async fn a_refusal_that_a_person_has_to_look_at_says_why() {
    let (_by_hand, address) = start(403, "ForbiddenException").await;
    let told = post(&format!("http://{address}/live"), "page").await.unwrap_err().to_string();
    assert!(told.contains("ForbiddenException") || told.contains("said by hand"), "{told}");
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let told = post(&format!("http://{address}/live"), "page").await;
    assert!(matches!(told, Err(PostError::Failed(_))), "{told:?}");
}

#[tokio::test]
async fn a_wss_endpoint_is_the_same_place_over_https() {
    // TLS is spoken: it begins with a handshake record.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let first = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap()
    });
    let told = post(&format!("wss://{address}/live"), "page").await;
    assert!(matches!(told, Err(PostError::Failed(_))), "{told:?}");
    assert_eq!(first.await.unwrap(), 0x16);
}
