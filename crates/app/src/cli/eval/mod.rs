//! `eval`: how honest percent and time left are, measured on recorded sessions.

mod bars;
mod graphs;
#[cfg(test)]
mod made;
mod replay;
mod report;
mod score;
mod session;

use super::{Exit, Usage, print, words};
use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use monitor_core::cost::History;
use replay::{Replayed, replay};
use score::Score;
use session::{Session, SessionError};
use std::path::PathBuf;

/// Measure percent and time left on recorded sessions
///
/// Replays each session through the monitor's own tracker, message by message at the recorded times, so that it shows
/// what it would have shown live, and compares that with what was true. A session starts with an empty history, and the
/// tracker learns from job to job. A folder with a `trace.jsonl` is a session; `object_info.json` and
/// `system_stats.json` in it are used as well.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Every job that ran to its end is looked at in 100 even moments from `execution_start` to
`execution_success`, each in the middle of its hundredth:

  ours      mean difference between the percent shown and the share of time elapsed, in points
            of 100; a bar that never moves has 50
  page      the same of ComfyUI's own page: nodes flagged by `executed` or `execution_cached`
  krita     of krita-ai-diffusion: 0.2 nodes begun, 0.8 sampler steps
  steps     of the steps of the node that runs
  nodes     of the nodes that are done or cached
  ETA off   mean difference between the remaining time shown, which counts down between updates,
            and the true one: in seconds, and of the job's duration
  in range  of the moments with a time, those at which the true one lay between low and high; a
            range from the 10th to the 90th percentile should have 80%
  no ETA    moments at which no time was shown
  falls     how often the percent shown fell; there should be none

A job is `known` if the same graph but for seeds, texts and names started earlier in its session.
The same graph with other `numbers`, a size or a colour, counts as new.

Examples:
  comfyui-monitor eval sessions/*                      each from an empty history
  comfyui-monitor eval monday tuesday --keep-history   the second begins with what the first taught
  comfyui-monitor eval sessions/* --leave-one-out      how much the others teach about each
  comfyui-monitor eval sessions/* --csv shown.csv      and every change that was shown")]
pub(super) struct EvalArgs {
    /// Folders of recorded sessions, in the order in which they are replayed
    #[arg(value_name = "SESSIONS", required = true)]
    sessions: Vec<PathBuf>,
    /// Each session begins with what those before it taught
    #[arg(long)]
    keep_history: bool,
    /// Measure each session a second time after all others given, and compare
    #[arg(long, conflicts_with = "keep_history")]
    leave_one_out: bool,
    /// Write a row for every change that was shown: job_id,t,percent,eta_low,eta_high
    ///
    /// `job_id` is the prompt id, `t` the recording's time in seconds, `eta_low` and `eta_high` are the seconds that
    /// remained at `t`, empty where no time was shown. The last row of a job that succeeded, once its end is known,
    /// has 100 percent. With `--leave-one-out` the rows are those of the first time.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

pub(super) fn eval(args: &EvalArgs) -> anyhow::Result<Exit> {
    let sessions = read(&args.sessions).map_err(|error| Usage(error.to_string()))?;
    if args.leave_one_out && sessions.len() < 2 {
        return Err(Usage("--leave-one-out compares what sessions teach: give at least two".to_owned()).into());
    }
    let rounds = if args.leave_one_out { sessions.len() + 1 } else { 1 };
    let bar = bar(sessions.len() * rounds)?;

    let replays = in_turn(&sessions, args.keep_history, &bar);
    if let Some(path) = &args.csv {
        std::fs::write(path, csv(&sessions, &replays)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let scores = scores(&sessions, &replays);
    anyhow::ensure!(!scores.is_empty(), "no job of these sessions ran to its end: there is nothing to compare with");
    let mut text = report::table(&scores) + &report::totals("Means", &scores) + &report::unmeasured(&sessions);
    if args.leave_one_out {
        let taught = self::scores(&sessions, &after_the_others(&sessions, &bar));
        text += "\nWith what the other sessions taught\n\n";
        text += &(report::table(&taught) + &report::totals("Means", &taught) + &report::side_by_side(&scores, &taught));
    }
    bar.finish_and_clear();
    print(&text)
}

fn read(paths: &[PathBuf]) -> Result<Vec<Session>, SessionError> {
    let folders = session::find(paths, |path| eprintln!("{}: not a session, passed over", path.display()))?;
    folders.iter().map(|folder| Session::read(folder)).collect()
}

/// Seen only in a terminal.
fn bar(replays: usize) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("replaying {bar:40.yellow/black.bright} {pos}/{len} {msg}")?;
    Ok(ProgressBar::new(replays as u64).with_style(style))
}

fn in_turn(sessions: &[Session], keep: bool, bar: &ProgressBar) -> Vec<Replayed> {
    let mut history = History::default();
    let replay = |session| {
        let replayed = step(bar, session, &history);
        if keep {
            history.clone_from(&replayed.learnt);
        }
        replayed
    };
    sessions.iter().map(replay).collect()
}

fn after_the_others(sessions: &[Session], bar: &ProgressBar) -> Vec<Replayed> {
    let replay = |at: usize| {
        let others = sessions[..at].iter().chain(&sessions[at + 1..]);
        let history = others.fold(History::default(), |history, other| step(bar, other, &history).learnt);
        step(bar, &sessions[at], &history)
    };
    (0..sessions.len()).map(replay).collect()
}

fn step(bar: &ProgressBar, session: &Session, history: &History) -> Replayed {
    bar.set_message(words::printable(&session.name));
    let replayed = replay(session, history);
    bar.inc(1);
    replayed
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
