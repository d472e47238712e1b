//! What makes the runs of a class longer or shorter.
//!
//! Steps and size often change together, and then the median of all runs with 30 steps says as much of the size as of
//! the steps. So values are compared within *surroundings*: runs on one server that are alike in all but the driver in
//! question. The surroundings with most runs are told as they are; others that share a value with them are scaled to
//! them by what they share, which is fair where costs multiply. Only a driver that never varied alone is told by the
//! plain medians of its runs, and marked as such.

use super::CostDriver;
use crate::cost::{Bucket, Drivers, History, Run};
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
        .map(|(server, bucket)| (server, bucket, values(&bucket.drivers)))
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
fn values(drivers: &Drivers) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> =
        drivers.inputs.iter().map(|(name, value)| (name.clone(), shown(value))).collect();
    let mut put = |name: &str, value: Option<String>| values.extend(value.map(|value| (name.to_owned(), value)));
    put("steps", drivers.steps.map(|steps| steps.to_string()));
    put("batch", drivers.batch.map(|batch| batch.to_string()));
    put("model", drivers.model.clone());
    put("sampler", drivers.sampler.clone());
    put("load", Some(if drivers.cold { "cold" } else { "warm" }.to_owned()));
    // One thing, told once: width and height are how the pixels came about.
    match (values.remove("width"), values.remove("height"), drivers.pixels) {
        (Some(width), Some(height), _) => values.insert("size".to_owned(), format!("{width}x{height}")),
        (.., Some(pixels)) => values.insert("pixels".to_owned(), pixels.to_string()),
        (width, height, None) => {
            values.extend(width.map(|width| ("width".to_owned(), width)));
            values.extend(height.map(|height| ("height".to_owned(), height)));
            None
        }
    };
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
