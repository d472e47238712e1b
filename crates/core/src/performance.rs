//! Where the time goes: what nodes took, by class.

use crate::names::{self, NodeKind};
use crate::time::percentage;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Enough to see whether runs are alike or fall into several groups, however many there were.
const MOST_TICKS: usize = 60;
const MOST_VALUES: usize = 12;

/// One node that ran in one attempt, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRun {
    pub class_type: String,
    pub duration_ms: u64,
    /// The last `max` it reported; `None` for a node that reports no steps.
    pub steps: Option<f64>,
}

/// What the nodes of one class took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassPerformance {
    pub class_type: String,
    pub title: String,
    pub kind: NodeKind,
    /// Absent where all servers are counted together.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance_id: Option<String>,
    pub runs: u64,
    pub median_ms: u64,
    /// Nine of ten runs took no longer.
    pub p90_ms: u64,
    /// Of the time of all nodes, in percent.
    pub share: f64,
    /// Milliseconds, rising: every run, or 60 evenly spaced quantiles where there are more.
    #[schema(max_items = 60)]
    pub ticks: Vec<u64>,
    /// What made runs longer or shorter, as far as it was recorded.
    pub drivers: Vec<CostDriver>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostDriver {
    /// `steps`
    pub name: String,
    /// The values with most runs, at most 12.
    pub median_ms_by_value: BTreeMap<String, u64>,
}

/// One item for each class, the one that took most time first. `instance_id` says whose runs they are.
pub fn by_class(runs: &[NodeRun], instance_id: Option<&str>) -> Vec<ClassPerformance> {
    let mut classes: BTreeMap<&str, Vec<&NodeRun>> = BTreeMap::new();
    for run in runs {
        classes.entry(&run.class_type).or_default().push(run);
    }
    let all = total(runs);
    let mut items: Vec<(f64, ClassPerformance)> = classes
        .into_iter()
        .map(|(class_type, runs)| {
            let mut durations: Vec<u64> = runs.iter().map(|run| run.duration_ms).collect();
            durations.sort_unstable();
            let taken = total(runs.iter().copied());
            let item = ClassPerformance {
                class_type: class_type.to_owned(),
                title: names::human_name(None, class_type, None),
                kind: names::kind(class_type, None),
                instance_id: instance_id.map(str::to_owned),
                runs: durations.len() as u64,
                median_ms: quantile(&durations, 0.5),
                p90_ms: quantile(&durations, 0.9),
                share: percentage(taken / all * 100.0),
                drivers: steps(&runs).into_iter().collect(),
                ticks: ticks(durations),
            };
            (taken, item)
        })
        .collect();
    // By time, not by share: shares are rounded. Equals stay in the order of their names.
    items.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    items.into_iter().map(|(_, item)| item).collect()
}

fn total<'a>(runs: impl IntoIterator<Item = &'a NodeRun>) -> f64 {
    runs.into_iter().map(|run| run.duration_ms as f64).sum()
}

/// `part` from 0 to 1 of what is sorted and not empty; in proportion where it lies between two, so that the median of
/// an even count is the mean of the two in the middle.
fn quantile(sorted: &[u64], part: f64) -> u64 {
    let place = part * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + ((above - below) as f64 * place.fract()).round() as u64
}

fn ticks(sorted: Vec<u64>) -> Vec<u64> {
    if sorted.len() <= MOST_TICKS {
        return sorted;
    }
    let last = MOST_TICKS - 1;
    (0..=last).map(|tick| quantile(&sorted, tick as f64 / last as f64)).collect()
}

/// `None` unless there are several counts of steps to tell apart.
fn steps(runs: &[&NodeRun]) -> Option<CostDriver> {
    let mut runs: Vec<(f64, u64)> = runs.iter().filter_map(|run| Some((run.steps?, run.duration_ms))).collect();
    runs.sort_by(|(steps, duration), (others, other)| steps.total_cmp(others).then(duration.cmp(other)));
    let mut values: Vec<&[(f64, u64)]> =
        runs.chunk_by(|(steps, _), (others, _)| steps.total_cmp(others).is_eq()).collect();
    if values.len() < 2 {
        return None;
    }
    values.sort_by_key(|runs| Reverse(runs.len()));
    let median = |runs: &[(f64, u64)]| {
        let durations: Vec<u64> = runs.iter().map(|(_, duration)| *duration).collect();
        (runs[0].0.to_string(), quantile(&durations, 0.5))
    };
    let median_ms_by_value = values.into_iter().take(MOST_VALUES).map(median).collect();
    Some(CostDriver { name: "steps".to_owned(), median_ms_by_value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(class_type: &str, duration_ms: u64, steps: Option<f64>) -> NodeRun {
        NodeRun { class_type: class_type.to_owned(), duration_ms, steps }
    }

    fn runs(class_type: &str, durations: impl IntoIterator<Item = u64>) -> Vec<NodeRun> {
        durations.into_iter().map(|duration| run(class_type, duration, None)).collect()
    }

    fn only(runs: &[NodeRun]) -> ClassPerformance {
        let mut items = by_class(runs, None);
        assert_eq!(items.len(), 1);
        items.remove(0)
    }

    fn steps_of(runs: &[NodeRun]) -> Vec<(String, u64)> {
        let drivers = only(runs).drivers;
        drivers.into_iter().flat_map(|driver| driver.median_ms_by_value).collect()
    }

    #[test]
    fn where_nothing_ran_there_is_nothing_to_tell() {
        assert_eq!(by_class(&[], None), []);
    }

    #[test]
    fn the_class_that_took_most_time_comes_first_whatever_a_single_run_took() {
        let told = [runs("VAEDecode", [900]), runs("KSampler", [400, 400, 400]), runs("SaveImage", [900])].concat();
        let items = by_class(&told, None);
        let shares: Vec<_> = items.iter().map(|item| (item.class_type.as_str(), item.share)).collect();
        assert_eq!(shares, [("KSampler", 40.0), ("SaveImage", 30.0), ("VAEDecode", 30.0)]);
    }

    #[test]
    fn shares_have_two_decimals_and_never_exceed_the_whole() {
        let told = [runs("A", [1]), runs("B", [1]), runs("C", [1])].concat();
        assert!(by_class(&told, None).iter().all(|item| item.share.to_string() == "33.33"));
    }

    #[test]
    fn nodes_that_took_no_time_at_all_share_none() {
        assert_eq!(only(&runs("Reroute", [0, 0])).share.to_string(), "0");
    }

    #[test]
    fn on_the_wire_a_class_has_its_human_name_and_kind_and_no_instance_unless_one_was_asked_for() {
        let told = [run("KSampler", 1000, Some(20.0)), run("KSampler", 2000, Some(40.0))];
        let mut expected = json!({
            "classType": "KSampler", "title": "K-Sampler", "kind": "sampler", "runs": 2, "medianMs": 1500,
            "p90Ms": 1900, "share": 100.0, "ticks": [1000, 2000],
            "drivers": [{"name": "steps", "medianMsByValue": {"20": 1000, "40": 2000}}],
        });
        assert_eq!(json!(by_class(&told, None)), json!([expected]));
        expected["instanceId"] = json!("gpu-1");
        assert_eq!(json!(by_class(&told, Some("gpu-1"))), json!([expected]));
    }

    #[test]
    fn medians_and_ninth_tenths_do_not_depend_on_the_order_of_the_runs() {
        let item = only(&runs("KSampler", [50, 10, 40, 20, 30]));
        assert_eq!((item.runs, item.median_ms, item.p90_ms), (5, 30, 46));
        assert_eq!(item.ticks, [10, 20, 30, 40, 50]);
        let single = only(&runs("KSampler", [7]));
        assert_eq!((single.median_ms, single.p90_ms, single.ticks), (7, 7, vec![7]));
    }

    #[test]
    fn up_to_sixty_runs_are_ticks_themselves() {
        assert_eq!(only(&runs("KSampler", 0..60)).ticks, (0..60).collect::<Vec<_>>());
    }

    #[test]
    fn more_runs_than_sixty_are_thinned_out_evenly_from_the_shortest_to_the_longest() {
        // One in ten runs is long: so are the last six ticks.
        let told = [runs("KSampler", vec![100; 900]), runs("KSampler", vec![5_000; 100])].concat();
        let ticks = only(&told).ticks;
        assert_eq!((ticks.len(), ticks.iter().filter(|tick| **tick == 5_000).count()), (60, 6));
        let ticks = only(&runs("KSampler", (0..=5_900).rev())).ticks;
        assert_eq!(ticks, (0..60).map(|tick| tick * 100).collect::<Vec<_>>());
    }

    #[test]
    fn steps_that_never_vary_drive_nothing() {
        assert_eq!(only(&[run("KSampler", 1, Some(20.0)), run("KSampler", 9, Some(20.0))]).drivers, []);
        assert_eq!(only(&[run("KSampler", 1, Some(20.0)), run("KSampler", 9, None)]).drivers, []);
    }

    #[test]
    fn each_count_of_steps_has_the_median_of_its_own_runs() {
        let told = [(20.0, 30), (8.0, 5), (20.0, 10), (20.0, 20), (8.0, 6), (2.5, 1)];
        let told = told.map(|(steps, duration)| run("KSampler", duration, Some(steps)));
        assert_eq!(steps_of(&told), [("2.5".into(), 1), ("20".into(), 20), ("8".into(), 6)]);
    }

    #[test]
    fn of_many_counts_of_steps_the_twelve_with_most_runs_are_told() {
        let mut told: Vec<_> = (1..=30_u32).map(|steps| run("KSampler", 5, Some(f64::from(steps)))).collect();
        told.extend((19..=30_u32).map(|steps| run("KSampler", 5, Some(f64::from(steps)))));
        let values: Vec<String> = steps_of(&told).into_iter().map(|(value, _)| value).collect();
        assert_eq!(values, (19..=30).map(|steps| steps.to_string()).collect::<Vec<_>>());
    }
}
