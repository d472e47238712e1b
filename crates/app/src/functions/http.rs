//! The HTTP API: a call of API Gateway (payload format 2.0) as a request to the routes that every deployment has, and
//! the answer back.

use super::websocket::headers;
use super::{Failure, Parts};
use crate::config::{Config, Environment};
use crate::http::{Access, Metrics, Problem, Site, router};
use crate::live::{LiveSettings, LiveState};
use ::http::{Method, Request, Response, StatusCode, header};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monitor_core::generation::OutputStatus;
use monitor_pipeline::api::{Api, ApiError};
use monitor_pipeline::function::FunctionError;
use monitor_pipeline::hub::{Hub, HubSettings};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt as _;
use uuid::Uuid;

/// The answer of a function is 6 MB at most (quotas of AWS Lambda), and base64 makes three bytes four.
const LARGEST: usize = 4 * 1024 * 1024;

#[derive(Clone)]
pub(super) struct Answering {
    router: Router,
    access: Arc<Access>,
    parts: Arc<Parts>,
}

impl Answering {
    pub(super) fn new(parts: &Arc<Parts>) -> Answering {
        let mut config = Config::defaults(&Environment::default());
        // Everybody reaches us: names of hosts say nothing, the token does.
        config.listen = SocketAddr::from(([0, 0, 0, 0], 443));
        config.token.clone_from(&parts.settings.token);
        let hosts = parts.settings.origins.iter().filter_map(|origin| origin.split_once("://"));
        config.allowed_hosts = hosts.map(|(_, host)| host.to_ascii_lowercase()).collect();
        let api: Arc<dyn Api> = parts.remote.clone();
        let site = Site::new(&config, api.clone(), Arc::new(Metrics::default()));
        // Pages listen elsewhere: the WebSocket API has connections of its own.
        let live = LiveState::new(Hub::new(HubSettings::default()), api, LiveSettings::default());
        Answering { router: router(&site, live), access: site.access.clone(), parts: Arc::clone(parts) }
    }

    pub(super) async fn answer(&self, call: Value) -> Result<Value, Failure> {
        let request = request(&call)?;
        // A browser asks without the token whether it may ask. The gateway says that by itself, where it is set to.
        if request.method() == Method::OPTIONS {
            return Ok(json!({"statusCode": StatusCode::NO_CONTENT.as_u16()}));
        }
        if self.access.is_authorized(request.headers())
            && let Some(instead) = instead_of_waiting(request.uri().path())
        {
            return told(Problem::from(ApiError::NotOffered(instead.to_owned())).into_response()).await;
        }
        // Bytes come from the bucket itself, whatever their size: to whom the route would have given them. What is not
        // there, the route says.
        if request.method() == Method::GET
            && self.access.is_authorized(request.headers())
            && let Some((media_id, thumbnail)) = media_of(request.uri().path())
            && let Some(link) = self.link(media_id, thumbnail).await?
        {
            return Ok(json!({"statusCode": 302, "headers": {"location": link, "cache-control": "no-store"}}));
        }
        match self.router.clone().oneshot(request).await {
            Ok(response) => told(response).await,
            Err(never) => match never {},
        }
    }

    /// To stored bytes; `None` where there are none.
    async fn link(&self, media_id: Uuid, thumbnail: bool) -> Result<Option<String>, Failure> {
        let row = self.parts.function.store.media_by_id(media_id).await.map_err(FunctionError::from)?;
        let Some(row) = row.filter(|row| row.status == OutputStatus::Stored) else { return Ok(None) };
        let key = if thumbnail { &row.thumbnail_key } else { &row.key };
        if key.is_none() {
            return Ok(None);
        }
        let filename = row.source.as_ref().map(|source| source.filename.as_str());
        let link = self.parts.function.links.link(media_id, thumbnail, row.content_type.as_deref(), filename).await;
        link.map(Some).map_err(|error| Failure::Delivery(error.to_string()))
    }
}

/// For the routes whose answers go on for as long as somebody listens: a function is billed until its answer has ended,
/// and is cut off before.
fn instead_of_waiting(path: &str) -> Option<&'static str> {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["", "v1", "live"] => Some(
            "this deployment has its WebSocket at an address of its own: WebSocketUrl among the outputs of its stack",
        ),
        ["", "v1", "generations", _, "events"] => Some(
            "this deployment has no server-sent events: subscribe at its WebSocket (WebSocketUrl among the outputs of \
             its stack), or ask for the generation again",
        ),
        _ => None,
    }
}

/// `/v1/media/{id}` and `/v1/media/{id}/thumbnail`.
fn media_of(path: &str) -> Option<(Uuid, bool)> {
    let rest = path.strip_prefix("/v1/media/")?;
    match rest.strip_suffix("/thumbnail") {
        Some(id) => Uuid::try_parse(id).ok().map(|id| (id, true)),
        None => Uuid::try_parse(rest).ok().map(|id| (id, false)),
    }
}

fn request(call: &Value) -> Result<Request<Body>, Failure> {
    let unknown = |what: &str| Failure::BadRequest(format!("it has no {what}"));
    let http = &call["requestContext"]["http"];
    let method = http["method"].as_str().ok_or_else(|| unknown("method"))?;
    let path = call["rawPath"].as_str().ok_or_else(|| unknown("path"))?;
    // A stage that has a name stands before the path.
    let stage = call["requestContext"]["stage"].as_str().filter(|stage| *stage != "$default");
    let path = stage.and_then(|stage| path.strip_prefix(&format!("/{stage}"))).unwrap_or(path);
    let query = call["rawQueryString"].as_str().unwrap_or_default();
    let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let body = call["body"].as_str().unwrap_or_default();
    let body = if call["isBase64Encoded"].as_bool() == Some(true) {
        STANDARD.decode(body).map_err(|error| Failure::BadRequest(error.to_string()))?
    } else {
        body.as_bytes().to_vec()
    };
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(all) = request.headers_mut() {
        *all = headers(&call["headers"]);
        if let Some(host) = call["requestContext"]["domainName"].as_str().and_then(|host| host.parse().ok()) {
            all.entry(header::HOST).or_insert(host);
        }
    }
    request.body(Body::from(body)).map_err(|error| Failure::BadRequest(error.to_string()))
}

async fn told(response: Response<Body>) -> Result<Value, Failure> {
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return Ok(json!({"statusCode": StatusCode::BAD_GATEWAY.as_u16()}));
    };
    let mut headers = Map::new();
    for (name, value) in &parts.headers {
        if let Ok(value) = value.to_str() {
            headers.insert(name.to_string(), value.into());
        }
    }
    let (body, packed) = match std::str::from_utf8(&bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(&bytes), true),
    };
    Ok(json!({"statusCode": parts.status.as_u16(), "headers": headers, "body": body, "isBase64Encoded": packed}))
}

#[cfg(test)]
mod tests {
    use super::super::settings::Settings;
    use super::*;
    use crate::config::{Log, LogFormat, Retention, Secret};
    use crate::http::problem::CONTENT_TYPE;
    use monitor_backends::aws;

    #[tokio::test]
    async fn a_call_is_a_request_with_its_query_body_and_host() {
        let call = json!({
            "rawPath": "/live/v1/generations", "rawQueryString": "limit=3&q=a%20b", "body": "eyJhIjoxfQ==", "isBase64Encoded": true,
            "headers": {"content-type": "application/json", "bad header": "x"},
            "requestContext": {"stage": "live", "domainName": "api.example.org", "http": {"method": "POST"}},
        });
        let request = request(&call).unwrap();
        assert_eq!(
            (request.method().as_str(), request.uri().to_string().as_str()),
            ("POST", "/v1/generations?limit=3&q=a%20b")
        );
        assert_eq!(request.headers()[header::HOST], "api.example.org");
        assert_eq!(request.headers().len(), 2);
        assert_eq!(to_bytes(request.into_body(), 100).await.unwrap(), "{\"a\":1}");
    }

    #[tokio::test]
    async fn bytes_that_are_no_text_are_packed_into_the_answer() {
        let answer = told(Response::new(Body::from(vec![0xff, 0]))).await.unwrap();
        assert_eq!(
            (&answer["statusCode"], &answer["body"], &answer["isBase64Encoded"]),
            (&json!(200), &json!("/wA="), &json!(true))
        );
    }

    #[test]
    fn only_paths_of_outputs_are_redirected() {
        let id = Uuid::from_u128(9);
        assert_eq!(media_of(&format!("/v1/media/{id}")), Some((id, false)));
        assert_eq!(media_of(&format!("/v1/media/{id}/thumbnail")), Some((id, true)));
        assert_eq!(media_of("/v1/media/x"), None);
        assert_eq!(media_of("/v1/generations"), None);
    }

    /// Behind it nothing answers.
    async fn answering() -> Answering {
        let settings = Settings {
            handler: "generations".to_owned(),
            table: "table".to_owned(),
            bucket: "bucket".to_owned(),
            websocket_api_endpoint: "http://127.0.0.1:1".to_owned(),
            queue_prefix: "queue".to_owned(),
            token: Some(Secret::new("token")),
            origins: Vec::new(),
            retention: Retention::default(),
            log: Log { level: "warn".to_owned(), format: LogFormat::Json },
        };
        let sdk = aws::configuration(Some("us-east-1".to_owned())).await;
        Answering::new(&Arc::new(Parts::new(settings, &sdk).unwrap()))
    }

    fn call(method: &str, path: &str, token: Option<&str>) -> Value {
        let headers = token.map(|token| json!({"authorization": format!("Bearer {token}")}));
        json!({"rawPath": path, "headers": headers, "requestContext": {"domainName": "api", "http": {"method": method}}})
    }

    #[tokio::test]
    async fn a_browser_that_asks_whether_it_may_ask_is_not_asked_for_the_token() {
        let answer = answering().await.answer(call("OPTIONS", "/v1/generations", None)).await.unwrap();
        assert_eq!(answer["statusCode"], 204);
    }

    #[tokio::test]
    async fn what_would_never_end_is_answered_at_once_with_what_does_it_instead() {
        let answering = answering().await;
        for path in ["/v1/live".to_owned(), format!("/v1/generations/{}/events", Uuid::from_u128(9))] {
            let answer = answering.answer(call("GET", &path, Some("token"))).await.unwrap();
            assert_eq!(
                (&answer["statusCode"], &answer["headers"]["content-type"]),
                (&json!(501), &json!(CONTENT_TYPE))
            );
            let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert!(problem["detail"].as_str().unwrap().contains("WebSocketUrl"), "{problem}");
            assert_eq!(answering.answer(call("GET", &path, None)).await.unwrap()["statusCode"], 401);
        }
        assert_eq!(instead_of_waiting("/v1/jobs/1/events"), None);
    }
}
