//! Where the time goes: what nodes took, by class.

mod distribution;
mod drivers;

pub use distribution::Distribution;

use crate::cost::History;
use crate::names::{self, NodeKind};
use crate::time::percentage;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Enough to see whether runs are alike or fall into several groups, however many there were.
const MOST_TICKS: u32 = 60;

/// What the nodes of one class took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
    /// Milliseconds, rising: every run, or 60 evenly spaced quantiles where there are more. These, the median and the
    /// ninth tenth are less than 1.6 percent off.
    #[schema(max_items = 60)]
    pub ticks: Vec<u64>,
    /// What made runs longer or shorter, from the newest runs of each kind: at most 8, first those that varied alone,
    /// of them what differs most first.
    #[schema(max_items = 8)]
    pub drivers: Vec<CostDriver>,
}

/// An input or a state that varied between runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CostDriver {
    /// `steps`, `pixels` (of one picture), `batch`, `model`, `sampler`, `load` (`cold`: with a model to load, or
    /// `warm`), or the name of an input.
    pub name: String,
    /// The values with most runs, at most 12.
    pub median_ms_by_value: BTreeMap<String, u64>,
    /// From runs on one server that were alike in all else, in the surroundings that ran most often. `false`: it never
    /// varied alone; these are plain medians, and other drivers may have their part in them.
    pub isolated: bool,
}

/// One item for each class, the one that took most time first. `histories` are those of the servers that `times` are
/// from; `instance_id` says whose they are, if of one.
pub fn by_class(
    times: &BTreeMap<String, Distribution>,
    histories: &[History],
    instance_id: Option<&str>,
) -> Vec<ClassPerformance> {
    let all: f64 = times.values().map(|times| times.total_ms() as f64).sum();
    let mut classes: Vec<(&String, &Distribution)> = times.iter().collect();
    // By time, not by share: shares are rounded. Equals stay in the order of their names.
    classes.sort_by_key(|(_, times)| Reverse(times.total_ms()));
    let item = |(class_type, times): (&String, &Distribution)| ClassPerformance {
        class_type: class_type.clone(),
        title: names::human_name(None, class_type, None),
        kind: kind(class_type, histories),
        instance_id: instance_id.map(str::to_owned),
        runs: times.runs(),
        median_ms: times.quantile(0.5),
        p90_ms: times.quantile(0.9),
        share: percentage(times.total_ms() as f64 / all * 100.0),
        ticks: times.ticks(MOST_TICKS),
        drivers: drivers::of_class(class_type, histories),
    };
    classes.into_iter().map(item).collect()
}

/// As it was known when it ran: from the server's description of the class, else from its name.
fn kind(class_type: &str, histories: &[History]) -> NodeKind {
    let mut ran = histories.iter().filter_map(|history| history.of_class(class_type).next());
    ran.next().map_or_else(|| names::kind(class_type, None), |bucket| bucket.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{Drivers, Work};
    use crate::time::Timestamp;
    use serde_json::json;

    fn times(classes: &[(&str, &[u64])]) -> BTreeMap<String, Distribution> {
        let mut times = BTreeMap::new();
        for (class_type, durations) in classes {
            let class: &mut Distribution = times.entry((*class_type).to_owned()).or_default();
            durations.iter().for_each(|duration| class.learn(*duration));
        }
        times
    }

    fn only(durations: &[u64]) -> ClassPerformance {
        by_class(&times(&[("KSampler", durations)]), &[], None).remove(0)
    }

    #[test]
    fn where_nothing_ran_there_is_nothing_to_tell() {
        assert_eq!(by_class(&BTreeMap::new(), &[], None), []);
    }

    #[test]
    fn the_class_that_took_most_time_comes_first_whatever_a_single_run_took() {
        let told = times(&[("VAEDecode", &[900]), ("KSampler", &[400, 400, 400]), ("SaveImage", &[900])]);
        let items = by_class(&told, &[], None);
        let shares: Vec<_> = items.iter().map(|item| (item.class_type.as_str(), item.share)).collect();
        assert_eq!(shares, [("KSampler", 40.0), ("SaveImage", 30.0), ("VAEDecode", 30.0)]);
    }

    #[test]
    fn shares_have_two_decimals_and_never_exceed_the_whole() {
        let told = times(&[("A", &[1]), ("B", &[1]), ("C", &[1])]);
        assert!(by_class(&told, &[], None).iter().all(|item| item.share.to_string() == "33.33"));
    }

    #[test]
    fn nodes_that_took_no_time_at_all_share_none() {
        assert_eq!(only(&[0, 0]).share.to_string(), "0");
    }

    #[test]
    fn on_the_wire_a_class_has_its_human_name_and_kind_and_no_instance_unless_one_was_asked_for() {
        let told = times(&[("KSampler", &[1000, 2000])]);
        let mut history = History::default();
        for steps in [20_u32, 40] {
            let drivers = Drivers { steps: Some(steps.into()), ..Drivers::default() };
            let work = Work {
                class_type: "KSampler".to_owned(),
                kind: NodeKind::Sampler,
                drivers,
                load_ms: None,
                rounds: None,
            };
            history.learn(&work, work.run(Timestamp(0), u64::from(steps) * 50));
        }
        let histories = [history];
        let mut expected = json!({
            "classType": "KSampler", "title": "K-Sampler", "kind": "sampler", "runs": 2, "medianMs": 1500,
            "p90Ms": 1900, "share": 100.0, "ticks": [1000, 2000],
            "drivers": [{"name": "steps", "medianMsByValue": {"20": 1000, "40": 2000}, "isolated": true}],
        });
        assert_eq!(json!(by_class(&told, &histories, None)), json!([expected]));
        expected["instanceId"] = json!("gpu-1");
        assert_eq!(json!(by_class(&told, &histories, Some("gpu-1"))), json!([expected]));
    }

    #[test]
    fn medians_and_ninth_tenths_do_not_depend_on_the_order_of_the_runs() {
        let item = only(&[50, 10, 40, 20, 30]);
        assert_eq!((item.runs, item.median_ms, item.p90_ms), (5, 30, 46));
        assert_eq!(item.ticks, [10, 20, 30, 40, 50]);
        let single = only(&[7]);
        assert_eq!((single.median_ms, single.p90_ms, single.ticks), (7, 7, vec![7]));
    }

    #[test]
    fn up_to_sixty_runs_are_ticks_themselves() {
        let durations: Vec<u64> = (0..60).collect();
        assert_eq!(only(&durations).ticks, durations);
    }

    #[test]
    fn more_runs_than_sixty_are_thinned_out_evenly_from_the_shortest_to_the_longest() {
        // One in ten runs is long: so are the last six ticks.
        let ticks = only(&[vec![100; 900], vec![5_000; 100]].concat()).ticks;
        assert_eq!((ticks.len(), ticks.iter().filter(|tick| **tick == 5_000).count()), (60, 6));
        let ticks = only(&(0..=118).rev().collect::<Vec<_>>()).ticks;
        assert_eq!(ticks, (0..60).map(|tick| tick * 2).collect::<Vec<_>>());
    }
}
