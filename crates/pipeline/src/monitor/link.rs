//! Connecting, for ever and with patience: at most one live socket at any time, and the old one's end is seen before a
//! new one opens (`comfyui-protocol`, section 1, "Take-over").

use super::driver::{Done, Driver};
use super::hearing::Ear;
use super::mailbox::Mailbox;
use super::questions::Questions;
use super::reader::Line;
use super::watchdog::Watchdog;
use crate::clock;
use crate::comfy::{Comfy, ComfyError, Socket};
use monitor_core::comfy::rest::{self, SystemStats};
use monitor_core::event::Device;
use monitor_core::generation::InstanceState;
use monitor_core::time::Now;
use monitor_core::tracker::Input;
use std::sync::Arc;

pub(super) enum Link {
    /// The old socket is being read to its end; then the next try comes at once or after a delay.
    Closing {
        at_once: bool,
    },
    Waiting {
        until: u64,
    },
    Connecting,
    Up(Line),
}

/// A server that answers, and a socket to it.
pub(super) struct Opened {
    socket: Box<dyn Socket>,
    stats: SystemStats,
}

impl Link {
    pub(super) fn mailbox(&self) -> Option<Arc<Mailbox>> {
        match self {
            Self::Up(line) => Some(line.mailbox.clone()),
            _ => None,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self, Self::Up(_))
    }

    pub(super) fn due(&self) -> Option<u64> {
        match self {
            Self::Waiting { until } => Some(*until),
            _ => None,
        }
    }
}

impl Driver {
    /// Tries to connect when it is time.
    pub(super) fn tend_link(&mut self, now: Now) {
        if self.link.due().is_some_and(|due| due <= now.mono) {
            self.link = Link::Connecting;
            let (comfy, client_id) = (self.comfy.clone(), self.client_id.clone());
            self.spawn(async move { Done::Opened(connect(&*comfy, &client_id).await) });
        }
    }

    pub(super) fn opened(&mut self, now: Now, opened: Opened) {
        let Opened { socket, stats } = opened;
        self.connection += 1;
        self.counts.connections += 1;
        self.link = Link::Up(Line::open(socket, self.timing));
        self.ear = Ear::default();
        self.watchdog = Watchdog::new(now.mono);
        let deaf_before = self.questions.deaf_before;
        self.questions = Questions::after_connect(now.mono, &self.timing, deaf_before);
        if !deaf_before {
            self.classes.forget();
        }
        let devices: Vec<Device> = stats.devices.iter().map(device).collect();
        let version = stats.comfyui_version.clone();
        tracing::info!(
            server = self.comfy.host(),
            version = version.as_deref().unwrap_or("unknown"),
            "connected to ComfyUI"
        );
        let polling = self.status.borrow().state == InstanceState::Polling;
        if !polling {
            self.set_state(now, InstanceState::Connected, None, None);
        }
        self.status.send_modify(|status| {
            status.comfyui_version.clone_from(&version);
            status.devices.clone_from(&devices);
        });
        self.note_memory(now, stats.devices.first().and_then(memory));
        self.tell(now, Input::Connected { comfyui_version: version, devices });
    }

    pub(super) fn not_opened(&mut self, now: Now, error: &ComfyError) {
        self.counts.failed_connections += 1;
        let status = self.status.borrow();
        let (state, since) = (status.state, status.since);
        drop(status);
        let outage = if state == InstanceState::Disconnected { now.wall.since(since) } else { 0 };
        let until = now.mono + self.backoff.next(outage);
        self.link = Link::Waiting { until };
        if state == InstanceState::Disconnected {
            tracing::debug!(server = self.comfy.host(), %error, "not there yet");
        } else {
            tracing::info!(server = self.comfy.host(), "waiting for ComfyUI: {error}");
        }
        let next_try_at = now.wall.plus(until - now.mono);
        self.set_state(now, InstanceState::Disconnected, Some(error.to_string()), Some(next_try_at));
    }

    /// The connection is over, or is to be given up.
    pub(super) fn down(&mut self, now: Now, reason: String, at_once: bool) {
        let Link::Up(line) = std::mem::replace(&mut self.link, Link::Closing { at_once }) else { return };
        // Answers to what was asked on this connection are no longer waited for.
        self.connection += 1;
        self.spawn(async move {
            line.close().await;
            Done::Closed
        });
        if self.status.borrow().state != InstanceState::Polling {
            let state = if at_once { InstanceState::Connecting } else { InstanceState::Disconnected };
            tracing::info!(server = self.comfy.host(), "the connection to ComfyUI is over: {reason}");
            self.set_state(now, state, Some(reason.clone()), None);
        }
        self.tell(now, Input::Disconnected { reason });
    }

    pub(super) fn closed(&mut self, now: Now) {
        let Link::Closing { at_once } = self.link else { return };
        let until = now.mono + if at_once { 0 } else { self.backoff.next(0) };
        self.link = Link::Waiting { until };
        let next_try_at = now.wall.plus(until - now.mono);
        self.status.send_modify(|status| status.next_try_at = Some(next_try_at));
    }

    /// Somebody wants it tried now.
    pub(super) fn reconnect(&mut self) {
        let now = clock::now();
        match &mut self.link {
            Link::Up(_) => {
                self.hear_all();
                self.down(now, "asked to connect anew".to_owned(), true);
            }
            Link::Closing { at_once } => *at_once = true,
            Link::Waiting { until } => *until = now.mono,
            Link::Connecting => {}
        }
    }

    pub(super) fn set_state(
        &self,
        now: Now,
        state: InstanceState,
        reason: Option<String>,
        next_try_at: Option<monitor_core::time::Timestamp>,
    ) {
        self.status.send_modify(|status| {
            if status.state != state {
                status.since = now.wall;
            }
            status.state = state;
            status.reason = reason;
            status.next_try_at = next_try_at;
        });
    }
}

/// Asks who is there first: that tells a wrong address, a login page and a server that is still starting from each
/// other, and gives version and devices.
async fn connect(comfy: &dyn Comfy, client_id: &str) -> Result<Opened, ComfyError> {
    let stats = match comfy.system_stats().await {
        // It asks the graphics driver, which may be in a bad state; the rest can work all the same.
        Err(ComfyError::Http { status: 500, .. }) => SystemStats::default(),
        answer => answer?,
    };
    Ok(Opened { socket: comfy.connect(client_id).await?, stats })
}

pub(super) fn device(device: &rest::Device) -> Device {
    Device {
        name: device.name.clone(),
        r#type: device.kind.clone(),
        vram_total_bytes: device.vram_total,
        vram_free_bytes: device.vram_free,
    }
}

pub(super) fn memory(device: &rest::Device) -> Option<monitor_core::generation::Memory> {
    let total_bytes = device.vram_total?;
    Some(monitor_core::generation::Memory { used_bytes: total_bytes.saturating_sub(device.vram_free?), total_bytes })
}
