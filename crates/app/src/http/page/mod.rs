//! The page: the files that `web/app` was built to, as part of the program (`build.rs`).

mod file;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use file::{File, Served};
use http::{HeaderMap, StatusCode};
use std::sync::LazyLock;

/// Empty where nobody built it.
const BUILT: &[File] = include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

const INDEX: &str = "/index.html";

const UNBUILT: File = File { path: INDEX, bytes: include_bytes!("unbuilt.html"), brotli: None, gzip: None };

/// The page reads the address itself; here all these are one document.
const ROUTES: [&str; 6] = ["/", "/jobs", "/jobs/{*job}", "/instances", "/instances/{*instance}", "/performance"];

/// Where names hold a hash of what is in the file.
const HASHED: &str = "/assets/";

static SERVED: LazyLock<Vec<Served>> = LazyLock::new(|| BUILT.iter().map(Served::new).collect());

static DOCUMENT: LazyLock<Served> =
    LazyLock::new(|| Served::new(BUILT.iter().find(|file| file.path == INDEX).unwrap_or(&UNBUILT)));

/// Whether the program has its page.
pub fn is_built() -> bool {
    !BUILT.is_empty()
}

/// What is answered without a token: it is the same for everybody, and asks for the token itself.
pub(super) fn is_page(path: &str) -> bool {
    let is_route = |route: &str| match route.split_once("{*") {
        Some((folder, _)) => path.strip_prefix(folder).is_some_and(|rest| !rest.is_empty()),
        None => route == path,
    };
    path.starts_with(HASHED) || ROUTES.into_iter().any(is_route) || beside().any(|file| file.path == path)
}

/// Files at the top: an icon, a manifest.
fn beside() -> impl Iterator<Item = &'static File> {
    BUILT.iter().filter(|file| !file.path.starts_with(HASHED) && file.path != INDEX)
}

pub(super) fn routes() -> Router {
    let router = Router::new().route("/assets/{*file}", get(asset));
    let router = beside().fold(router, |router, file| router.route(file.path, get(asset)));
    ROUTES.iter().fold(router, |router, route| router.route(route, get(document)))
}

async fn document(headers: HeaderMap) -> Response {
    DOCUMENT.answer(&headers)
}

async fn asset(request: Request) -> Response {
    match SERVED.iter().find(|served| served.path() == request.uri().path()) {
        Some(served) => served.answer(request.headers()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
