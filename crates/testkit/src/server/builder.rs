use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::shared::Config;
use super::{FakeComfy, FakeError};
use crate::faults::Faults;
use crate::player::Programme;
use crate::script::Script;
use crate::tape::Tape;

/// What `ComfyUI` 0.33.0 answers to `/features` and `/system_stats` (recording 01), here with a GPU.
const FEATURES: &str = include_str!("../answers/features.json");
const SYSTEM_STATS: &str = include_str!("../answers/system_stats.json");
/// A few of `ComfyUI`'s own classes, as recorded.
const OBJECT_INFO: &str = include_str!("../answers/object_info.json");

/// How a fake `ComfyUI` is to be. By default: on a free port of loopback, at natural speed, without tapes, so that every
/// graph is played by a plausible script.
pub struct Builder {
    addr: SocketAddr,
    tapes: Vec<Arc<Tape>>,
    script: Script,
    faults: Faults,
    programmes: Vec<Programme>,
    speed: f64,
    validation: bool,
    object_info: Map<String, Value>,
    version: String,
    prefix: Option<String>,
    seed: Option<u64>,
    send_buffer: Option<u32>,
}

pub(super) struct Setup {
    pub addr: SocketAddr,
    pub tapes: Vec<Arc<Tape>>,
    pub script: Script,
    pub faults: Faults,
    pub programmes: Vec<Programme>,
    pub config: Config,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            tapes: Vec::new(),
            script: Script::new(),
            faults: Faults::default(),
            programmes: Vec::new(),
            speed: 1.0,
            validation: false,
            object_info: Map::new(),
            version: "0.33.0".to_owned(),
            prefix: None,
            seed: None,
            send_buffer: None,
        }
    }
}

impl Builder {
    /// A submitted graph that a tape knows is played from it; several tapes may be given.
    #[must_use]
    pub fn tape(mut self, tape: impl Into<Arc<Tape>>) -> Self {
        self.tapes.push(tape.into());
        self
    }

    /// How graphs that no tape knows are played.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Jobs that begin by themselves.
    #[must_use]
    pub fn programme(mut self, programme: Programme) -> Self {
        self.programmes.push(programme);
        self
    }

    /// 1 is natural, 2 twice as fast, 0 as fast as possible.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// On loopback.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.addr.set_port(port);
        self
    }

    #[must_use]
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.addr = addr;
        self
    }

    /// Judges graphs by the node classes, as `ComfyUI` does; without it every graph with a class in each node is run.
    #[must_use]
    pub fn validation(mut self, on: bool) -> Self {
        self.validation = on;
        self
    }

    /// More node classes, in the shape of `/object_info`, besides those of the tapes.
    #[must_use]
    pub fn object_info(mut self, classes: Map<String, Value>) -> Self {
        self.object_info.extend(classes);
        self
    }

    /// The version that `/system_stats` tells.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// All routes under this path (`/comfy`), as behind a proxy.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Some(format!("/{}", prefix.trim_matches('/'))).filter(|prefix| prefix != "/");
        self
    }

    /// The prompt ids that the server makes are the same every time.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Bytes that wait in the system for a client that does not read, before the send loop blocks (the system at least
    /// doubles it); small, so that this happens soon.
    #[must_use]
    pub fn send_buffer(mut self, bytes: u32) -> Self {
        self.send_buffer = Some(bytes);
        self
    }

    /// Begins to serve.
    pub async fn start(self) -> Result<FakeComfy, FakeError> {
        let parsed =
            |what, text| serde_json::from_str::<Value>(text).map_err(|source| FakeError::Answer { what, source });
        let mut object_info = match parsed("object_info", OBJECT_INFO)? {
            Value::Object(classes) => classes,
            _ => Map::new(),
        };
        object_info.extend(self.tapes.iter().flat_map(|tape| tape.object_info.clone()));
        object_info.extend(self.object_info);
        let mut system_stats = parsed("system_stats", SYSTEM_STATS)?;
        system_stats["system"]["comfyui_version"] = self.version.into();
        let config = Config {
            speed: self.speed,
            validation: self.validation,
            object_info,
            features: parsed("features", FEATURES)?,
            system_stats,
            prefix: self.prefix,
            seed: self.seed,
            send_buffer: self.send_buffer,
        };
        let (addr, tapes, script, faults, programmes) =
            (self.addr, self.tapes, self.script, self.faults, self.programmes);
        FakeComfy::start(Setup { addr, tapes, script, faults, programmes, config }).await
    }
}
