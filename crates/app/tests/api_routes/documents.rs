use super::*;
use std::collections::BTreeSet;

/// What the contract promises, method and path.
const CONTRACT: &[(&str, &str)] = &[
    ("post", "/v1/generations"),
    ("get", "/v1/generations"),
    ("post", "/v1/workflows"),
    ("get", "/v1/generations/{queueId}"),
    ("post", "/v1/generations/{queueId}/cancel"),
    ("post", "/v1/generations/{queueId}/retry"),
    ("get", "/v1/jobs/{promptId}"),
    ("get", "/v1/jobs/{promptId}/workflow"),
    ("get", "/v1/jobs/{promptId}/events"),
    ("get", "/v1/media/{mediaId}"),
    ("get", "/v1/media/{mediaId}/thumbnail"),
    ("get", "/v1/instances"),
    ("get", "/v1/instances/{instanceId}/events"),
    ("get", "/v1/instances/{instanceId}/readings"),
    ("get", "/v1/instances/{instanceId}/object-info"),
    ("post", "/v1/instances/{instanceId}/uploads"),
    ("post", "/v1/instances/{instanceId}/reconnect"),
    ("get", "/v1/performance"),
    ("get", "/v1/live"),
    ("get", "/v1/generations/{queueId}/events"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/v1/openapi.json"),
];
/// Routes that are no API: those of the page, and files beside it.
fn is_page(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    ["", "jobs", "instances", "performance", "assets"].contains(&first) || first.contains('.')
}

fn document() -> Value {
    serde_json::to_value(site::openapi()).unwrap()
}

#[test]
fn the_document_has_what_the_contract_promises() {
    let document = document();
    for (method, path) in CONTRACT {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
}

#[tokio::test]
async fn every_documented_route_is_mounted() {
    let served = Served::start().await;
    let document = document();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let address = path.replace("{mediaId}", &fake::PICTURE.to_string()).replace("{promptId}", "p1");
            let address = address.replace("{instanceId}", "default").replace("{queueId}", &fake::KNOWN.to_string());
            let status = served.request(method.clone(), &address).send().await.unwrap().status();
            assert!(![404, 405, 500].contains(&status.as_u16()), "{method} {path}: {status}");
        }
    }
}

#[test]
fn every_mounted_route_is_documented() {
    let site = Site::new(
        &Config::defaults(&Environment::default()),
        Arc::new(FakeApi::default()),
        Arc::new(Metrics::default()),
    );
    // The router tells its routes nowhere else.
    let debug = format!("{:?}", site::router(&site, live(site.api.clone())));
    let is_ours = |text: &&str| text.starts_with('/') && !text.contains("__private");
    let mounted: BTreeSet<&str> = debug.split('"').filter(is_ours).collect();
    assert!(mounted.len() >= CONTRACT.len(), "{mounted:?}");
    let document = document();
    for path in mounted {
        assert!(is_page(path) || document["paths"].get(path).is_some(), "{path} is not documented");
    }
}

#[tokio::test]
async fn the_document_is_served_and_its_references_lead_somewhere() {
    let served = Served::start().await;
    let document = json(served.get("/v1/openapi.json"), 200).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let text = document.to_string();
    let references: BTreeSet<&str> =
        text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(references.len() > 10, "{references:?}");
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_has_a_summary_an_id_of_its_own_and_a_tag() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["tags"][0].is_string(), "{method} {path}");
            assert!(ids.insert(operation["operationId"].to_string()), "{method} {path}: {}", operation["operationId"]);
        }
    }
}
