//! Counters and gauges as Prometheus reads them (text format 0.0.4). Small on purpose: label values are ours, so the
//! number of series is bounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// What is measured. Declare one as a constant beside the code that feeds it.
#[derive(Debug)]
pub struct Metric {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
}

impl Metric {
    /// Only rises; its name ends in `_total`.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Metric { name, help, kind: "counter" }
    }

    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Metric { name, help, kind: "gauge" }
    }
}

struct Family {
    metric: &'static Metric,
    /// By labels, as written.
    series: BTreeMap<String, f64>,
}

/// All that is measured, shared by those who feed it.
#[derive(Default)]
pub struct Metrics {
    families: Mutex<BTreeMap<&'static str, Family>>,
}

impl Metrics {
    pub fn add(&self, metric: &'static Metric, labels: &[(&str, &str)], amount: f64) {
        self.with(metric, labels, |value| *value += amount);
    }

    pub fn set(&self, metric: &'static Metric, labels: &[(&str, &str)], value: f64) {
        self.with(metric, labels, |old| *old = value);
    }

    fn with(&self, metric: &'static Metric, labels: &[(&str, &str)], change: impl FnOnce(&mut f64)) {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let family = families.entry(metric.name).or_insert_with(|| Family { metric, series: BTreeMap::new() });
        change(family.series.entry(written(labels)).or_default());
    }

    pub fn render(&self) -> String {
        let families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for (name, family) in families.iter() {
            let Metric { help, kind, .. } = family.metric;
            // Writing to a String cannot fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            for (labels, value) in &family.series {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        }
        text
    }
}

fn written(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: Metric = Metric::counter("seen_total", "Things seen.");
    const OPEN: Metric = Metric::gauge("open", "Things open.");

    #[test]
    fn counters_rise_gauges_are_set_and_labels_are_escaped() {
        let metrics = Metrics::default();
        metrics.add(&SEEN, &[("what", "a\"b\\c\nd")], 1.0);
        metrics.add(&SEEN, &[("what", "a\"b\\c\nd")], 2.0);
        metrics.set(&OPEN, &[], 5.0);
        metrics.set(&OPEN, &[], 4.5);
        assert_eq!(
            metrics.render(),
            "# HELP open Things open.\n# TYPE open gauge\nopen 4.5\n\
             # HELP seen_total Things seen.\n# TYPE seen_total counter\nseen_total{what=\"a\\\"b\\\\c\\nd\"} 3\n"
        );
    }
}
