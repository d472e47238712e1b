//! Keeping the port, giving the server one life after another, and submitting what it plays by itself.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::life::Life;
use super::shared::{Command, Shared, lock};
use super::{FakeError, Snapshot, routes};
use crate::player::{Addressee, Programme};

pub(super) struct Theatre {
    pub shared: Arc<Shared>,
    /// As asked for, and then as bound.
    addr: Mutex<SocketAddr>,
    root: CancellationToken,
    life: Mutex<Option<Arc<Life>>>,
    /// Held by whoever begins or ends a life.
    change: tokio::sync::Mutex<()>,
}

impl Theatre {
    pub(super) fn new(shared: Arc<Shared>, addr: SocketAddr, root: CancellationToken) -> Self {
        Self { shared, addr: Mutex::new(addr), root, life: Mutex::default(), change: tokio::sync::Mutex::default() }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        *lock(&self.addr)
    }

    pub(super) fn life(&self) -> Option<Arc<Life>> {
        lock(&self.life).clone()
    }

    /// Ends the life there is; returns when nothing is left of it.
    pub(super) async fn kill(&self) {
        let _change = self.change.lock().await;
        let life = lock(&self.life).take();
        if let Some(life) = life {
            life.end().await;
        }
    }

    /// Begins a life, after ending the one there is.
    pub(super) async fn restart(&self) -> Result<(), FakeError> {
        self.kill().await;
        let _change = self.change.lock().await;
        lock(&self.shared.disk).clean();
        lock(&self.shared.namer).life += 1;
        let (life, bound) = self.begin_again().await?;
        *lock(&self.addr) = bound;
        *lock(&self.life) = Some(life);
        self.shared.changed();
        Ok(())
    }

    /// On the port of the life before. A process that is being started elsewhere in this one holds all sockets from its
    /// fork to its exec, the closed ones too: the port may be taken for as long as that.
    async fn begin_again(&self) -> Result<(Arc<Life>, SocketAddr), FakeError> {
        let mut tries = 200;
        loop {
            match Life::begin(Arc::clone(&self.shared), self.addr(), &self.root) {
                Err(FakeError::Bind { source, .. }) if source.kind() == ErrorKind::AddrInUse && tries > 0 => {
                    tries -= 1;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                begun => return begun,
            }
        }
    }

    /// Carries out what the server does to itself.
    pub(super) async fn supervise(self: Arc<Self>, mut commands: UnboundedReceiver<Command>) {
        while let Some(Command::Kill { down }) = commands.recv().await {
            self.kill().await;
            let Some(down) = down else { continue };
            tokio::time::sleep(down).await;
            if self.life().is_some() {
                // Somebody was quicker.
                continue;
            }
            if let Err(error) = self.restart().await {
                tracing::error!(%error, "the fake did not come back");
            }
        }
    }

    /// Submits the jobs of a programme, one life of the server after another.
    pub(super) async fn perform(self: Arc<Self>, programme: Programme) {
        let mut changes = self.shared.changes();
        for round in 0_u64.. {
            for act in &programme.acts {
                tokio::time::sleep(self.shared.scaled(act.after)).await;
                loop {
                    let snapshot = self.snapshot();
                    let busy = snapshot.running.is_some() || !snapshot.pending.is_empty();
                    if snapshot.alive && !(busy && act.waits) || changes.changed().await.is_err() {
                        break;
                    }
                }
                let Some(life) = self.life() else { continue };
                let body = act.body(round, self.addressee(&programme.to).as_deref());
                routes::play(&life, &body, act.source.clone());
            }
            if !programme.looping || programme.acts.is_empty() {
                break;
            }
        }
    }

    /// The client id jobs go to; `None` leaves the recorded one.
    fn addressee(&self, to: &Addressee) -> Option<String> {
        match to {
            Addressee::Recorded => None,
            Addressee::Client(id) => Some(id.clone()),
            Addressee::Connected => {
                let life = self.life()?;
                let state = life.lock();
                state.sockets.map.values().max_by_key(|socket| socket.serial).map(|socket| socket.client.clone())
            }
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let Some(life) = self.life() else {
            return Snapshot::default();
        };
        let state = life.lock();
        let mut clients: Vec<_> = state.sockets.map.keys().cloned().collect();
        clients.sort();
        Snapshot {
            alive: true,
            running: state.running.as_ref().map(|running| running.job.prompt_id.clone()),
            held: state.running.as_ref().is_some_and(|running| running.held),
            pending: state.queue.in_order().iter().map(|job| job.prompt_id.clone()).collect(),
            history: state.history.keys().cloned().collect(),
            clients,
            open_sockets: state.sockets.open.len(),
        }
    }
}
