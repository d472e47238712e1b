//! The command line. The whole program has all `commands`; one that is built for beside a ComfyUI has `monitor` `alone`.

#[cfg(not(feature = "serve"))]
mod alone;
#[cfg(feature = "serve")]
mod check_config;
#[cfg(feature = "serve")]
mod commands;
#[cfg(feature = "serve")]
mod doctor;
#[cfg(feature = "serve")]
mod eval;
mod monitor;
#[cfg(feature = "serve")]
mod papers;
#[cfg(feature = "serve")]
mod record;
#[cfg(feature = "serve")]
mod replay;
#[cfg(feature = "serve")]
mod run;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod watch;
#[cfg(feature = "serve")]
mod words;

#[cfg(not(feature = "serve"))]
use self::alone::{Cli, dispatch};
#[cfg(feature = "serve")]
use self::commands::{Cli, dispatch};
use crate::config::{self, ConfigError, Environment, Flags, Loaded, Origin};
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser as _};
use std::path::PathBuf;
use std::process::ExitCode;

const STYLES: Styles =
    Styles::styled().header(AnsiColor::Yellow.on_default().bold()).usage(AnsiColor::Yellow.on_default().bold());

#[derive(Debug, Args)]
struct Global {
    /// The configuration; without it ./comfyui-monitor.toml, if there is one
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or by part as in RUST_LOG
    #[arg(long, value_name = "LEVEL", global = true)]
    log: Option<String>,
    /// How to log: text or json
    #[arg(long, value_name = "FORMAT", global = true)]
    log_format: Option<String>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    /// Wrong usage or configuration, or refused before anything began.
    Refused = 2,
    Interrupted = 3,
    /// By Ctrl-C.
    Stopped = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Parses the command line and does what it says. Errors go to stderr.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Fails only where a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return Exit::Failed.into();
        }
    };
    let exit = runtime.block_on(Box::pin(dispatch(cli))).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        if error.is::<ConfigError>() || error.is::<Usage>() { Exit::Refused } else { Exit::Failed }
    });
    // A thread may still wait for a key or a slow disk.
    runtime.shutdown_background();
    exit.into()
}

/// What the user asked for cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

impl Global {
    fn flags(&self) -> Flags {
        let mut flags = Flags { config: self.config.clone(), ..Flags::default() };
        let values = [("log.level", &self.log), ("log.format", &self.log_format)];
        flags.values.extend(values.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))));
        flags
    }

    /// As [`Global::load`], for a command whose own words are what counts: it logs only what is wrong, unless told.
    #[cfg(feature = "serve")]
    fn load_quietly(&self, flags: Flags) -> Result<Loaded, ConfigError> {
        self.load_with(flags, Some("warn"))
    }

    /// Loads the configuration with these flags besides the global ones, and starts logging.
    fn load(&self, flags: Flags) -> Result<Loaded, ConfigError> {
        self.load_with(flags, None)
    }

    fn load_with(&self, flags: Flags, level: Option<&str>) -> Result<Loaded, ConfigError> {
        let mut all = self.flags();
        all.values.extend(flags.values);
        let flags = Flags { config: all.config, values: all.values, ..flags };
        let mut loaded = config::load(&flags, &Environment::of_process())?;
        if let Some(level) = level.filter(|_| loaded.origin("log.level") == Origin::Default) {
            level.clone_into(&mut loaded.config.log.level);
        }
        crate::telemetry::init(&loaded.config.log);
        for notice in &loaded.notices {
            tracing::warn!("{notice}");
        }
        Ok(loaded)
    }
}

/// A flag with a path as the text of a setting.
fn path_text(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.to_string_lossy().into_owned())
}

/// Writes to stdout; a reader that went away (`| head`) is no error.
#[cfg(feature = "serve")]
fn print(text: &str) -> anyhow::Result<Exit> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Done),
    }
}

/// Ctrl-C, or what a service manager sends; heard from the call on, not only once somebody waits.
#[cfg(unix)]
fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        // Where none can be heard, it ends us as without this.
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else { return std::future::pending().await };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
async fn told_to_stop() {
    // An error here means that no signal can be heard: then only a kill ends us, as without this.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
