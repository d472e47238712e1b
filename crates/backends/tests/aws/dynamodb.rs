//! The store in `DynamoDB`, against all that is asked of a store.

use crate::emulated::of_account;
use monitor_backends::store::dynamodb::DynamoStore;
use monitor_testkit::conformance::Place;
use monitor_testkit::emulator::Emulator;
use object_store::memory::InMemory;
use std::sync::Arc;

/// A table in an account of its own.
struct Table {
    account: String,
    large: Arc<InMemory>,
}

impl Place for Table {
    type Adapter = DynamoStore;

    fn fresh() -> Self {
        Table { account: Emulator::shared().account(), large: Arc::default() }
    }

    fn named(name: &str) -> Self {
        Table { account: name.to_owned(), large: Arc::default() }
    }

    fn name(&self) -> String {
        self.account.clone()
    }

    async fn open(&self) -> DynamoStore {
        let client = aws_sdk_dynamodb::Client::new(&of_account(&self.account).await);
        let is_there = client.describe_table().table_name("store").send().await.is_ok();
        let store = DynamoStore::new(client, "store".to_owned(), self.large.clone());
        if !is_there {
            store.create_table().await.unwrap();
        }
        store
    }

    async fn close(&self, adapter: DynamoStore) {
        drop(adapter);
    }
}

mod store {
    monitor_testkit::store_conformance!(crate::dynamodb::Table);
}

mod connections {
    monitor_testkit::connections_conformance!(crate::dynamodb::Table);
}

mod roster {
    monitor_testkit::roster_conformance!(crate::dynamodb::Table);
}
