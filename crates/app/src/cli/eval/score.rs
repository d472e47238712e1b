//! How far from the truth a job's bars and its remaining time were.

use super::bars::{self, Line};
use super::graphs::{self, Known};
use super::replay::Shown;
use super::session::Session;

/// Even moments of a job at which it is looked at.
const MOMENTS: u32 = 100;

/// The simple bars, in the order of [`Score::others`].
pub(super) const OTHERS: [&str; 4] = ["page", "krita", "steps", "nodes"];

/// Of one job.
#[derive(Clone, Debug)]
pub(super) struct Score {
    pub session: String,
    pub job: String,
    pub prompt_id: String,
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
            job: job.name.clone(),
            prompt_id: job.prompt_id.clone(),
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
