//! What one reader still has to get: bounded, the newest progress only, and never half a frame.

use super::encoded::{Class, Encoded};
use super::topic::Topic;
use std::collections::VecDeque;

/// How much may wait for one reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Frames that cannot be conflated.
    pub lifecycle: usize,
    pub bytes: usize,
}

/// There is no room: the frame was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

#[derive(Debug)]
struct Waiting {
    frame: Encoded,
    topic: Option<Topic>,
}

#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: VecDeque<Waiting>,
    /// Bytes of the front frame that the reader already has.
    written: usize,
    bytes: usize,
    lifecycle: usize,
    replies: usize,
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Answers among what waits.
    pub(super) fn replies(&self) -> usize {
        self.replies
    }

    /// Behind all that waits. An older one that it replaces goes, wherever it stood: put in the older one's place it
    /// would overtake frames with a lower sequence, which the reader would then drop as outdated.
    pub(super) fn push(&mut self, frame: Encoded, topic: Option<Topic>, bounds: Bounds) -> Result<(), Full> {
        self.remove_replaced_by(&frame);
        let full = match frame.class() {
            // A snapshot is made for an empty backlog only, and whoever reads the requests bounds the answers.
            Class::Reply | Class::Snapshot => false,
            Class::Lifecycle => self.lifecycle >= bounds.lifecycle || self.exceeds(&frame, bounds),
            Class::Conflated | Class::Preview => self.exceeds(&frame, bounds),
        };
        if full {
            return Err(Full);
        }
        self.append(frame, topic);
        Ok(())
    }

    fn append(&mut self, frame: Encoded, topic: Option<Topic>) {
        self.account(&frame, true);
        self.waiting.push_back(Waiting { frame, topic });
    }

    /// The first bytes of `frame` are written, the rest has to follow before anything else.
    pub(super) fn append_rest(&mut self, frame: Encoded, topic: Option<Topic>, written: usize) {
        debug_assert!(self.waiting.is_empty());
        self.append(frame, topic);
        self.written = written;
    }

    /// What to write next.
    pub(super) fn front(&self) -> Option<&[u8]> {
        self.waiting.front().map(|next| &next.frame.websocket()[self.written..])
    }

    /// The reader took so many bytes of the front.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.written += bytes;
        if self.waiting.front().is_some_and(|next| self.written >= next.frame.websocket().len()) {
            self.pop();
        }
    }

    /// The front as a whole, for a reader that takes frames and not bytes.
    pub(super) fn pop(&mut self) -> Option<Encoded> {
        let next = self.waiting.pop_front()?;
        self.written = 0;
        self.account(&next.frame, false);
        // An idle reader shall cost nothing for having been slow once.
        if self.waiting.is_empty() && self.waiting.capacity() > 8 {
            self.waiting = VecDeque::new();
        }
        Some(next.frame)
    }

    /// Drops what a snapshot can replace and says of which topics. Answers stay, they are owed, and so does a frame
    /// of which the reader has the beginning.
    pub(super) fn shed(&mut self) -> Vec<Topic> {
        let mut lost = Vec::new();
        let mut kept = Backlog { written: self.written, ..Backlog::default() };
        for (at, Waiting { frame, topic }) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            match topic {
                Some(topic) if at > 0 || self.written == 0 => lost.push(topic),
                topic => kept.append(frame, topic),
            }
        }
        *self = kept;
        lost
    }

    /// Drops all but the frame of which the reader has the beginning.
    pub(super) fn clear(&mut self) {
        let started = if self.written > 0 { self.waiting.pop_front() } else { None };
        *self = Backlog { written: self.written, ..Backlog::default() };
        if let Some(Waiting { frame, topic }) = started {
            self.append(frame, topic);
        }
    }

    pub(super) fn into_frames(self) -> impl Iterator<Item = Encoded> {
        self.waiting.into_iter().map(|waiting| waiting.frame)
    }

    fn exceeds(&self, frame: &Encoded, bounds: Bounds) -> bool {
        self.bytes + frame.websocket().len() > bounds.bytes
    }

    fn remove_replaced_by(&mut self, newer: &Encoded) {
        let started = usize::from(self.written > 0);
        let found = self.waiting.iter().skip(started).position(|old| old.frame.is_replaced_by(newer));
        if let Some(old) = found.and_then(|at| self.waiting.remove(at + started)) {
            self.account(&old.frame, false);
        }
    }

    fn account(&mut self, frame: &Encoded, arrives: bool) {
        let count =
            |total: &mut usize, by: usize| *total = if arrives { *total + by } else { total.saturating_sub(by) };
        count(&mut self.bytes, frame.websocket().len());
        match frame.class() {
            Class::Lifecycle => count(&mut self.lifecycle, 1),
            Class::Reply => count(&mut self.replies, 1),
            Class::Conflated | Class::Preview | Class::Snapshot => {}
        }
    }
}
