//! Who may call: the token, and what keeps other web sites from using a browser on this machine (DNS rebinding,
//! cross-site requests).

use super::page;
use super::problem::Problem;
use crate::config::{Config, Secret};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use std::net::IpAddr;
use std::sync::Arc;

/// The WebSocket subprotocol that carries the token: a browser cannot set headers there.
pub const TOKEN_PROTOCOL: &str = "cm.token.";

/// Answered without the token.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

#[derive(Clone, Debug, Default)]
pub struct Access {
    token: Option<Secret>,
    /// Only programs of this machine reach us, so the name we are called by must be one of this machine.
    loopback: bool,
    allowed_hosts: Vec<String>,
}

impl Access {
    pub fn new(config: &Config) -> Self {
        Access {
            token: config.token.clone(),
            loopback: config.listen.ip().is_loopback(),
            allowed_hosts: config.allowed_hosts.clone(),
        }
    }

    /// For a door that others keep: who knows the token, and no more.
    #[cfg(feature = "lambda")]
    pub(crate) fn with_token(token: Option<Secret>) -> Self {
        Access { token, ..Access::default() }
    }

    fn check(&self, parts: &Parts) -> Result<(), Problem> {
        let host = host(parts).ok_or_else(|| Problem::bad_request("the request does not say which host it is for"))?;
        self.check_host(host)?;
        self.check_site(parts, host)?;
        let open = OPEN.contains(&parts.uri.path()) || page::is_page(parts.uri.path());
        if open || self.is_authorized(&parts.headers) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "this needs the monitor's token: send `Authorization: Bearer ...` (COMFYUI_MONITOR_TOKEN of the server)",
        ))
    }

    /// A name that some web site points at 127.0.0.1 is none of ours.
    fn check_host(&self, host: &str) -> Result<(), Problem> {
        if !self.loopback || is_loopback(host) || self.is_allowed(host) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!("{host:?} is not a name of this server: add it to `allowed_hosts` if it should be"),
        ))
    }

    /// Another site may not change anything here, nor open a WebSocket, in the name of whoever looks at it.
    fn check_site(&self, parts: &Parts, host: &str) -> Result<(), Problem> {
        let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if safe && !parts.headers.contains_key(header::UPGRADE) {
            return Ok(());
        }
        let ours = match text(&parts.headers, header::ORIGIN) {
            Some(origin) => {
                let place = origin.split_once("://").map(|(_, place)| place);
                place.is_some_and(|place| place.eq_ignore_ascii_case(host) || self.is_allowed(place))
            }
            // No Origin: no browser, or a request of the page itself.
            None => !matches!(
                text(&parts.headers, HeaderName::from_static("sec-fetch-site")),
                Some("cross-site" | "same-site")
            ),
        };
        if ours {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "this comes from another web site: add its host to `allowed_hosts` if it may use the monitor",
        ))
    }

    fn is_allowed(&self, host: &str) -> bool {
        let bare = host_name(host);
        self.allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(bare))
    }

    pub fn is_authorized(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let bearer = text(headers, header::AUTHORIZATION)
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let protocol = headers
            .get_all(header::SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .find_map(|protocol| protocol.trim().strip_prefix(TOKEN_PROTOCOL));
        bearer.or(protocol).is_some_and(|guess| token.matches(guess))
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn host(parts: &Parts) -> Option<&str> {
    let of_uri = |uri: &'_ Uri| uri.authority().is_some();
    if of_uri(&parts.uri) {
        return parts.uri.authority().map(http::uri::Authority::as_str);
    }
    text(&parts.headers, header::HOST)
}

/// Without the port and the brackets of IPv6.
fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn is_loopback(host: &str) -> bool {
    let name = host_name(host).trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

pub(super) async fn access(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match access.check(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => {
            let mut response = problem.into_response();
            if response.status() == StatusCode::UNAUTHORIZED {
                let challenge = HeaderValue::from_static("Bearer realm=\"comfyui-monitor\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

/// Headers that every answer has; a route that sets one itself keeps its own.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    const HEADERS: [(&str, &str); 6] = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_loopback(token: Option<&str>, allowed: &[&str]) -> Access {
        let allowed_hosts = allowed.iter().map(|host| (*host).to_owned()).collect();
        Access { token: token.map(Secret::new), loopback: true, allowed_hosts }
    }

    fn status(access: &Access, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        access.check(&parts).map_or_else(|problem| problem.into_response().status().as_u16(), |()| 200)
    }

    #[test]
    fn on_loopback_only_names_of_this_machine_and_configured_ones_are_answered() {
        let access = on_loopback(None, &["monitor.example.org"]);
        for host in
            ["localhost:8190", "127.0.0.1:8190", "127.1.2.3", "[::1]:8190", "cm.localhost", "Monitor.example.org"]
        {
            assert_eq!(status(&access, "GET", "/v1/generations", &[("host", host)]), 200, "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:8190", "localhost.evil.example", "10.0.0.1:8190", ""] {
            assert_eq!(status(&access, "GET", "/v1/generations", &[("host", host)]), 421, "{host}");
        }
        assert_eq!(status(&access, "GET", "/v1/generations", &[]), 400);
    }

    #[test]
    fn another_site_can_neither_change_anything_nor_open_a_websocket() {
        let access = on_loopback(None, &["friend.example"]);
        let host = ("host", "localhost:8190");
        let post = |header: (&str, &str)| status(&access, "POST", "/v1/generations", &[host, header]);
        assert_eq!(post(("origin", "http://localhost:8190")), 200);
        assert_eq!(post(("origin", "https://friend.example")), 200);
        assert_eq!(post(("x-none", "curl")), 200);
        for origin in ["https://evil.example", "http://localhost:3000", "null", "http://localhost:8190.evil.example"] {
            assert_eq!(post(("origin", origin)), 403, "{origin}");
        }
        assert_eq!(post(("sec-fetch-site", "cross-site")), 403);
        assert_eq!(post(("sec-fetch-site", "same-origin")), 200);
        let upgrade = ("upgrade", "websocket");
        assert_eq!(status(&access, "GET", "/v1/live", &[host, upgrade, ("origin", "https://evil.example")]), 403);
        assert_eq!(status(&access, "GET", "/v1/live", &[host, upgrade, ("origin", "http://localhost:8190")]), 200);
    }

    #[test]
    fn with_a_token_everything_but_the_page_and_the_probes_needs_it() {
        let access = on_loopback(Some("s3cret"), &[]);
        let get = |path: &str, header: (&str, &str)| status(&access, "GET", path, &[("host", "localhost"), header]);
        for path in
            ["/", "/jobs", "/jobs/1/focus", "/instances/a", "/performance", "/assets/a.js", "/healthz", "/readyz"]
        {
            assert_eq!(get(path, ("x-none", "")), 200, "{path}");
        }
        for path in ["/v1/generations", "/v1/live", "/metrics", "/v1/openapi.json", "/nowhere", "/jobsite"] {
            assert_eq!(get(path, ("x-none", "")), 401, "{path}");
            assert_eq!(get(path, ("authorization", "Bearer s3cret")), 200, "{path}");
            assert_eq!(get(path, ("sec-websocket-protocol", "cm.live, cm.token.s3cret")), 200, "{path}");
        }
        for wrong in ["Bearer s3cre", "Bearer s3crett", "Bearer S3cret", "Basic s3cret", "s3cret", "Bearer "] {
            assert_eq!(get("/v1/generations", ("authorization", wrong)), 401, "{wrong}");
        }
        assert_eq!(get("/v1/generations?token=s3cret", ("x-none", "")), 401);
    }
}
