//! Plays recordings as a `ComfyUI` server: the fake of the tests, for people.

use super::{Exit, Global, Usage};
use anyhow::Context as _;
use clap::Args;
use monitor_testkit::{Addressee, FakeComfy, Faults, Programme, Tape};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Play a recording as a fake ComfyUI server
///
/// The recorded jobs run as they were recorded, and a workflow that is submitted and known from a recording runs as it
/// did there; all others run a plausible script. Without a recording the demo plays.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comfyui-monitor replay fixtures/tapes/02-txt2img --speed 4
  comfyui-monitor replay tape --listen 127.0.0.1:8188 --loop --cut-after 40 --drop 0.05
  comfyui-monitor replay --kill-after 30 --down-for 5s      then: comfyui-monitor serve")]
pub(super) struct ReplayArgs {
    /// Folders of recordings (or their trace.jsonl)
    #[arg(value_name = "TAPE")]
    tapes: Vec<PathBuf>,
    /// Where to be a ComfyUI
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8188")]
    listen: SocketAddr,
    /// 2 is twice as fast as recorded, 0 as fast as possible
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Begin again at the end
    #[arg(long = "loop")]
    looping: bool,
    /// Play nothing by itself: wait for workflows
    #[arg(long)]
    wait: bool,
    /// Judge workflows by the recorded node classes, as ComfyUI does
    #[arg(long)]
    validate: bool,
    /// The ComfyUI version to be
    #[arg(long, value_name = "VERSION")]
    comfyui_version: Option<String>,
    #[command(flatten)]
    faults: FaultArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Faults")]
struct FaultArgs {
    /// For everything random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Probability from 0 to 1 that a message is lost
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    drop: f64,
    /// Probability that a message comes twice
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    duplicate: f64,
    /// Probability that a message changes places with the next
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    reorder: f64,
    /// Cut the WebSocket after so many messages; several times
    #[arg(long, value_name = "N")]
    cut_after: Vec<u64>,
    /// Say nothing more after so many messages, as a server with a hanging client
    #[arg(long, value_name = "N")]
    stall_after: Option<u64>,
    /// Forget the WebSocket after so many messages: open, but deaf
    #[arg(long, value_name = "N")]
    forget_after: Option<u64>,
    /// Die after so many messages of jobs
    #[arg(long, value_name = "N")]
    kill_after: Option<u64>,
    /// Come back so much later
    #[arg(long, value_name = "TIME", value_parser = crate::config::quantity::parse_duration, requires = "kill_after")]
    down_for: Option<Duration>,
    /// Take so long for /object_info
    #[arg(long, value_name = "TIME", value_parser = crate::config::quantity::parse_duration)]
    object_info_takes: Option<Duration>,
    /// Want `Authorization: Bearer TOKEN`
    #[arg(long, value_name = "TOKEN")]
    want_token: Option<String>,
    /// Speak as before 0.3.45: no progress_state
    #[arg(long)]
    old_messages: bool,
}

impl FaultArgs {
    fn faults(self) -> anyhow::Result<Faults> {
        for (name, probability) in [("drop", self.drop), ("duplicate", self.duplicate), ("reorder", self.reorder)] {
            if !(0.0..=1.0).contains(&probability) {
                return Err(Usage(format!("--{name} is a probability from 0 to 1")).into());
            }
        }
        Ok(Faults {
            seed: self.seed,
            drop: self.drop,
            duplicate: self.duplicate,
            reorder: self.reorder,
            cut_after: self.cut_after,
            stall_after: self.stall_after,
            forget_after: self.forget_after,
            kill_after: self.kill_after,
            down_for: self.down_for,
            object_info_takes: self.object_info_takes.unwrap_or_default(),
            require_header: self.want_token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))),
            old_messages: self.old_messages,
            ..Faults::default()
        })
    }
}

pub(super) async fn replay(global: &Global, args: ReplayArgs) -> anyhow::Result<Exit> {
    global.load_quietly(crate::config::Flags::default())?;
    if !(args.speed.is_finite() && args.speed >= 0.0) {
        return Err(Usage("--speed is 0 or more".to_owned()).into());
    }
    let mut builder = FakeComfy::builder().listen(args.listen).speed(args.speed).validation(args.validate);
    let mut programme = Programme::new().addressed_to(Addressee::Connected);
    for path in &args.tapes {
        let tape = Arc::new(Tape::read(path).map_err(|error| Usage(error.to_string()))?);
        eprintln!("{}: {} jobs", tape.name, tape.jobs.len());
        programme = programme.tape(&tape);
        builder = builder.tape(tape);
    }
    if args.tapes.is_empty() {
        programme = monitor_testkit::demo::programme()?;
    } else if args.looping {
        programme = programme.looping();
    }
    if !args.wait {
        builder = builder.programme(programme);
    }
    if let Some(version) = &args.comfyui_version {
        builder = builder.version(version);
    }
    let fake = builder.faults(args.faults.faults()?).start().await.context("cannot play")?;
    eprintln!("A fake ComfyUI at {}; Ctrl-C ends it", fake.base_url());
    tokio::signal::ctrl_c().await?;
    fake.shutdown().await;
    Ok(Exit::Done)
}
