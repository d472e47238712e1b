//! The measure: one thread with epoll that writes a ready-made frame to each socket. It knows no protocol: whoever
//! connects is answered as a WebSocket would be, without a look at the question.

use crate::hub::order;
use crate::shape::{snapshot, step};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, channel};
use std::time::{Duration, Instant};

const LISTENER: Token = Token(usize::MAX);
const ORDER: Token = Token(usize::MAX - 1);
const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

struct Connection {
    socket: TcpStream,
    greeted: bool,
    /// What the socket had no room for.
    rest: Vec<u8>,
}

pub(crate) fn serve() {
    let mut poll = Poll::new().unwrap();
    let mut listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE).unwrap();
    println!("port {}", listener.local_addr().unwrap().port());

    let (tell, orders) = channel();
    // Kept here as well: a waker that is dropped takes its wake-up along.
    let waker = Arc::new(Waker::new(poll.registry(), ORDER).unwrap());
    let wake = Arc::clone(&waker);
    std::thread::spawn(move || {
        tell.send(order()).unwrap();
        wake.wake().unwrap();
    });

    let greeting = [ANSWER, snapshot().frame().websocket()].concat();
    let mut connections: Vec<Connection> = Vec::new();
    let mut events = Events::with_capacity(1024);
    let mut turn = |connections: &mut Vec<Connection>, wait: Option<Duration>| {
        poll.poll(&mut events, wait).unwrap();
        for event in &events {
            match event.token() {
                LISTENER => accept(&listener, &poll, connections),
                ORDER => {}
                Token(at) => {
                    let connection = &mut connections[at];
                    if event.is_readable() {
                        connection.drain(&greeting);
                    }
                    if event.is_writable() {
                        connection.flush();
                    }
                }
            }
        }
    };
    let (frames, pace) = loop {
        match orders.try_recv() {
            Ok(order) => break order,
            Err(TryRecvError::Empty) => turn(&mut connections, None),
            Err(TryRecvError::Disconnected) => return,
        }
    };
    let frame = step(0);
    let mut next = Instant::now();
    for _ in 0..frames {
        while let Some(wait) = next.checked_duration_since(Instant::now()) {
            turn(&mut connections, Some(wait));
        }
        next += pace;
        for connection in &mut connections {
            connection.write(frame.websocket());
        }
    }
    println!("published {}", frames * frame.websocket().len());
    loop {
        turn(&mut connections, None);
    }
}

fn accept(listener: &mio::net::TcpListener, poll: &Poll, connections: &mut Vec<Connection>) {
    while let Ok((mut socket, _)) = listener.accept() {
        socket.set_nodelay(true).unwrap();
        let token = Token(connections.len());
        poll.registry().register(&mut socket, token, Interest::READABLE | Interest::WRITABLE).unwrap();
        connections.push(Connection { socket, greeted: false, rest: Vec::new() });
    }
}

impl Connection {
    fn drain(&mut self, greeting: &[u8]) {
        let mut buffer = [0; 4096];
        while self.socket.read(&mut buffer).is_ok_and(|read| read > 0) {
            if !std::mem::replace(&mut self.greeted, true) {
                self.write(greeting);
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if !self.rest.is_empty() {
            return self.rest.extend_from_slice(bytes);
        }
        match self.socket.write(bytes) {
            Ok(written) => self.rest.extend_from_slice(&bytes[written..]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.rest.extend_from_slice(bytes),
            // It has gone. If it was one that counts, its bytes will be missed.
            Err(_) => {}
        }
    }

    fn flush(&mut self) {
        while !self.rest.is_empty() {
            match self.socket.write(&self.rest) {
                Ok(written) => drop(self.rest.drain(..written)),
                Err(_) => return,
            }
        }
    }
}
