//! What can be made to go wrong. Everything is off by default, and what is random is so from a seed.

use std::time::Duration;

use serde_json::Value;

use crate::hostile::Hostile;

/// How often something fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Times {
    #[default]
    Never,
    Next(u32),
    Always,
}

impl Times {
    /// Whether it fails this time; counts down.
    pub(crate) fn take(&mut self) -> bool {
        match self {
            Self::Never | Self::Next(0) => false,
            Self::Next(left) => {
                *left -= 1;
                true
            }
            Self::Always => true,
        }
    }
}

/// The faults of a server, to be given to its builder or changed while it runs.
///
/// "Messages" count what the send loop sends after the first ones of a connection; "job messages" those of jobs alone
/// (no `status`; a recorded cut counts too), from when the server started.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// For everything random below.
    pub seed: u64,
    /// Probability from 0 to 1 that a message is not sent.
    pub drop: f64,
    /// Probability from 0 to 1 that a message is sent twice.
    pub duplicate: f64,
    /// Probability from 0 to 1 that a message changes places with the one after it.
    pub reorder: f64,
    /// A socket ends without a Close frame after this many messages; each number is used once, by whichever socket
    /// comes there first.
    pub cut_after: Vec<u64>,
    /// The send loop hangs after this many messages, as on a client that does not read (section 1): no socket hears
    /// anything any more until [`resume`](crate::FakeComfy::resume).
    pub stall_after: Option<u64>,
    /// A socket is forgotten after this many messages: open, pings answered, deaf. Once.
    pub forget_after: Option<u64>,
    /// The server dies after this many job messages. Once.
    pub kill_after: Option<u64>,
    /// How long it stays away then; `None` until [`restart`](crate::FakeComfy::restart).
    pub down_for: Option<Duration>,
    /// `POST /prompt` is answered only when the job has sent this many messages or has ended.
    pub answer_after: Option<u64>,
    /// Each job stands still after this many of its messages, until [`release`](crate::FakeComfy::release) or an
    /// interruption.
    pub hold_after: Option<u64>,
    /// The server chooses prompt ids itself, as before 0.3.45.
    pub own_prompt_ids: bool,
    /// Routes that answer 404, as on servers older than they are, each by the beginning of its path: `/features`
    /// (before 0.3.45), `/api/jobs` (before 0.6.0).
    pub missing_routes: Vec<String>,
    /// No `progress_state`, no feature flags and no type 4 previews, only `progress` with display ids, as before 0.3.45.
    pub old_messages: bool,
    /// `POST /interrupt` stops whatever runs even when it names another job, as before 0.3.57.
    pub interrupt_ignores_id: bool,
    /// How often `POST /prompt` is refused, with `refusal`.
    pub refuse: Times,
    /// Status and body of a refusal; by default the answer `ComfyUI` gives to a checkpoint that is not there.
    pub refusal: Option<(u16, Value)>,
    /// `/history` and `/api/jobs` answer 500.
    pub history_fails: Times,
    /// `/queue` and `/prompt` answer 500.
    pub queue_fails: Times,
    /// `/view` answers 500.
    pub view_fails: Times,
    /// `/view` sends only half of the file and then ends.
    pub view_cut: Times,
    /// How long `/object_info` takes; meanwhile no message leaves the server (DESIGN: "while the server builds it no
    /// message leaves it").
    pub object_info_takes: Duration,
    /// Every request needs this header with this value, else 401: a proxy with authentication.
    pub require_header: Option<(String, String)>,
    /// Frames sent to each job's submitter right after its start.
    pub hostile: Vec<Hostile>,
}

/// A random number generator that gives the same numbers everywhere (`SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// True with this probability.
    pub(crate) fn falls(&mut self, probability: f64) -> bool {
        probability > 0.0 && (self.next() >> 11) as f64 / (1_u64 << 53) as f64 <= probability
    }
}
