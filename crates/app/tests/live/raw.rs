//! A client that can send anything.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

pub(crate) const FIN: u8 = 0x80;

/// A masked frame with an honest length.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    frame_of_length(first, payload, payload.len())
}

/// A masked frame that claims another length than it has.
pub(crate) fn frame_of_length(first: u8, payload: &[u8], length: usize) -> Vec<u8> {
    let mut frame = vec![first];
    if let Ok(short @ 0..=125) = u8::try_from(length) {
        frame.push(0x80 | short);
    } else if let Ok(medium) = u16::try_from(length) {
        frame.push(0x80 | 0x7E);
        frame.extend(medium.to_be_bytes());
    } else {
        frame.push(0x80 | 0x7F);
        frame.extend((length as u64).to_be_bytes());
    }
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Raw {
        Raw { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends as much as the server still takes.
    pub(crate) async fn send_what_goes(&mut self, bytes: &[u8]) {
        // It may have hung up already, which is what such a test is about.
        let _ = self.stream.write_all(bytes).await;
    }

    async fn fill(&mut self) -> usize {
        self.stream.read_buf(&mut self.buffer).await.unwrap_or(0)
    }

    /// Head and body (where its length is told) of an HTTP answer.
    pub(crate) async fn answer(&mut self) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.buffer).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .to_ascii_lowercase()
                    .lines()
                    .find_map(|line| {
                        line.strip_prefix("content-length: ").map(|length| length.parse::<usize>().unwrap())
                    })
                    .unwrap_or(0);
                if body.len() >= length {
                    self.buffer.drain(..head.len() + 4 + length);
                    return text;
                }
            }
            assert!(self.fill().await > 0, "hung up after {text:?}");
        }
    }

    pub(crate) async fn handshake(&mut self) {
        self.send(&request(&[])).await;
        let answer = self.answer().await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    }

    /// Opcode and payload of the next frame (of less than 64 KiB); `None` at the end of the stream.
    pub(crate) async fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let [first, second, rest @ ..] = &self.buffer[..] {
                let (length, header) = match second {
                    126 if rest.len() >= 2 => (u16::from_be_bytes([rest[0], rest[1]]) as usize, 4),
                    126 => (usize::MAX - 4, 4),
                    short => (*short as usize, 2),
                };
                if self.buffer.len() >= header + length {
                    let opcode = first & 0x0F;
                    let payload = self.buffer[header..header + length].to_vec();
                    self.buffer.drain(..header + length);
                    return Some((opcode, payload));
                }
            }
            if self.fill().await == 0 {
                return None;
            }
        }
    }

    /// The code of the close frame, which has to be the last thing that comes.
    pub(crate) async fn closed_with(&mut self) -> u16 {
        loop {
            let (opcode, payload) = self.next_frame().await.expect("a close frame before the end");
            if opcode == 8 {
                assert_eq!(self.next_frame().await, None, "nothing follows a close frame");
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }
}

/// An opening handshake, with lines of the test's besides or instead (the same name replaces).
pub(crate) fn request(lines: &[(&str, &str)]) -> Vec<u8> {
    let usual = [
        ("Host", "127.0.0.1"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let mut text = "GET /v1/live HTTP/1.1\r\n".to_owned();
    let kept = usual.iter().filter(|(name, _)| lines.iter().all(|(other, _)| other != name));
    for (name, value) in kept.chain(lines).filter(|(_, value)| !value.is_empty()) {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text.push_str("\r\n");
    text.into_bytes()
}
