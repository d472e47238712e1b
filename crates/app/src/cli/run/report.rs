//! How `run` tells what happens: bars in a terminal, lines elsewhere, JSON for programs. Reporters only read.

use super::job::{Job, News};
use crate::cli::words;
use crate::client::frames::{Frame, RunningNode};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

pub(super) trait Reporter {
    /// After the job has taken in the frame; `None` for what we say ourselves.
    fn tell(&mut self, job: &Job, news: &[News], frame: Option<&Frame>);
    /// Nothing follows.
    fn close(&mut self) {}
}

pub(super) fn reporter(json: bool) -> Box<dyn Reporter + Send> {
    if json {
        Box::new(Json)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bars::new())
    } else {
        Box::new(Lines { since: Instant::now() })
    }
}

/// Every frame as it came, one on a line.
struct Json;

impl Reporter for Json {
    fn tell(&mut self, _: &Job, _: &[News], frame: Option<&Frame>) {
        if let Some(frame) = frame {
            // A reader that went away has heard enough.
            let _ = writeln!(std::io::stdout(), "{}", frame.text);
        }
    }
}

/// A line for what begins and ends.
struct Lines {
    since: Instant,
}

impl Reporter for Lines {
    fn tell(&mut self, job: &Job, news: &[News], _: Option<&Frame>) {
        let at = words::duration(u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX).max(10));
        for news in news {
            let text = line(news);
            eprintln!("{at:>8}  {:>3}%  {}", words::percent(job.percentage), words::printable(&text));
        }
    }
}

fn line(news: &News) -> String {
    match news {
        News::Message(message) | News::Ended(message) => message.clone(),
        News::Started { message, .. } if !message.is_empty() => message.clone(),
        News::Started { node, .. } => format!("{node} begins"),
        News::Finished { node, cached: true, .. } => format!("{node} was cached"),
        News::Finished { node, duration_ms: Some(millis), .. } => {
            format!("{node} took {}", words::duration(*millis))
        }
        News::Finished { node, .. } => format!("{node} is done"),
    }
}

/// An overall bar, and one for each node that runs.
struct Bars {
    all: MultiProgress,
    overall: ProgressBar,
    nodes: HashMap<String, ProgressBar>,
}

const OVERALL: &str = "{prefix} {bar:40.yellow/black.bright} {elapsed_precise:.dim} {msg}";
const STEPS: &str = "  {spinner:.yellow} {prefix:28!} {bar:24.yellow/black.bright} {msg}";
const NO_STEPS: &str = "  {spinner:.yellow} {prefix:28!} {msg}";

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; a wrong one would show in the default style.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━╸━").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::new();
        let overall = all.add(ProgressBar::new(1_000).with_style(style(OVERALL)));
        overall.enable_steady_tick(Duration::from_millis(120));
        Bars { all, overall, nodes: HashMap::new() }
    }

    fn show(&mut self, node: &RunningNode) {
        let bar = self.nodes.entry(node.node_id.clone()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(1_000));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        bar.set_prefix(words::cut(&words::printable(&node.current_node), 28));
        let steps = words::steps(node.value, node.max);
        let elapsed = words::duration(node.elapsed_ms);
        if let (Some(steps), Some(percentage)) = (steps, node.percentage) {
            bar.set_style(style(STEPS));
            bar.set_position((percentage * 10.0) as u64);
            bar.set_message(format!("{steps}  {elapsed}"));
        } else {
            bar.set_style(style(NO_STEPS));
            bar.set_message(elapsed);
        }
    }
}

impl Reporter for Bars {
    fn tell(&mut self, job: &Job, news: &[News], _: Option<&Frame>) {
        for news in news {
            if let News::Finished { .. } | News::Ended(_) = news {
                let glyph = if matches!(news, News::Finished { .. }) { "✓" } else { " " };
                // Where the bars cannot be drawn over, nothing is lost but this line.
                let _ = self.all.println(format!("  {glyph} {}", words::printable(&line(news))));
            }
        }
        let gone: Vec<_> =
            self.nodes.keys().filter(|id| !job.running.iter().any(|node| node.node_id == **id)).cloned().collect();
        for id in gone {
            if let Some(bar) = self.nodes.remove(&id) {
                bar.finish_and_clear();
                self.all.remove(&bar);
            }
        }
        for node in &job.running {
            self.show(node);
        }
        self.overall.set_prefix(format!("{:>3}%", words::percent(job.percentage)));
        self.overall.set_position((job.percentage * 10.0) as u64);
        let left = job.eta.as_ref().map(words::left).unwrap_or_default();
        let message = words::cut(&words::printable(&job.message), 60);
        self.overall.set_message(if left.is_empty() { message } else { format!("{left}  {message}") });
    }

    fn close(&mut self) {
        self.overall.finish_and_clear();
    }
}
