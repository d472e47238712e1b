//! What makes the runs of a class longer or shorter.
//!
//! Steps and size often change together, and then the median of all runs with 30 steps says as much of the size as of
//! the steps. So values are compared within *surroundings*: runs on one server that are alike in all but the driver in
//! question. The surroundings with most runs are told as they are; others that share a value with them are scaled to
//! them by what they share, which is fair where costs multiply. Only a driver that never varied alone is told by the
//! plain medians of its runs, and marked as such.

use super::CostDriver;
use crate::cost::{Bucket, History, Run};
use crate::names::NodeKind;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

const MOST_DRIVERS: usize = 8;
const MOST_VALUES: usize = 12;
/// Inputs of a class that are looked at: a hostile server may name as many as it likes.
const MOST_CONSIDERED: usize = 64;

/// What is alike in a run and others, but for the driver in question; the first is the server.
type Surroundings<'a> = (usize, Vec<Option<&'a str>>);

/// Milliseconds, and how many runs stand for them.
type Costs = Vec<(f64, usize)>;

/// One bucket, seen from one driver.
struct Sight<'a> {
    value: &'a str,
    surroundings: Surroundings<'a>,
    recent: &'a [Run],
    /// All it ever had.
    runs: u64,
}

/// Of what varied in the runs of a class on these servers; what differs most first.
pub(super) fn of_class(class_type: &str, histories: &[History]) -> Vec<CostDriver> {
    let buckets: Vec<(usize, &Bucket, BTreeMap<String, String>)> = histories
        .iter()
        .enumerate()
        .flat_map(|(server, history)| history.of_class(class_type).map(move |bucket| (server, bucket)))
        .filter(|(_, bucket)| !bucket.recent.is_empty())
        .map(|(server, bucket)| (server, bucket, values(bucket)))
        .collect();
    let names: BTreeSet<&str> = buckets.iter().flat_map(|(.., values)| values.keys().map(String::as_str)).collect();
    let names: Vec<&str> = names.into_iter().take(MOST_CONSIDERED).collect();
    let told = (0..names.len()).filter_map(|driver| {
        let sights = buckets.iter().filter_map(|(server, bucket, values)| {
            let mut row: Vec<Option<&str>> = names.iter().map(|name| values.get(*name).map(String::as_str)).collect();
            let value = row[driver].take()?;
            Some(Sight { value, surroundings: (*server, row), recent: &bucket.recent, runs: bucket.runs })
        });
        told(names[driver], &sights.collect::<Vec<_>>())
    });
    let mut told: Vec<(f64, CostDriver)> = told.collect();
    told.sort_by(|(one, first), (other, second)| {
        second.isolated.cmp(&first.isolated).then(other.total_cmp(one)).then_with(|| first.name.cmp(&second.name))
    });
    told.into_iter().take(MOST_DRIVERS).map(|(_, driver)| driver).collect()
}

/// What drove the runs of a bucket, in words.
fn values(bucket: &Bucket) -> BTreeMap<String, String> {
    let drivers = &bucket.drivers;
    let mut values: BTreeMap<String, String> =
        drivers.inputs.iter().map(|(name, value)| (name.clone(), shown(value))).collect();
    if bucket.kind == NodeKind::Sampler {
        // Only where it is not so is it said.
        values.entry("guided".to_owned()).or_insert_with(|| "true".to_owned());
    }
    let mut put = |name: &str, value: Option<String>| values.extend(value.map(|value| (name.to_owned(), value)));
    put("steps", drivers.steps.map(|steps| steps.to_string()));
    put("pixels", drivers.pixels.map(|pixels| pixels.to_string()));
    put("batch", Some(drivers.batch.unwrap_or(1.0).to_string()));
    put("model", drivers.model.clone());
    put("sampler", drivers.sampler.clone());
    put("load", Some(if drivers.cold { "cold" } else { "warm" }.to_owned()));
    values
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn costs(runs: &[Run]) -> impl Iterator<Item = (f64, usize)> {
    runs.iter().map(|run| (run.duration_ms as f64, 1))
}

/// `None` for what does not vary; else how many times its dearest value costs what its cheapest does, and all of them.
fn told(name: &str, sights: &[Sight<'_>]) -> Option<(f64, CostDriver)> {
    if sights.iter().all(|sight| sight.value == sights[0].value) {
        return None;
    }
    let alone = varied_alone(sights);
    let isolated = alone.is_some();
    let costs = alone.unwrap_or_else(|| {
        let mut all: BTreeMap<&str, Costs> = BTreeMap::new();
        for sight in sights {
            all.entry(sight.value).or_default().extend(costs(sight.recent));
        }
        all
    });
    let runs_with = |value: &str| -> u64 {
        sights.iter().filter(|sight| sight.value == value).map(|sight| sight.runs).fold(0, u64::saturating_add)
    };
    let mut costs: Vec<(&str, f64)> = costs.into_iter().map(|(value, costs)| (value, median(costs))).collect();
    costs.sort_by_key(|(value, _)| Reverse(runs_with(value)));
    costs.truncate(MOST_VALUES);
    let least = costs.iter().map(|(_, cost)| *cost).fold(f64::INFINITY, f64::min);
    let most = costs.iter().map(|(_, cost)| *cost).fold(0.0, f64::max);
    let median_ms_by_value = costs.into_iter().map(|(value, cost)| (value.to_owned(), cost.round() as u64)).collect();
    Some(((most + 1.0) / (least + 1.0), CostDriver { name: name.to_owned(), median_ms_by_value, isolated }))
}

/// Costs by value, from surroundings in which nothing else varied; `None` where there are none.
fn varied_alone<'a>(sights: &[Sight<'a>]) -> Option<BTreeMap<&'a str, Costs>> {
    let mut alike: BTreeMap<&Surroundings<'_>, BTreeMap<&'a str, Costs>> = BTreeMap::new();
    for sight in sights {
        alike.entry(&sight.surroundings).or_default().entry(sight.value).or_default().extend(costs(sight.recent));
    }
    let mut alike: Vec<_> = alike.into_values().filter(|values| values.len() > 1).collect();
    alike.sort_by_key(|values| Reverse(values.values().map(Vec::len).sum::<usize>()));
    let mut known: BTreeMap<&str, Costs> = BTreeMap::new();
    // The usual surroundings first, then whatever shares a value with what is known by then.
    while let Some(next) =
        alike.iter().position(|values| known.is_empty() || values.keys().any(|value| known.contains_key(value)))
    {
        let values = alike.remove(next).into_iter().map(|(value, costs)| (value, costs.len(), median(costs)));
        let values: Vec<(&str, usize, f64)> = values.collect();
        let shared = values.iter().filter_map(|(value, runs, cost)| {
            // A millisecond more on both sides: some nodes take none.
            Some(((median(known.get(value)?.clone()) + 1.0) / (cost + 1.0), *runs))
        });
        let shared: Costs = shared.collect();
        let scale = if shared.is_empty() { 1.0 } else { median(shared) };
        for (value, runs, cost) in values {
            known.entry(value).or_default().push((((cost + 1.0) * scale - 1.0).max(0.0), runs));
        }
    }
    (!known.is_empty()).then_some(known)
}

/// Of values with weights; the mean of the two in the middle where half of the weight lies on each side. 0 for none.
fn median(mut values: Vec<(f64, usize)>) -> f64 {
    values.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let all: usize = values.iter().map(|(_, weight)| weight).sum();
    let mut below = 0;
    for (place, (value, weight)) in values.iter().enumerate() {
        below += weight;
        if below * 2 > all {
            return *value;
        }
        if below * 2 == all {
            return values.get(place + 1).map_or(*value, |(next, _)| f64::midpoint(*value, *next));
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{Drivers, Work};
    use crate::time::Timestamp;
    use serde_json::json;

    /// Drivers that say so much, and what a run with them took.
    struct Ran(Drivers, u64);

    fn ran(steps: u32, pixels: u32, duration_ms: u64) -> Ran {
        let drivers = Drivers { steps: Some(steps.into()), pixels: Some(pixels.into()), ..Drivers::default() };
        Ran(drivers, duration_ms)
    }

    fn history(runs: impl IntoIterator<Item = Ran>) -> History {
        let mut history = History::default();
        for (at, Ran(drivers, duration_ms)) in (0..).zip(runs) {
            let work = Work {
                class_type: "KSampler".to_owned(),
                kind: NodeKind::Sampler,
                drivers,
                load_ms: None,
                rounds: None,
            };
            history.learn(&work, work.run(Timestamp(at), duration_ms));
        }
        history
    }

    fn of(runs: impl IntoIterator<Item = Ran>) -> Vec<CostDriver> {
        of_class("KSampler", &[history(runs)])
    }

    fn driver<'a>(drivers: &'a [CostDriver], name: &str) -> &'a CostDriver {
        drivers.iter().find(|driver| driver.name == name).unwrap()
    }

    fn values(driver: &CostDriver) -> Vec<(&str, u64)> {
        driver.median_ms_by_value.iter().map(|(value, ms)| (value.as_str(), *ms)).collect()
    }

    #[test]
    fn what_never_varied_drives_nothing() {
        assert_eq!(of([]), []);
        assert_eq!(of([ran(20, 100, 900), ran(20, 100, 100)]), []);
        assert_eq!(of_class("VAEDecode", &[history([ran(20, 100, 900), ran(30, 100, 100)])]), []);
    }

    #[test]
    fn each_value_has_the_median_of_its_own_runs() {
        let drivers = of([(20, 30), (8, 5), (20, 10), (20, 20), (8, 6)].map(|(steps, ms)| ran(steps, 100, ms)));
        assert_eq!(drivers.len(), 1);
        assert_eq!((drivers[0].name.as_str(), drivers[0].isolated), ("steps", true));
        assert_eq!(values(&drivers[0]), [("20", 20), ("8", 6)]);
    }

    #[test]
    fn what_another_driver_did_is_not_told_of_this_one() {
        // Ten milliseconds a step and a hundred pixels. Large pictures mostly have many steps.
        let counts = [(10, 100, 9), (30, 100, 1), (10, 400, 1), (30, 400, 8)];
        let runs = counts.into_iter().flat_map(|(steps, pixels, count)| {
            (0..count).map(move |_| ran(steps, pixels, u64::from(steps * pixels / 10)))
        });
        let drivers = of(runs);
        // In the surroundings with most runs: sizes at ten steps, steps at a hundred pixels.
        assert_eq!(values(driver(&drivers, "steps")), [("10", 100), ("30", 300)]);
        assert_eq!(values(driver(&drivers, "pixels")), [("100", 100), ("400", 400)]);
        assert!(drivers.iter().all(|driver| driver.isolated));
    }

    #[test]
    fn surroundings_that_share_a_value_are_scaled_to_the_usual_ones() {
        let mut runs: Vec<Ran> = [10, 20].repeat(3).into_iter().map(|steps| ran(steps, 100, steps.into())).collect();
        // Four times as large: four times as long. 40 steps were run there alone, 80 nowhere with 20 or less.
        runs.extend([ran(20, 400, 83), ran(40, 400, 167), ran(80, 900, 999), ran(90, 900, 1)]);
        let drivers = of(runs);
        assert_eq!(values(driver(&drivers, "steps")), [("10", 10), ("20", 20), ("40", 41)]);
    }

    #[test]
    fn what_never_varied_alone_is_told_by_plain_medians_and_says_so() {
        let drivers = of([ran(10, 100, 1_000), ran(10, 100, 3_000), ran(30, 400, 8_000)]);
        let told: Vec<_> = drivers.iter().map(|driver| (driver.name.as_str(), driver.isolated)).collect();
        assert_eq!(told, [("pixels", false), ("steps", false)]);
        assert_eq!(values(&drivers[1]), [("10", 2_000), ("30", 8_000)]);
    }

    #[test]
    fn a_cold_start_is_told_from_a_warm_one() {
        let cold = |cold, ms| Ran(Drivers { cold, ..Drivers::default() }, ms);
        let drivers = of([cold(true, 9_000), cold(false, 1_000), cold(false, 1_010), cold(false, 990)]);
        assert_eq!((drivers[0].name.as_str(), values(&drivers[0])), ("load", vec![("cold", 9_000), ("warm", 1_000)]));
    }

    #[test]
    fn a_single_picture_is_a_batch_of_one_and_guidance_the_rule() {
        let unguided = [("guided".to_owned(), json!(false))].into();
        let drivers = of([
            Ran(Drivers::default(), 100),
            Ran(Drivers { batch: Some(4.0), ..Drivers::default() }, 400),
            Ran(Drivers { inputs: unguided, ..Drivers::default() }, 50),
        ]);
        assert_eq!(values(driver(&drivers, "batch")), [("1", 100), ("4", 400)]);
        assert_eq!(values(driver(&drivers, "guided")), [("false", 50), ("true", 100)]);
    }

    #[test]
    fn servers_are_compared_with_themselves() {
        // The second is ten times as fast, and most runs of 30 steps were made there.
        let slow = history([ran(10, 1, 1_000), ran(10, 1, 1_000), ran(10, 1, 1_000), ran(30, 1, 3_000)]);
        let fast = history([ran(10, 1, 100), ran(30, 1, 300), ran(30, 1, 300)]);
        let drivers = of_class("KSampler", &[slow, fast]);
        assert_eq!(values(&drivers[0]), [("10", 1_000), ("30", 3_000)]);
    }

    #[test]
    fn nodes_that_take_no_time_are_compared_all_the_same() {
        let drivers = of([ran(1, 1, 0), ran(2, 1, 0), ran(1, 2, 0), ran(3, 2, 0)]);
        assert_eq!(values(driver(&drivers, "steps")), [("1", 0), ("2", 0), ("3", 0)]);
    }

    #[test]
    fn of_many_values_the_twelve_with_most_runs_are_told() {
        let runs = (1..=30).chain(19..=30).map(|steps| ran(steps, 100, 5));
        let drivers = of(runs.collect::<Vec<_>>());
        let told: Vec<String> = values(&drivers[0]).into_iter().map(|(value, _)| value.to_owned()).collect();
        assert_eq!(told, (19..=30).map(|steps| steps.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn of_many_drivers_the_eight_that_make_most_difference_are_told() {
        let with = |input: u32, value: u32| {
            let inputs =
                (0..12).map(|other| (format!("input{other:02}"), json!(if other == input { value } else { 0 })));
            let ms = 100 + u64::from(input * value);
            Ran(Drivers { inputs: inputs.collect(), ..Drivers::default() }, ms)
        };
        let drivers = of((0..12).map(|input| with(input, 100)).chain([with(0, 0)]));
        let told: Vec<&str> = drivers.iter().map(|driver| driver.name.as_str()).collect();
        let expected: Vec<String> = (4..12).rev().map(|input| format!("input{input:02}")).collect();
        assert_eq!(told, expected);
    }
}
