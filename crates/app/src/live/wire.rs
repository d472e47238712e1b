//! What a browser sends over a WebSocket, taken apart (RFC 6455, section 5): no IO, and no byte of it trusted.

use monitor_pipeline::hub::CloseCode;

/// A message may have this many bytes, however many fragments it comes in.
pub(super) const LARGEST_MESSAGE: usize = 64 * 1024;

/// The longest payload of a control frame (RFC 6455, section 5.5).
const LARGEST_CONTROL: u64 = 125;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Text(String),
    /// To be answered with these bytes.
    Ping(Vec<u8>),
    Pong,
    /// The other side is done.
    Close,
}

/// Puts messages together from the bytes as they come. Holds nothing while no message is under way.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Bytes of a frame that is not complete yet.
    pending: Vec<u8>,
    /// Fragments of a message that is not complete yet.
    message: Option<Vec<u8>>,
}

struct Header {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Of the header itself.
    size: usize,
    length: usize,
}

impl Decoder {
    /// Appends what was read.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next message, if it is complete. After an error the connection is to be closed with that code, and what
    /// follows is not looked at.
    pub(super) fn next_message(&mut self) -> Result<Option<Incoming>, CloseCode> {
        let mut at = 0;
        let found = self.scan(&mut at);
        if at == self.pending.len() || found.is_err() {
            self.pending = Vec::new();
        } else if at > 0 {
            self.pending.drain(..at);
        }
        found
    }

    fn scan(&mut self, at: &mut usize) -> Result<Option<Incoming>, CloseCode> {
        loop {
            let frame = &self.pending[*at..];
            let Some(header) = read_header(frame)? else { return Ok(None) };
            let so_far = if header.opcode < 0x8 { self.message.as_ref().map_or(0, Vec::len) } else { 0 };
            if so_far + header.length > LARGEST_MESSAGE {
                return Err(CloseCode::TooLarge);
            }
            let Some(masked) = frame.get(header.size..header.size + header.length) else { return Ok(None) };
            let payload = masked.iter().zip(header.mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
            *at += header.size + header.length;
            match header.opcode {
                0x0 => match &mut self.message {
                    Some(message) => message.extend(payload),
                    None => return Err(CloseCode::ProtocolError),
                },
                0x1 if self.message.is_none() => self.message = Some(payload.collect()),
                0x2 if self.message.is_none() => return Err(CloseCode::Unsupported),
                0x8 => return check_close(&payload.collect::<Vec<u8>>()).map(|()| Some(Incoming::Close)),
                0x9 => return Ok(Some(Incoming::Ping(payload.collect()))),
                0xA => return Ok(Some(Incoming::Pong)),
                _ => return Err(CloseCode::ProtocolError),
            }
            if header.fin {
                let text = String::from_utf8(self.message.take().unwrap_or_default());
                return text.map(|text| Some(Incoming::Text(text))).map_err(|_| CloseCode::InvalidText);
            }
        }
    }
}

/// None: not all of it is there yet.
fn read_header(frame: &[u8]) -> Result<Option<Header>, CloseCode> {
    let &[first, second, ref rest @ ..] = frame else { return Ok(None) };
    let (fin, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0F);
    let masked = second & 0x80 != 0;
    if reserved != 0 || !masked {
        return Err(CloseCode::ProtocolError);
    }
    let (length, length_size) = match second & 0x7F {
        126 => match rest.first_chunk() {
            Some(bytes) => (u64::from(u16::from_be_bytes(*bytes)), 2),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(bytes) => (u64::from_be_bytes(*bytes), 8),
            None => return Ok(None),
        },
        short => (u64::from(short), 0),
    };
    // "The minimal number of bytes MUST be used", and the most significant bit of eight is 0.
    let smallest = match length_size {
        2 => 126,
        8 => 65_536,
        _ => 0,
    };
    if length < smallest || length > i64::MAX as u64 {
        return Err(CloseCode::ProtocolError);
    }
    if opcode >= 0x8 && (!fin || length > LARGEST_CONTROL) {
        return Err(CloseCode::ProtocolError);
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > LARGEST_MESSAGE {
        return Err(CloseCode::TooLarge);
    }
    let Some(mask) = rest[length_size..].first_chunk() else { return Ok(None) };
    Ok(Some(Header { fin, opcode, mask: *mask, size: 2 + length_size + 4, length }))
}

/// RFC 6455, sections 5.5.1 and 7.4: nothing, or a code that may be sent and a reason in UTF-8.
fn check_close(payload: &[u8]) -> Result<(), CloseCode> {
    match payload {
        [] => Ok(()),
        [high, low, reason @ ..] => match u16::from_be_bytes([*high, *low]) {
            1000..=1003 | 1007..=1014 | 3000..=4999 => {
                std::str::from_utf8(reason).map(|_| ()).map_err(|_| CloseCode::InvalidText)
            }
            _ => Err(CloseCode::ProtocolError),
        },
        [_] => Err(CloseCode::ProtocolError),
    }
}
