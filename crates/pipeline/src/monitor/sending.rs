//! Submitting and cancelling. A prompt has an id of ours, so that after any doubt we look whether the server has it
//! before anybody sends it again.

use super::driver::{Done, Driver};
use super::handle::Sent;
use super::looking;
use super::refusal::{complaints, explain};
use crate::clock;
use crate::comfy::{Comfy, ComfyError, Prompt, PromptAnswer};
use monitor_core::generation::InstanceState;
use monitor_core::time::Now;
use monitor_core::tracker::{Answer, Class, Input, Submission};
use serde_json::{Map, Value};
use std::time::Duration;
use tokio::sync::oneshot;

/// After a submission without an answer, the server is asked whether it has it after these pauses.
const LOOKS: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3)];
/// An interruption is lost in the first milliseconds of a job (`comfyui-protocol`, section 4): it is repeated once.
const CANCEL_AGAIN: Duration = Duration::from_secs(1);

/// A submission whose classes are known as far as they could be found out.
pub(super) struct Prepared {
    submission: Submission,
    preview_method: Option<String>,
    classes: Vec<(String, Class)>,
    reply: oneshot::Sender<Sent>,
}

/// What became of it.
pub(super) struct Answered {
    prompt_id: String,
    sent_at: u64,
    sent: Sent,
    reply: oneshot::Sender<Sent>,
}

impl Driver {
    pub(super) fn submit(
        &mut self,
        submission: Submission,
        preview_method: Option<String>,
        reply: oneshot::Sender<Sent>,
    ) {
        if let Some(reason) = self.away() {
            // The caller may have given up waiting.
            let _ = reply.send(Sent::Away { reason });
            return;
        }
        let (comfy, classes, patience) = (self.comfy.clone(), self.classes.clone(), self.timing.submission_classes);
        self.spawn(async move {
            let classes = classes.of_graph(&*comfy, &submission.workflow, patience).await;
            Done::Prepared(Box::new(Prepared { submission, preview_method, classes, reply }))
        });
    }

    fn away(&self) -> Option<String> {
        if self.link.is_up() {
            return None;
        }
        let status = self.status.borrow();
        let reason = status.reason.clone().filter(|_| status.state != InstanceState::Connected);
        Some(reason.unwrap_or_else(|| format!("not yet connected to {}", self.comfy.host())))
    }

    /// The tracker knows of it before the server does: the first messages may come before the answer.
    pub(super) fn send(&mut self, now: Now, prepared: Prepared) {
        let Prepared { submission, preview_method, classes, reply } = prepared;
        if !classes.is_empty() {
            self.tell(now, Input::Classes(classes));
        }
        let prompt_id = submission.prompt_id.clone();
        let mut extra_data = Map::new();
        if let Some(method) = preview_method {
            extra_data.insert("preview_method".to_owned(), Value::String(method));
        }
        let prompt = Prompt {
            prompt: submission.workflow.clone(),
            client_id: self.client_id.clone(),
            prompt_id: prompt_id.clone(),
            extra_data,
        };
        self.sending.insert(prompt_id.clone());
        if !self.unsent.remove(&prompt_id) {
            self.tell(now, Input::Submitting(submission));
        }
        let comfy = self.comfy.clone();
        self.spawn(async move {
            let sent = post(&*comfy, &prompt).await;
            Done::Answered(Box::new(Answered { prompt_id, sent_at: now.mono, sent, reply }))
        });
    }

    pub(super) fn answered(&mut self, now: Now, answered: Answered) {
        let Answered { prompt_id, sent_at, sent, reply } = answered;
        self.hear_all();
        self.sending.remove(&prompt_id);
        let answer = match &sent {
            Sent::Accepted { prompt_id, number, .. } => {
                self.watchdog.submitted(sent_at, now.mono);
                Some(Answer::Accepted { prompt_id: prompt_id.clone(), number: *number })
            }
            Sent::Refused { error, node_errors } => {
                Some(Answer::Refused { error: error.clone(), node_errors: node_errors.clone() })
            }
            Sent::Away { .. } | Sent::Unknown { .. } => None,
        };
        match answer {
            Some(answer) => self.tell(now, Input::Answered { prompt_id, answer }),
            // Perhaps it goes to another server next time.
            None if matches!(sent, Sent::Away { .. }) => self.tell(now, Input::Withdrawn { prompt_id }),
            None => drop(self.unsent.insert(prompt_id)),
        }
        // The caller may have given up waiting; what happened is told by events all the same.
        let _ = reply.send(sent);
    }

    pub(super) fn cancel(&mut self, prompt_id: String, reply: oneshot::Sender<Result<bool, ComfyError>>) {
        let now = clock::now();
        self.tell(now, Input::Cancelling { prompt_id: prompt_id.clone() });
        let comfy = self.comfy.clone();
        self.spawn(async move {
            let answer = looking::cancel(&*comfy, &prompt_id).await;
            let stopped = matches!(answer, Ok(true));
            let _ = reply.send(answer);
            if stopped {
                cancel_again(&*comfy, &prompt_id).await;
            }
            Done::Cancelled
        });
    }

    /// A job that runs longer than it may. The tracker asks again where it goes on.
    pub(super) fn interrupt(&mut self, prompt_id: String) {
        let comfy = self.comfy.clone();
        self.spawn(async move {
            match looking::cancel(&*comfy, &prompt_id).await {
                Ok(true) => cancel_again(&*comfy, &prompt_id).await,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, prompt_id, "a job that runs too long could not be interrupted"),
            }
            Done::Cancelled
        });
    }
}

async fn cancel_again(comfy: &dyn Comfy, prompt_id: &str) {
    tokio::time::sleep(CANCEL_AGAIN).await;
    if let Err(error) = looking::cancel(comfy, prompt_id).await {
        tracing::debug!(%error, prompt_id, "a cancellation was not repeated");
    }
}

async fn post(comfy: &dyn Comfy, prompt: &Prompt) -> Sent {
    match comfy.submit(prompt).await {
        Ok(PromptAnswer::Accepted(accepted)) => Sent::Accepted {
            prompt_id: accepted.prompt_id.unwrap_or_else(|| prompt.prompt_id.clone()),
            number: accepted.number,
            warnings: complaints(&accepted.warnings, &prompt.prompt),
        },
        Ok(PromptAnswer::Refused(refused)) => {
            let (error, node_errors) = explain(&refused, &prompt.prompt);
            Sent::Refused { error, node_errors }
        }
        Err(error) if !error.was_sent() => Sent::Away { reason: error.to_string() },
        Err(error) => look_for(comfy, &prompt.prompt_id, &error).await,
    }
}

async fn look_for(comfy: &dyn Comfy, prompt_id: &str, error: &ComfyError) -> Sent {
    for pause in LOOKS {
        tokio::time::sleep(pause).await;
        if let Ok(Some(found)) = looking::find(comfy, prompt_id).await {
            return Sent::Accepted { prompt_id: found.prompt_id, number: found.number, warnings: Vec::new() };
        }
    }
    Sent::Unknown { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::{Stage, timeout};
    use super::*;
    use monitor_core::comfy::rest::Accepted;
    use serde_json::json;
    use std::collections::VecDeque;
    use std::sync::Mutex;

    fn prompt() -> Prompt {
        Prompt { prompt: json!({}), client_id: "us".into(), prompt_id: "ours".into(), extra_data: Map::new() }
    }

    fn answering(answer: Result<PromptAnswer, ComfyError>) -> Stage {
        Stage { submit: Mutex::new(VecDeque::from([answer])), ..Stage::default() }
    }

    #[tokio::test]
    async fn the_id_that_an_older_server_chose_is_the_one_that_counts() {
        let accepted = Accepted { prompt_id: Some("theirs".into()), number: Some(3.0), warnings: Vec::new() };
        let sent = post(&answering(Ok(PromptAnswer::Accepted(accepted))), &prompt()).await;
        assert!(matches!(sent, Sent::Accepted { prompt_id, .. } if prompt_id == "theirs"));
    }

    #[tokio::test]
    async fn without_an_answer_the_server_is_asked_whether_it_has_the_prompt() {
        let stage = Stage::with_queues(&[(&[], &[]), (&["ours"], &[])]);
        let sent = post(&stage, &prompt()).await;
        assert!(matches!(&sent, Sent::Accepted { prompt_id, .. } if prompt_id == "ours"), "{sent:?}");
        assert_eq!(stage.asked(), ["queue", "history ours", "queue"]);
    }

    #[tokio::test]
    async fn a_prompt_that_is_not_found_stays_unknown_and_is_not_sent_again() {
        let sent = post(&answering(Err(timeout())), &prompt()).await;
        assert!(matches!(sent, Sent::Unknown { .. }), "{sent:?}");
    }

    #[tokio::test]
    async fn a_prompt_that_never_left_is_away_and_nothing_is_asked() {
        let stage = answering(Err(ComfyError::Refused { url: "stage".into() }));
        assert!(matches!(post(&stage, &prompt()).await, Sent::Away { .. }));
        assert!(stage.asked().is_empty());
    }
}
