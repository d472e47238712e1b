//! The one connection that writes. Callers hand it work; whatever waits when it is free goes into one transaction.
//!
//! One writer means no write ever waits for a lock of ours, and a commit, which is what costs, is shared by all that
//! came while the last one ran.

use super::Failure;
use super::open::DataDirLock;
use futures::future::BoxFuture;
use sqlx::{Connection, Executor, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

/// Work of one transaction at most: bounds how long the first of a group waits for the last.
const MAX_GROUP: usize = 256;
/// Work that waits at most; beyond it, callers wait.
const MAX_WAITING: usize = 1024;

/// How many statements of a piece of work write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    /// `SQLite` keeps or drops it as a whole, also within a transaction: it needs no savepoint, and alone no
    /// transaction. That spares most of the trips to the connection's thread, which are most of the cost.
    Once,
    Often,
}

impl Writes {
    /// So many rows written by a [`super::Batch`].
    pub(crate) fn rows(count: usize) -> Writes {
        if count <= super::batch::MOST { Writes::Once } else { Writes::Often }
    }
}

/// A piece of work, answered only when what it wrote is committed.
trait Job: Send {
    fn writes(&self) -> Writes;
    /// Whether it succeeded; what did not is rolled back.
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool>;
    /// `lost` says why nothing of it was kept although it may have run.
    fn answer(self: Box<Self>, lost: Option<Failure>);
}

struct Asked<W, T> {
    writes: Writes,
    work: Option<W>,
    outcome: Option<Result<T, Failure>>,
    caller: oneshot::Sender<Result<T, Failure>>,
}

impl<W, T> Job for Asked<W, T>
where
    W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Failure>> + Send,
    T: Send,
{
    fn writes(&self) -> Writes {
        self.writes
    }

    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            if let Some(work) = self.work.take() {
                self.outcome = Some(work(connection).await);
            }
            matches!(self.outcome, Some(Ok(_)))
        })
    }

    fn answer(self: Box<Self>, lost: Option<Failure>) {
        let outcome = match (self.outcome, lost) {
            // Its own failure tells more than that of the transaction around it.
            (Some(Err(own)), _) => Err(own),
            (_, Some(lost)) => Err(lost),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(Failure::Closed),
        };
        // A caller that no longer waits needs no answer.
        let _ = self.caller.send(outcome);
    }
}

enum Order {
    Do(Box<dyn Job>),
    /// Finish what was asked before, then let go of the file.
    Close(oneshot::Sender<()>),
}

pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
}

impl Writer {
    /// Keeps the lock of the data folder for as long as the connection lives.
    pub(super) fn start(connection: SqliteConnection, lock: DataDirLock) -> Writer {
        let (orders, waiting) = mpsc::channel(MAX_WAITING);
        tokio::spawn(serve(connection, lock, waiting));
        Writer { orders }
    }

    /// Runs `work` and returns when what it wrote is committed. Work that fails leaves nothing.
    pub(super) async fn run<T, W>(&self, writes: Writes, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Asked { writes, work: Some(work), outcome: None, caller });
        self.orders.send(Order::Do(job)).await.map_err(|_| Failure::Closed)?;
        answer.await.map_err(|_| Failure::Closed)?
    }

    /// Returns when all that was asked before is committed and the file is closed.
    pub(super) async fn close(&self) {
        let (closed, wait) = oneshot::channel();
        if self.orders.send(Order::Close(closed)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

async fn serve(mut connection: SqliteConnection, lock: DataDirLock, mut waiting: mpsc::Receiver<Order>) {
    let mut orders = Vec::new();
    let mut asked_to_close = Vec::new();
    while asked_to_close.is_empty() && waiting.recv_many(&mut orders, MAX_GROUP).await > 0 {
        let mut group = Vec::with_capacity(orders.len());
        for order in orders.drain(..) {
            match order {
                Order::Do(job) => group.push(job),
                Order::Close(closed) => asked_to_close.push(closed),
            }
        }
        if !group.is_empty() {
            commit_together(&mut connection, group).await;
        }
    }
    // From here on callers are told that it is closed; what they sent before is dropped, which tells them too.
    drop(waiting);
    if let Err(error) = connection.execute("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)").await {
        tracing::warn!(%error, "the log of the store was not folded into its file; the next start does it");
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the store was not closed cleanly; nothing that was answered is lost");
    }
    drop(lock);
    for closed in asked_to_close {
        let _ = closed.send(());
    }
}

async fn commit_together(connection: &mut SqliteConnection, mut group: Vec<Box<dyn Job>>) {
    let lost = try_commit(connection, &mut group).await.err().map(|error| error.to_string());
    if lost.is_some() {
        // It may have been rolled back already: SQLite does that itself when a disk is full.
        let _ = connection.execute("ROLLBACK").await;
    }
    for job in group {
        job.answer(lost.clone().map(Failure::Transaction));
    }
}

async fn try_commit(connection: &mut SqliteConnection, group: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
    if let [alone] = group
        && alone.writes() == Writes::Once
    {
        alone.run(connection).await;
        return Ok(());
    }
    connection.execute("BEGIN IMMEDIATE").await?;
    for job in group {
        if job.writes() == Writes::Once {
            job.run(connection).await;
            continue;
        }
        connection.execute("SAVEPOINT job").await?;
        let end = if job.run(connection).await { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
        connection.execute(end).await?;
    }
    connection.execute("COMMIT").await?;
    Ok(())
}
