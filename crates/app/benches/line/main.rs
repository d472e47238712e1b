//! What the whole monitor costs: the real binary (`serve`) in a process of its own, watching a fake `ComfyUI` that lives
//! in this one and tells five hundred messages a second.
//!
//! CPU is compared with that of a bare read loop (a WebSocket client that counts the same messages and does nothing
//! else), in turn with it, so that the machine and whatever else runs on it are the same for both. Only the watched
//! processes are counted, from `/proc` (Linux only). The figures depend on the machine, the ratio hardly.
//!
//! `cargo bench -p comfyui-monitor --bench line` measures all; a word after `--` (`cpu`, `memory`, `start`, `latency`)
//! that part alone.

// A measurement that cannot go on has nothing better to do than to panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bare;
mod cpu;
mod jobs;
mod latency;
mod process;
mod rest;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["read", url] = words[..] {
        bare::read(url);
        return;
    }
    // What `cargo bench` says; a test run over all targets is not meant to take minutes.
    if !words.contains(&"--bench") {
        eprintln!("nothing measured: run `cargo bench -p comfyui-monitor --bench line`");
        return;
    }
    let parts: Vec<&str> = words.into_iter().filter(|word| !word.starts_with("--")).collect();
    let wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!("{:<58} {:>12} {:>14}", "", "measured", "aim");
        if wanted("memory") {
            rest::memory().await;
        }
        if wanted("start") {
            rest::start().await;
        }
        if wanted("latency") {
            latency::measure().await;
        }
        if wanted("cpu") {
            cpu::compare().await;
        }
    });
}

fn row(what: &str, measured: &str, aim: &str) {
    println!("{what:<58} {measured:>12} {aim:>14}");
}

/// The value that this share of all stays below.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}
