//! `start.sh` as a process.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than anything takes, also on a machine that does much else.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

pub(crate) fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sidecar/start.sh")
}

/// Waits until there is something, but not for ever.
pub(crate) fn patiently<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// A running script; killed with its monitor when dropped.
pub(crate) struct Started {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reading: Option<JoinHandle<()>>,
}

impl Started {
    /// With this environment and no other but the path to programs.
    pub(crate) fn new(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Started {
        let mut command = Command::new("bash");
        command
            .arg(script())
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", folder)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        // A group of its own, so that nothing of it is left where a test fails.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().unwrap();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let into = Arc::clone(&lines);
        let from = child.stderr.take().unwrap();
        let reading = std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Started { child, lines, reading: Some(reading) }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first line with this in it.
    pub(crate) fn says(&mut self, part: &str) -> String {
        patiently(part, || {
            let log = self.log();
            let said = log.iter().find(|line| line.contains(part)).cloned();
            let ended = said.is_none() && self.reading.as_ref().is_none_or(JoinHandle::is_finished);
            assert!(!ended, "it ended without saying {part:?}: {log:?}");
            said
        })
    }

    /// To the script alone, as a container's engine does it.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, &self.child.id().to_string());
    }

    pub(crate) fn ended(&mut self) -> ExitStatus {
        let status = patiently("the end of the script", || self.child.try_wait().unwrap());
        if let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
        status
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        signal("KILL", &format!("-{}", self.child.id()));
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("The log:\n{}", self.log().join("\n"));
        }
    }
}

fn signal(name: &str, whom: &str) {
    let _ = Command::new("kill").args([&format!("-{name}"), "--", whom]).stderr(Stdio::null()).status();
}
