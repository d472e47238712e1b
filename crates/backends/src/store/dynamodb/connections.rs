//! Who is connected to the gateway and listens to what: a partition for each connection and one for each topic. Rows go
//! by themselves when no gateway would hold the connection any longer.

use super::calls::{Wanted, Words};
use super::item::{get_text, item, key, number, text};
use super::{DynamoStore, EXPIRES_AT, Failure, table};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use monitor_core::time::Timestamp;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::{Connections, Listener, MOST_SUBSCRIPTIONS, StoreError};

/// Amazon API Gateway closes a WebSocket after two hours (quotas of WebSocket APIs). Seconds, with some to spare.
const LONGEST: i64 = 2 * 60 * 60 + 10 * 60;

fn of_connection(connection_id: &str) -> String {
    format!("connection#{}", table::part(connection_id))
}

fn of_topic(topic: Topic) -> String {
    format!("topic#{topic}")
}

fn expiry(now: Timestamp) -> AttributeValue {
    number(now.as_millis() / 1_000 + LONGEST)
}

impl DynamoStore {
    async fn forget_connection(&self, connection_id: &str) -> Result<(), Failure> {
        let partition = of_connection(connection_id);
        let rows = self.query(Wanted::all(partition.clone())).await?;
        let topics = rows.iter().filter_map(|row| get_text(row, "topic"));
        let mut gone: Vec<_> = topics.map(|topic| key(format!("topic#{topic}"), table::part(connection_id))).collect();
        gone.extend(rows.iter().filter_map(|row| Some(key(partition.clone(), get_text(row, "sk")?))));
        self.delete_all(gone).await
    }

    async fn add_subscription(
        &self,
        connection_id: &str,
        topic: Topic,
        previews: Option<bool>,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let (partition, sk) = (of_connection(connection_id), of_topic(topic));
        let held = self.query(Wanted::beginning(partition.clone(), "topic#"));
        let held = held.await?;
        let is_new = !held.iter().any(|row| get_text(row, "sk") == Some(sk.as_str()));
        if is_new && held.len() >= MOST_SUBSCRIPTIONS {
            return Ok(false);
        }
        // First what a disconnection goes by.
        let row = item(partition, sk.clone(), [("topic", text(topic.to_string())), (EXPIRES_AT, expiry(now))]);
        self.put(row, None, Words::default()).await?;
        let words = Words::default().value("c", text(connection_id)).value("until", expiry(now));
        let (expression, words) = match previews {
            Some(previews) => {
                ("SET c = :c, expiresAt = :until, pv = :pv", words.value("pv", AttributeValue::Bool(previews)))
            }
            None => ("SET c = :c, expiresAt = :until", words),
        };
        self.update(key(sk, table::part(connection_id)), expression, None, words).await?;
        Ok(true)
    }

    async fn remove_subscription(&self, connection_id: &str, topic: Topic) -> Result<(), Failure> {
        self.delete(key(of_topic(topic), table::part(connection_id))).await?;
        self.delete(key(of_connection(connection_id), of_topic(topic))).await
    }

    async fn listeners_of(&self, topic: Topic, now: Timestamp) -> Result<Vec<Listener>, Failure> {
        let rows = self.query(Wanted::all(of_topic(topic))).await?;
        let there = rows.iter().filter(|row| !Self::has_expired(row, now));
        let listener = |row: &super::item::Item| {
            Some(Listener {
                connection_id: get_text(row, "c")?.to_owned(),
                previews: row.get("pv").and_then(|value| value.as_bool().ok()).copied().unwrap_or(false),
            })
        };
        Ok(there.filter_map(listener).collect())
    }
}

#[async_trait]
impl Connections for DynamoStore {
    async fn connect(&self, connection_id: &str, now: Timestamp) -> Result<(), StoreError> {
        let row = item(of_connection(connection_id), table::ONE, [(EXPIRES_AT, expiry(now))]);
        self.told(self.put(row, None, Words::default()).await).map(drop)
    }

    async fn disconnect(&self, connection_id: &str) -> Result<(), StoreError> {
        self.told(self.forget_connection(connection_id).await)
    }

    async fn subscribe(
        &self,
        connection_id: &str,
        topic: Topic,
        previews: Option<bool>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.told(self.add_subscription(connection_id, topic, previews, now).await)
    }

    async fn unsubscribe(&self, connection_id: &str, topic: Topic) -> Result<(), StoreError> {
        self.told(self.remove_subscription(connection_id, topic).await)
    }

    async fn listeners(&self, topic: Topic, now: Timestamp) -> Result<Vec<Listener>, StoreError> {
        self.told(self.listeners_of(topic, now).await)
    }
}
