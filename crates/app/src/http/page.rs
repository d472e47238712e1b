//! The first page: three files in the binary.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;

struct Asset {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset {
        path: "/",
        content_type: "text/html; charset=utf-8",
        text: include_str!("../../../../web/first/index.html"),
    },
    Asset {
        path: "/first.css",
        content_type: "text/css; charset=utf-8",
        text: include_str!("../../../../web/first/first.css"),
    },
    Asset {
        path: "/first.js",
        content_type: "text/javascript; charset=utf-8",
        text: include_str!("../../../../web/first/first.js"),
    },
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
