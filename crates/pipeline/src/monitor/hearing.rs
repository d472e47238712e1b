//! From what came over the socket to the tracker's inputs.

use super::driver::Driver;
use super::mailbox::Letter;
use super::watchdog::Heard;
use crate::api::Reading;
use crate::clock;
use bytes::Bytes;
use monitor_core::comfy::binary::{self, TextForm};
use monitor_core::comfy::message::{self, Crystools, Message};
use monitor_core::comfy::progress::ProgressReader;
use monitor_core::generation::{InstanceState, Memory};
use monitor_core::time::Now;
use monitor_core::tracker::Input;

/// Handled in one go, before others have their turn.
const AT_ONCE: usize = 256;

/// What has to be kept of one connection to understand what it says next.
#[derive(Default)]
pub(super) struct Ear {
    pub progress: ProgressReader,
    pub text_form: TextForm,
}

impl Driver {
    /// Handles what lies in the mailbox, a bounded part of it.
    pub(super) fn hear(&mut self) {
        let Some(mailbox) = self.link.mailbox() else { return };
        let batch = mailbox.take(AT_ONCE);
        self.counts.thinned += batch.thinned;
        if batch.lost > 0 {
            self.counts.lost += batch.lost;
            tracing::warn!(
                lost = batch.lost,
                "messages came faster than they could be handled; reading the truth instead"
            );
            let now = clock::now();
            self.questions.want_snapshot(now.mono, []);
        }
        for (at, letter) in batch.letters {
            match letter {
                Letter::Text(text) => self.hear_text(at, &text),
                Letter::Binary(frame) => self.hear_frame(at, &frame),
                Letter::End(reason) => {
                    self.down(at, reason, false);
                    return;
                }
            }
        }
        self.note_proof();
    }

    /// Everything that came so far.
    pub(super) fn hear_all(&mut self) {
        while self.link.mailbox().is_some_and(|mailbox| !mailbox.is_empty()) {
            self.hear();
        }
    }

    fn hear_text(&mut self, now: Now, text: &Bytes) {
        self.counts.text += 1;
        if let Some(progress) = self.ear.progress.read(text) {
            self.watchdog.hear(now.mono, Heard::Works(progress.prompt_id));
            self.tell(now, Input::Progress(&progress));
            return;
        }
        let parsed = message::parse(text);
        self.counts.odd += u64::from(parsed.lenient);
        let message = parsed.message;
        self.watchdog.hear(now.mono, heard(&message));
        match &message {
            Message::Status(status) => self.note_remaining(status.queue_remaining()),
            Message::FeatureFlags(flags) if flags.supports_progress_text_metadata() => {
                self.ear.text_form = TextForm::WithPrompt;
            }
            Message::Crystools(machine) => self.note_memory(now, gpu_memory(machine)),
            Message::Unknown { kind, .. } => {
                self.counts.unknown += 1;
                tracing::trace!(kind = &**kind, "a message of a type we do not know");
            }
            Message::Malformed(malformed) => {
                self.counts.malformed += 1;
                tracing::debug!(kind = malformed.kind, reason = malformed.reason, "an unreadable message");
            }
            _ => {}
        }
        // Addressed to us or to everybody: the message does not say which.
        self.tell(now, Input::Message { addressee: None, message: &message });
    }

    fn hear_frame(&mut self, now: Now, frame: &Bytes) {
        self.counts.binary += 1;
        self.watchdog.hear(now.mono, Heard::Other);
        match binary::parse(frame, self.ear.text_form) {
            Ok(frame) => self.tell(now, Input::Binary(&frame)),
            Err(dropped) => {
                self.counts.malformed += 1;
                tracing::debug!(%dropped, "a broken binary frame");
            }
        }
    }

    /// Messages flow: whatever doubt there was about this socket is over.
    fn note_proof(&mut self) {
        if !self.watchdog.is_proven() {
            return;
        }
        self.questions.deaf_before = false;
        if self.status.borrow().state == InstanceState::Polling {
            tracing::info!(server = self.comfy.host(), "messages arrive again: polling ends");
            self.set_state(clock::now(), InstanceState::Connected, None, None);
        }
    }

    pub(super) fn note_remaining(&self, remaining: Option<u64>) {
        self.status.send_if_modified(|status| {
            let changed = remaining.is_some() && status.queue_remaining != remaining;
            status.queue_remaining = remaining.or(status.queue_remaining);
            changed
        });
    }

    pub(super) fn note_memory(&mut self, now: Now, memory: Option<Memory>) {
        let Some(memory) = memory else { return };
        self.tell(now, Input::Memory { used_bytes: memory.used_bytes });
        self.readings.add(Reading { t: now.wall, used_bytes: memory.used_bytes, total_bytes: memory.total_bytes });
        self.status.send_if_modified(|status| status.memory.replace(memory) != Some(memory));
    }
}

/// What the watchdog learns from a message.
fn heard<'a>(message: &'a Message) -> Heard<'a> {
    match message {
        Message::Status(status) if status.sid.is_some() => Heard::Greeting { remaining: status.queue_remaining() },
        Message::Status(status) => Heard::Status { remaining: status.queue_remaining() },
        // Said by the handler of the connection, in answer to our connecting.
        Message::FeatureFlags(_) => Heard::Greeting { remaining: None },
        Message::Executing(executing) => match (executing.ends(), &executing.prompt_id) {
            (Some(prompt_id), _) => Heard::Ends(prompt_id),
            (None, Some(prompt_id)) => Heard::Works(prompt_id),
            (None, None) => Heard::Greeting { remaining: None },
        },
        other => other.prompt_id().map_or(Heard::Other, Heard::Works),
    }
}

/// The memory of the first card.
fn gpu_memory(machine: &Crystools) -> Option<Memory> {
    let card = machine.gpus.first()?;
    let bytes = |number: f64| (number >= 0.0).then_some(number as u64);
    Some(Memory { used_bytes: bytes(card.vram_used?)?, total_bytes: bytes(card.vram_total?)? })
}
