//! The page, whether it was built or not.

use super::*;
use std::collections::BTreeSet;

const ROUTES: [&str; 8] = [
    "/",
    "/jobs",
    "/jobs/4c1d9f7e-1111-4222-8333-444455556666",
    "/jobs/4c1d9f7e-1111-4222-8333-444455556666/focus",
    "/jobs?status=failed",
    "/instances",
    "/instances/cinder",
    "/performance",
];

/// What a document or a script names under `/assets/`.
fn assets(text: &str) -> BTreeSet<String> {
    let named = text.split("assets/").skip(1);
    let ends = |letter: char| !(letter.is_ascii_alphanumeric() || "._-".contains(letter));
    named.filter_map(|rest| rest.split(ends).next()).filter(|name| name.contains('.')).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_address_of_the_page_is_one_document_that_is_asked_for_again() {
    let served = Served::start().await;
    let index = served.get("/").send().await.unwrap().text().await.unwrap();
    for path in ROUTES {
        let response = served.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(header(&response, "cache-control"), "no-cache", "{path}");
        let tag = header(&response, "etag").to_owned();
        assert_eq!(response.text().await.unwrap(), index, "{path}");
        let again = served.get(path).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), 304, "{path}");
        assert!(!header(&again, "content-security-policy").is_empty(), "{path}");
    }
    let head = served.request(Method::HEAD, "/jobs").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(header(&head, "content-length"), index.len().to_string());
}

#[tokio::test]
async fn the_document_holds_nothing_that_its_own_policy_forbids() {
    let served = Served::start().await;
    let response = served.get("/").send().await.unwrap();
    let policy = header(&response, "content-security-policy").to_owned();
    for part in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';"] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    let html = response.text().await.unwrap();
    for forbidden in [" style=", " onclick=", "<style", "http://", "https://", "<script>"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
}

#[tokio::test]
async fn a_program_without_its_page_says_how_to_build_it_and_one_with_it_serves_all_its_files() {
    let served = Served::start().await;
    let html = served.get("/").send().await.unwrap().text().await.unwrap();
    if !site::has_page() {
        assert!(html.contains("make run") && html.contains("npm run build"), "{html}");
        return;
    }
    let mut names: Vec<_> = assets(&html).into_iter().collect();
    assert!(names.iter().any(|name| name.contains(".js")), "{html}");
    let mut seen = 0;
    while let Some(name) = names.get(seen).cloned() {
        let response = served.get(&format!("/assets/{name}")).send().await.unwrap();
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable", "{name}");
        let kind = match name.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "woff2" => "font/woff2",
            "svg" => "image/svg+xml",
            other => panic!("{name}: no test for .{other}"),
        };
        assert_eq!(header(&response, "content-type"), kind, "{name}");
        if kind.contains("charset") {
            let text = response.text().await.unwrap();
            for found in assets(&text) {
                if !names.contains(&found) {
                    names.push(found);
                }
            }
            is_smaller_packed(&served, &name, text.len()).await;
        }
        seen += 1;
    }
}

async fn is_smaller_packed(served: &Served, name: &str, plain: usize) {
    for encoding in ["br", "gzip"] {
        let request = served.get(&format!("/assets/{name}")).header("accept-encoding", encoding);
        let response = request.send().await.unwrap();
        assert_eq!(header(&response, "vary"), "accept-encoding");
        // A file of a few bytes is not packed.
        if plain > 2_000 {
            assert_eq!(header(&response, "content-encoding"), encoding, "{name}");
            assert!(response.bytes().await.unwrap().len() < plain, "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_no_file_of_the_page_is_not_there() {
    let served = Served::start().await;
    for path in ["/assets/nothing.js", "/assets/../index.html", "/assets/%2e%2e/index.html", "/index.htm", "/job"] {
        problem(served.get(path), 404).await;
    }
}
