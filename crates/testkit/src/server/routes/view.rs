use axum::body::{Body, Bytes};
use axum::extract::{Multipart, Query, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use serde_json::json;

use super::{Params, Server, ok, text_of, trouble};
use crate::files;
use crate::server::disk::Place;
use crate::server::shared::lock;

/// A file; 404 without a name, 400 for a name that leads away or an unknown type, 403 for a folder outside.
pub(super) async fn view(State(life): Server, Query(params): Params, headers: HeaderMap) -> Response {
    let param = |name: &str| params.get(name).map(String::as_str);
    let Some(asked) = param("filename").filter(|name| !name.is_empty()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (name, kind) = annotated(asked).unwrap_or((asked, param("type").unwrap_or("output")));
    if name.starts_with('/') || name.contains("..") || !["output", "temp", "input"].contains(&kind) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let subfolder = param("subfolder").unwrap_or_default();
    if subfolder.starts_with('/') || subfolder.split('/').any(|part| part == "..") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let fails = life.shared.with_faults(|faults| faults.view_fails.take());
    if fails {
        return trouble();
    }
    let place = (kind.to_owned(), subfolder.to_owned(), name.to_owned());
    let Some(bytes) = lock(&life.shared.disk).read(&place) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if param("preview").is_some() || param("channel").is_some() {
        let format = param("preview").and_then(|preview| preview.split(';').next()).unwrap_or("png");
        let Some(image) = files::recoded(&bytes, format, param("channel")) else {
            return trouble();
        };
        let kind = HeaderValue::from_static(match format {
            "webp" => "image/webp",
            "jpeg" => "image/jpeg",
            _ => "image/png",
        });
        return ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, disposition(name, ""))], image).into_response();
    }
    let cut = life.shared.with_faults(|faults| faults.view_cut.take());
    let mut response = if cut { broken_off(&bytes) } else { ranged(&bytes, &headers) };
    let kind = files::content_type(name);
    let attachment = if matches!(files::extension(name).as_str(), "html" | "svg" | "xml" | "js" | "css") {
        "attachment; "
    } else {
        ""
    };
    let tag = format!("\"{:x}-{:x}\"", files::seed(&format!("{place:?}")), bytes.len());
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    out.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    out.insert(CONTENT_DISPOSITION, disposition(name, attachment));
    out.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(ETAG, tag);
    }
    response
}

/// `name.png [temp]` names its type itself.
fn annotated(name: &str) -> Option<(&str, &str)> {
    let (name, kind) = name.strip_suffix(']')?.rsplit_once(" [")?;
    ["output", "temp", "input"].contains(&kind).then_some((name, kind))
}

/// The name goes out as raw UTF-8.
fn disposition(name: &str, attachment: &str) -> HeaderValue {
    HeaderValue::from_bytes(format!("{attachment}filename=\"{name}\"").as_bytes())
        .unwrap_or(HeaderValue::from_static("attachment"))
}

/// The whole file, or the part that a single `bytes=from-to` asks for.
fn ranged(bytes: &Bytes, headers: &HeaderMap) -> Response {
    let asked = text_of(headers, RANGE.as_str()).and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let Some((from, to)) = asked else {
        return bytes.clone().into_response();
    };
    let len = bytes.len();
    let (from, end) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, to.saturating_add(1).min(len)),
        (Ok(from), Err(_)) => (from, len),
        (Err(_), Ok(last)) => (len.saturating_sub(last), len),
        _ => return bytes.clone().into_response(),
    };
    if from >= end {
        return (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, format!("bytes */{len}"))]).into_response();
    }
    let range = [(CONTENT_RANGE, format!("bytes {from}-{}/{len}", end - 1))];
    (StatusCode::PARTIAL_CONTENT, range, bytes.slice(from..end)).into_response()
}

/// Half of the file, and then the connection ends though more was announced.
fn broken_off(bytes: &Bytes) -> Response {
    let half = bytes.slice(..bytes.len() / 2);
    let pieces = futures::stream::iter([true, false]).then(move |first| {
        let half = half.clone();
        async move {
            if first {
                return Ok(half);
            }
            // The first half goes out while this is waited for.
            tokio::task::yield_now().await;
            Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe))
        }
    });
    ([(CONTENT_LENGTH, bytes.len())], Body::from_stream(pieces)).into_response()
}

pub(super) async fn upload(State(life): Server, mut form: Multipart) -> Response {
    let (mut image, mut kind, mut subfolder, mut overwrite) = (None, "input".to_owned(), String::new(), false);
    while let Ok(Some(field)) = form.next_field().await {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "image" {
            let filename = field.file_name().unwrap_or_default().to_owned();
            let Ok(bytes) = field.bytes().await else {
                return StatusCode::PAYLOAD_TOO_LARGE.into_response();
            };
            image = Some((filename, bytes));
            continue;
        }
        let Ok(text) = field.text().await else {
            return trouble();
        };
        match name.as_str() {
            "type" => kind = text,
            "subfolder" => subfolder = text,
            "overwrite" => overwrite = text == "true" || text == "1",
            _ => {}
        }
    }
    let outside = |path: &str| path.starts_with('/') || path.split('/').any(|part| part == "..");
    let Some((filename, bytes)) = image.filter(|(name, _)| !name.is_empty() && !outside(name) && !outside(&subfolder))
    else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let place: Place = (kind.clone(), subfolder.clone(), filename);
    match lock(&life.shared.disk).upload(place, bytes, overwrite) {
        Some(name) => ok(&json!({"name": name, "subfolder": subfolder, "type": kind})),
        None => StatusCode::INSUFFICIENT_STORAGE.into_response(),
    }
}
