//! `run`: one workflow, from here to its outputs.

mod job;
mod overrides;
mod report;
mod save;

use super::{Exit, Global, Usage, path_text, words};
use crate::client::frames::Body;
use crate::client::live::{Heard, Live};
use crate::client::{ClientError, Monitor, Submission};
use crate::config::{Config, Flags, Secret, quantity};
use crate::embedded::{self, Running};
use anyhow::Context as _;
use bytes::Bytes;
use clap::Args;
use job::Job;
use monitor_core::generation::{Generation, InstanceState, OutputStatus, Status};
use report::Reporter;
use reqwest::Url;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, interval, sleep_until};
use uuid::Uuid;

/// Run one workflow and show its progress
///
/// Goes through the running monitor if there is one, else straight to ComfyUI. Ctrl-C cancels the job.
///
/// Ends with 0 when it completed, 1 when it failed, 2 when it was refused or cannot be, 3 when it was interrupted, 130
/// after Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comfyui-monitor run workflow.json
  comfyui-monitor run picture.png --set 3.seed=42 --set '6.text=a lighthouse at dusk' --save out
  comfyui-monitor run workflow.json --comfyui http://gpu-1:8188 --timeout 10m
  comfyui-monitor run workflow.json --json | jq -r 'select(.type == \"job_progress\") | .overallPercentage'")]
pub(super) struct RunArgs {
    /// JSON in API or editor format, or a PNG or WEBP that carries it
    #[arg(value_name = "WORKFLOW")]
    workflow: PathBuf,
    /// Set an input of a node: JSON where it is JSON, else text; several may be given
    #[arg(long, value_name = "NODE.INPUT=VALUE", value_parser = overrides::parse)]
    set: Vec<(String, String, Value)>,
    /// The monitor to go through [default: the one at the configured address, if it runs]
    #[arg(long, value_name = "URL", conflicts_with = "comfyui")]
    server: Option<Url>,
    /// Go straight to this ComfyUI
    #[arg(long, value_name = "URL")]
    comfyui: Option<String>,
    /// A file with the monitor's token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Save the outputs in this folder
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Print every frame as a line of JSON, and the result last
    #[arg(long)]
    json: bool,
    /// Cancel when it takes longer, as in 90s or 10m
    #[arg(long, value_name = "TIME", value_parser = quantity::parse_duration)]
    timeout: Option<Duration>,
}

pub(super) async fn run(global: &Global, args: RunArgs) -> anyhow::Result<Exit> {
    let values = path_text(args.token_file.as_ref()).map(|path| ("token_file", path));
    let comfyui = args.comfyui.iter().cloned().collect();
    let loaded = global.load_quietly(Flags { values: values.into_iter().collect(), comfyui, ..Flags::default() })?;
    let file = read(&args.workflow).await?;

    let (monitor, straight) = match &args.server {
        Some(url) => (Monitor::new(url.clone(), loaded.config.token)?, None),
        None => find(loaded.config, args.comfyui.is_some()).await?,
    };
    let result = submit_and_follow(&monitor, &args, file).await;
    if let Some(straight) = straight {
        straight.end().await;
    }
    match result {
        Err(error) => match error.downcast_ref::<ClientError>() {
            Some(ClientError::Refused(problem)) => {
                eprintln!("error: {}", words::printable(&problem.detail));
                // A complaint about the whole is the detail already.
                for complaint in problem.node_errors.iter().filter(|complaint| complaint.node_id.is_some()) {
                    let node = complaint.node_title.as_ref().or(complaint.node_id.as_ref());
                    let node = node.map(|node| format!("{node}: ")).unwrap_or_default();
                    eprintln!("  {}{}", words::printable(&node), words::printable(&complaint.message));
                }
                Ok(Exit::Refused)
            }
            Some(_) => Err(Usage(format!("{error:#}")).into()),
            None => Err(error),
        },
        done => done,
    }
}

async fn read(path: &Path) -> Result<Bytes, Usage> {
    const LARGEST: u64 = 16 << 20;
    let unreadable = |cause| Usage(format!("cannot read {}: {cause}", path.display()));
    let length = tokio::fs::metadata(path).await.map_err(unreadable)?.len();
    if length > LARGEST {
        return Err(Usage(format!("{} is larger than 16 MiB", path.display())));
    }
    Ok(tokio::fs::read(path).await.map_err(unreadable)?.into())
}

/// A whole monitor in this process, for one job.
struct Straight {
    running: Running,
    folder: PathBuf,
}

impl Straight {
    async fn end(self) {
        self.running.shutdown().await;
        if let Err(error) = tokio::fs::remove_dir_all(&self.folder).await {
            tracing::warn!(%error, folder = %self.folder.display(), "cannot remove what was kept for this run");
        }
    }
}

async fn find(config: Config, straight: bool) -> anyhow::Result<(Monitor, Option<Straight>)> {
    let there = Monitor::new(reachable(config.listen)?, config.token.clone())?;
    if !straight && there.is_there().await {
        return Ok((there, None));
    }
    let folder = std::env::temp_dir().join(format!("comfyui-monitor-run-{}", Uuid::new_v4()));
    let token = Secret::new(Uuid::new_v4().simple().to_string());
    let own = Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        data_dir: folder.clone(),
        token: Some(token.clone()),
        token_file: None,
        ..config
    };
    let running = embedded::start(&own).await.context("cannot start the monitor for this run")?;
    let monitor = Monitor::new(reachable(running.addr)?, Some(token))?;
    Ok((monitor, Some(Straight { running, folder })))
}

/// Where a server that listens here is reached from here.
pub(super) fn reachable(listen: SocketAddr) -> Result<Url, Usage> {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listen.port());
    Url::parse(&format!("http://{address}")).map_err(|cause| Usage(format!("{address}: {cause}")))
}

async fn submit_and_follow(monitor: &Monitor, args: &RunArgs, file: Bytes) -> anyhow::Result<Exit> {
    let queue_id = Uuid::new_v4();
    // Subscribed before it exists: nothing of it can be missed.
    let mut live = Live::open(monitor.clone(), queue_id.to_string()).await?;
    let filename = args.workflow.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let submission = Submission { filename, file, overrides: overrides::collect(args.set.clone()), queue_id };
    let submitted = monitor.submit(submission).await?;
    for warning in &submitted.warnings {
        eprintln!("warning: {}", words::printable(&warning.message));
    }

    let mut reporter = report::reporter(args.json);
    let mut job = Job::default();
    let stop = follow(monitor, queue_id, &mut live, &mut job, &mut *reporter, args.timeout).await;
    reporter.close();
    let generation = monitor.generation(queue_id).await?;
    let saved = match &args.save {
        Some(folder) => save::save(monitor, &generation.outputs, folder).await?,
        None => Vec::new(),
    };
    conclude(&generation, &saved, args)?;
    Ok(match (stop, generation.status) {
        (Some(Stop::Signal), _) => Exit::Stopped,
        (Some(Stop::Timeout), _) | (None, Status::Failed) => Exit::Failed,
        (None, Status::Interrupted) => Exit::Interrupted,
        (None, _) => Exit::Done,
    })
}

/// Why we did not wait for the end, or asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Signal,
    Timeout,
}

async fn follow(
    monitor: &Monitor,
    queue_id: Uuid,
    live: &mut Live,
    job: &mut Job,
    reporter: &mut (dyn Reporter + Send),
    limit: Option<Duration>,
) -> Option<Stop> {
    let far = Duration::from_hours(24 * 365);
    let deadline = Instant::now() + limit.unwrap_or(far);
    let mut look = interval(Duration::from_secs(2));
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    look.reset();
    let mut stop = None;
    loop {
        let asked = tokio::select! {
            heard = live.next() => {
                match heard {
                    Heard::Frame(frame) => {
                        let news = job.apply(&frame);
                        reporter.tell(job, &news, Some(&frame));
                        if let Body::Error { message } = &frame.body {
                            tracing::warn!("the monitor says: {}", words::printable(message));
                        }
                    }
                    Heard::Lost { reason, again_in } => {
                        let message = format!("No connection to the monitor ({reason}). Again in {} s", again_in.as_secs_f32());
                        let news = job.say(&message);
                        reporter.tell(job, &news, None);
                    }
                }
                None
            }
            _ = look.tick(), if job.running.is_empty() && job.end.is_none() => {
                if let Some(message) = waiting_for(monitor).await {
                    let news = job.say(&message);
                    reporter.tell(job, &news, None);
                }
                None
            }
            _ = tokio::signal::ctrl_c() => Some(Stop::Signal),
            () = sleep_until(deadline), if stop.is_none() => Some(Stop::Timeout),
        };
        if job.end.is_some() {
            return stop;
        }
        let Some(asked) = asked else { continue };
        if stop.is_some() {
            // The second Ctrl-C: leave at once.
            return Some(asked);
        }
        stop = Some(asked);
        let cancelled = monitor.cancel(queue_id).await;
        let message = match (&cancelled, asked) {
            (Err(error), _) => format!("Cannot cancel: {error}"),
            (Ok(_), Stop::Signal) => "Cancelling; Ctrl-C again leaves without waiting".to_owned(),
            (Ok(_), Stop::Timeout) => "It takes too long: cancelling".to_owned(),
        };
        let news = job.say(&message);
        reporter.tell(job, &news, None);
        if cancelled.is_err() {
            return stop;
        }
    }
}

/// Says so when nothing can run because no server is there.
async fn waiting_for(monitor: &Monitor) -> Option<String> {
    let instances = monitor.instances().await.ok()?;
    let away = |state| matches!(state, InstanceState::Connecting | InstanceState::Disconnected);
    let first = instances.first().filter(|_| instances.iter().all(|instance| away(instance.state)))?;
    Some(match &first.reason {
        Some(reason) => format!("Waiting for ComfyUI: {reason}"),
        None => format!("Waiting for ComfyUI at {}", first.url),
    })
}

fn conclude(generation: &Generation, saved: &[PathBuf], args: &RunArgs) -> anyhow::Result<()> {
    if args.json {
        let saved: Vec<_> = saved.iter().map(|path| path.to_string_lossy()).collect();
        super::print(&format!("{}\n", json!({"type": "result", "generation": generation, "saved": saved})))?;
        return Ok(());
    }
    if !generation.status.is_ended() {
        eprintln!("{} goes on without us", words::printable(&generation.title));
    }
    if let Some(error) = &generation.error {
        let node = error.node_title.as_ref().map(|node| format!("{node}: ")).unwrap_or_default();
        eprintln!("  {}{}: {}", words::printable(&node), error.r#type, words::printable(error.message.trim_end()));
    }
    for output in generation.outputs.iter().filter(|output| output.status == OutputStatus::Failed) {
        let reason = output.reason.as_deref().unwrap_or("unknown");
        eprintln!("  an output could not be stored: {}", words::printable(reason));
    }
    for path in saved {
        println!("{}", path.display());
    }
    Ok(())
}
