//! The least it can cost to hear what `ComfyUI` says: a client that counts messages.

use crate::process::Process;
use futures::StreamExt as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) struct Bare {
    pub(crate) process: Process,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Bare {
    pub(crate) fn start(url: &str) -> Bare {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["read", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut process = Process(child);
        let (to, from) = (process.0.stdin.take().unwrap(), BufReader::new(process.0.stdout.take().unwrap()));
        Bare { process, to, from }
    }

    /// Messages read so far.
    pub(crate) fn count(&mut self) -> u64 {
        writeln!(self.to).unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }
}

/// The child's part.
pub(crate) fn read(url: &str) {
    let count = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&count);
    std::thread::spawn(move || {
        for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
            println!("{}", told.load(Ordering::Relaxed));
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
}
