//! `$connect`, `$disconnect` and `$default` of the WebSocket API (payloads: "Lambda integrations for WebSocket APIs" in
//! the guide of Amazon API Gateway).

use super::{Failure, Parts};
use crate::http::Access;
use ::http::{HeaderMap, HeaderName, HeaderValue};
use monitor_pipeline::api::Api;
use serde_json::{Value, json};

fn connection_id(call: &Value) -> Result<&str, Failure> {
    let id = call["requestContext"]["connectionId"].as_str();
    id.ok_or_else(|| Failure::BadRequest("it is of no connection".to_owned()))
}

pub(super) async fn connect(parts: &Parts, call: &Value) -> Result<Value, Failure> {
    let connection_id = connection_id(call)?;
    let headers = headers(&call["headers"]);
    let access = Access::with_token(parts.settings.token.clone());
    if !access.is_authorized(&headers) {
        return Ok(json!({"statusCode": 401}));
    }
    let origin = headers.get("origin").and_then(|origin| origin.to_str().ok());
    let known = |origin: &str| parts.settings.origins.iter().any(|known| known.eq_ignore_ascii_case(origin));
    // Without a token whatever page a browser shows could listen; with one, whoever has it may.
    if parts.settings.token.is_none()
        && origin.is_some_and(|origin| !parts.settings.origins.is_empty() && !known(origin))
    {
        return Ok(json!({"statusCode": 403}));
    }
    parts.function.connected(connection_id).await?;
    // RFC 6455, section 4.2.2: of the subprotocols that were offered one is taken, or a browser hangs up.
    let offered = headers.get("sec-websocket-protocol").and_then(|offered| offered.to_str().ok());
    Ok(match offered.and_then(|offered| offered.split(',').next()) {
        Some(first) => json!({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": first.trim()}}),
        None => json!({"statusCode": 200}),
    })
}

pub(super) async fn disconnect(parts: &Parts, call: &Value) -> Result<Value, Failure> {
    parts.function.disconnected(connection_id(call)?).await?;
    Ok(json!({"statusCode": 200}))
}

/// Answered over the connection itself.
pub(super) async fn message(parts: &Parts, call: &Value) -> Result<Value, Failure> {
    let connection_id = connection_id(call)?;
    let text = call["body"].as_str().unwrap_or_default();
    let remote = parts.remote.clone();
    let snapshot = |topic: monitor_pipeline::hub::Topic| async move {
        remote.snapshot(topic.queue_id()).await.map_err(|error| error.to_string())
    };
    parts.function.asked(connection_id, text, snapshot).await?;
    Ok(json!({"statusCode": 200}))
}

/// What cannot be a header is left out.
pub(super) fn headers(given: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let name = HeaderName::try_from(name.as_str());
        let value = value.as_str().and_then(|value| HeaderValue::try_from(value).ok());
        if let (Ok(name), Some(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}
