//! An AWS that takes events and knows nothing else: what was put onto the bus, in order.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

#[derive(Clone, Default)]
pub(crate) struct Bus {
    events: Arc<Mutex<Vec<Value>>>,
    away: Arc<Mutex<bool>>,
    signed_by: Arc<Mutex<BTreeSet<String>>>,
}

impl Bus {
    /// Its address.
    pub(crate) async fn start(&self) -> String {
        let bus = self.clone();
        let answer = move |headers: HeaderMap, body: Bytes| {
            let bus = bus.clone();
            async move { bus.answer(&headers, &body) }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        format!("http://{address}")
    }

    fn answer(&self, headers: &HeaderMap, body: &[u8]) -> axum::response::Response {
        if headers.get("x-amz-target").is_none_or(|target| target != "AWSEvents.PutEvents") {
            return (StatusCode::NOT_FOUND, r#"{"__type": "NotFoundException"}"#).into_response();
        }
        if *self.away.lock().unwrap_or_else(PoisonError::into_inner) {
            return (StatusCode::SERVICE_UNAVAILABLE, r#"{"__type": "InternalFailure"}"#).into_response();
        }
        let signature = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = signature.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        self.signed_by.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        let asked: Value = serde_json::from_slice(body).unwrap();
        let entries = asked["Entries"].as_array().unwrap().clone();
        let ids: Vec<_> = entries.iter().map(|_| json!({"EventId": "1"})).collect();
        self.events.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
        axum::Json(json!({"FailedEntryCount": 0, "Entries": ids})).into_response()
    }

    pub(crate) fn set_away(&self, away: bool) {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = away;
    }

    /// Detail types, in order.
    pub(crate) fn told(&self) -> Vec<String> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().map(|event| event["DetailType"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The access keys of those who put them there.
    pub(crate) fn signed_by(&self) -> BTreeSet<String> {
        self.signed_by.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
