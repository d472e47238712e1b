//! Commands over the emulator's queues.

use crate::emulated::of_account;
use async_trait::async_trait;
use monitor_backends::commands::sqs::{PREFIX, Queue, Queues};
use monitor_pipeline::ports::{Command, CommandError, Commands, Ordered, Orders};
use monitor_testkit::conformance::Place;
use monitor_testkit::conformance::commands::{CommandLine, cancel, received, submit};
use monitor_testkit::emulator::Emulator;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Queues in an account of their own.
struct Account {
    name: String,
    large: Arc<InMemory>,
}

#[derive(Clone)]
struct Line {
    client: aws_sdk_sqs::Client,
    large: Arc<InMemory>,
    queues: Arc<Queues>,
}

impl Place for Account {
    type Adapter = Line;

    fn fresh() -> Self {
        Account { name: Emulator::shared().account(), large: Arc::default() }
    }

    fn named(name: &str) -> Self {
        Account { name: name.to_owned(), large: Arc::default() }
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn open(&self) -> Line {
        let client = aws_sdk_sqs::Client::new(&of_account(&self.name).await);
        let queues = Arc::new(Queues::new(client.clone(), self.large.clone(), PREFIX));
        Line { client, large: self.large.clone(), queues }
    }

    async fn close(&self, adapter: Line) {
        drop(adapter);
    }
}

impl Line {
    async fn url(&self, instance_id: &str) -> String {
        let found = self.client.get_queue_url().queue_name(format!("{PREFIX}{instance_id}")).send().await.unwrap();
        found.queue_url.unwrap()
    }

    async fn put_text(&self, instance_id: &str, text: &str) {
        let url = self.url(instance_id).await;
        self.client.send_message().queue_url(url).message_body(text).send().await.unwrap();
    }

    /// Messages that wait, and those that were received and not done.
    async fn left(&self, instance_id: &str) -> usize {
        use aws_sdk_sqs::types::QueueAttributeName::{
            ApproximateNumberOfMessages as Waiting, ApproximateNumberOfMessagesNotVisible as Received,
        };
        let asked = self.client.get_queue_attributes().queue_url(self.url(instance_id).await);
        let answer = asked.attribute_names(Waiting).attribute_names(Received).send().await.unwrap();
        answer.attributes().unwrap().values().map(|count| count.parse::<usize>().unwrap()).sum()
    }
}

#[async_trait]
impl Commands for Line {
    async fn reach(&self, instance_id: &str) -> Result<(), CommandError> {
        self.queues.reach(instance_id).await
    }

    async fn send(&self, instance_id: &str, command: &Command, delay: Duration) -> Result<(), CommandError> {
        self.queues.send(instance_id, command, delay).await
    }
}

impl CommandLine for Line {
    type Orders = Queue;

    async fn deploy(&self, instance_id: &str) {
        self.client.create_queue().queue_name(format!("{PREFIX}{instance_id}")).send().await.unwrap();
    }

    async fn orders(&self, instance_id: &str) -> Result<Queue, CommandError> {
        Queue::of(self.client.clone(), PREFIX, instance_id, self.large.clone()).await
    }

    async fn given_up(&self, instance_id: &str, ordered: &Ordered) {
        let url = self.url(instance_id).await;
        let visible = self.client.change_message_visibility().queue_url(url).receipt_handle(&ordered.receipt);
        visible.visibility_timeout(0).send().await.unwrap();
    }
}

mod conformance {
    monitor_testkit::commands_conformance!(crate::commands::Account);
}

async fn line() -> (Line, Queue) {
    let line = Account::fresh().open().await;
    line.deploy("gpu-1").await;
    let orders = line.orders("gpu-1").await.unwrap();
    (line, orders)
}

#[tokio::test]
async fn what_cannot_be_read_holds_up_no_command_and_stays_to_be_looked_at() {
    let (line, orders) = line().await;
    let unreadable =
        ["", "{}", "no json", "[]", "{\"action\":\"format\"}", "{\"action\":\"cancel\",\"queueId\":\"x\"}"];
    for text in &unreadable[1..] {
        line.put_text("gpu-1", text).await;
    }
    line.send("gpu-1", &cancel(1), Duration::ZERO).await.unwrap();
    let ordered = received(&orders, 1).await;
    assert_eq!(ordered[0].command, cancel(1));
    orders.done(&ordered[0].receipt).await.unwrap();
    assert_eq!(line.left("gpu-1").await, unreadable.len() - 1);
}

#[tokio::test]
async fn a_message_leads_to_commands_of_ours_and_to_nothing_else() {
    let (line, orders) = line().await;
    let secret = serde_json::to_vec(&cancel(66)).unwrap();
    let id = "11111111-2222-3333-4444-555555555555";
    let elsewhere = ["secret", "commands", "commands/x", "settled/x", id, "commands/../secret"];
    for key in elsewhere.iter().filter(|key| !key.contains("..")) {
        line.large.put(&Key::from(*key), secret.clone().into()).await.unwrap();
    }
    let hostile = ["../secret", "commands/../../etc/passwd", "commands/", "", "/commands/x", "COMMANDS/x"];
    for key in elsewhere.iter().chain(&hostile) {
        line.put_text("gpu-1", &json!({"commandKey": key}).to_string()).await;
    }
    // Nothing lies there.
    line.put_text("gpu-1", &json!({"commandKey": format!("commands/{id}")}).to_string()).await;
    line.send("gpu-1", &cancel(1), Duration::ZERO).await.unwrap();
    let ordered = received(&orders, 1).await;
    assert_eq!(ordered.iter().map(|ordered| &ordered.command).collect::<Vec<_>>(), [&cancel(1)]);
    orders.done(&ordered[0].receipt).await.unwrap();
    assert_eq!(line.left("gpu-1").await, elsewhere.len() + hostile.len() + 1);
}

#[tokio::test]
async fn only_a_command_that_is_too_large_for_a_message_lies_beside_the_queue() {
    use futures::TryStreamExt;
    let (line, orders) = line().await;
    let beside = async || line.large.list(None).try_collect::<Vec<_>>().await.unwrap().len();
    // An empty one is some hundred bytes; a message of ours holds 900 KiB.
    for (size, objects) in [(900 * 1024 - 500, 0), (900 * 1024, 1)] {
        line.send("gpu-1", &submit(1, json!({"1": "A".repeat(size)})), Duration::ZERO).await.unwrap();
        assert_eq!(beside().await, objects, "{size}");
        let ordered = received(&orders, 1).await;
        assert!(ordered[0].command == submit(1, json!({"1": "A".repeat(size)})), "{size}");
        orders.done(&ordered[0].receipt).await.unwrap();
    }
}

#[tokio::test]
async fn an_empty_queue_is_no_error() {
    let (_line, orders) = line().await;
    assert!(orders.receive().await.unwrap().is_empty());
}
