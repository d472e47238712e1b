//! One WebSocket after its handshake: a task that mostly sleeps. Frames do not pass through it, the hub writes them to
//! the socket; it reads what the page asks, finishes what the socket had no room for, and sees to snapshots, pings
//! and the goodbye.

use super::requests;
use super::snapshot::{self, Making};
use super::wire::{Decoder, Incoming};
use super::{LiveSettings, LiveState};
use bytes::Bytes;
use futures::future::OptionFuture;
use monitor_pipeline::hub::{CloseCode, Encoded, Flushed, Seat, Sink, Subscriber};
use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;

/// While so many answers wait to be written, no further requests are read.
const MOST_REPLIES: usize = 16;

/// Read at once, on the stack of whichever thread does it: a connection keeps no buffer.
const READ_SIZE: usize = 4096;

struct Socket(Arc<TcpStream>);

impl Sink for Socket {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }
}

struct Connection {
    stream: Arc<TcpStream>,
    subscriber: Subscriber,
    live: LiveState,
    decoder: Decoder,
    next_ping: Instant,
    /// Since the last ping.
    heard: bool,
    /// Pings in a row after which nothing was heard.
    missed: u8,
}

/// The connection is of no use any more.
struct Gone;

/// Until the connection ends. `already_read`: what came right behind the handshake.
pub(super) async fn serve(stream: TcpStream, already_read: Bytes, seat: Seat, live: LiveState) {
    // Frames are small and each is wanted at once. Where it fails they only come later.
    let _ = stream.set_nodelay(true);
    let stream = Arc::new(stream);
    let mut connection = Connection {
        subscriber: seat.join(Socket(Arc::clone(&stream))),
        stream,
        decoder: Decoder::default(),
        next_ping: Instant::now() + live.settings.ping,
        heard: true,
        missed: 0,
        live,
    };
    connection.take(&already_read);
    // Even when empty it keeps hyper's read buffer alive, which is larger than all of the connection.
    drop(already_read);
    // Its socket is gone: there is nobody to tell.
    let _ = connection.run().await;
}

impl Connection {
    async fn run(&mut self) -> Result<(), Gone> {
        let mut making: Option<Making> = None;
        loop {
            let now = Instant::now();
            self.keep_time(now)?;
            let reader = self.subscriber.reader();
            reader.give_previews(now);
            let blocked = match reader.flush() {
                Flushed::All => false,
                Flushed::Blocked => true,
                Flushed::Gone => return Err(Gone),
            };
            if reader.closing().is_some() {
                return self.part().await;
            }
            if making.is_none() {
                making = reader.next_snapshot().map(|ticket| snapshot::make(&self.live.api, ticket));
            }
            let interest = match (blocked, reader.replies() < MOST_REPLIES) {
                (false, _) => Interest::READABLE,
                (true, true) => Interest::READABLE | Interest::WRITABLE,
                (true, false) => Interest::WRITABLE,
            };
            let due = [reader.deadline(), reader.previews_due()].into_iter().flatten();
            let wait_until = due.fold(self.next_ping, Instant::min);
            tokio::select! {
                ready = self.stream.ready(interest) => self.read(ready.map_err(|_| Gone)?)?,
                () = reader.woken() => {}
                Some((ticket, made)) = OptionFuture::from(making.as_mut()) => {
                    making = None;
                    match made {
                        Ok(snapshot) => reader.give_snapshot(ticket, &snapshot),
                        Err(error) => {
                            tracing::warn!(topic = %ticket.topic, %error, "no snapshot for a live reader");
                            reader.close(CloseCode::ComeBackLater);
                        }
                    }
                }
                () = tokio::time::sleep_until(wait_until.into()) => {}
            }
        }
    }

    fn read(&mut self, ready: Ready) -> Result<(), Gone> {
        if !ready.is_readable() && !ready.is_read_closed() {
            return Ok(());
        }
        let mut buffer = [0; READ_SIZE];
        match self.stream.try_read(&mut buffer) {
            Ok(0) => Err(Gone),
            Ok(read) => {
                self.take(&buffer[..read]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(()),
            Err(_) => Err(Gone),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.heard = true;
        self.decoder.feed(bytes);
        while self.subscriber.reader().closing().is_none() {
            match self.decoder.next_message() {
                Ok(Some(Incoming::Text(text))) => {
                    if let Err(error) = requests::handle(&text, &mut self.subscriber) {
                        tracing::error!(%error, "an answer could not be written");
                    }
                }
                Ok(Some(Incoming::Ping(payload))) => self.subscriber.reader().reply(&Encoded::pong(&payload)),
                Ok(Some(Incoming::Pong)) => {}
                Ok(Some(Incoming::Close)) => self.subscriber.reader().close(CloseCode::Normal),
                Ok(None) => return,
                Err(close) => self.subscriber.reader().close(close),
            }
        }
    }

    /// Gives up on a reader that does not catch up, and on one that answers no ping.
    fn keep_time(&mut self, now: Instant) -> Result<(), Gone> {
        let reader = self.subscriber.reader();
        if reader.deadline().is_some_and(|deadline| now >= deadline) {
            reader.close(CloseCode::SlowReader);
        }
        if now >= self.next_ping {
            let LiveSettings { ping, missed_pings, .. } = *self.live.settings;
            self.missed = if self.heard { 0 } else { self.missed + 1 };
            if self.missed >= missed_pings {
                return Err(Gone);
            }
            self.heard = false;
            self.next_ping = now + ping;
            reader.reply(&self.live.ping);
        }
        Ok(())
    }

    /// The close frame is the last thing written. Then the rest is read and dropped until the other side has closed
    /// too: a socket closed with unread bytes is reset, and the reset can overtake the close frame.
    async fn part(&self) -> Result<(), Gone> {
        let goodbye = async {
            while self.subscriber.reader().flush() == Flushed::Blocked {
                self.stream.writable().await?;
            }
            socket2::SockRef::from(&*self.stream).shutdown(Shutdown::Write)?;
            let mut dropped = [0; 512];
            loop {
                self.stream.readable().await?;
                match self.stream.try_read(&mut dropped) {
                    Ok(0) => return Ok(()),
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                    Ok(_) | Err(_) => {}
                }
            }
        };
        match tokio::time::timeout(self.live.settings.linger, goodbye).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}
