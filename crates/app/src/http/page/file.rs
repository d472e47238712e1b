//! One file of the page: in the encoding a browser takes, and only if it has not got it yet.

use super::HASHED;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

pub(super) struct File {
    /// As in the address.
    pub path: &'static str,
    pub bytes: &'static [u8],
    pub brotli: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
}

pub(super) struct Served {
    file: &'static File,
    /// Weak: the same for all encodings.
    tag: String,
}

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                      img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FOR_EVER: &str = "public, max-age=31536000, immutable";

impl Served {
    pub(super) fn new(file: &'static File) -> Served {
        let hash = Sha256::digest(file.bytes);
        let hash = hash.iter().take(12).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        Served { file, tag: format!("W/\"{hash}\"") }
    }

    pub(super) fn path(&self) -> &str {
        self.file.path
    }

    pub(super) fn answer(&self, asked: &HeaderMap) -> Response {
        let lasting = if self.file.path.starts_with(HASHED) { FOR_EVER } else { "no-cache" };
        let (bytes, encoding) = self.packed(asked);
        let mut headers = vec![
            (header::ETAG, self.tag.as_str()),
            (header::CACHE_CONTROL, lasting),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::VARY, "accept-encoding"),
        ];
        let known = text(asked, &header::IF_NONE_MATCH);
        let is_known = known.split(',').map(str::trim).any(|tag| tag == self.tag || tag == "*");
        let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        if !is_known {
            headers.push((header::CONTENT_TYPE, content_type(self.file.path)));
            headers.extend(encoding.map(|encoding| (header::CONTENT_ENCODING, encoding)));
        }
        let mut response = if is_known { status.into_response() } else { (status, bytes).into_response() };
        for (name, value) in headers {
            // All of them are made here, of ASCII.
            response.headers_mut().insert(name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("")));
        }
        response
    }

    fn packed(&self, asked: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
        let accepted = text(asked, &header::ACCEPT_ENCODING);
        let with = |name, bytes: Option<&'static [u8]>| Some((bytes?, Some(name))).filter(|_| takes(accepted, name));
        with("br", self.file.brotli).or_else(|| with("gzip", self.file.gzip)).unwrap_or((self.file.bytes, None))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Whether `Accept-Encoding` names it, and not with the weight 0. Who says `*` gets it as it is.
fn takes(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(encoding) && weight.is_some_and(|weight| weight > 0.0)
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: File =
        File { path: "/assets/main-1a2b.js", bytes: b"plain", brotli: Some(b"brotli"), gzip: Some(b"gzip") };
    const ICON: File = File { path: "/favicon.svg", bytes: b"<svg/>", brotli: None, gzip: Some(b"gzip") };

    fn asked(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn encoding(file: &'static File, accepted: &str) -> Option<String> {
        let response = Served::new(file).answer(&asked(header::ACCEPT_ENCODING, accepted));
        response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_browser_gets_the_smallest_encoding_it_takes() {
        assert_eq!(encoding(&SCRIPT, "gzip, deflate, br, zstd").as_deref(), Some("br"));
        assert_eq!(encoding(&SCRIPT, "gzip;q=0.5, br;q=0").as_deref(), Some("gzip"));
        assert_eq!(encoding(&ICON, "br, GZIP").as_deref(), Some("gzip"));
        for none in ["", "*", "identity", "brotli", "br;q=0, gzip; q=0.0", "br;weight"] {
            assert_eq!(encoding(&SCRIPT, none), None, "{none}");
        }
    }

    #[test]
    fn what_has_a_hash_in_its_name_is_kept_for_ever_and_all_else_is_asked_for_again() {
        let kept = |file| Served::new(file).answer(&HeaderMap::new()).headers()[header::CACHE_CONTROL].clone();
        assert_eq!(kept(&SCRIPT), FOR_EVER);
        assert_eq!(kept(&ICON), "no-cache");
    }

    #[test]
    fn who_has_the_file_already_does_not_get_it_again() {
        let served = Served::new(&SCRIPT);
        let tag = served.answer(&HeaderMap::new()).headers()[header::ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/\"other\", {tag}"), "*".to_owned()] {
            let response = served.answer(&asked(header::IF_NONE_MATCH, &known));
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(response.headers()[header::ETAG], tag.as_str());
            assert!(!response.headers().contains_key(header::CONTENT_TYPE));
        }
        assert_eq!(served.answer(&asked(header::IF_NONE_MATCH, "\"other\"")).status(), StatusCode::OK);
        assert_ne!(tag, Served::new(&ICON).tag);
    }
}
