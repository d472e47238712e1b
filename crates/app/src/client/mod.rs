//! A client of a running monitor, as `run` and `watch` need it: HTTP for what is asked, the WebSocket for what
//! happens.

pub mod frames;
pub mod live;

use crate::config::Secret;
use crate::http::ProblemDocument;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use monitor_core::generation::{Generation, Instance};
use monitor_pipeline::api::Overrides;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use uuid::Uuid;

/// For answers that take the server no work.
const SOON: Duration = Duration::from_secs(10);
/// A submission is answered when `ComfyUI` has validated the graph.
const VALIDATED: Duration = Duration::from_mins(2);

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(
        "no monitor answers at {place} ({cause}): is it running (`comfyui-monitor serve`), and is the address right?"
    )]
    Unreachable { place: String, cause: String },
    #[error("the monitor at {0} wants its token: set COMFYUI_MONITOR_TOKEN, or use --token-file")]
    Unauthorized(String),
    #[error("{}", .0.detail)]
    Refused(Box<ProblemDocument>),
    #[error("what answers at {place} is no ComfyUI Monitor, or of another version ({cause})")]
    Strange { place: String, cause: String },
}

/// One running monitor.
#[derive(Clone, Debug)]
pub struct Monitor {
    base: Url,
    token: Option<Secret>,
    http: Client,
}

/// What is submitted.
#[derive(Clone, Debug)]
pub struct Submission {
    pub filename: String,
    pub file: Bytes,
    pub overrides: Overrides,
    pub queue_id: Uuid,
}

impl Monitor {
    pub fn new(base: Url, token: Option<Secret>) -> Result<Self, ClientError> {
        // Another part of the process may have been first: theirs is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|cause| ClientError::Unreachable { place: base.to_string(), cause: chain(&cause) })?;
        Ok(Monitor { base, token, http })
    }

    pub fn place(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.place())
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let unreachable =
            |cause: reqwest::Error| ClientError::Unreachable { place: self.place().to_owned(), cause: chain(&cause) };
        let response = self.authorized(request).send().await.map_err(unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(ClientError::Unauthorized(self.place().to_owned()));
        }
        match response.json::<ProblemDocument>().await {
            Ok(problem) => Err(ClientError::Refused(Box::new(problem))),
            Err(_) => Err(ClientError::Strange { place: self.place().to_owned(), cause: format!("status {status}") }),
        }
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let response = self.send(request).await?;
        let strange =
            |cause: reqwest::Error| ClientError::Strange { place: self.place().to_owned(), cause: chain(&cause) };
        response.json().await.map_err(strange)
    }

    /// Whether a monitor answers here, and not something else at its port.
    pub async fn is_there(&self) -> bool {
        #[derive(Deserialize)]
        struct Health {
            service: String,
        }
        let request = self.http.get(self.url("/healthz")).timeout(Duration::from_secs(2));
        let health: Result<Health, _> = self.json(request).await;
        health.is_ok_and(|health| health.service == crate::http::system::SERVICE)
    }

    pub async fn submit(&self, submission: Submission) -> Result<Generation, ClientError> {
        let length = submission.file.len() as u64;
        let file = Part::stream_with_length(submission.file, length).file_name(submission.filename);
        let overrides = serde_json::Value::Object(submission.overrides).to_string();
        let form = Form::new()
            .part("file", file)
            .text("overrides", overrides)
            .text("queueId", submission.queue_id.to_string());
        self.json(self.http.post(self.url("/v1/generations")).multipart(form).timeout(VALIDATED)).await
    }

    pub async fn cancel(&self, queue_id: Uuid) -> Result<Generation, ClientError> {
        self.json(self.http.post(self.url(&format!("/v1/generations/{queue_id}/cancel"))).timeout(SOON)).await
    }

    pub async fn generation(&self, queue_id: Uuid) -> Result<Generation, ClientError> {
        self.json(self.http.get(self.url(&format!("/v1/generations/{queue_id}"))).timeout(SOON)).await
    }

    pub async fn instances(&self) -> Result<Vec<Instance>, ClientError> {
        #[derive(Deserialize)]
        struct List {
            items: Vec<Instance>,
        }
        let list: List = self.json(self.http.get(self.url("/v1/instances")).timeout(SOON)).await?;
        Ok(list.items)
    }

    /// The bytes of an output, by its relative or absolute address.
    pub async fn media(
        &self,
        url: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, ClientError>> + use<>, ClientError> {
        let place = self.place().to_owned();
        let strange = move |cause: String| ClientError::Strange { place: place.clone(), cause };
        let url = Url::parse(&self.url(url)).map_err(|cause| strange(cause.to_string()))?;
        let response = self.send(self.http.get(url)).await?;
        Ok(response.bytes_stream().map(move |chunk| chunk.map_err(|cause| strange(chain(&cause)))))
    }
}

/// An error with what caused it: the outermost words alone say little ("error sending request").
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
