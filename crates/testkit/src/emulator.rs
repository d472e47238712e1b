//! An AWS on loopback: `MiniStack`, as `scripts/require aws` installs it. What it proves and what it cannot is in
//! `docs/aws.md`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc)] // For tests only.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_mins(1);

/// A running emulator; stopped when dropped, and when this process ends however it ends.
pub struct Emulator {
    port: u16,
    _guard: Child,
    state: PathBuf,
}

/// Where the tools are that `scripts/require aws` installs.
pub fn tools() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/aws-tools"))
}

impl Emulator {
    /// One for all tests of this process: tests keep apart by account ([`Emulator::account`]).
    pub fn shared() -> &'static Emulator {
        static SHARED: OnceLock<Emulator> = OnceLock::new();
        SHARED.get_or_init(|| Emulator::start(false))
    }

    /// With `auth`, functions get their role's rights and no more.
    pub fn start(auth: bool) -> Emulator {
        let program = tools().join("bin/ministack");
        assert!(program.exists(), "{} is missing: run scripts/require aws", program.display());
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let state = std::env::temp_dir().join(format!("aws-emulator-{}-{port}", std::process::id()));
        std::fs::create_dir_all(state.join("tmp")).unwrap();
        let endpoint = format!("http://127.0.0.1:{port}");
        // The shell outlives neither us nor the emulator: its standard input ends with us.
        let script = r#"setsid "$0" >"$1/log" 2>&1 </dev/null & pid=$!; cat >/dev/null; kill -TERM "-$pid"; sleep 0.5; kill -KILL "-$pid" 2>/dev/null; rm -rf "$1""#;
        let guard = Command::new("sh")
            .args(["-c", script, program.to_str().unwrap(), state.to_str().unwrap()])
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("SFTP_ENABLED", "0")
            .env("IOT_MTLS_ENABLED", "0")
            .env("AUTH", if auth { "true" } else { "false" })
            .env("TMPDIR", state.join("tmp"))
            .env("STATE_DIR", state.join("state"))
            .env("S3_DATA_DIR", state.join("s3"))
            .env_remove("AWS_PROFILE")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let emulator = Emulator { port, _guard: guard, state };
        let since = Instant::now();
        while !emulator.is_ready() {
            assert!(since.elapsed() < READY_WITHIN, "the AWS emulator did not answer within {READY_WITHIN:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        emulator
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// An account that nobody else has: as an access key id it makes a world of its own.
    pub fn account(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        format!("{:012}", 100_000_000_000 + NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// What it wrote, for a test that failed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.state.join("log")).unwrap_or_default()
    }

    fn is_ready(&self) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let asked = TcpStream::connect_timeout(&address, Duration::from_secs(1)).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        asked.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }
}
