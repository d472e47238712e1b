//! The opening handshake of RFC 6455, section 4.2, on a request that hyper has read.

use axum::response::Response;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// How a page that cannot set headers sends its token: as a subprotocol (`CONTRACT.md`, "Frames").
const TOKEN_PROTOCOL: &str = "cm.token.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    #[error("this address is a WebSocket: connect with a WebSocket client (Connection: Upgrade, Upgrade: websocket)")]
    NoUpgrade,
    #[error("only version 13 of the WebSocket protocol is spoken: send Sec-WebSocket-Version: 13")]
    Version,
    #[error("Sec-WebSocket-Key is missing or no 16 bytes in base64")]
    Key,
}

impl HandshakeError {
    pub fn status(self) -> StatusCode {
        match self {
            HandshakeError::NoUpgrade | HandshakeError::Version => StatusCode::UPGRADE_REQUIRED,
            HandshakeError::Key => StatusCode::BAD_REQUEST,
        }
    }
}

/// The token in `Sec-WebSocket-Protocol: cm.token.<token>`, if there is one. Whether it is right is not checked here.
pub fn token_from_protocols(headers: &HeaderMap) -> Option<&str> {
    token_protocol(headers).map(|protocol| &protocol[TOKEN_PROTOCOL.len()..])
}

fn token_protocol(headers: &HeaderMap) -> Option<&str> {
    tokens(headers, SEC_WEBSOCKET_PROTOCOL)
        .find(|protocol| protocol.len() > TOKEN_PROTOCOL.len() && protocol.starts_with(TOKEN_PROTOCOL))
}

/// The parts of a header that is a list, over all lines of it.
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// 101, if the request asks for it as it should.
pub(super) fn accept(headers: &HeaderMap) -> Result<Response, HandshakeError> {
    let has = |name, wanted: &str| tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted));
    if !has(CONNECTION, "upgrade") || !has(UPGRADE, "websocket") {
        return Err(HandshakeError::NoUpgrade);
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(HandshakeError::Version);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).ok_or(HandshakeError::Key)?;
    if !is_sixteen_bytes(key.as_bytes()) {
        return Err(HandshakeError::Key);
    }

    let mut response = Response::default();
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    let accept = derive_accept_key(key.as_bytes());
    answer.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&accept).map_err(|_| HandshakeError::Key)?);
    // A browser that offered subprotocols gives up unless one of them is chosen.
    if let Some(protocol) = token_protocol(headers).and_then(|chosen| HeaderValue::from_str(chosen).ok()) {
        answer.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(response)
}

fn is_sixteen_bytes(base64: &[u8]) -> bool {
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    matches!(base64.split_last_chunk::<2>(), Some((digits, b"==")) if digits.len() == 22 && digits.iter().all(alphabet))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    const GOOD: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    #[test]
    fn the_example_of_the_specification_is_answered_as_it_says() {
        let response = accept(&headers(&GOOD)).unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!response.headers().contains_key(SEC_WEBSOCKET_PROTOCOL));
    }

    #[test]
    fn what_is_no_websocket_is_told_what_is_missing() {
        let without = |at: usize, instead: Option<&'static str>| {
            let mut lines = GOOD.to_vec();
            match instead {
                Some(value) => lines[at].1 = value,
                None => drop(lines.remove(at)),
            }
            accept(&headers(&lines)).unwrap_err()
        };
        assert_eq!(without(0, None), HandshakeError::NoUpgrade);
        assert_eq!(without(1, Some("h2c")), HandshakeError::NoUpgrade);
        assert_eq!(without(2, Some("8")), HandshakeError::Version);
        for key in [None, Some(""), Some("dGhlIHNhbXBsZQ=="), Some("dGhlIHNhbXBsZSBub25jZ\u{1}==")] {
            if key.is_none_or(|key| HeaderValue::from_str(key).is_ok()) {
                assert_eq!(without(3, key), HandshakeError::Key, "{key:?}");
            }
        }
    }

    #[test]
    fn the_token_comes_out_of_the_subprotocols_and_its_subprotocol_is_the_chosen_one() {
        let offered = [
            &GOOD[..],
            &[("sec-websocket-protocol", "other, cm.token., cm.token.abc.def"), ("sec-websocket-protocol", "x")],
        ]
        .concat();
        let headers = headers(&offered);
        assert_eq!(token_from_protocols(&headers), Some("abc.def"));
        assert_eq!(accept(&headers).unwrap().headers()[SEC_WEBSOCKET_PROTOCOL], "cm.token.abc.def");
    }

    #[test]
    fn a_subprotocol_nobody_offered_or_we_do_not_know_is_not_chosen() {
        let headers = headers(&[&GOOD[..], &[("sec-websocket-protocol", "graphql-ws")]].concat());
        assert_eq!(token_from_protocols(&headers), None);
        assert!(!accept(&headers).unwrap().headers().contains_key(SEC_WEBSOCKET_PROTOCOL));
    }
}
