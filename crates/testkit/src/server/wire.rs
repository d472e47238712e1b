//! A port that can be torn down as a process's death tears it down: at once, and without a word on any connection.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

pub(super) struct Port {
    listener: TcpListener,
    dead: CancellationToken,
    open: TaskTracker,
}

impl Port {
    /// Binds the address. `send_buffer` bytes are kept for a client that does not read, instead of the system's choice.
    pub(super) fn bind(
        addr: SocketAddr,
        send_buffer: Option<u32>,
        dead: CancellationToken,
        open: TaskTracker,
    ) -> io::Result<Self> {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // The same port again right after a kill.
        socket.set_reuseaddr(true)?;
        if let Some(bytes) = send_buffer {
            socket.set_send_buffer_size(bytes)?;
        }
        socket.bind(addr)?;
        Ok(Self { listener: socket.listen(1024)?, dead, open })
    }
}

impl axum::serve::Listener for Port {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "no TCP_NODELAY");
                    }
                    return (Wire::new(stream, &self.dead, &self.open), peer);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection, which fails on both sides once the server is dead.
pub(super) struct Wire {
    stream: TcpStream,
    dead: CancellationToken,
    // Reader and writer may be different tasks, and each waits to be woken.
    reader: Pin<Box<WaitForCancellationFutureOwned>>,
    writer: Pin<Box<WaitForCancellationFutureOwned>>,
    _open: TaskTrackerToken,
}

impl Wire {
    fn new(stream: TcpStream, dead: &CancellationToken, open: &TaskTracker) -> Self {
        let wait = || Box::pin(dead.clone().cancelled_owned());
        Self { stream, reader: wait(), writer: wait(), dead: dead.clone(), _open: open.token() }
    }

    fn check(
        dead: &CancellationToken,
        wait: &mut Pin<Box<WaitForCancellationFutureOwned>>,
        context: &mut Context<'_>,
    ) -> io::Result<()> {
        if dead.is_cancelled() || wait.as_mut().poll(context).is_ready() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = &mut *self;
        Self::check(&wire.dead, &mut wire.reader, context)?;
        Pin::new(&mut wire.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = &mut *self;
        Self::check(&wire.dead, &mut wire.writer, context)?;
        Pin::new(&mut wire.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = &mut *self;
        Self::check(&wire.dead, &mut wire.writer, context)?;
        Pin::new(&mut wire.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
