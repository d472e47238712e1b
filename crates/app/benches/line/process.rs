//! The processes under measurement, and what the kernel knows about them.

use comfyui_monitor::client::Monitor;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A child process that ends with this.
pub(crate) struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

/// `comfyui-monitor serve`, as it is installed.
pub(crate) struct Serve {
    pub(crate) process: Process,
    pub(crate) began: Instant,
}

impl Serve {
    pub(crate) fn start(comfyui: &str, data_dir: &std::path::Path) -> Serve {
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_comfyui-monitor"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--comfyui", comfyui, "--data-dir"])
            .arg(data_dir)
            .current_dir(data_dir)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Serve { process: Process(child), began }
    }

    /// A client of it, once it serves.
    pub(crate) fn client(&mut self) -> Monitor {
        let mut lines = BufReader::new(self.process.0.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().split_once("http://").map(|(_, place)| place.to_owned()));
        // Whatever it has to say from now on must not be lost, nor hold it up.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("monitor: {line}")));
        Monitor::new(format!("http://{}", address.unwrap()).parse().unwrap(), None).unwrap()
    }
}

/// A folder that goes away with this.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from)).unwrap()
}

/// Counts the CPU time of all threads of a process, to the nanosecond.
pub(crate) struct Meter {
    process: u32,
    /// By thread, also of those that have ended.
    threads: HashMap<String, u64>,
}

impl Meter {
    /// A thread that ends has idled for longer than this.
    const INTERVAL: Duration = Duration::from_millis(500);

    pub(crate) fn new(process: &Process) -> Meter {
        Meter { process: process.0.id(), threads: HashMap::new() }
    }

    /// Spent until now.
    pub(crate) fn read(&mut self) -> Duration {
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.process)).unwrap() {
            let thread = thread.unwrap();
            // It may have ended just now.
            let Ok(schedstat) = std::fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let spent = schedstat.split(' ').next().unwrap().parse().unwrap();
            self.threads.insert(thread.file_name().into_string().unwrap(), spent);
        }
        Duration::from_nanos(self.threads.values().sum())
    }

    /// Spent while something is awaited.
    pub(crate) async fn during<T>(&mut self, what: impl Future<Output = T>) -> (Duration, T) {
        let before = self.read();
        let mut what = std::pin::pin!(what);
        loop {
            match tokio::time::timeout(Self::INTERVAL, &mut what).await {
                Ok(done) => return (self.read().saturating_sub(before), done),
                Err(_) => self.read(),
            };
        }
    }
}
