//! Which pages may open a live connection. A browser sends cookies and reaches loopback whatever page it shows, and a
//! WebSocket knows no CORS: without this check any page could listen in (cross-site WebSocket hijacking).

use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use http::uri::{Authority, Scheme, Uri};

/// True without an `Origin` (no browser), for a page of our own host and port, and for an origin in `allowed`
/// (`https://example.org`, as a browser sends it). The names of this machine count as one host.
pub fn origin_is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if origins.next().is_some() {
        return false;
    }
    allowed.iter().any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(origin))
        || is_own(origin, headers.get(HOST).and_then(|host| host.to_str().ok())).unwrap_or(false)
}

fn is_own(origin: &str, host: Option<&str>) -> Option<bool> {
    let origin: Uri = origin.parse().ok()?;
    let default_port = if origin.scheme()? == &Scheme::HTTPS { 443 } else { 80 };
    let theirs = origin.authority()?;
    let ours: Authority = host?.parse().ok()?;
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
    let same_host = theirs.host().eq_ignore_ascii_case(ours.host()) || (is_loopback(theirs) && is_loopback(&ours));
    Some(same_host && port(theirs) == port(&ours))
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn allowed(origin: Option<&str>, host: &str, list: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        origin_is_allowed(&headers, &list.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_page_of_our_own_host_may_connect_and_so_may_what_is_no_browser() {
        assert!(allowed(None, "127.0.0.1:8190", &[]));
        assert!(allowed(Some("http://127.0.0.1:8190"), "127.0.0.1:8190", &[]));
        assert!(allowed(Some("https://Monitor.example"), "monitor.example", &[]));
        assert!(allowed(Some("https://monitor.example"), "monitor.example:443", &[]));
    }

    #[test]
    fn a_page_of_another_host_or_port_may_not() {
        for origin in [
            "http://evil.example",
            "http://127.0.0.1:3000",
            "http://127.0.0.1:8190.evil.example",
            "http://evil.example@127.0.0.1:81",
            "null",
            "",
            "file://",
            "127.0.0.1:8190",
        ] {
            assert!(!allowed(Some(origin), "127.0.0.1:8190", &[]), "{origin}");
        }
    }

    #[test]
    fn the_names_of_this_machine_are_one_host_if_the_port_is_the_same() {
        assert!(allowed(Some("http://localhost:8190"), "127.0.0.1:8190", &[]));
        assert!(allowed(Some("http://[::1]:8190"), "localhost:8190", &[]));
        assert!(!allowed(Some("http://localhost:8188"), "127.0.0.1:8190", &[]));
        assert!(!allowed(Some("http://localhost.evil.example:8190"), "127.0.0.1:8190", &[]));
    }

    #[test]
    fn an_origin_in_the_list_may_connect_from_elsewhere() {
        assert!(allowed(Some("https://studio.example"), "127.0.0.1:8190", &["https://studio.example/"]));
        assert!(!allowed(Some("https://studio.example:444"), "127.0.0.1:8190", &["https://studio.example"]));
    }

    #[test]
    fn two_origins_are_none() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("a"));
        headers.append(ORIGIN, HeaderValue::from_static("http://a"));
        headers.append(ORIGIN, HeaderValue::from_static("http://b"));
        assert!(!origin_is_allowed(&headers, &[]));
    }
}
