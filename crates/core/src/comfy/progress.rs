//! Reading `progress_state` at the cost of what changed.
//!
//! A `progress_state` repeats every node of the job that has started, so that a job of n nodes sends a number of
//! entries that grows with n². But the entries keep the order of first start, finished nodes rarely change any more,
//! and the server always writes them the same way: from one message to the next only the end differs. A
//! [`ProgressReader`] keeps the last message, compares bytes, and parses from the first entry that differs.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;

use super::field::{Object, text};
use super::message::NodeEntry;

/// Larger messages are left to [`super::message::parse`], and not kept.
const MAX_KEPT_BYTES: usize = 8 << 20;

/// What a `progress_state` says that the one before it did not.
#[derive(Debug, PartialEq)]
pub struct Progress<'a> {
    pub prompt_id: &'a str,
    /// The last entries of the message, in its order. Any of them may be as it was: these are candidates.
    pub changed: Vec<NodeEntry<'a>>,
    /// How many entries the message has. The first `total - changed.len()` are what the message before said.
    pub total: usize,
    /// `changed` is the whole set and replaces what was known; else nothing that was known is gone.
    pub complete: bool,
}

/// An incremental reader of the `progress_state` messages of one socket.
#[derive(Debug, Default)]
pub struct ProgressReader {
    /// The last message in the expected form; empty when there is none to compare with.
    last: Vec<u8>,
    head: Head,
    entries: Vec<Span>,
}

/// Where an entry stands in its message.
#[derive(Debug, Clone)]
struct Span {
    /// The key, with its quotes.
    key: Range<usize>,
    /// Just past the closing brace.
    end: usize,
}

/// Where the parts before the entries stand.
#[derive(Debug, Default)]
struct Head {
    /// Inside the quotes. An id with escapes is not in the expected form.
    prompt_id: Range<usize>,
    /// Just past the brace that opens `nodes`.
    end: usize,
}

impl ProgressReader {
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a message if it is a `progress_state` in the form `ComfyUI` writes; `None` means that
    /// [`super::message::parse`] has to read it. Feed every text message of the socket, in order.
    ///
    /// The result says the same as a full parse: what is not in it, the message before it said byte for byte.
    pub fn read<'a>(&mut self, text: &'a [u8]) -> Option<Progress<'a>> {
        let mut cursor = Cursor { text, at: 0 };
        if cursor.other_type() {
            return None;
        }
        let read = if text.len() <= MAX_KEPT_BYTES { self.read_state(cursor) } else { None };
        if read.is_none() {
            // Whatever this message said, the next one must not be compared with an older one.
            self.forget();
        }
        read
    }

    /// Makes the next message read in full. To be called when entries read from this socket were not applied.
    pub fn forget(&mut self) {
        self.last.clear();
        self.entries.clear();
    }

    fn read_state<'a>(&mut self, mut cursor: Cursor<'a>) -> Option<Progress<'a>> {
        let text = cursor.text;
        let common = common_prefix(&self.last, text);
        let same_head = !self.last.is_empty() && self.head.end <= common;
        let kept = if same_head { self.entries.partition_point(|entry| entry.end <= common) } else { 0 };
        let before = self.entries.len();

        if same_head {
            cursor.at = self.entries[..kept].last().map_or(self.head.end, |entry| entry.end);
        } else {
            self.head = cursor.head()?;
        }
        let gone = self.entries.split_off(kept);
        let mut changed = cursor.entries(&mut self.entries)?;
        cursor.tail()?;

        let old_keys = gone.iter().map(|span| &self.last[span.key.clone()]);
        let new_keys = self.entries[kept..].iter().map(|span| &text[span.key.clone()]);
        let grown = same_head && self.entries.len() >= before && old_keys.eq(new_keys.take(gone.len()));
        if !grown && kept > 0 {
            // A node is gone or has another place: an addition to what was known would not say so.
            cursor.at = self.head.end;
            self.entries.clear();
            changed = cursor.entries(&mut self.entries)?;
        }
        self.last.truncate(common);
        self.last.extend_from_slice(&text[common..]);
        Some(Progress {
            prompt_id: str::from_utf8(&text[self.head.prompt_id.clone()]).ok()?,
            complete: changed.len() == self.entries.len(),
            total: self.entries.len(),
            changed,
        })
    }
}

/// Reads the frame of the message by hand and the entries with serde. Every step says `None` to a surprise.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Whether the message begins with a type, and that is not `progress_state`.
    fn other_type(&mut self) -> bool {
        let begins = self.eat(b"{").and_then(|()| self.eat(b"\"type\"")).and_then(|()| self.eat(b":"));
        let other = begins.is_some() && self.eat(b"\"progress_state\"").is_none();
        self.at = 0;
        other
    }

    fn head(&mut self) -> Option<Head> {
        for token in
            [&b"{"[..], b"\"type\"", b":", b"\"progress_state\"", b",", b"\"data\"", b":", b"{", b"\"prompt_id\"", b":"]
        {
            self.eat(token)?;
        }
        self.skip_space();
        let start = self.at;
        self.value::<&str>()?;
        let prompt_id = start + 1..self.at - 1;
        for token in [&b","[..], b"\"nodes\"", b":", b"{"] {
            self.eat(token)?;
        }
        Some(Head { prompt_id, end: self.at })
    }

    /// Reads entries up to the brace that closes `nodes`, with or without ones before them.
    fn entries(&mut self, spans: &mut Vec<Span>) -> Option<Vec<NodeEntry<'a>>> {
        let mut entries = Vec::new();
        while self.eat(b"}").is_none() {
            if !spans.is_empty() {
                self.eat(b",")?;
            }
            self.skip_space();
            let start = self.at;
            let node_id = self.value::<Key>()?.0;
            let key = start..self.at;
            self.eat(b":")?;
            let Object(entry) = self.value::<Object<NodeEntry<'a>>>()?;
            spans.push(Span { key, end: self.at });
            entries.push(NodeEntry { node_id, ..entry });
        }
        Some(entries)
    }

    /// What closes `data` and the message, and nothing else.
    fn tail(&mut self) -> Option<()> {
        self.eat(b"}")?;
        self.eat(b"}")?;
        self.skip_space();
        (self.at == self.text.len()).then_some(())
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
    }

    fn eat(&mut self, token: &[u8]) -> Option<()> {
        self.skip_space();
        self.text[self.at..].starts_with(token).then(|| self.at += token.len())
    }

    fn value<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let mut values = serde_json::Deserializer::from_slice(&self.text[self.at..]).into_iter::<T>();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(value)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow, deserialize_with = "text")] Cow<'a, str>);

/// How many bytes the two begin with in common. Long blocks compare at the speed of memory.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    [1024, 32, 1].iter().fold(0, |start, block| {
        let blocks = a[start..].chunks_exact(*block).zip(b[start..].chunks_exact(*block));
        start + block * blocks.take_while(|(a, b)| a == b).count()
    })
}
