//! How far from the truth a job's bars and its remaining time were.

use super::bars::{self, Line};
use super::graphs::{self, Known};
use super::replay::Shown;
use super::session::Session;

/// Even moments of a job at which it is looked at.
const MOMENTS: u32 = 100;

/// The simple bars, in the order of [`Score::others`].
pub(super) const OTHERS: [&str; 4] = ["page", "krita", "steps", "nodes"];
pub(super) const KRITA: usize = 1;

/// Of one job.
#[derive(Clone, Debug)]
pub(super) struct Score {
    pub session: String,
    /// The how-manieth of its session, from 1.
    pub number: usize,
    pub job: String,
    pub seconds: f64,
    pub known: Known,
    pub samples: bool,
    /// Mean difference between shown percent and elapsed share, in points of 100.
    pub ours: f64,
    /// The same of the simple bars.
    pub others: [f64; OTHERS.len()],
    pub eta: EtaScore,
    /// How often what was shown fell.
    pub falls: usize,
}

/// Of the remaining time, which counts down between updates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct EtaScore {
    /// Moments at which one was shown.
    pub moments: u32,
    /// Of these, those at which the true remaining time was in its range.
    pub covered: u32,
    /// Sum of the absolute errors at these moments, in seconds.
    pub error: f64,
}

impl EtaScore {
    /// Mean absolute error in seconds.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.moments > 0).then(|| self.error / f64::from(self.moments))
    }

    /// In percent.
    pub(super) fn coverage(&self) -> Option<f64> {
        (self.moments > 0).then(|| 100.0 * f64::from(self.covered) / f64::from(self.moments))
    }

    pub(super) fn without(&self) -> u32 {
        MOMENTS - self.moments
    }
}

/// Of every job of a session that ran to its end.
pub(super) fn scores(session: &Session, shown: &[Vec<Shown>]) -> Vec<Score> {
    let known = graphs::known(session);
    let measured = session.measurable().map(|(at, job, start, end)| {
        let span = Span { start, end };
        let bars = bars::bars(session, at);
        let off = |line: &Line| span.off(|t| newest(line, t, |point| point.0).map_or(0.0, |point| 100.0 * point.1));
        let shown = &shown[at];
        Score {
            session: session.name.clone(),
            number: at + 1,
            job: job.name.clone(),
            seconds: end - start,
            known: known[at],
            samples: bars::samples(session, &job.graph),
            ours: span.off(|t| newest(shown, t, |shown| shown.t).map_or(0.0, |shown| shown.percent)),
            others: [off(&bars.page), off(&bars.krita), off(&bars.steps), off(&bars.nodes)],
            eta: span.eta(shown),
            falls: shown.windows(2).filter(|pair| pair[1].percent < pair[0].percent).count(),
        }
    });
    measured.collect()
}

/// From `execution_start` to `execution_success`, in seconds of the recording.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: f64,
    end: f64,
}

impl Span {
    /// Even moments with the share of the time that has elapsed at each.
    fn moments(self) -> impl Iterator<Item = (f64, f64)> {
        (0..MOMENTS).map(move |i| {
            let share = (f64::from(i) + 0.5) / f64::from(MOMENTS);
            (self.start + share * (self.end - self.start), share)
        })
    }

    fn off(self, percent: impl Fn(f64) -> f64) -> f64 {
        let off = self.moments().map(|(t, share)| (percent(t) - 100.0 * share).abs());
        off.sum::<f64>() / f64::from(MOMENTS)
    }

    fn eta(self, shown: &[Shown]) -> EtaScore {
        let mut score = EtaScore::default();
        for (t, _) in self.moments() {
            let Some((shown, eta)) = newest(shown, t, |shown| shown.t).and_then(|shown| Some((shown, shown.eta?)))
            else {
                continue;
            };
            let left = |millis: u64| (millis as f64 / 1_000.0 - (t - shown.t)).max(0.0);
            let truth = self.end - t;
            score.moments += 1;
            score.error += (left(eta.remaining_ms) - truth).abs();
            score.covered += u32::from((left(eta.low_ms)..=left(eta.high_ms)).contains(&truth));
        }
        score
    }
}

/// The last of these at or before `t`.
fn newest<T>(points: &[T], t: f64, when: impl Fn(&T) -> f64) -> Option<&T> {
    points[..points.partition_point(|point| when(point) <= t)].last()
}

#[cfg(test)]
mod tests {
    use super::super::made::{Made, sampling};
    use super::*;
    use monitor_core::event::Eta;

    /// One job from second 10 to 20.
    fn score(shown: Vec<Shown>) -> Score {
        let mut made = Made::new();
        made.begin(10.0, "p", &sampling(), &[]).end(20.0, "p");
        scores(&made.session(), &[shown]).remove(0)
    }

    fn shown(t: f64, percent: f64) -> Shown {
        Shown { t, percent, eta: None }
    }

    fn with_eta(t: f64, remaining_ms: u64, low_ms: u64, high_ms: u64) -> Shown {
        Shown { t, percent: 0.0, eta: Some(Eta { remaining_ms, low_ms, high_ms }) }
    }

    #[test]
    fn a_bar_that_moves_with_time_is_off_by_nothing() {
        let linear = (0..=1_000).map(|i| shown(10.0 + f64::from(i) / 100.0, f64::from(i) / 10.0)).collect();
        assert!(score(linear).ours < 0.05);
    }

    #[test]
    fn a_bar_that_never_moves_is_off_by_fifty_points() {
        assert!((score(Vec::new()).ours - 50.0).abs() < 1e-9);
        assert!((score(vec![shown(10.0, 100.0)]).ours - 50.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_shown_counts_from_its_moment_on_and_not_before() {
        // Right at 50 points from the middle on: off by 25 in the first half, by 25 in the second.
        assert!((score(vec![shown(15.0, 50.0)]).ours - 25.0).abs() < 1e-9);
    }

    #[test]
    fn every_fall_of_the_bar_is_counted() {
        let falling = [10.0, 9.0, 9.0, 30.0, 29.99].map(|percent| shown(10.0 + percent / 10.0, percent));
        assert_eq!(score(falling.to_vec()).falls, 2);
        assert_eq!(score([0.0, 0.0, 5.0, 100.0].map(|percent| shown(12.0, percent)).to_vec()).falls, 0);
    }

    #[test]
    fn a_remaining_time_counts_down_until_there_is_a_newer_one() {
        let right = score(vec![with_eta(10.0, 10_000, 9_000, 11_000)]).eta;
        assert_eq!((right.moments, right.covered), (100, 100));
        assert!(right.mean().unwrap() < 1e-9);

        let late = score(vec![with_eta(10.0, 12_000, 10_500, 13_000), with_eta(15.0, 5_000, 5_000, 5_000)]).eta;
        assert_eq!((late.moments, late.covered), (100, 50), "the range was too high until the second one came");
        assert!((late.mean().unwrap() - 1.0).abs() < 1e-9, "off by two seconds for half the time");
    }

    #[test]
    fn moments_without_a_remaining_time_are_counted_and_not_held_against_the_others() {
        let eta = score(vec![with_eta(15.0, 5_000, 4_000, 6_000), shown(17.5, 80.0)]).eta;
        assert_eq!((eta.moments, eta.without(), eta.coverage()), (25, 75, Some(100.0)));
        let none = score(Vec::new()).eta;
        assert_eq!((none.mean(), none.coverage(), none.without()), (None, None, 100));
    }

    #[test]
    fn jobs_that_did_not_run_to_their_end_are_not_measured() {
        let mut made = Made::new();
        made.begin(1.0, "failed", &sampling(), &[]);
        made.text(2.0, "execution_error", &serde_json::json!({"prompt_id": "failed", "node_id": "3"}));
        made.begin(3.0, "p", &sampling(), &[]).end(4.0, "p").begin(5.0, "cut off", &sampling(), &[]);
        let scores = scores(&made.session(), &[Vec::new(), Vec::new(), Vec::new()]);
        assert_eq!(scores.iter().map(|score| (score.number, score.job.as_str())).collect::<Vec<_>>(), [(2, "job 2")]);
    }
}
