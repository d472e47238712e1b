//! What asking for what nodes took costs, after a thousand runs and after a million of the same kinds: the times beside
//! each other should differ little. Filling the larger store takes a minute or two.
//!
//! `cargo bench -p monitor-backends --bench history`

// A measurement that cannot go on has nothing better to do than to panic.
#![allow(clippy::unwrap_used)]

use divan::Bencher;
use monitor_backends::store::sqlite::Sqlite;
use monitor_core::cost::{Drivers, Work};
use monitor_core::event::NodeExecuted;
use monitor_core::names::NodeKind;
use monitor_pipeline::ports::{Retention, Store};
use monitor_testkit::conformance::sample::{INSTANCE, Job, at, attempt, record};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const RUNS: [u32; 2] = [1_000, 1_000_000];
/// Nodes of one job.
const NODES: u32 = 1_000;
const CLASSES: u32 = 30;
/// Kinds of work of one class.
const KINDS: u32 = 8;

fn main() {
    // What `cargo bench` says; a test run over all targets is not meant to take minutes.
    if std::env::args().any(|argument| argument == "--bench") {
        divan::main();
    } else {
        eprintln!("nothing measured: run `cargo bench -p monitor-backends --bench history`");
    }
}

struct Filled {
    runtime: Runtime,
    /// Of the next job.
    number: AtomicU32,
    store: Sqlite,
    _folder: TempDir,
}

/// Durations are spread over some 20 percent around what the class and the kind of work take.
fn filled(runs: u32) -> &'static Filled {
    static FILLED: [OnceLock<Filled>; 2] = [OnceLock::new(), OnceLock::new()];
    FILLED[usize::from(runs == RUNS[1])].get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = runtime.block_on(Sqlite::open(folder.path())).unwrap();
        let mut chance = 1_u64;
        for number in 0..runs / NODES {
            let job = Job::of(&attempt(&record(number), 1));
            let mut events: Vec<_> = (1..=NODES)
                .map(|node| {
                    chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let (class, kind) = ((chance >> 33) as u32 % CLASSES, (chance >> 43) as u32 % KINDS);
                    let usual = f64::from((class + 1) * (kind + 1) * 50);
                    let spread = 0.9 + (chance >> 53) as f64 / f64::from(1 << 11) * 0.2;
                    job.event(u64::from(node), done(class, kind, (usual * spread) as u64))
                })
                .collect();
            events.push(job.completed(u64::from(NODES) + 1, 1));
            runtime.block_on(store.apply(&events)).unwrap();
            if number % 20 == 0 {
                // What was learnt outlives the events, and without them filling is faster.
                runtime.block_on(store.prune(Retention::default(), at(2 * 24 * 60 * 60))).unwrap();
            }
        }
        Filled { runtime, number: AtomicU32::new(runs), store, _folder: folder }
    })
}

fn done(class: u32, kind: u32, duration_ms: u64) -> NodeExecuted {
    let drivers = Drivers { steps: Some(f64::from(kind)), ..Drivers::default() };
    let class_type = format!("Class{class}");
    NodeExecuted {
        node_id: "3".to_owned(),
        display_node_id: "3".to_owned(),
        duration_ms: Some(duration_ms),
        output: None,
        cached: false,
        blocked: None,
        steps: None,
        work: Some(Work { class_type, kind: NodeKind::Other, drivers, load_ms: None, rounds: None }),
    }
}

/// For the tracker, at the start.
#[divan::bench(args = RUNS)]
fn history(bencher: Bencher, runs: u32) {
    let Filled { runtime, store, .. } = filled(runs);
    bencher.bench(|| runtime.block_on(store.history(INSTANCE)).unwrap());
}

/// For the page.
#[divan::bench(args = RUNS)]
fn class_times(bencher: Bencher, runs: u32) {
    let Filled { runtime, store, .. } = filled(runs);
    bencher.bench(|| runtime.block_on(store.class_times(None)).unwrap());
}

/// The end of a job of thirty nodes.
#[divan::bench(args = RUNS)]
fn learning(bencher: Bencher, runs: u32) {
    let Filled { runtime, number, store, .. } = filled(runs);
    let next = || {
        let job = Job::of(&attempt(&record(number.fetch_add(1, Ordering::Relaxed)), 1));
        let events: Vec<_> = (0..30)
            .map(|node| job.event(u64::from(node) + 1, done(node % CLASSES, node % KINDS, u64::from(node) * 100)))
            .collect();
        runtime.block_on(store.apply(&events)).unwrap();
        job.completed(31, 1)
    };
    bencher.with_inputs(next).bench_values(|end| runtime.block_on(store.apply(&[end])).unwrap());
}
