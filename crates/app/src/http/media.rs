//! The bytes of outputs. They were made by workflows of anybody, so a browser is told to run nothing of them.

use super::problem::{Problem, ProblemDocument};
use super::range::{self, Wanted};
use super::{Answer, Site};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use monitor_pipeline::api::MediaBytes;
use monitor_pipeline::disposition::disposition;
use monitor_pipeline::ports::MediaRecord;
use std::sync::Arc;
use uuid::Uuid;

/// Types that a browser shows without running anything. All others are downloads.
const SHOWN: [&str; 14] = [
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/avif",
    "video/mp4",
    "video/webm",
    "video/ogg",
    "audio/mpeg",
    "audio/flac",
    "audio/ogg",
    "audio/wav",
    "audio/mp4",
    "audio/webm",
];

/// Bytes of an output
///
/// Range requests work; the bytes of an id never change.
#[utoipa::path(get, path = "/v1/media/{mediaId}", tag = "media", operation_id = "getMedia",
    params(("mediaId" = Uuid, Path)),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream"),
        (status = 206, description = "A part of them", content_type = "application/octet-stream"),
        (status = 304, description = "Not changed"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 416, body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn original(
    State(site): State<Arc<Site>>,
    Path(media_id): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    send(&site, &media_id, false, &headers).await
}

/// A small version of an image
#[utoipa::path(get, path = "/v1/media/{mediaId}/thumbnail", tag = "media", operation_id = "getThumbnail",
    params(("mediaId" = Uuid, Path)),
    responses(
        (status = 200, description = "An image", content_type = "image/webp"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(super) async fn thumbnail(
    State(site): State<Arc<Site>>,
    Path(media_id): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    send(&site, &media_id, true, &headers).await
}

async fn send(site: &Site, media_id: &str, thumbnail: bool, headers: &HeaderMap) -> Answer<Response> {
    let media_id: Uuid = media_id.parse().map_err(|_| Problem::not_found("there is no such output"))?;
    let mut media = site.api.media(media_id, thumbnail, None).await?;
    let etag = etag(&media.record, thumbnail);
    let said = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let (Some(etag), Some(known)) = (&etag, said(header::IF_NONE_MATCH)) {
        let holds = |known: &str| known == "*" || known.trim_start_matches("W/") == etag;
        if known.split(',').map(str::trim).any(holds) {
            return Ok((StatusCode::NOT_MODIFIED, describe(&media, thumbnail, Some(etag))).into_response());
        }
    }
    // A part is only of use to who has the rest of the same bytes.
    let same = said(header::IF_RANGE).is_none_or(|known| etag.as_deref() == Some(known));
    let total = media.total;
    let (status, length) = match range::wanted(said(header::RANGE).filter(|_| same), total) {
        Wanted::Whole => (StatusCode::OK, total),
        Wanted::Unsatisfiable => {
            let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, format!("it has {total} bytes"));
            return Ok(([(header::CONTENT_RANGE, format!("bytes */{total}"))], problem).into_response());
        }
        Wanted::Part(range) => {
            media = site.api.media(media_id, thumbnail, Some(range.clone())).await?;
            let mut response_headers = describe(&media, thumbnail, etag.as_deref());
            let content_range = format!("bytes {}-{}/{total}", range.start, range.end - 1);
            insert(&mut response_headers, header::CONTENT_RANGE, &content_range);
            insert(&mut response_headers, header::CONTENT_LENGTH, &(range.end - range.start).to_string());
            return Ok((StatusCode::PARTIAL_CONTENT, response_headers, Body::from_stream(media.stream)).into_response());
        }
    };
    let mut response_headers = describe(&media, thumbnail, etag.as_deref());
    insert(&mut response_headers, header::CONTENT_LENGTH, &length.to_string());
    Ok((status, response_headers, Body::from_stream(media.stream)).into_response())
}

fn etag(record: &MediaRecord, thumbnail: bool) -> Option<String> {
    let sha256 = record.sha256.as_ref()?;
    Some(if thumbnail { format!("\"{sha256}-thumbnail\"") } else { format!("\"{sha256}\"") })
}

/// What a header cannot carry is left out: these are additions, the bytes are what was asked for.
fn insert(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn describe(media: &MediaBytes, thumbnail: bool, etag: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let shown = SHOWN.contains(&media.content_type.as_str());
    let content_type = if shown { &media.content_type } else { "application/octet-stream" };
    insert(&mut headers, header::CONTENT_TYPE, content_type);
    insert(&mut headers, header::ACCEPT_RANGES, "bytes");
    insert(&mut headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'");
    insert(&mut headers, header::CACHE_CONTROL, "private, max-age=31536000, immutable");
    if let Some(etag) = etag {
        insert(&mut headers, header::ETAG, etag);
    }
    if !thumbnail {
        let name = media.record.source.as_ref().map(|source| source.filename.as_str());
        insert(&mut headers, header::CONTENT_DISPOSITION, &disposition(shown, name));
    }
    headers
}
