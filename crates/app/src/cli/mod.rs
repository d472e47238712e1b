//! The command line.

mod check_config;
mod doctor;
mod eval;
mod papers;
mod record;
mod replay;
mod run;
mod serve;
mod watch;
mod words;

use crate::config::{self, ConfigError, Environment, Flags, Loaded, Origin};
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

const STYLES: Styles =
    Styles::styled().header(AnsiColor::Yellow.on_default().bold()).usage(AnsiColor::Yellow.on_default().bold());

/// Watches ComfyUI servers and shows, live, which node runs, how far it is, how long it takes and what went wrong.
#[derive(Debug, Parser)]
#[command(name = "comfyui-monitor", version, styles = STYLES, max_term_width = 100, after_help = "\
Start here:
  comfyui-monitor serve                   watch ComfyUI at 127.0.0.1:8188; the page is at http://127.0.0.1:8190
  comfyui-monitor serve --demo            the same without a ComfyUI: recorded jobs play
  comfyui-monitor run workflow.json       run one workflow and see its progress here
  comfyui-monitor doctor                  something does not work: ask what, and how to mend it

`comfyui-monitor help COMMAND` has examples for each.")]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

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

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Run(run::RunArgs),
    Watch(watch::WatchArgs),
    Doctor(doctor::DoctorArgs),
    CheckConfig(check_config::CheckArgs),
    Record(record::RecordArgs),
    Replay(replay::ReplayArgs),
    Eval(eval::EvalArgs),
    Completions(papers::CompletionsArgs),
    Man(papers::ManArgs),
    Openapi(papers::OpenapiArgs),
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

async fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let global = cli.global;
    match cli.command {
        Command::Serve(args) => Box::pin(serve::serve(&global, args)).await,
        Command::Run(args) => Box::pin(run::run(&global, args)).await,
        Command::Watch(args) => Box::pin(watch::watch(&global, args)).await,
        Command::Doctor(args) => Box::pin(doctor::doctor(&global, args)).await,
        Command::CheckConfig(args) => check_config::check(&global, args),
        Command::Record(args) => Box::pin(record::record(&global, args)).await,
        Command::Replay(args) => Box::pin(replay::replay(&global, args)).await,
        Command::Eval(args) => eval::eval(&args),
        Command::Completions(args) => papers::completions(&args, &mut Cli::command()),
        Command::Man(args) => papers::man(&args, Cli::command()),
        Command::Openapi(_) => papers::openapi(),
    }
}

impl Global {
    fn flags(&self) -> Flags {
        let mut flags = Flags { config: self.config.clone(), ..Flags::default() };
        let values = [("log.level", &self.log), ("log.format", &self.log_format)];
        flags.values.extend(values.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))));
        flags
    }

    /// As [`Global::load`], for a command whose own words are what counts: it logs only what is wrong, unless told.
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
fn print(text: &str) -> anyhow::Result<Exit> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
