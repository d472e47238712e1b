//! Bodies of requests that carry a workflow: JSON, or a file as multipart.

use super::problem::Problem;
use super::{Answer, Site};
use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use http::{StatusCode, header};
use monitor_pipeline::api::{Overrides, Source, Submit};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// For what people write: titles, keys.
const LINE: usize = 200;
/// Metadata stands in every list.
const METADATA: usize = 16 << 10;

/// `POST /v1/generations` as JSON.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct SubmitBody {
    /// The API-format graph.
    #[schema(value_type = Object, required = true)]
    workflow: Option<Value>,
    /// `{nodeId: {input: value}}`
    #[schema(value_type = Option<Object>)]
    overrides: Option<Overrides>,
    /// Without it: the connected one with the shortest expected wait, chosen when sending.
    instance_id: Option<String>,
    /// An id of the caller's, to subscribe before submitting.
    queue_id: Option<Uuid>,
    /// The same key again gives the same generation.
    #[schema(max_length = 200)]
    idempotency_key: Option<String>,
    #[schema(max_length = 200)]
    title: Option<String>,
    /// Given back untouched; at most 16 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// `POST /v1/generations` and `POST /v1/workflows` as multipart; all but `file` are as in the JSON.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "documentation of a form that is read field by field")]
pub(super) struct SubmitForm {
    /// A PNG, WEBP or JSON that is or carries a workflow.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// JSON
    overrides: Option<String>,
    instance_id: Option<String>,
    queue_id: Option<Uuid>,
    idempotency_key: Option<String>,
    title: Option<String>,
    /// JSON
    metadata: Option<String>,
}

/// A file out of a form.
pub(super) struct File {
    pub(super) filename: Option<String>,
    pub(super) bytes: Bytes,
}

pub(super) fn too_large(limit: usize) -> Problem {
    let limit = crate::config::quantity::show_bytes(limit as u64);
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("larger than {limit}; `limits.request_bytes` of the monitor's configuration raises it"),
    )
}

fn content_type(request: &Request) -> String {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn bytes(site: &Site, request: Request) -> Answer<Bytes> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(site.request_bytes),
        _ => Problem::bad_request("the body broke off"),
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Answer<T> {
    // In two steps, to tell what is no JSON (400) from what is none of ours (422).
    let value: Value =
        serde_json::from_slice(bytes).map_err(|cause| Problem::bad_request(format!("{what} is no JSON: {cause}")))?;
    T::deserialize(value).map_err(|cause| Problem::unprocessable(format!("{what} does not fit: {cause}")))
}

/// A JSON body, or its default where there is none at all.
pub(super) async fn optional_json<T: DeserializeOwned + Default>(site: &Site, request: Request) -> Answer<T> {
    let json = is_json(&content_type(&request));
    let bytes = bytes(site, request).await?;
    match bytes.is_empty() {
        true => Ok(T::default()),
        false if json => parse(&bytes, "the body"),
        false => Err(unsupported()),
    }
}

fn is_json(content_type: &str) -> bool {
    content_type == "application/json" || content_type.ends_with("+json")
}

fn unsupported() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "send JSON with `Content-Type: application/json`, or a file as multipart/form-data in the field `file`",
    )
}

pub(super) async fn submit(site: &Site, request: Request) -> Answer<Submit> {
    let (body, file) = match content_type(&request).as_str() {
        json if is_json(json) => {
            let bytes = bytes(site, request).await?;
            (parse::<SubmitBody>(&bytes, "the body")?, None)
        }
        "multipart/form-data" => form(site, request).await?,
        _ => return Err(unsupported()),
    };
    check(&body)?;
    let filename = file.as_ref().and_then(|file| file.filename.clone());
    let source = match (body.workflow, file) {
        (_, Some(file)) => Source::File(file.bytes),
        (Some(workflow), None) => Source::Json(workflow),
        (None, None) => return Err(Problem::unprocessable("there is no `workflow`: the API-format graph goes there")),
    };
    Ok(Submit {
        source,
        overrides: body.overrides.unwrap_or_default(),
        instance_id: body.instance_id,
        queue_id: body.queue_id,
        prompt_id: None,
        idempotency_key: body.idempotency_key,
        title: body.title,
        metadata: body.metadata,
        filename,
    })
}

fn check(body: &SubmitBody) -> Answer<()> {
    check_overrides(body.overrides.as_ref())?;
    for (name, value) in [("title", &body.title), ("idempotencyKey", &body.idempotency_key)] {
        if value.as_ref().is_some_and(|value| value.chars().count() > LINE) {
            return Err(Problem::unprocessable(format!("`{name}` is longer than {LINE} characters")));
        }
    }
    if body.idempotency_key.as_deref() == Some("") {
        return Err(Problem::unprocessable("`idempotencyKey` is empty: leave it out instead"));
    }
    if body.metadata.as_ref().is_some_and(|metadata| metadata.to_string().len() > METADATA) {
        return Err(Problem::unprocessable("`metadata` is larger than 16 KiB"));
    }
    Ok(())
}

pub(super) fn check_overrides(overrides: Option<&Overrides>) -> Answer<()> {
    match overrides.into_iter().flatten().find(|(_, inputs)| !inputs.is_object()) {
        Some((node, _)) => {
            Err(Problem::unprocessable(format!("`overrides` of node {node} must be an object: {{input: value}}")))
        }
        None => Ok(()),
    }
}

/// What to read a form from: JSON that is a workflow itself, or `{workflow, instanceId?}`; or a file.
pub(super) async fn workflow(site: &Site, request: Request) -> Answer<(Source, Option<String>, Option<String>)> {
    match content_type(&request).as_str() {
        json if is_json(json) => {
            let mut value: Value = parse(&bytes(site, request).await?, "the body")?;
            let instance_id = value.get("instanceId").and_then(Value::as_str).map(str::to_owned);
            // A graph may have a node with the id "workflow".
            let wrapped = value.get("workflow").is_some_and(|inner| inner.get("class_type").is_none());
            let source = if wrapped { value["workflow"].take() } else { value };
            Ok((Source::Json(source), None, instance_id))
        }
        "multipart/form-data" => {
            let (body, file) = form(site, request).await?;
            let file = file.ok_or_else(|| Problem::unprocessable("the form has no field `file`"))?;
            Ok((Source::File(file.bytes), file.filename, body.instance_id))
        }
        _ => Err(unsupported()),
    }
}

/// The one file of a form.
pub(super) async fn file(site: &Site, request: Request) -> Answer<File> {
    if content_type(&request) != "multipart/form-data" {
        return Err(unsupported());
    }
    let (_, file) = form(site, request).await?;
    file.ok_or_else(|| Problem::unprocessable("the form has no field `file`"))
}

async fn form(site: &Site, request: Request) -> Answer<(SubmitBody, Option<File>)> {
    let failed = |error: &axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(site.request_bytes),
        _ => Problem::bad_request(format!("the form cannot be read: {}", error.body_text())),
    };
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| Problem::bad_request(format!("the form cannot be read: {}", rejection.body_text())))?;
    let mut body = SubmitBody::default();
    let mut file = None;
    while let Some(field) = form.next_field().await.map_err(|error| failed(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if matches!(name.as_str(), "file" | "image") {
            let filename = field.file_name().map(str::to_owned);
            file = Some(File { filename, bytes: field.bytes().await.map_err(|error| failed(&error))? });
            continue;
        }
        let text = field.text().await.map_err(|error| failed(&error))?;
        match name.as_str() {
            "overrides" => body.overrides = Some(parse(text.as_bytes(), "`overrides`")?),
            "metadata" => body.metadata = Some(parse(text.as_bytes(), "`metadata`")?),
            "instanceId" => body.instance_id = Some(text),
            "idempotencyKey" => body.idempotency_key = Some(text),
            "title" => body.title = Some(text),
            "queueId" => {
                let id = text.parse().map_err(|_| Problem::unprocessable("`queueId` is no UUID"))?;
                body.queue_id = Some(id);
            }
            _ => return Err(Problem::unprocessable(format!("the form has an unknown field {name:?}"))),
        }
    }
    Ok((body, file))
}
