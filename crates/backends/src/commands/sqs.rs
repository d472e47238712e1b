//! A queue of Amazon SQS for each instance, which its monitor asks for commands: a GPU pod behind NAT cannot be called,
//! and one that is away loses nothing.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use monitor_pipeline::ports::{Command, CommandError, Commands, Ordered, Orders};
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// The queue of an instance is called this and the instance's id, where the deployment says nothing else.
pub const PREFIX: &str = "comfyui-monitor-commands-";
/// A message holds 1 MiB (quotas of Amazon SQS, 2025); what is larger goes beside it.
const LARGEST: usize = 900 * 1024;
const LARGE: &str = "commands/";
/// The longest wait of one call, seconds (`ReceiveMessage`, `WaitTimeSeconds`).
const LONG_POLL: i32 = 20;
/// Until a command that was received and not done comes again, seconds.
const VISIBILITY: i32 = 120;
const AT_ONCE: i32 = 5;
/// The longest delay of a message, seconds (`SendMessage`, `DelaySeconds`).
const LONGEST_DELAY: u64 = 900;

/// A command in a message, or where it is.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Message {
    Elsewhere {
        #[serde(rename = "commandKey")]
        command_key: String,
    },
    Here(Command),
}

fn failed<E: std::error::Error + ProvideErrorMetadata + 'static, R: std::fmt::Debug + 'static>(
    error: &SdkError<E, R>,
) -> CommandError {
    CommandError::Failed(crate::aws::told(error))
}

async fn queue_url(client: &Client, prefix: &str, instance_id: &str) -> Result<String, CommandError> {
    let name = format!("{prefix}{instance_id}");
    match client.get_queue_url().queue_name(name).send().await {
        Ok(found) => found.queue_url.ok_or_else(|| CommandError::NoQueue(instance_id.to_owned())),
        Err(error) if matches!(error.as_service_error(), Some(GetQueueUrlError::QueueDoesNotExist(_))) => {
            Err(CommandError::NoQueue(instance_id.to_owned()))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// The sending side.
pub struct Queues {
    client: Client,
    /// Where a command goes that is too large for a message.
    large: Arc<dyn ObjectStore>,
    prefix: String,
    urls: Mutex<HashMap<String, String>>,
}

impl Queues {
    /// `prefix`: what the queues' names begin with, before the instance's id.
    pub fn new(client: Client, large: Arc<dyn ObjectStore>, prefix: &str) -> Queues {
        Queues { client, large, prefix: prefix.to_owned(), urls: Mutex::default() }
    }

    async fn url(&self, instance_id: &str) -> Result<String, CommandError> {
        let kept = self.urls.lock().unwrap_or_else(PoisonError::into_inner).get(instance_id).cloned();
        if let Some(url) = kept {
            return Ok(url);
        }
        let url = queue_url(&self.client, &self.prefix, instance_id).await?;
        self.urls.lock().unwrap_or_else(PoisonError::into_inner).insert(instance_id.to_owned(), url.clone());
        Ok(url)
    }

    async fn body(&self, command: &Command) -> Result<String, CommandError> {
        let told = |error: &dyn std::fmt::Display| CommandError::Failed(error.to_string());
        let text = serde_json::to_string(command).map_err(|error| told(&error))?;
        if text.len() <= LARGEST {
            return Ok(text);
        }
        let command_key = format!("{LARGE}{}", Uuid::new_v4());
        self.large.put(&Key::from(command_key.as_str()), text.into()).await.map_err(|error| told(&error))?;
        serde_json::to_string(&Message::Elsewhere { command_key }).map_err(|error| told(&error))
    }
}

#[async_trait]
impl Commands for Queues {
    async fn reach(&self, instance_id: &str) -> Result<(), CommandError> {
        self.url(instance_id).await.map(drop)
    }

    async fn send(&self, instance_id: &str, command: &Command, delay: Duration) -> Result<(), CommandError> {
        let url = self.url(instance_id).await?;
        let body = self.body(command).await?;
        let delay = i32::try_from(delay.as_secs().min(LONGEST_DELAY)).unwrap_or(0);
        let sent = self.client.send_message().queue_url(url).message_body(body).delay_seconds(delay).send().await;
        sent.map(drop).map_err(|error| failed(&error))
    }
}

/// The receiving side: one instance's queue.
pub struct Queue {
    client: Client,
    url: String,
    large: Arc<dyn ObjectStore>,
}

impl Queue {
    /// [`CommandError::NoQueue`] where the deployment made none for this instance.
    pub async fn of(
        client: Client,
        prefix: &str,
        instance_id: &str,
        large: Arc<dyn ObjectStore>,
    ) -> Result<Queue, CommandError> {
        let url = queue_url(&client, prefix, instance_id).await?;
        Ok(Queue { client, url, large })
    }

    async fn read(&self, body: &str) -> Result<Command, String> {
        match serde_json::from_str(body).map_err(|error| error.to_string())? {
            Message::Here(command) => Ok(command),
            Message::Elsewhere { command_key } => {
                let id =
                    command_key.strip_prefix(LARGE).and_then(|id| Uuid::try_parse(id).ok()).ok_or("no key of ours")?;
                let key = Key::from(format!("{LARGE}{id}"));
                let stored = self.large.get(&key).await.map_err(|error| error.to_string())?;
                let bytes = stored.bytes().await.map_err(|error| error.to_string())?;
                serde_json::from_slice(&bytes).map_err(|error| error.to_string())
            }
        }
    }
}

#[async_trait]
impl Orders for Queue {
    async fn receive(&self) -> Result<Vec<Ordered>, CommandError> {
        let asked = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .wait_time_seconds(LONG_POLL)
            .visibility_timeout(VISIBILITY)
            .max_number_of_messages(AT_ONCE);
        // The wait belongs to the call: it must not count as a server that does not answer.
        let patient = aws_sdk_sqs::config::timeout::TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(LONG_POLL as u64 + 10))
            .operation_timeout(Duration::from_mins(2))
            .build();
        let patient = aws_sdk_sqs::config::Builder::new().timeout_config(patient);
        let received = asked.customize().config_override(patient).send().await.map_err(|error| failed(&error))?;
        let mut ordered = Vec::new();
        for message in received.messages.unwrap_or_default() {
            let (Some(body), Some(receipt)) = (message.body, message.receipt_handle) else { continue };
            match self.read(&body).await {
                Ok(command) => ordered.push(Ordered { command, receipt }),
                // It is not taken off: after some tries it is where such messages are looked at.
                Err(error) => tracing::warn!(error, "a command cannot be read"),
            }
        }
        Ok(ordered)
    }

    async fn done(&self, receipt: &str) -> Result<(), CommandError> {
        let deleted = self.client.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await;
        deleted.map(drop).map_err(|error| failed(&error))
    }
}
