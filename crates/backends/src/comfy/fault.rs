//! What reqwest, tungstenite and rustls complain about, in the words of the port.

use monitor_pipeline::comfy::ComfyError;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio_tungstenite::tungstenite;

/// What was asked of which server.
pub(super) struct Asked<'a> {
    pub url: &'a str,
    pub what: &'a str,
}

impl Asked<'_> {
    pub(super) fn timeout(&self, after: Duration, sent: bool) -> ComfyError {
        ComfyError::Timeout { url: self.url.to_owned(), what: self.what.to_owned(), seconds: after.as_secs(), sent }
    }

    pub(super) fn not_comfy(&self, cause: impl Into<String>) -> ComfyError {
        ComfyError::NotComfy { url: self.url.to_owned(), cause: cause.into() }
    }

    pub(super) fn too_large(&self, limit: u64) -> ComfyError {
        ComfyError::TooLarge { url: self.url.to_owned(), what: self.what.to_owned(), limit }
    }

    /// An answer other than the hoped-for one.
    pub(super) fn status(&self, status: u16, location: Option<&str>, body: &[u8]) -> ComfyError {
        let url = self.url.to_owned();
        match (status, location) {
            (401 | 403 | 407, _) => ComfyError::Auth { url, status },
            (300..=399, Some(to)) => self.not_comfy(format!("it redirects to {}", line(to.as_bytes()))),
            _ => ComfyError::Http { url, what: self.what.to_owned(), status, body: line(body) },
        }
    }

    /// A request that got no whole answer.
    pub(super) fn request(&self, error: &reqwest::Error, patience: Duration) -> ComfyError {
        if error.is_timeout() {
            return self.timeout(patience, !error.is_connect());
        }
        match self.known(error) {
            Some(known) => known,
            None if error.is_connect() => ComfyError::Unreachable { url: self.url.to_owned(), cause: root(error) },
            None => self.broken(root(error)),
        }
    }

    /// A WebSocket that did not open.
    pub(super) fn handshake(&self, error: &tungstenite::Error) -> ComfyError {
        use tungstenite::Error as E;
        let url = self.url.to_owned();
        match error {
            E::Http(response) if response.status().as_u16() == 404 => self.not_comfy("it has no WebSocket at /ws"),
            E::Http(response) => {
                let location = response.headers().get("location").and_then(|to| to.to_str().ok());
                let body = response.body().as_deref().unwrap_or_default();
                match self.status(response.status().as_u16(), location, body) {
                    ComfyError::Http { status: 200..=299, .. } => self.not_comfy("/ws answers, but is no WebSocket"),
                    other => other,
                }
            }
            E::Io(error) => {
                self.known(error).unwrap_or_else(|| ComfyError::Unreachable { url, cause: error.to_string() })
            }
            E::Tls(error) => ComfyError::Tls { url, cause: error.to_string() },
            E::HttpFormat(_) | E::Protocol(_) | E::Capacity(_) | E::Utf8(_) => self.not_comfy(error.to_string()),
            other => self.broken(other.to_string()),
        }
    }

    /// An open WebSocket that ended otherwise than by goodbye.
    pub(super) fn socket(&self, error: &tungstenite::Error) -> ComfyError {
        use tungstenite::Error as E;
        use tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
        match error {
            E::Protocol(ResetWithoutClosingHandshake) => self.broken("the server went away without saying goodbye"),
            E::Io(error) => self.broken(error.to_string()),
            other => self.broken(other.to_string()),
        }
    }

    pub(super) fn broken(&self, cause: impl Into<String>) -> ComfyError {
        ComfyError::Broken { url: self.url.to_owned(), cause: cause.into() }
    }

    /// The causes that have words of their own, wherever in the chain they are.
    fn known(&self, error: &(dyn Error + 'static)) -> Option<ComfyError> {
        let url = || self.url.to_owned();
        chain(error).find_map(|error| {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Some(ComfyError::Tls { url: url(), cause: tls.to_string() });
            }
            let io = error.downcast_ref::<io::Error>();
            if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
                return Some(ComfyError::Refused { url: url() });
            }
            // What hyper says to an answer that is no HTTP: another protocol speaks on this port.
            error.to_string().starts_with("invalid HTTP").then(|| self.not_comfy("it does not speak HTTP"))
        })
    }
}

/// The error and what caused it. An `io::Error` hides what it wraps from `source`.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The beginning of a text of the server as one harmless line.
fn line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(800)]);
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}
