//! Prompts that messages speak of and that nobody knows yet: kept until the queue explains them.

use super::job::Phase;
use super::{MAX_STRANGER_MESSAGES, MAX_STRANGERS, Output, Tracker, Want};
use crate::comfy::message::{Message, NodeEntry};
use crate::time::Now;

/// What was heard of a stranger.
#[derive(Debug)]
pub(super) enum Kept {
    Message(Message<'static>),
    Picture { node_id: String, png: bool, image: Vec<u8> },
}

/// A prompt that messages speak of and that nobody knows yet.
#[derive(Debug)]
pub(super) struct Stranger {
    pub kept: Vec<Kept>,
    pub picture_bytes: usize,
    pub since: u64,
    pub ask_due: u64,
}

impl Tracker {
    pub(super) fn want_snapshot(&mut self, out: &mut Vec<Output>) {
        if self.snapshot_asked {
            return;
        }
        self.snapshot_asked = true;
        // A submission without an answer may be on its way: its absence would mean nothing.
        let open = self.jobs.iter().filter(|job| job.phase != Phase::Submitting).map(|job| job.prompt_id.clone());
        let prompt_ids = open.chain(self.strangers.keys().cloned()).collect();
        out.push(Output::Want(Want::Snapshot { prompt_ids }));
    }

    pub(super) fn keep_for_later(
        &mut self,
        now: Now,
        prompt_id: &str,
        message: Message<'static>,
        out: &mut Vec<Output>,
    ) {
        if !self.strangers.contains_key(prompt_id) {
            if self.strangers.len() >= MAX_STRANGERS {
                return;
            }
            let stranger = Stranger { kept: Vec::new(), picture_bytes: 0, since: now.mono, ask_due: now.mono + 1_000 };
            self.strangers.insert(prompt_id.to_owned(), stranger);
            self.want_snapshot(out);
        }
        if let Some(stranger) =
            self.strangers.get_mut(prompt_id).filter(|stranger| stranger.kept.len() < MAX_STRANGER_MESSAGES)
        {
            stranger.kept.push(Kept::Message(message));
        }
    }

    pub(super) fn replay(&mut self, now: Now, prompt_id: &str, out: &mut Vec<Output>) {
        if let Some(stranger) = self.strangers.remove(prompt_id) {
            for kept in stranger.kept {
                match kept {
                    Kept::Message(message) => self.hear(now, &message, out),
                    Kept::Picture { node_id, png, image } => self.picture(prompt_id, &node_id, png, &image, out),
                }
            }
        }
    }
}

pub(super) fn owned_entry(entry: &NodeEntry) -> NodeEntry<'static> {
    let own = |text: &Option<std::borrow::Cow<str>>| text.as_ref().map(|text| text.as_ref().to_owned().into());
    NodeEntry {
        node_id: entry.node_id.as_ref().to_owned().into(),
        state: entry.state,
        value: entry.value,
        max: entry.max,
        display_node_id: own(&entry.display_node_id),
        parent_node_id: own(&entry.parent_node_id),
        real_node_id: own(&entry.real_node_id),
        activity: own(&entry.activity),
    }
}
