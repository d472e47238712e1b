//! Children that are told and answer in lines, and what the kernel knows about them.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

pub(crate) struct Child {
    process: std::process::Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Child {
    /// This program once more, in another part.
    pub(crate) fn start(arguments: &[&str]) -> Child {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = process.stdin.take().unwrap();
        let from = BufReader::new(process.stdout.take().unwrap());
        Child { process, to, from }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.to, "{line}").unwrap();
    }

    /// The rest of the next line, which begins with `word`.
    pub(crate) fn answer(&mut self, word: &str) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let rest = line.strip_prefix(word).unwrap_or_else(|| panic!("expected {word:?}, got {line:?}"));
        rest.trim().to_owned()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Spent by all threads so far.
pub(crate) fn cpu_nanos(process: u32) -> u64 {
    std::fs::read_dir(format!("/proc/{process}/task"))
        .unwrap()
        .map(|thread| {
            let schedstat = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
            schedstat.split(' ').next().unwrap().parse::<u64>().unwrap()
        })
        .sum()
}

pub(crate) fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
