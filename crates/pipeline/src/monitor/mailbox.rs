//! Between reading and handling: what came over the socket, bounded in bytes.
//!
//! The reader never waits for the handler, because one client that does not read stops the server's messages for all
//! (`comfyui-protocol`, section 1, "The send loop"). So when too much lies here, progress gives way: of several
//! messages about the bars of one job (or node) the newest says all, and a preview is outdated by the next. What tells
//! of starts, ends and outputs is kept up to a second, much higher bound; what does not fit then is dropped and
//! counted, and the handler reads the truth over HTTP.

use bytes::Bytes;
use monitor_core::time::Now;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// From here on progress is thinned out.
const CROWDED_BYTES: usize = 8 << 20;
/// From here on nothing is taken any more but into an empty mailbox.
const FULL_BYTES: usize = 64 << 20;
/// What a letter costs beside its bytes.
const OVERHEAD: usize = 96;
/// The type and the prompt id of a message are within its first bytes.
const HEAD: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Letter {
    Text(Bytes),
    Binary(Bytes),
    /// Nothing more will come, and why.
    End(String),
}

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub letters: Vec<(Now, Letter)>,
    /// Dropped since the last batch: something else than progress was lost.
    pub lost: u64,
    /// Progress and previews thinned out since the last batch.
    pub thinned: u64,
}

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    inside: Mutex<Inside>,
    bell: Notify,
}

#[derive(Debug)]
struct Inside {
    letters: VecDeque<(Now, Letter)>,
    bytes: usize,
    /// When to thin out next: after a thinning that helped little, not at once again.
    crowded: usize,
    lost: u64,
    thinned: u64,
}

impl Default for Inside {
    fn default() -> Self {
        Self { letters: VecDeque::new(), bytes: 0, crowded: CROWDED_BYTES, lost: 0, thinned: 0 }
    }
}

impl Letter {
    fn size(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Text(bytes) | Self::Binary(bytes) => bytes.len(),
                Self::End(reason) => reason.len(),
            }
    }

    /// What a newer letter of the same subject makes superfluous; `None` for what must be kept.
    fn subject(&self) -> Option<&[u8]> {
        match self {
            // Type 1 and 4 with a JPEG. A PNG may be the final image of SaveImageWebsocket.
            Self::Binary(frame) => match frame.get(..4)? {
                [0, 0, 0, 1] if frame.get(4..8) == Some(&[0, 0, 0, 1]) => Some(b"preview"),
                [0, 0, 0, 4] if !contains(&frame[..frame.len().min(2 * HEAD)], b"image/png") => Some(b"preview"),
                _ => None,
            },
            Self::Text(text) => {
                let head = &text[..text.len().min(HEAD)];
                let start = find(head, b"\"prompt_id\"")?;
                if find(head, b"\"progress_state\"").is_some_and(|at| at < start) {
                    let length = find(&head[start..], b"\"nodes\"")?;
                    Some(&head[start..start + length])
                } else if find(head, b"\"progress\"").is_some_and(|at| at < start) && text.len() <= HEAD {
                    // Job and node stand at the end.
                    Some(&head[start..])
                } else {
                    None
                }
            }
            Self::End(_) => None,
        }
    }
}

impl Mailbox {
    /// Takes a letter in; never waits.
    pub(super) fn push(&self, at: Now, letter: Letter) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let size = letter.size();
        if inside.bytes + size > inside.crowded {
            inside.thin_out();
        }
        let is_end = matches!(letter, Letter::End(_));
        if inside.bytes + size > FULL_BYTES && !inside.letters.is_empty() && !is_end {
            inside.lost += 1;
            return;
        }
        inside.bytes += size;
        inside.letters.push_back((at, letter));
        let first = inside.letters.len() == 1;
        drop(inside);
        if first {
            self.bell.notify_one();
        }
    }

    /// Waits until there is something.
    pub(super) async fn ready(&self) {
        while self.is_empty() {
            self.bell.notified().await;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).letters.is_empty()
    }

    /// The oldest letters, at most `most`.
    pub(super) fn take(&self, most: usize) -> Batch {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let count = inside.letters.len().min(most);
        let letters: Vec<_> = inside.letters.drain(..count).collect();
        inside.bytes -= letters.iter().map(|(_, letter)| letter.size()).sum::<usize>();
        if inside.letters.is_empty() {
            inside.crowded = CROWDED_BYTES;
        }
        Batch { letters, lost: std::mem::take(&mut inside.lost), thinned: std::mem::take(&mut inside.thinned) }
    }
}

impl Inside {
    /// Keeps of each subject the newest.
    fn thin_out(&mut self) {
        let mut seen: HashSet<Vec<u8>> = HashSet::new();
        let mut kept = VecDeque::with_capacity(self.letters.len());
        let before = self.letters.len();
        while let Some(letter) = self.letters.pop_back() {
            if letter.1.subject().is_none_or(|subject| seen.insert(subject.to_vec())) {
                kept.push_front(letter);
            }
        }
        self.thinned += (before - kept.len()) as u64;
        self.letters = kept;
        self.bytes = self.letters.iter().map(|(_, letter)| letter.size()).sum();
        self.crowded = CROWDED_BYTES.max(self.bytes * 2);
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    find(text, word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Letter {
        Letter::Text(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn state(prompt: &str, value: u32) -> Letter {
        let padding = " ".repeat(10_000);
        text(&format!(
            r#"{{"type": "progress_state", "data": {{"prompt_id": "{prompt}", "nodes": {{"3": {{"value": {value}}}}}}}}}{padding}"#
        ))
    }

    fn step(node: &str, value: u32) -> Letter {
        text(&format!(
            r#"{{"type": "progress", "data": {{"value": {value}, "max": 20, "prompt_id": "p", "node": "{node}"}}}}"#
        ))
    }

    fn preview(kind: u8, format: u8, size: usize) -> Letter {
        let mut frame = vec![0, 0, 0, kind, 0, 0, 0, format];
        frame.resize(size, 7);
        Letter::Binary(frame.into())
    }

    fn all(mailbox: &Mailbox) -> Vec<Letter> {
        mailbox.take(usize::MAX).letters.into_iter().map(|(_, letter)| letter).collect()
    }

    #[test]
    fn letters_come_out_in_the_order_they_came_in() {
        let mailbox = Mailbox::default();
        for value in 0..5 {
            mailbox.push(Now::at(value), step("3", 1));
        }
        let first = mailbox.take(2);
        assert_eq!(first.letters.iter().map(|(at, _)| at.mono).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(mailbox.take(9).letters.len(), 3);
        assert!(mailbox.is_empty());
    }

    #[test]
    fn a_crowded_mailbox_keeps_the_newest_progress_of_each_job_and_every_other_message() {
        let mailbox = Mailbox::default();
        let ends = text(r#"{"type": "executing", "data": {"node": null, "prompt_id": "p"}}"#);
        for value in 0..2_000 {
            mailbox.push(Now::default(), state("p", value));
            mailbox.push(Now::default(), state("q", value));
            if value % 500 == 0 {
                mailbox.push(Now::default(), ends.clone());
            }
        }
        let batch = mailbox.take(usize::MAX);
        let letters: Vec<&Letter> = batch.letters.iter().map(|(_, letter)| letter).collect();
        let bytes: usize = letters.iter().map(|letter| letter.size()).sum();
        assert!(bytes <= CROWDED_BYTES, "{bytes}");
        assert_eq!(letters.iter().filter(|letter| ***letter == ends).count(), 4);
        assert!(letters.contains(&&state("p", 1_999)) && letters.contains(&&state("q", 1_999)));
        assert!(batch.thinned > 0 && batch.lost == 0);
    }

    #[test]
    fn previews_give_way_but_a_png_may_be_a_final_image_and_stays() {
        let mailbox = Mailbox::default();
        for _ in 0..300 {
            mailbox.push(Now::default(), preview(1, 1, 50_000));
            mailbox.push(Now::default(), preview(1, 2, 1_000));
        }
        let letters = all(&mailbox);
        assert_eq!(letters.iter().filter(|letter| **letter == preview(1, 2, 1_000)).count(), 300);
        assert!(letters.iter().filter(|letter| **letter == preview(1, 1, 50_000)).count() < 200);
    }

    #[test]
    fn bars_of_different_nodes_do_not_replace_each_other() {
        let mut inside = Inside::default();
        for letter in [step("3", 1), step("4", 1), step("3", 2)] {
            inside.letters.push_back((Now::default(), letter));
        }
        inside.thin_out();
        assert_eq!(
            inside.letters.iter().map(|(_, letter)| letter.clone()).collect::<Vec<_>>(),
            [step("4", 1), step("3", 2)]
        );
    }

    #[test]
    fn a_flood_of_what_must_be_kept_is_cut_off_and_counted_and_the_end_still_gets_in() {
        let mailbox = Mailbox::default();
        let big = Letter::Text(Bytes::from(vec![b'x'; 1 << 20]));
        for _ in 0..100 {
            mailbox.push(Now::default(), big.clone());
        }
        mailbox.push(Now::default(), Letter::End("over".into()));
        let batch = mailbox.take(usize::MAX);
        assert!(batch.lost > 30, "{}", batch.lost);
        assert_eq!(batch.letters.last().unwrap().1, Letter::End("over".into()));
    }

    #[test]
    fn one_message_larger_than_the_bound_is_taken_into_an_empty_mailbox() {
        let mailbox = Mailbox::default();
        mailbox.push(Now::default(), Letter::Text(Bytes::from(vec![b'x'; FULL_BYTES + 1])));
        assert_eq!(mailbox.take(1).letters.len(), 1);
    }
}
