//! The HTTP API over a fake [`monitor_pipeline::api::Api`], through a real socket.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod documents;
mod fake;
mod media;
mod others;
mod page;
mod safety;
mod submitting;

use comfyui_monitor::config::{Config, Environment};
use comfyui_monitor::http::{self as site, Metrics, Site};
use comfyui_monitor::live::{LiveSettings, LiveState};
use fake::FakeApi;
use monitor_pipeline::api::Api;
use monitor_pipeline::hub::{Hub, HubSettings};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use std::sync::Arc;
use tokio::net::TcpListener;

fn live(api: Arc<dyn Api>) -> LiveState {
    LiveState::new(Hub::new(HubSettings::default()), api, LiveSettings::default())
}

struct Served {
    api: Arc<FakeApi>,
    client: Client,
    address: String,
}

impl Served {
    async fn start() -> Served {
        Served::with(FakeApi::default(), Config::defaults(&Environment::default())).await
    }

    async fn with(api: FakeApi, config: Config) -> Served {
        // Fails where another test has been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let api = Arc::new(api);
        let site = Site::new(&config, api.clone(), Arc::new(Metrics::default()));
        let router = site::router(&site, live(api.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Served { api, client: Client::new(), address }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address))
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// Sends it, and checks that the answer is a problem document of this status.
async fn problem(request: RequestBuilder, status: u16) -> Value {
    let response = request.send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    assert_eq!(response.status(), status);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status);
    for field in ["type", "title", "detail"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {problem}");
    }
    problem
}

/// Sends it, and checks that it went well.
async fn json(request: RequestBuilder, status: u16) -> Value {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), status);
    response.json().await.unwrap()
}
