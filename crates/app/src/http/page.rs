//! The first page: a few files in the binary.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;

struct Asset {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! asset {
    ($path:literal, $file:literal, $content_type:expr) => {
        Asset { path: $path, content_type: $content_type, text: include_str!(concat!("../../../../web/first/", $file)) }
    };
}

const ASSETS: [Asset; 8] = [
    asset!("/", "index.html", "text/html; charset=utf-8"),
    asset!("/first/page.css", "page.css", "text/css; charset=utf-8"),
    asset!("/first/main.js", "main.js", SCRIPT),
    asset!("/first/live.js", "live.js", SCRIPT),
    asset!("/first/list.js", "list.js", SCRIPT),
    asset!("/first/stage.js", "stage.js", SCRIPT),
    asset!("/first/dom.js", "dom.js", SCRIPT),
    asset!("/first/words.js", "words.js", SCRIPT),
];

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
                      media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

pub(super) fn is_page(path: &str) -> bool {
    ASSETS.iter().any(|asset| asset.path == path)
}

pub(super) fn routes() -> Router {
    let add = |router: Router, asset: &'static Asset| router.route(asset.path, get(move || async { serve(asset) }));
    ASSETS.iter().fold(Router::new(), add)
}

fn serve(asset: &Asset) -> Response {
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, asset.text).into_response()
}
