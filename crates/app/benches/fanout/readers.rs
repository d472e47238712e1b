//! Many readers in one process that do nothing but read, the same for both servers.

use crate::shape::QUEUE_ID;
use mio::{Events, Interest, Poll, Token, Waker};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::channel;

const ORDER: Token = Token(usize::MAX);

pub(crate) fn read(port: u16, count: usize) {
    let mut poll = Poll::new().unwrap();
    let mut sockets: Vec<mio::net::TcpStream> = (0..count)
        .map(|number| {
            let socket = connect(port);
            socket.set_nonblocking(true).unwrap();
            let mut socket = mio::net::TcpStream::from_std(socket);
            poll.registry().register(&mut socket, Token(number), Interest::READABLE).unwrap();
            socket
        })
        .collect();
    println!("ready");

    let (tell, expected) = channel();
    // Kept here as well: a waker that is dropped takes its wake-up along.
    let waker = Arc::new(Waker::new(poll.registry(), ORDER).unwrap());
    let wake = Arc::clone(&waker);
    std::thread::spawn(move || {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        tell.send(line.trim().parse::<usize>().unwrap()).unwrap();
        wake.wake().unwrap();
    });

    let mut buffer = vec![0; 64 * 1024];
    let mut received = vec![0; count];
    let mut events = Events::with_capacity(1024);
    let mut wanted = None;
    while wanted.is_none_or(|wanted| received.iter().any(|&bytes| bytes != wanted)) {
        poll.poll(&mut events, None).unwrap();
        for event in &events {
            let Token(at) = event.token();
            if event.token() == ORDER {
                wanted = expected.try_recv().ok();
            } else {
                while let Ok(read) = sockets[at].read(&mut buffer) {
                    assert!(read > 0, "the server closed a connection");
                    received[at] += read;
                }
            }
        }
    }
    println!("received");
    // Until the parent has taken its measure.
    std::thread::park();
}

/// Subscribed, with its snapshot: what comes from here on are published frames.
fn connect(port: u16) -> TcpStream {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let handshake = format!(
        "GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    socket.write_all(handshake.as_bytes()).unwrap();
    let subscribe = format!(r#"{{"action":"subscribe","data":{{"queueId":"{QUEUE_ID}"}}}}"#);
    // Masked with zeros, which is a mask too.
    let header = [0x81, 0x80 | u8::try_from(subscribe.len()).unwrap(), 0, 0, 0, 0];
    socket.write_all(&[&header, subscribe.as_bytes()].concat()).unwrap();
    let mut greeting = Vec::new();
    let mut buffer = [0; 4096];
    // The snapshot's last bytes.
    while !greeting.ends_with(br#""generation":null}"#) {
        let read = socket.read(&mut buffer).unwrap();
        assert!(read > 0, "the server refused: {}", String::from_utf8_lossy(&greeting));
        greeting.extend_from_slice(&buffer[..read]);
    }
    socket
}
