//! What it costs to deliver a frame to many readers, against the least it can cost: one thread with epoll that writes
//! the same ready-made frame to each socket.
//!
//! Three processes per measurement, so that only the server's own work is counted: a server (the hub behind its real
//! routes, or the bare loop), and the readers. CPU time is that of all threads of the server process, from
//! `/proc/PID/task/*/schedstat` (Linux only). Runs of both servers take turns; medians are compared.
//!
//! Each reader takes a file descriptor: for 5,000 of them `ulimit -n` has to be above 5,100.

// A measurement that cannot go on has nothing better to do than to panic.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bare;
mod hub;
mod process;
mod readers;
mod shape;

use process::{Child, cpu_nanos, resident_bytes};
use std::time::Duration;

const RUNS: usize = 5;

#[derive(Clone, Copy)]
struct Load {
    readers: usize,
    frames: usize,
    /// Between two frames: enough for the readers to keep up on two cores.
    pace: Duration,
}

const LOADS: [Load; 3] = [
    Load { readers: 100, frames: 500, pace: Duration::from_millis(4) },
    Load { readers: 1_000, frames: 120, pace: Duration::from_millis(25) },
    Load { readers: 5_000, frames: 30, pace: Duration::from_millis(120) },
];

struct Measured {
    nanos_per_frame: f64,
    bytes_per_reader: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve-bare"] => bare::serve(),
        ["serve-hub"] => hub::serve(),
        ["read", port, count] => readers::read(port.parse().unwrap(), count.parse().unwrap()),
        // What `cargo bench` says; a test run over all targets is not meant to take minutes.
        ["--bench", ..] => compare(),
        _ => eprintln!("nothing measured: run `cargo bench -p comfyui-monitor --bench fanout`"),
    }
}

fn compare() {
    println!("CPU of the server per delivered frame, medians of {RUNS} runs in turn");
    println!("{:>8} {:>12} {:>12} {:>7} {:>22}", "readers", "bare", "hub", "ratio", "hub memory per reader");
    for load in LOADS {
        let (mut bare, mut hub, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            bare.push(measure("serve-bare", load).nanos_per_frame);
            let measured = measure("serve-hub", load);
            hub.push(measured.nanos_per_frame);
            memory.push(measured.bytes_per_reader);
        }
        let (bare, hub, memory) = (median(bare), median(hub), median(memory));
        println!(
            "{:>8} {:>9.2} µs {:>9.2} µs {:>7.2} {:>18.2} KiB",
            load.readers,
            bare / 1_000.0,
            hub / 1_000.0,
            hub / bare,
            memory / 1024.0
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure(server: &str, load: Load) -> Measured {
    let mut server = Child::start(&[server]);
    let port = server.answer("port");
    // One comes and goes first: code and pools that the first connection brings into memory are no reader's.
    Child::start(&["read", &port, "1"]).answer("ready");
    let empty = resident_bytes(server.id());
    let mut readers = Child::start(&["read", &port, &load.readers.to_string()]);
    readers.answer("ready");
    let full = resident_bytes(server.id());

    let before = cpu_nanos(server.id());
    server.say(&format!("publish {} {}", load.frames, load.pace.as_micros()));
    let bytes = server.answer("published");
    readers.say(&bytes);
    readers.answer("received");
    let spent = cpu_nanos(server.id()) - before;
    Measured {
        nanos_per_frame: spent as f64 / (load.readers * load.frames) as f64,
        bytes_per_reader: full.saturating_sub(empty) as f64 / load.readers as f64,
    }
}
