//! Reading one socket: the task that waits for nothing else.

use super::Timing;
use super::mailbox::{Letter, Mailbox};
use crate::clock;
use crate::comfy::{Frame, Socket};
use futures::StreamExt;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// An open connection: what it says lies in the mailbox.
#[derive(Debug)]
pub(super) struct Line {
    pub mailbox: Arc<Mailbox>,
    hang_up: CancellationToken,
    reader: JoinHandle<()>,
}

impl Line {
    pub(super) fn open(socket: Box<dyn Socket>, timing: Timing) -> Self {
        let mailbox = Arc::new(Mailbox::default());
        let hang_up = CancellationToken::new();
        let reader = tokio::spawn(read(socket, mailbox.clone(), hang_up.clone(), timing));
        Self { mailbox, hang_up, reader }
    }

    /// Says goodbye and waits for the end, within the bounds of [`Socket::close`]. After this the client id is free.
    pub(super) async fn close(self) {
        self.hang_up.cancel();
        if let Err(error) = self.reader.await {
            tracing::error!(%error, "the task that reads the socket broke");
        }
    }
}

async fn read(mut socket: Box<dyn Socket>, mailbox: Arc<Mailbox>, hang_up: CancellationToken, timing: Timing) {
    let mut heard = Instant::now();
    let mut pulse = interval(timing.ping);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = loop {
        tokio::select! {
            item = socket.next() => match item {
                Some(Ok(frame)) => {
                    heard = Instant::now();
                    match frame {
                        Frame::Text(text) => mailbox.push(clock::now(), Letter::Text(text)),
                        Frame::Binary(bytes) => mailbox.push(clock::now(), Letter::Binary(bytes)),
                        Frame::Pong => {}
                    }
                }
                Some(Err(error)) => break error.to_string(),
                None => break "the server closed the connection".to_owned(),
            },
            _ = pulse.tick() => {
                if heard.elapsed() >= timing.dead {
                    break format!("no sign of life for {} s: the network or the machine is gone", timing.dead.as_secs());
                }
                if heard.elapsed() >= timing.ping {
                    socket.ping();
                }
            }
            () = hang_up.cancelled() => break "we closed the connection".to_owned(),
        }
    };
    mailbox.push(clock::now(), Letter::End(end));
    if !socket.close(timing.goodbye).await {
        tracing::debug!("the end of the old connection was not seen: the server may hold on to it");
    }
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::Silence;
    use super::*;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    #[tokio::test]
    async fn a_connection_without_a_sign_of_life_is_pinged_and_then_given_up() {
        let socket = Silence::default();
        let pings = socket.pings.clone();
        let timing = Timing { ping: Duration::from_millis(10), dead: Duration::from_millis(100), ..Timing::default() };
        let line = Line::open(Box::new(socket), timing);
        line.mailbox.ready().await;
        let batch = line.mailbox.take(9);
        assert!(matches!(&batch.letters[..], [(_, Letter::End(reason))] if reason.contains("no sign of life")));
        assert!(pings.load(Ordering::SeqCst) > 1);
        line.close().await;
    }

    #[tokio::test]
    async fn a_connection_is_closed_when_asked_to() {
        let line = Line::open(Box::new(Silence::default()), Timing::default());
        let mailbox = line.mailbox.clone();
        line.close().await;
        assert!(matches!(&mailbox.take(9).letters[..], [(_, Letter::End(_))]));
    }
}
