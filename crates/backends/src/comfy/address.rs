//! The address of a server as people write it, and the addresses of its routes.

use monitor_pipeline::comfy::ComfyError;
use reqwest::Url;

/// Where a server is. A path before its routes (`https://host/comfy`) is kept.
#[derive(Clone, Debug)]
pub(super) struct Address {
    base: Url,
    /// `host:port`.
    pub host: String,
    /// For messages: no secrets, no slash at the end.
    pub shown: String,
}

impl Address {
    /// Reads `http://host:8188`, `https://host/prefix/`, `host:8188`, or the WebSocket forms of these.
    pub(super) fn parse(text: &str) -> Result<Self, ComfyError> {
        let wrong = |cause: &str| ComfyError::Address { text: without_secrets(text), cause: cause.to_owned() };
        let text = text.trim();
        let text = match text.split_once("://") {
            Some(("ws", rest)) => format!("http://{rest}"),
            Some(("wss", rest)) => format!("https://{rest}"),
            Some(_) => text.to_owned(),
            None => format!("http://{text}"),
        };
        let mut base = Url::parse(&text).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(wrong("only http, https, ws and wss are spoken"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(wrong("a user name and password do not belong into the address, give them as a header"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("it must end with the path"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let name = base.host_str().ok_or_else(|| wrong("there is no host in it"))?;
        let host = base.port_or_known_default().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let shown = base.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, host, shown })
    }

    pub(super) fn is_tls(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// The address of a route; each part is one segment of its path, whatever letters it holds. `None` for a part
    /// that would lead to another route.
    pub(super) fn route(&self, parts: &[&str]) -> Option<Url> {
        let mut url = self.base.clone();
        if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
            return None;
        }
        url.path_segments_mut().ok()?.pop_if_empty().extend(parts);
        Some(url)
    }

    /// The WebSocket of a client id.
    pub(super) fn socket(&self, client_id: &str) -> Option<Url> {
        let mut url = self.route(&["ws"])?;
        url.set_scheme(if self.is_tls() { "wss" } else { "ws" }).ok()?;
        url.query_pairs_mut().append_pair("clientId", client_id);
        Some(url)
    }

    /// The same scheme, host and port: a redirect may lead there, and our headers with it.
    pub(super) fn is_same_server(&self, other: &Url) -> bool {
        self.base.scheme() == other.scheme()
            && self.base.host_str() == other.host_str()
            && self.base.port_or_known_default() == other.port_or_known_default()
    }
}

/// What stands before an `@` may be a password.
fn without_secrets(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}://…{}", &text[..scheme], &text[at..]),
        (None, Some(at)) => format!("…{}", &text[at..]),
        _ => text.chars().take(200).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Address::parse(text).unwrap().shown
    }

    #[test]
    fn an_address_may_be_written_as_people_write_it() {
        assert_eq!(shown("127.0.0.1:8188"), "http://127.0.0.1:8188");
        assert_eq!(shown("ws://box:8188/"), "http://box:8188");
        assert_eq!(shown("wss://box/comfy"), "https://box/comfy");
        assert_eq!(Address::parse("https://box/").unwrap().host, "box:443");
        assert_eq!(Address::parse("http://[::1]:8188").unwrap().host, "[::1]:8188");
    }

    #[test]
    fn what_is_no_address_is_refused_without_telling_its_password() {
        for text in ["", "ftp://box", "http://", "http://box/?a=1", "http://me:secret@box"] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains("http://127.0.0.1:8188"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn routes_stand_behind_the_path_prefix_and_parts_cannot_leave_their_segment() {
        let address = Address::parse("https://box/comfy").unwrap();
        assert_eq!(address.route(&["queue"]).unwrap().as_str(), "https://box/comfy/queue");
        assert_eq!(
            address.route(&["object_info", "a/../b c?"]).unwrap().path(),
            "/comfy/object_info/a%2F..%2Fb%20c%3F"
        );
        assert!(address.route(&["history", ".."]).is_none());
        assert_eq!(address.socket("a b&c").unwrap().as_str(), "wss://box/comfy/ws?clientId=a+b%26c");
    }

    #[test]
    fn only_the_same_scheme_host_and_port_is_the_same_server() {
        let address = Address::parse("https://box").unwrap();
        for (url, same) in [
            ("https://box/login", true),
            ("http://box/", false),
            ("https://box:8443/", false),
            ("https://evil/", false),
        ] {
            assert_eq!(address.is_same_server(&Url::parse(url).unwrap()), same, "{url}");
        }
    }
}
