//! A socket of which the test says how much it takes.

use monitor_pipeline::hub::Sink;
use serde_json::Value;
use std::io;
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Inside {
    room: usize,
    bytes: Vec<u8>,
    broken: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Pipe(Arc<Mutex<Inside>>);

impl Sink for Pipe {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut inside = self.0.lock().unwrap();
        if inside.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(inside.room);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        inside.room -= taken;
        inside.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }
}

/// One message as a WebSocket client would see it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

impl Message {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap()
    }

    /// `type` and sequence (0 without one).
    pub(crate) fn brief(&self) -> (String, u64) {
        let json = self.json();
        (json["type"].as_str().unwrap().to_owned(), json["sequence"].as_u64().unwrap_or(0))
    }
}

impl Pipe {
    /// Takes everything.
    pub(crate) fn wide() -> Pipe {
        let pipe = Pipe::default();
        pipe.make_room(usize::MAX);
        pipe
    }

    pub(crate) fn make_room(&self, bytes: usize) {
        let mut inside = self.0.lock().unwrap();
        inside.room = inside.room.saturating_add(bytes);
    }

    pub(crate) fn close_tap(&self) {
        self.0.lock().unwrap().room = 0;
    }

    pub(crate) fn break_off(&self) {
        self.0.lock().unwrap().broken = true;
    }

    pub(crate) fn has_half_a_frame(&self) -> bool {
        let inside = self.0.lock().unwrap();
        let mut rest = &inside.bytes[..];
        while let Some((_, after)) = split(rest) {
            rest = after;
        }
        !rest.is_empty()
    }

    /// The whole messages that arrived since the last call.
    pub(crate) fn take(&self) -> Vec<Message> {
        let mut inside = self.0.lock().unwrap();
        let bytes = std::mem::take(&mut inside.bytes);
        let (mut rest, mut messages) = (&bytes[..], Vec::new());
        while let Some((message, after)) = split(rest) {
            messages.push(message);
            rest = after;
        }
        inside.bytes = rest.to_vec();
        messages
    }

    pub(crate) fn briefs(&self) -> Vec<(String, u64)> {
        self.take().iter().map(Message::brief).collect()
    }
}

/// RFC 6455, section 5.2, as a client that trusts nothing: whole messages only, no mask, the shortest length.
fn split(bytes: &[u8]) -> Option<(Message, &[u8])> {
    let [first, second, rest @ ..] = bytes else { return None };
    assert_eq!(first & 0xF0, 0x80, "one unfragmented message without reserved bits");
    assert_eq!(second & 0x80, 0, "a server does not mask");
    let (length, rest) = match second & 0x7F {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            let length = u16::from_be_bytes(*length) as usize;
            assert!(length > 125);
            (length, rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            let length = u64::from_be_bytes(*length) as usize;
            assert!(length > 65_535);
            (length, rest)
        }
        short => (short as usize, rest),
    };
    let (payload, rest) = rest.split_at_checked(length)?;
    Some((Message { opcode: first & 0x0F, payload: payload.to_vec() }, rest))
}
