//! The scores as tables.

use super::graphs::Known;
use super::score::{OTHERS, Score};
use crate::cli::words::{cut, printable};
use std::fmt::Write as _;

/// Means of several jobs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    pub jobs: usize,
    pub ours: f64,
    pub others: [f64; OTHERS.len()],
    /// Of the best of the three bars of others, chosen anew for each job when all is over; then of all simple ones.
    pub best: [f64; 2],
    /// Seconds, and in percent of the jobs' duration; none where nothing was shown.
    pub eta: Option<(f64, f64)>,
    pub coverage: Option<f64>,
    pub without_eta: f64,
    pub falls: usize,
}

impl Means {
    pub(super) fn of<'a>(scores: impl Iterator<Item = &'a Score>) -> Option<Means> {
        let scores: Vec<&Score> = scores.collect();
        let mean = |of: &dyn Fn(&Score) -> f64| scores.iter().map(|score| of(score)).sum::<f64>() / scores.len() as f64;
        let best = |bars: usize| mean(&|score| score.others[..bars].iter().copied().fold(f64::INFINITY, f64::min));
        let told: Vec<(f64, f64)> =
            scores.iter().filter_map(|score| Some((score.eta.mean()?, score.seconds))).collect();
        let (moments, covered) = scores
            .iter()
            .fold((0, 0), |(moments, covered), score| (moments + score.eta.moments, covered + score.eta.covered));
        let over = |sum: f64| sum / told.len() as f64;
        (!scores.is_empty()).then(|| Means {
            jobs: scores.len(),
            ours: mean(&|score| score.ours),
            others: std::array::from_fn(|bar| mean(&|score| score.others[bar])),
            best: [best(3), best(OTHERS.len())],
            eta: (!told.is_empty()).then(|| {
                let shares = told.iter().map(|(error, seconds)| 100.0 * error / seconds).sum();
                (over(told.iter().map(|(error, _)| error).sum()), over(shares))
            }),
            coverage: (moments > 0).then(|| 100.0 * f64::from(covered) / f64::from(moments)),
            without_eta: mean(&|score| f64::from(score.eta.without())),
            falls: scores.iter().map(|score| score.falls).sum(),
        })
    }
}

/// Which jobs a line of totals is about.
type Group = (&'static str, fn(&Score) -> bool);

const GROUPS: [Group; 6] = [
    ("known", |score| score.known == Known::Same),
    ("new", |score| score.known != Known::Same),
    ("  of these only other numbers", |score| score.known == Known::OtherNumbers),
    ("with a sampler", |score| score.samples),
    ("without", |score| !score.samples),
    ("all", |_| true),
];

const HEAD: &str = "   ours   page  krita  steps  nodes |  ETA off        in range  no ETA  falls\n";

pub(super) fn table(scores: &[Score]) -> String {
    let mut text = String::new();
    for session in scores.chunk_by(|a, b| a.session == b.session) {
        let _ = write!(text, "{:<32}seconds  graph  ", cut(&printable(&session[0].session), 31));
        text.push_str(HEAD);
        for score in session {
            let _ = write!(
                text,
                "  {:<29} {:>7.1}  {:<7}",
                cut(&printable(&score.job), 29),
                score.seconds,
                score.known.word()
            );
            bars(&mut text, score.ours, &score.others);
            let eta = score.eta.mean().map(|error| (error, 100.0 * error / score.seconds));
            times(&mut text, eta, score.eta.coverage(), f64::from(score.eta.without()), score.falls);
        }
        text.push('\n');
    }
    text
}

pub(super) fn totals(scores: &[Score]) -> String {
    let mut text = format!("{:<41}{:<7}{HEAD}", "Means", "jobs");
    for (name, belongs) in GROUPS {
        let Some(means) = Means::of(scores.iter().filter(|score| belongs(score))) else { continue };
        let _ = write!(text, "  {name:<39}{:<7}", means.jobs);
        bars(&mut text, means.ours, &means.others);
        times(&mut text, means.eta, means.coverage, means.without_eta, means.falls);
    }
    if let Some(means) = Means::of(scores.iter()) {
        let [three, four] = means.best;
        let _ = writeln!(
            text,
            "\nThe best simple bar of each job, chosen when all is over: {three:.1} of page, krita and steps; {four:.1} with nodes.",
        );
    }
    text
}

fn bars(text: &mut String, ours: f64, others: &[f64]) {
    let _ = write!(text, "{ours:>7.1}");
    for other in others {
        let _ = write!(text, "{other:>7.1}");
    }
    text.push_str(" |");
}

fn times(text: &mut String, eta: Option<(f64, f64)>, coverage: Option<f64>, without: f64, falls: usize) {
    let eta = eta.map_or("-".to_owned(), |(seconds, share)| format!("{seconds:.1} s {share:>5.1}%"));
    let coverage = coverage.map_or("-".to_owned(), |coverage| format!("{coverage:.0}%"));
    let _ = writeln!(text, "{eta:>15}{coverage:>10}{without:>8.0}{falls:>7}");
}

/// Totals from an empty history beside those with what the other sessions taught.
pub(super) fn side_by_side(empty: &[Score], taught: &[Score]) -> String {
    let mut text = format!(
        "{:<41}{:<7}{:>22}{:>22}{:>22}\n{:48}{}\n",
        "What the others teach",
        "jobs",
        "points off",
        "ETA off",
        "in range",
        "",
        format!("{:>11}{:>11}", "empty", "taught").repeat(3)
    );
    let share = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{share:.1}%"));
    for (name, belongs) in GROUPS {
        let means = |scores: &[Score]| Means::of(scores.iter().filter(|score| belongs(score)));
        let (Some(empty), Some(taught)) = (means(empty), means(taught)) else { continue };
        let _ = write!(text, "  {name:<39}{:<7}{:>11.1}{:>11.1}", empty.jobs, empty.ours, taught.ours);
        for pair in [[empty.eta.map(|eta| eta.1), taught.eta.map(|eta| eta.1)], [empty.coverage, taught.coverage]] {
            let _ = write!(text, "{:>11}{:>11}", share(pair[0]), share(pair[1]));
        }
        text.push('\n');
    }
    text
}

/// A row for each change that was shown, of all jobs: `eta_low` and `eta_high` are seconds that remain at `t`.
pub(super) fn csv_row(prompt_id: &str, shown: &super::replay::Shown) -> String {
    let quoted = if prompt_id.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", prompt_id.replace('"', "\"\""))
    } else {
        prompt_id.to_owned()
    };
    let seconds = |millis: u64| format!("{:.3}", millis as f64 / 1_000.0);
    let (low, high) = shown.eta.map_or_else(Default::default, |eta| (seconds(eta.low_ms), seconds(eta.high_ms)));
    format!("{quoted},{:.4},{:.2},{low},{high}\n", shown.t, shown.percent)
}

pub(super) const CSV_HEAD: &str = "job_id,t,percent,eta_low,eta_high\n";
