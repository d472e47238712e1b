use super::*;
use comfyui_monitor::config::Secret;
use serde_json::json;

async fn with_token() -> Served {
    let mut config = Config::defaults(&Environment::default());
    config.token = Some(Secret::new("0123456789abcdef"));
    Served::with(FakeApi::default(), config).await
}

#[tokio::test]
async fn with_a_token_the_api_needs_it_and_the_page_that_asks_for_it_does_not() {
    let served = with_token().await;
    let response = served.get("/v1/generations").send().await.unwrap();
    assert!(header(&response, "www-authenticate").starts_with("Bearer"));
    let refused = problem(served.get("/v1/generations"), 401).await;
    assert!(!refused.to_string().contains("0123456789abcdef"));
    problem(served.post("/v1/generations").json(&json!({"workflow": {}})), 401).await;
    assert!(served.api.submitted.lock().unwrap().is_empty());
    json(served.get("/v1/generations").bearer_auth("0123456789abcdef"), 200).await;
    for path in ["/", "/jobs/1", "/healthz", "/readyz"] {
        assert_eq!(served.get(path).send().await.unwrap().status(), 200, "{path}");
    }
    assert!(json(served.get("/readyz"), 200).await.get("instances").is_none());
}

#[tokio::test]
async fn a_foreign_host_and_a_foreign_site_are_refused_as_problems() {
    let served = Served::start().await;
    problem(served.get("/v1/generations").header("host", "evil.example"), 421).await;
    let post = served.post("/v1/generations").header("origin", "https://evil.example");
    problem(post.json(&json!({"workflow": {}})), 403).await;
    assert!(served.api.submitted.lock().unwrap().is_empty());
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let served = Served::start().await;
    problem(served.get("/v1/nothing"), 404).await;
    problem(served.get("/v1/media/"), 404).await;
    let response = served.request(Method::DELETE, "/v1/generations").send().await.unwrap();
    assert!(header(&response, "allow").contains("POST"));
    problem(served.request(Method::DELETE, "/v1/generations"), 405).await;
}

#[tokio::test]
async fn what_fails_inside_is_500_and_tells_nothing_of_the_inside() {
    let broken = FakeApi { store_is_broken: true, ..FakeApi::default() };
    let served = Served::with(broken, Config::defaults(&Environment::default())).await;
    let answer = problem(served.get("/v1/generations"), 500).await;
    assert!(!answer.to_string().contains("secret"), "{answer}");
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_a_browser_safe() {
    let served = Served::start().await;
    for path in ["/", "/jobs/1", "/assets/nothing.js", "/v1/generations", "/v1/nothing", "/healthz"] {
        let response = served.get(path).send().await.unwrap();
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header(&response, "cross-origin-resource-policy"), "same-origin", "{path}");
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
    }
}
