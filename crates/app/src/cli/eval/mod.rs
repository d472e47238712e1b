//! `eval`: how honest percent and time left are, measured on recorded sessions.

mod bars;
mod graphs;
mod replay;
mod report;
mod score;
mod session;

use super::{Exit, Usage, print};
use anyhow::Context as _;
use clap::Args;
use monitor_core::cost::History;
use replay::Replayed;
use score::Score;
use session::Session;
use std::path::PathBuf;

/// Measure percent and time left on recorded sessions
///
/// Each session is replayed through the monitor's own tracker, message by message at the recorded times, so that it
/// shows what it would have shown live. It starts knowing nothing and learns from job to job. A session is a folder
/// with a `trace.jsonl`, as `record` writes it; `object_info.json` and `system_stats.json` beside it are used as well.
///
/// Every job that ran to its end is looked at in 100 even moments from `execution_start` to `execution_success` (in the
/// middle of each hundredth). Columns:
///
///   ours      mean difference between the percent shown and the share of time elapsed, in points of 100
///   page      the same of ComfyUI's own page: nodes flagged by `executed` or `execution_cached`, of all nodes
///   krita     of krita-ai-diffusion: 0.2 nodes begun + 0.8 sampler steps
///   steps     of the steps of the node that runs
///   nodes     of nodes done or cached, of all nodes
///   ETA off   mean difference between shown and true remaining time, which counts down between updates
///   in range  moments at which the true remaining time was between `eta_low` and `eta_high`; 80% is meant
///   no ETA    moments without one
///   falls     how often the percent shown fell; 0 is meant
///
/// A bar that never moves is off by 50 points. A job is `known` if the same graph, but for seeds, texts and names,
/// started earlier in its session. With other `numbers`, such as a size or a colour, it counts as new.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  comfyui-monitor eval sessions/*                     each from an empty history
  comfyui-monitor eval --keep-history monday tuesday  the second begins with what the first taught
  comfyui-monitor eval --leave-one-out sessions/*     how much the others teach about each
  comfyui-monitor eval sessions/* --csv shown.csv     every change that was shown"
)]
pub(super) struct EvalArgs {
    /// Folders of recorded sessions, in the order in which they are replayed
    #[arg(value_name = "SESSION", required = true)]
    sessions: Vec<PathBuf>,
    /// Carry what was learnt from each session to the next
    #[arg(long)]
    keep_history: bool,
    /// Measure each session also with what all the others given teach, and compare
    #[arg(long, conflicts_with = "keep_history")]
    leave_one_out: bool,
    /// Write every change shown: job_id (the prompt id), t (seconds of the recording), percent, and eta_low and
    /// eta_high, seconds that remain at t, empty where no time is shown
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

pub(super) fn eval(args: &EvalArgs) -> anyhow::Result<Exit> {
    let paths = session::find(&args.sessions, |path| eprintln!("{}: not a session, passed over", path.display()));
    if paths.is_empty() {
        return Err(Usage("none of these is a session: a session is a folder with a trace.jsonl".to_owned()).into());
    }
    let read = |path: &PathBuf| Session::read(path).map_err(|error| Usage(error.to_string()));
    let sessions = paths.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut history = History::default();
    let mut replays = Vec::new();
    for session in &sessions {
        let replayed = replay::replay(session, &history);
        if args.keep_history {
            history = replayed.learnt.clone();
        }
        replays.push(replayed);
    }
    if let Some(path) = &args.csv {
        std::fs::write(path, csv(&sessions, &replays)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let scores = scores(&sessions, &replays);
    print(&format!("{}{}", report::table(&scores), report::totals(&scores)))?;
    Ok(Exit::Done)
}

fn scores(sessions: &[Session], replays: &[Replayed]) -> Vec<Score> {
    sessions.iter().zip(replays).flat_map(|(session, replayed)| score::scores(session, &replayed.shown)).collect()
}

fn csv(sessions: &[Session], replays: &[Replayed]) -> String {
    let mut text = report::CSV_HEAD.to_owned();
    for (session, replayed) in sessions.iter().zip(replays) {
        for (job, shown) in session.jobs.iter().zip(&replayed.shown) {
            text.extend(shown.iter().map(|shown| report::csv_row(&job.prompt_id, shown)));
        }
    }
    text
}
