//! How `run` tells what happens: bars in a terminal, lines elsewhere, JSON for programs. Reporters only read.

use super::job::{Job, News};
use crate::cli::words;
use crate::client::frames::{Frame, RunningNode};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use monitor_core::spans::{self, Steady};
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
        let at = words::duration(millis(self.since).max(10));
        for news in news {
            eprintln!("{at:>8}  {}", words::printable(&progress_line(job, news)));
        }
    }
}

/// How far the job is, what is new, and how long it still takes where a node begins.
fn progress_line(job: &Job, news: &News) -> String {
    let left = match (news, job.eta) {
        (News::Started { .. }, Some(_)) => format!(", {}", spans::left(job.eta, job.over_ms)),
        _ => String::new(),
    };
    format!("{:>3}%  {}{left}", words::percent(job.percentage), line(news))
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn line(news: &News) -> String {
    match news {
        News::Message(message) | News::Stalled(message) | News::Ended(message) => message.clone(),
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
    left: Steady,
    since: Instant,
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
        Bars { all, overall, nodes: HashMap::new(), left: Steady::default(), since: Instant::now() }
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
        let message = words::cut(&words::printable(&job.message), 60);
        if job.running.is_empty() {
            // Another attempt has another time left.
            self.left = Steady::default();
            self.overall.set_message(message);
        } else {
            let left = self.left.left(job.eta, job.over_ms, millis(self.since));
            self.overall.set_message(format!("{left}  {message}"));
        }
    }

    fn close(&mut self) {
        self.overall.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_core::event::Eta;

    #[test]
    fn a_line_of_a_node_that_begins_says_how_long_the_job_still_takes() {
        let mut job = Job::default();
        job.percentage = 34.9;
        let message = "Generating image using K-Sampler".to_owned();
        let begins = News::Started { node: "K-Sampler".into(), message };
        assert_eq!(progress_line(&job, &begins), " 34%  Generating image using K-Sampler");
        job.eta = Some(Eta { remaining_ms: 18_000, low_ms: 16_000, high_ms: 21_000 });
        assert_eq!(progress_line(&job, &begins), " 34%  Generating image using K-Sampler, about 20 s left");
        let took = News::Finished { node: "K-Sampler".into(), duration_ms: Some(11_400), cached: false };
        assert_eq!(progress_line(&job, &took), " 34%  K-Sampler took 11.4 s");
        let silent = News::Stalled("No word from K-Sampler for 1:12".into());
        assert_eq!(progress_line(&job, &silent), " 34%  No word from K-Sampler for 1:12");
    }
}
