//! A role that lacks a right is found out.

use crate::cloud::{Cloud, INSTANCE};
use monitor_testkit::FakeComfy;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_whose_functions_may_not_write_the_table_does_not_work_and_says_why() {
    let real = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/aws/template.yaml")).unwrap();
    let lacking = real.replace("              - dynamodb:PutItem\n", "");
    assert_ne!(real, lacking);
    let template = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("lacking-{}.yaml", std::process::id()));
    std::fs::write(&template, lacking).unwrap();
    let cloud = Cloud::deployed(Some(&template), &[]);
    let fake = FakeComfy::builder().start().await.unwrap();
    let _sidecar = crate::sidecar::Sidecar::start(&cloud, &fake, "bus");
    let began = Instant::now();
    loop {
        let log = cloud.log();
        if log.contains("dynamodb:PutItem") {
            break;
        }
        assert!(began.elapsed() < crate::cloud::PATIENCE, "no function was refused: {log}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (_, list) = cloud.request(reqwest::Method::GET, "/v1/instances", None).await;
    assert!(
        !list["items"].as_array().is_some_and(|items| items.iter().any(|item| item["instanceId"] == INSTANCE)),
        "{list}"
    );
}
