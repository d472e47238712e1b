//! A frame encoded once, for however many readers.

use super::close::CloseCode;
use bytes::Bytes;
use monitor_core::frame::{Frame, FrameBody, PreviewHeader};
use serde::Serialize;
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
#[error("a frame `{kind}` cannot be written as JSON: {source}")]
pub struct EncodeError {
    kind: &'static str,
    source: serde_json::Error,
}

/// What may happen to a frame that a slow reader has no room for yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Replaces all that a reader had no room for: taken whatever waits already.
    Snapshot,
    /// Never dropped: it waits, or a fresh snapshot replaces it.
    Lifecycle,
    /// A newer one of the same kind about the same subject takes its place.
    Conflated,
    /// As conflated, and nothing is owed if there is no room.
    Preview,
    /// Answers one reader and is of no topic.
    Reply,
}

/// The opcodes of RFC 6455, section 5.2, that a server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opcode {
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

/// The longest header a server writes: two bytes, then eight of length (it does not mask).
const LONGEST_HEADER: usize = 10;

/// One frame, encoded once: cloning it copies no byte of it.
///
/// The bytes are `server-sent event head | WebSocket header | payload | blank line`, so that both transports send
/// slices of the same allocation.
#[derive(Clone, Debug)]
pub struct Encoded {
    bytes: Bytes,
    event_head_end: u32,
    websocket_start: u32,
    payload_start: u32,
    payload_end: u32,
    kind: &'static str,
    class: Class,
    subject: Uuid,
    sequence: u64,
}

impl Encoded {
    /// A text frame. About whom it is and how new follows from its header, or for those to `*` from what it carries.
    pub fn text(frame: &Frame) -> Result<Encoded, EncodeError> {
        let kind = frame.body.frame_type();
        let (subject, sequence) = match (&frame.job, &frame.body) {
            (_, FrameBody::GenerationUpdate { generation }) => (generation.queue_id, generation.sequence),
            (_, FrameBody::InstanceUpdate { instance }) => {
                (Uuid::new_v5(&Uuid::NAMESPACE_OID, instance.instance_id.as_bytes()), 0)
            }
            (_, FrameBody::Snapshot { sequence, .. }) => (Uuid::nil(), sequence.unwrap_or(0)),
            (Some(job), _) => (job.queue_id, job.sequence),
            (None, _) => (Uuid::nil(), 0),
        };
        let class = match &frame.body {
            FrameBody::SubscriptionConfirmed { .. }
            | FrameBody::UnsubscriptionConfirmed { .. }
            | FrameBody::Pong
            | FrameBody::Error { .. } => Class::Reply,
            FrameBody::Snapshot { .. } => Class::Snapshot,
            body if body.is_conflated() => Class::Conflated,
            _ => Class::Lifecycle,
        };
        let id = if sequence > 0 { format!("id: {sequence}\n") } else { String::new() };
        let encoded = Encoded::build(Opcode::Text, &format!("event: {kind}\n{id}data: "), |bytes| {
            serde_json::to_writer(bytes, frame).map_err(|source| EncodeError { kind, source })
        })?;
        Ok(Encoded { kind, class, subject, sequence, ..encoded })
    }

    /// A preview image as the contract has it: the header's length, the header, the image.
    pub fn preview(header: &PreviewHeader, image: &[u8]) -> Result<Encoded, EncodeError> {
        let kind = "preview";
        let encoded = Encoded::build(Opcode::Binary, "", |bytes| {
            let start = bytes.len();
            bytes.extend_from_slice(&[0; 4]);
            header
                .serialize(&mut serde_json::Serializer::new(&mut *bytes))
                .map_err(|source| EncodeError { kind, source })?;
            let length = u32::try_from(bytes.len() - start - 4).unwrap_or(u32::MAX);
            bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(image);
            Ok(())
        })?;
        Ok(Encoded { kind, class: Class::Preview, subject: header.queue_id, sequence: header.sequence, ..encoded })
    }

    pub fn ping() -> Encoded {
        Encoded::control(Opcode::Ping, "ping", &[])
    }

    /// The answer to a ping, with the bytes that came in it (at most 125, RFC 6455, section 5.5).
    pub fn pong(payload: &[u8]) -> Encoded {
        Encoded::control(Opcode::Pong, "pong", payload)
    }

    pub fn close(close: CloseCode) -> Encoded {
        let payload = [&close.code().to_be_bytes(), close.reason().as_bytes()].concat();
        Encoded::control(Opcode::Close, "close", &payload)
    }

    fn control(opcode: Opcode, kind: &'static str, payload: &[u8]) -> Encoded {
        let built = Encoded::build(opcode, "", |bytes| {
            bytes.extend_from_slice(payload);
            Ok::<(), std::convert::Infallible>(())
        });
        match built {
            Ok(encoded) => Encoded { kind, class: Class::Reply, ..encoded },
            Err(never) => match never {},
        }
    }

    fn build<E>(
        opcode: Opcode,
        event_head: &str,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Encoded, E> {
        let mut bytes = Vec::with_capacity(1024);
        bytes.extend_from_slice(event_head.as_bytes());
        let event_head_end = bytes.len();
        // The length of the header follows from that of the payload: room for the longest, and it ends where the
        // payload begins.
        bytes.extend_from_slice(&[0; LONGEST_HEADER]);
        let payload_start = bytes.len();
        write(&mut bytes)?;
        let payload_end = bytes.len();
        bytes.extend_from_slice(b"\n\n");

        let (header, length) = websocket_header(opcode, payload_end - payload_start);
        let websocket_start = payload_start - length;
        bytes[websocket_start..payload_start].copy_from_slice(&header[..length]);
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Ok(Encoded {
            event_head_end: offset(event_head_end),
            websocket_start: offset(websocket_start),
            payload_start: offset(payload_start),
            payload_end: offset(payload_end),
            bytes: Bytes::from(bytes),
            kind: "",
            class: Class::Lifecycle,
            subject: Uuid::nil(),
            sequence: 0,
        })
    }

    /// The bytes for a WebSocket, header included.
    pub fn websocket(&self) -> &[u8] {
        &self.bytes[self.websocket_start as usize..self.payload_end as usize]
    }

    /// What it carries: JSON, or a preview.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.payload_start as usize..self.payload_end as usize]
    }

    /// The bytes for server-sent events, in two parts, one after the other; none is copied.
    pub fn event(&self) -> [Bytes; 2] {
        [self.bytes.slice(..self.event_head_end as usize), self.bytes.slice(self.payload_start as usize..)]
    }

    /// The frame's `type`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    pub fn class(&self) -> Class {
        self.class
    }

    /// That of the event behind it; 0 where it has none.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The generation it is about (or a stand-in for the instance); nil where it is about neither.
    pub fn subject(&self) -> Uuid {
        self.subject
    }

    /// Whether `newer` makes this one needless.
    pub(super) fn is_replaced_by(&self, newer: &Encoded) -> bool {
        let newest_wins = match self.class {
            Class::Conflated | Class::Preview => true,
            // RFC 6455, section 5.5.3: only the newest ping needs an answer.
            Class::Reply => matches!(self.kind, "ping" | "pong") && self.is_control(),
            Class::Lifecycle | Class::Snapshot => false,
        };
        newest_wins
            && self.kind == newer.kind
            && self.subject == newer.subject
            && self.is_control() == newer.is_control()
    }

    /// A WebSocket's own frame, not one of the contract.
    fn is_control(&self) -> bool {
        self.bytes[self.websocket_start as usize] & 0x08 != 0
    }
}

/// RFC 6455, section 5.2: one whole message, not masked; the length in as few bytes as it needs.
fn websocket_header(opcode: Opcode, length: usize) -> ([u8; LONGEST_HEADER], usize) {
    let mut header = [0; LONGEST_HEADER];
    header[0] = 0x80 | opcode as u8;
    if let Ok(short @ 0..=125) = u8::try_from(length) {
        header[1] = short;
        (header, 2)
    } else if let Ok(medium) = u16::try_from(length) {
        header[1] = 126;
        header[2..4].copy_from_slice(&medium.to_be_bytes());
        (header, 4)
    } else {
        header[1] = 127;
        header[2..].copy_from_slice(&(length as u64).to_be_bytes());
        (header, LONGEST_HEADER)
    }
}
