//! The scores as tables.

use super::graphs::Known;
use super::replay::Shown;
use super::score::{KRITA, OTHERS, Score};
use super::session::Session;
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

pub(super) fn table(scores: &[Score]) -> String {
    let mut text = String::new();
    for session in scores.chunk_by(|a, b| a.session == b.session && a.number < b.number) {
        let name = cut(&printable(&session[0].session), 31);
        let _ = write!(text, "{name:<32}{:>7}  {:<7}{}", "seconds", "graph", head());
        for score in session {
            let job = cut(&printable(&score.job), 25);
            let known = score.known.word();
            let _ = write!(text, "{:>4} {job:<27}{:>7.1}  {known:<7}", score.number, score.seconds);
            bars(&mut text, score.ours, &score.others);
            let eta = score.eta.mean().map(|error| (error, 100.0 * error / score.seconds));
            times(&mut text, eta, score.eta.coverage(), f64::from(score.eta.without()), score.falls);
        }
        text.push('\n');
    }
    text
}

/// Above what [`bars`] and [`times`] write.
fn head() -> String {
    let [page, krita, steps, nodes] = OTHERS;
    let bars = format!("{page:>7}{krita:>7}{steps:>7}{nodes:>7}");
    format!("{:>7}{bars} |{:>16}{:>10}{:>8}{:>7}\n", "ours", "ETA off", "in range", "no ETA", "falls")
}

pub(super) fn totals(title: &str, scores: &[Score]) -> String {
    let mut text = format!("{title:<41}{:<7}{}", "jobs", head());
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
            "\nThe best simple bar of each job, chosen when all is over: {three:.1} of page, krita and steps, {four:.1} \
             with nodes.",
        );
    }
    text + &nearer_krita(scores)
}

/// Where others follow a sampler better than we do.
fn nearer_krita(scores: &[Score]) -> String {
    let lost = |score: &&Score| score.samples && score.others[KRITA] < score.ours;
    let mut text = String::new();
    for score in scores.iter().filter(lost) {
        let name = printable(&format!("{} {} {}", score.session, score.number, score.job));
        let _ = writeln!(
            text,
            "With a sampler krita's bar is nearer: {name}, {:.1} and {:.1}",
            score.ours, score.others[KRITA]
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
    let eta = eta.map_or("-".to_owned(), |(seconds, share)| format!("{seconds:.1} s {share:>6.1}%"));
    let coverage = coverage.map_or("-".to_owned(), |coverage| format!("{coverage:.1}%"));
    let _ = writeln!(text, "{eta:>16}{coverage:>10}{without:>8.0}{falls:>7}");
}

/// Totals from an empty history beside those with what the other sessions taught.
pub(super) fn side_by_side(empty: &[Score], taught: &[Score]) -> String {
    let mut text = format!(
        "\n{:<41}{:<7}{:>22}{:>22}{:>22}\n{:48}{}\n",
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

/// What is left out, so that nobody has to count.
pub(super) fn unmeasured(sessions: &[Session]) -> String {
    let mut text = String::new();
    for session in sessions {
        let ours = session.jobs.iter().filter(|job| session.is_ours(job)).count();
        let out = ours - session.measurable().count();
        let name = printable(&session.name);
        let _ = match out {
            0 => Ok(()),
            1 => writeln!(text, "{name}: 1 job did not run to its end and is left out."),
            out => writeln!(text, "{name}: {out} jobs did not run to their end and are left out."),
        };
    }
    text
}

/// The columns of the CSV; times in seconds.
pub(super) const CSV_HEAD: &str = "job_id,t,percent,eta_low,eta_high\n";

/// A change that was shown: `eta_low` and `eta_high` are what remains at `t`.
pub(super) fn csv_row(prompt_id: &str, shown: &Shown) -> String {
    // Ids are the clients' to choose.
    let quoted = if prompt_id.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", prompt_id.replace('"', "\"\""))
    } else {
        prompt_id.to_owned()
    };
    let seconds = |millis: u64| format!("{:.3}", millis as f64 / 1_000.0);
    let (low, high) = shown.eta.map_or_else(Default::default, |eta| (seconds(eta.low_ms), seconds(eta.high_ms)));
    format!("{quoted},{:.4},{:.2},{low},{high}\n", shown.t, shown.percent)
}

#[cfg(test)]
mod tests {
    use super::super::score::EtaScore;
    use super::*;
    use monitor_core::event::Eta;

    fn score(job: &str, known: Known, ours: f64, others: [f64; 4]) -> Score {
        Score {
            session: "s".to_owned(),
            number: 1,
            job: job.to_owned(),
            seconds: 10.0,
            known,
            samples: known == Known::Same,
            ours,
            others,
            eta: EtaScore { moments: 50, covered: 40, error: 100.0 },
            falls: 1,
        }
    }

    #[test]
    fn a_row_has_seconds_and_nothing_where_no_time_was_shown() {
        let eta = Eta { remaining_ms: 2_000, low_ms: 1_500, high_ms: 61_000 };
        let shown = Shown { t: 12.34567, percent: 7.5, eta: Some(eta) };
        assert_eq!(csv_row("p", &shown), "p,12.3457,7.50,1.500,61.000\n");
        assert_eq!(csv_row("a,\"b\"", &Shown { eta: None, ..shown }), "\"a,\"\"b\"\"\",12.3457,7.50,,\n");
        assert_eq!(CSV_HEAD.split(',').count(), csv_row("p", &shown).split(',').count());
    }

    #[test]
    fn means_are_of_jobs_and_the_best_bar_is_chosen_for_each() {
        let scores = [
            score("a", Known::Same, 2.0, [40.0, 5.0, 9.0, 3.0]),
            score("b", Known::New, 6.0, [50.0, 41.0, 11.0, 12.0]),
        ];
        let means = Means::of(scores.iter()).unwrap();
        assert!((means.ours - 4.0).abs() < 1e-9 && (means.others[0] - 45.0).abs() < 1e-9);
        assert!((means.best[0] - 8.0).abs() < 1e-9 && (means.best[1] - 7.0).abs() < 1e-9, "{:?}", means.best);
        assert_eq!((means.eta, means.coverage, means.falls), (Some((2.0, 20.0)), Some(80.0), 2));
        assert!((means.without_eta - 50.0).abs() < 1e-9);
        assert!(Means::of([].into_iter()).is_none());
    }

    #[test]
    fn jobs_with_other_numbers_count_as_new_and_are_shown_besides() {
        let scores = [score("a", Known::New, 2.0, [0.0; 4]), score("b", Known::OtherNumbers, 4.0, [0.0; 4])];
        let text = totals("Means", &scores);
        let of = |name: &str| {
            let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
            line.replace(name, "").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of("new")[..2], ["2", "3.0"]);
        assert_eq!(of("of these only other numbers")[..2], ["1", "4.0"]);
        assert!(of("known").is_empty(), "{text}");
        let beside = side_by_side(&scores, &[score("a", Known::New, 1.0, [0.0; 4])]);
        assert!(beside.contains("3.0        1.0"), "{beside}");
    }

    #[test]
    fn a_name_from_a_file_cannot_command_the_terminal() {
        let text = table(&[score("a\u{1b}[2J", Known::New, 2.0, [0.0; 4])]);
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
