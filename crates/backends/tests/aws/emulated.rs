//! Clients of the emulator.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::Credentials;
use monitor_testkit::emulator::Emulator;

/// Of a world of its own.
pub async fn fresh() -> SdkConfig {
    of_account(&Emulator::shared().account()).await
}

pub async fn of_account(account: &str) -> SdkConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    monitor_backends::aws::configuration(Some("us-east-1".to_owned()))
        .await
        .into_builder()
        .endpoint_url(Emulator::shared().endpoint())
        .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(Credentials::new(
            account, "test", None, None, "test",
        )))
        .build()
}

#[tokio::test]
async fn the_emulator_answers_and_accounts_keep_apart() {
    let (one, other) = (fresh().await, fresh().await);
    let tables = async |config: &SdkConfig| {
        aws_sdk_dynamodb::Client::new(config).list_tables().send().await.unwrap().table_names().to_vec()
    };
    aws_sdk_eventbridge::Client::new(&one).create_event_bus().name("only-here").send().await.unwrap();
    let buses = aws_sdk_eventbridge::Client::new(&other).list_event_buses().send().await.unwrap();
    assert!(buses.event_buses().iter().all(|bus| bus.name() != Some("only-here")));
    assert_eq!(tables(&one).await, [""; 0]);
}
