//! The guarantees of `Commands` and `Orders`, the two ends of one way.

use super::Place;
use super::sample::hostile_strings;
use monitor_pipeline::ports::{Command, CommandError, Commands, Ordered, Orders};
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;

/// So many waits in vain, and what is missing will not come.
const PATIENCE: u32 = 4;

/// Both ends, and what a test does where no port of ours reaches.
pub trait CommandLine: Commands + Clone {
    type Orders: Orders;

    /// Makes the way to an instance, as a deployment does.
    fn deploy(&self, instance_id: &str) -> impl Future<Output = ()> + Send;
    fn orders(&self, instance_id: &str) -> impl Future<Output = Result<Self::Orders, CommandError>> + Send;
    /// Its monitor died over it: as if so much time had passed that it comes again.
    fn given_up(&self, instance_id: &str, ordered: &Ordered) -> impl Future<Output = ()> + Send;
}

/// The suite for an adapter at places of type `$place`.
#[macro_export]
macro_rules! commands_conformance {
    ($place:ty) => {
        $crate::conformance_tests!(
            $place,
            commands,
            what_was_sent_is_received
            a_command_waits_for_its_monitor
            a_command_comes_again_until_it_is_done
            a_command_with_a_delay_comes_after_the_others
            a_command_goes_to_its_instance_alone
            a_large_command_comes_back_whole
            hostile_strings_and_numbers_come_back_as_they_were
            an_instance_without_a_queue_is_told_so
            many_that_are_sent_at_once_all_come
        );
    };
}

pub fn cancel(number: u128) -> Command {
    Command::Cancel { queue_id: Uuid::from_u128(number), known: None }
}

pub fn submit(number: u128, workflow: Value) -> Command {
    Command::Submit {
        queue_id: Uuid::from_u128(number),
        prompt_id: format!("prompt-{number}"),
        title: "A cat".to_owned(),
        workflow,
        metadata: None,
    }
}

async fn send(line: &impl CommandLine, instance_id: &str, command: &Command) {
    line.send(instance_id, command, Duration::ZERO).await.unwrap();
}

/// Received, and not done, until there are so many.
pub async fn received(orders: &impl Orders, count: usize) -> Vec<Ordered> {
    let mut all = Vec::new();
    let mut vain = 0;
    while all.len() < count {
        let more = orders.receive().await.unwrap();
        vain += u32::from(more.is_empty());
        assert!(vain < PATIENCE, "{count} were to come, and there are {all:?}");
        all.extend(more);
    }
    all
}

fn by_id(ordered: Vec<Ordered>) -> Vec<Command> {
    let mut commands: Vec<Command> = ordered.into_iter().map(|ordered| ordered.command).collect();
    commands.sort_by_key(Command::queue_id);
    commands
}

async fn line<P: Place<Adapter: CommandLine>>(place: &P) -> P::Adapter {
    let line = place.open().await;
    line.deploy("gpu-1").await;
    line
}

pub async fn what_was_sent_is_received<P: Place<Adapter: CommandLine>>() {
    let place = P::fresh();
    let line = line(&place).await;
    let orders = line.orders("gpu-1").await.unwrap();
    let overrides = json!({"3": {"seed": 5}}).as_object().unwrap().clone();
    let commands = [
        submit(1, json!({"3": {"class_type": "KSampler", "inputs": {}}})),
        cancel(2),
        Command::Retry { queue_id: Uuid::from_u128(3), overrides, known: None },
        Command::Retry { queue_id: Uuid::from_u128(4), overrides: Map::new(), known: None },
    ];
    for command in &commands {
        send(&line, "gpu-1", command).await;
    }
    assert_eq!(by_id(received(&orders, commands.len()).await), commands);
}

pub async fn a_command_waits_for_its_monitor<P: Place<Adapter: CommandLine>>() {
    let place = P::fresh();
    let first = line(&place).await;
    send(&first, "gpu-1", &cancel(1)).await;
    place.close(first).await;
    let second = place.open().await;
    let orders = second.orders("gpu-1").await.unwrap();
    assert_eq!(by_id(received(&orders, 1).await), [cancel(1)]);
}

pub async fn a_command_comes_again_until_it_is_done<P: Place<Adapter: CommandLine>>() {
    let place = P::fresh();
    let line = line(&place).await;
    let orders = line.orders("gpu-1").await.unwrap();
    send(&line, "gpu-1", &cancel(1)).await;
    for _ in 0..3 {
        let ordered = received(&orders, 1).await;
        assert_eq!(ordered[0].command, cancel(1));
        line.given_up("gpu-1", &ordered[0]).await;
    }
    let ordered = received(&orders, 1).await;
    orders.done(&ordered[0].receipt).await.unwrap();
    send(&line, "gpu-1", &cancel(2)).await;
    assert_eq!(by_id(received(&orders, 1).await), [cancel(2)]);
}

pub async fn a_command_with_a_delay_comes_after_the_others<P: Place<Adapter: CommandLine>>() {
    let place = P::fresh();
    let line = line(&place).await;
    let orders = line.orders("gpu-1").await.unwrap();
    line.send("gpu-1", &cancel(1), Duration::from_mins(10)).await.unwrap();
    line.send("gpu-1", &cancel(2), Duration::from_secs(1)).await.unwrap();
    send(&line, "gpu-1", &cancel(3)).await;
    assert_eq!(by_id(received(&orders, 2).await), [cancel(2), cancel(3)]);
}

pub async fn a_command_goes_to_its_instance_alone<P: Place<Adapter: CommandLine>>() {
    let place = P::fresh();
    let line = line(&place).await;
    line.deploy("gpu-2").await;
    for (number, instance_id) in [(1, "gpu-1"), (2, "gpu-2"), (3, "gpu-1")] {
        send(&line, instance_id, &cancel(number)).await;
    }
    assert_eq!(by_id(received(&line.orders("gpu-2").await.unwrap(), 1).await), [cancel(2)]);
    assert_eq!(by_id(received(&line.orders("gpu-1").await.unwrap(), 2).await), [cancel(1), cancel(3)]);
}

pub async fn a_large_command_comes_back_whole<P: Place<Adapter: CommandLine>>() {
    let place = P::fresh();
    let line = line(&place).await;
    let orders = line.orders("gpu-1").await.unwrap();
    // An image in an input: more than any message holds.
    let large =
        submit(1, json!({"1": {"class_type": "ETN_LoadImageBase64", "inputs": {"image": "A".repeat(3 << 20)}}}));
    send(&line, "gpu-1", &large).await;
    let ordered = received(&orders, 1).await;
    assert!(ordered[0].command == large);
    line.given_up("gpu-1", &ordered[0]).await;
    let again = received(&orders, 1).await;
    assert!(again[0].command == large, "it is there as long as it is not done");
    orders.done(&again[0].receipt).await.unwrap();
}

pub async fn hostile_strings_and_numbers_come_back_as_they_were<P: Place<Adapter: CommandLine>>() {
    let place = P::fresh();
    let line = line(&place).await;
    let orders = line.orders("gpu-1").await.unwrap();
    let mut inputs: Map<String, Value> =
        hostile_strings().into_iter().map(|hostile| (hostile.clone(), json!(hostile))).collect();
    inputs.insert("seed".to_owned(), json!(u64::MAX));
    inputs.insert("below".to_owned(), json!(i64::MIN));
    inputs.insert("cfg".to_owned(), json!(0.1 + 0.2));
    inputs.insert("commandKey".to_owned(), json!("commands/no key"));
    let command = Command::Submit {
        queue_id: Uuid::from_u128(1),
        prompt_id: hostile_strings().concat(),
        title: hostile_strings().concat(),
        workflow: json!({"3": {"class_type": "KSampler", "inputs": inputs}}),
        metadata: Some(json!({"commandKey": "commands/x", "action": "cancel"})),
    };
    send(&line, "gpu-1", &command).await;
    assert_eq!(by_id(received(&orders, 1).await), [command]);
}

pub async fn an_instance_without_a_queue_is_told_so<P: Place<Adapter: CommandLine>>() {
    let place = P::fresh();
    let line = line(&place).await;
    for unknown in ["gpu-2", "gpu", "", "gpu 1", "../gpu-1", "grüße", &"x".repeat(200)] {
        let sent = line.send(unknown, &cancel(1), Duration::ZERO).await;
        assert!(matches!(&sent, Err(CommandError::NoQueue(named)) if named == unknown), "{unknown:?}: {sent:?}");
        let opened = line.orders(unknown).await.map(drop);
        assert!(matches!(&opened, Err(CommandError::NoQueue(named)) if named == unknown), "{unknown:?}: {opened:?}");
    }
    // One that is deployed later is found then.
    line.deploy("gpu-2").await;
    send(&line, "gpu-2", &cancel(1)).await;
}

pub async fn many_that_are_sent_at_once_all_come<P: Place<Adapter: CommandLine>>() {
    let place = P::fresh();
    let line = line(&place).await;
    let orders = line.orders("gpu-1").await.unwrap();
    let sending = (1..=20).map(|number| {
        let line = line.clone();
        tokio::spawn(async move { send(&line, "gpu-1", &cancel(number)).await })
    });
    for done in futures::future::join_all(sending).await {
        done.unwrap();
    }
    let mut all: Vec<Command> = Vec::new();
    // At least once each.
    while all.len() < 20 {
        for ordered in received(&orders, 1).await {
            orders.done(&ordered.receipt).await.unwrap();
            if !all.contains(&ordered.command) {
                all.push(ordered.command);
            }
        }
    }
    all.sort_by_key(Command::queue_id);
    assert_eq!(all, (1..=20).map(cancel).collect::<Vec<_>>());
}
