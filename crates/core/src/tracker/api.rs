//! The tracker's inputs and outputs.

use crate::comfy::binary::Frame as BinaryFrame;
use crate::comfy::message::Message;
use crate::comfy::progress::Progress;
use crate::comfy::rest::{ClassInfo, HistoryEntry, QueueItem};
use crate::cost::History;
use crate::event::{Device, Eta, Event, JobError};
use crate::generation::NodeError;
use crate::time::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// What a tracker is told once.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub instance_id: String,
    /// The monitor's client id at this instance.
    pub client_id: String,
    /// `host:port` as people know it.
    pub comfyui_host: String,
    /// Our version.
    pub version: String,
    /// The highest sequence of a monitor-level event so far.
    pub last_sequence: u64,
    /// Jobs that had not ended when we stopped.
    pub jobs: Vec<KnownJob>,
    /// Prompt ids, newest last, that were seen to end here: they tell a restarted server from one that goes on.
    pub ended_prompts: Vec<String>,
    /// What nodes took here before.
    pub history: History,
    /// A job that runs longer is interrupted, and fails with `timeout`. Milliseconds.
    pub timeout_ms: Option<u64>,
    /// While connected the queue is told of at least this often (ms), changed or not: whoever hears it over a bus tells
    /// one that has nothing to say from one that is gone. `None`: when it changes.
    pub heartbeat_ms: Option<u64>,
}

/// A job that a former run of ours already told about.
#[derive(Clone, Debug)]
pub struct KnownJob {
    pub submission: Submission,
    /// False for a job that somebody else submitted.
    pub ours: bool,
    pub submitter_client_id: Option<String>,
    /// The highest sequence given out for its generation.
    pub last_sequence: u64,
    pub number: Option<f64>,
    /// Its durable events so far, in order.
    pub events: Vec<Event>,
    /// Never shown less than this in this attempt.
    pub highest_percentage: f64,
}

/// A job that we send, or somebody sent.
#[derive(Clone, Debug)]
pub struct Submission {
    pub queue_id: Uuid,
    pub attempt: u32,
    pub prompt_id: String,
    pub title: Option<String>,
    /// The API-format graph.
    pub workflow: Value,
    /// The highest sequence that its generation has seen in earlier attempts; 0 for the first.
    pub last_sequence: u64,
}

/// What the server answered to our `POST /prompt`.
#[derive(Clone, Debug)]
pub enum Answer {
    /// `prompt_id` is the server's; old servers choose their own.
    Accepted {
        prompt_id: String,
        number: Option<f64>,
    },
    Refused {
        error: JobError,
        node_errors: Vec<NodeError>,
    },
}

/// What `/queue`, then `/history`, said: read in this order (`comfyui-protocol.md`, section 4).
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub running: Vec<QueueItem>,
    /// In any order.
    pub pending: Vec<QueueItem>,
    /// Entries for the jobs in question, and the newest others, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Prompt ids that were asked for one by one and are not in the history.
    pub missing: Vec<String>,
    /// `/history` held nothing at all.
    pub history_empty: bool,
    /// It was read after a (re)connect: what ran before may belong to a former life of the server.
    pub after_connect: bool,
}

/// What `/object_info` says of a class, as far as the tracker cares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    pub display_name: Option<String>,
    pub category: Option<String>,
    pub output_node: bool,
    /// Slot type of each output.
    pub outputs: Vec<String>,
    /// Outputs that are lists, by number: what takes them is called once for each item.
    pub lists: Vec<u32>,
    /// It takes lists as they are.
    pub takes_lists: bool,
}

impl From<&ClassInfo> for Class {
    fn from(info: &ClassInfo) -> Class {
        Class {
            display_name: info.display_name.clone(),
            category: info.category.clone(),
            output_node: info.output_node,
            outputs: info.outputs.iter().map(|slot| slot.kind.clone()).collect(),
            lists: (0..).zip(&info.outputs).filter(|(_, slot)| slot.is_list).map(|(at, _)| at).collect(),
            takes_lists: info.takes_lists,
        }
    }
}

/// Everything a tracker can be told.
#[derive(Debug)]
pub enum Input<'a> {
    Connected {
        comfyui_version: Option<String>,
        devices: Vec<Device>,
    },
    Disconnected {
        reason: String,
    },
    /// A text message; `addressee` is the client id it was sent to, where known.
    Message {
        addressee: Option<&'a str>,
        message: &'a Message<'a>,
    },
    /// `progress_state` by the incremental reader.
    Progress(&'a Progress<'a>),
    Binary(&'a BinaryFrame<'a>),
    Snapshot(Box<Snapshot>),
    /// What `/history/{id}` answered to [`Want::History`]; `None`: not there (yet).
    History {
        prompt_id: String,
        entry: Option<Box<HistoryEntry>>,
    },
    /// Facts about classes, before the graphs that use them.
    Classes(Vec<(String, Class)>),
    /// GPU memory that the instance uses, bytes: read from `/system_stats`, or broadcast by an extension.
    Memory {
        used_bytes: u64,
    },
    /// About to be sent: recorded, not yet answered.
    Submitting(Submission),
    /// The server's answer; `prompt_id` is the one we sent.
    Answered {
        prompt_id: String,
        answer: Answer,
    },
    /// It never reached the server: as if it had not been submitted here.
    Withdrawn {
        prompt_id: String,
    },
    /// A person asked us to stop it: its end is `cancelled`.
    Cancelling {
        prompt_id: String,
    },
    /// We are going down.
    Stopping {
        reason: String,
    },
    Tick,
}

/// What a tracker asks its caller to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// `/queue`, then `/history/{id}` of these prompts and the newest of the history.
    Snapshot { prompt_ids: Vec<String> },
    /// `/history/{id}` alone: this job has ended.
    History { prompt_id: String },
    /// It runs longer than it may: this prompt alone is to be interrupted.
    Interrupt { prompt_id: String },
}

/// How far a running job is, when only time has passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    pub queue_id: Uuid,
    pub attempt: u32,
    pub overall_percentage: f64,
    pub eta: Option<Eta>,
    /// Of the nodes that run, the one that decides when the job ends; where several run.
    pub critical_node_id: Option<String>,
    /// Since when it has been silent for longer than its nodes lead to expect.
    pub stalled_since: Option<Timestamp>,
}

/// A waiting job's place in line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub queue_id: Uuid,
    /// 1 is next.
    pub position: u32,
    /// Milliseconds until it starts, by what runs before it.
    pub estimated_wait_time: Option<u64>,
    /// Until it is done, waiting included.
    pub eta: Option<Eta>,
}

/// What a graph would take here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Milliseconds until everything that waits and runs here now is done.
    pub estimated_wait_time: u64,
    /// From its own start to its end; `None` where nothing is known of any of its nodes.
    pub eta: Option<Eta>,
}

/// A job that somebody else submitted, seen for the first time: comes before its events.
#[derive(Clone, Debug)]
pub struct Observed {
    pub submission: Submission,
    pub submitter_client_id: Option<String>,
    pub number: Option<f64>,
    /// When the server took it, by the server's clock.
    pub create_time: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub enum Output {
    Observed(Box<Observed>),
    Event(Box<Event>),
    /// Places in the queue, or the waits there, changed. Live only.
    Positions {
        places: Vec<Place>,
        /// Jobs that wait and run at the server, as it last said.
        queue_remaining: Option<u64>,
    },
    /// Live only, newest wins: at most twice a second for each job.
    Pace(Pace),
    /// A preview while a node works. Live only, newest wins.
    Preview(Picture),
    /// A final image that came over the socket (`SaveImageWebsocket`).
    Image(Picture),
    Want(Want),
}

#[derive(Clone, Debug)]
pub struct Picture {
    pub queue_id: Uuid,
    pub prompt_id: String,
    pub attempt: u32,
    pub node_id: String,
    /// `image/jpeg` or `image/png`.
    pub content_type: &'static str,
    pub sequence: u64,
    /// The how-manieth of its node.
    pub ordinal: u32,
    pub value: Option<f64>,
    pub max: Option<f64>,
    pub image: Vec<u8>,
}
