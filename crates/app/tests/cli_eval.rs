//! `eval` as people run it, on a recorded session of a real server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SESSION: &str = "S1-history-txt2img";

fn timing() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/timing")
}

fn eval(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_comfyui-monitor"))
        .arg("eval")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The numbers of the line that begins so: jobs, ours, page, krita, steps, nodes, then ETA off in s and %, in range in %,
/// moments without ETA, falls.
fn numbers(text: &str, name: &str) -> Vec<f64> {
    let line =
        text.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
    let words = line.trim_start()[name.len()..].split_whitespace();
    words.filter_map(|word| word.trim_end_matches('%').parse().ok()).collect()
}

#[test]
fn on_a_recorded_session_the_bar_never_falls_and_is_nearer_to_the_truth_than_simple_ones() {
    let folder = tempfile::tempdir().unwrap();
    let session = timing().join(SESSION);
    let text = out(&eval(folder.path(), &[session.to_str().unwrap()]));
    let all = numbers(&text, "all ");
    let [jobs, ours, page, krita, steps, nodes, ..] = all[..] else { panic!("{all:?}: {text}") };
    assert!((jobs - 9.0).abs() < 1e-9, "{text}");
    assert!(ours < krita && krita < steps && steps < page && ours < nodes, "{text}");
    assert!(ours < 10.0, "{text}");
    let known = numbers(&text, "known ");
    assert!((known[0] - 6.0).abs() < 1e-9 && known[1] < 5.0, "{text}");
    let [coverage, without, falls] = all[all.len() - 3..] else { panic!("{all:?}: {text}") };
    assert!((0.0..=100.0).contains(&coverage) && (0.0..=100.0).contains(&without), "{text}");
    assert!(falls.abs() < 1e-9, "{text}");
    assert!(!text.contains("left out"), "{text}");
}

#[test]
fn simple_bars_are_measured_as_they_were_when_the_recording_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let session = timing().join(SESSION);
    let text = out(&eval(folder.path(), &[session.to_str().unwrap()]));
    // From a second computation over the same recording, which shares nothing with this one.
    let first = numbers(&text, "1 txt2img ");
    assert!((first[2] - 49.9).abs() < 0.2 && (first[3] - 14.9).abs() < 0.2, "{text}");
    let chain = numbers(&text, "3 image-chain ");
    assert!((chain[2] - 50.0).abs() < 0.2 && (chain[4] - 50.0).abs() < 0.2, "it reports no steps: {text}");
}

#[test]
fn the_csv_has_every_change_that_was_shown_in_order_and_a_job_never_falls() {
    let folder = tempfile::tempdir().unwrap();
    let session = timing().join(SESSION);
    out(&eval(folder.path(), &[session.to_str().unwrap(), "--csv", "shown.csv"]));
    let csv = std::fs::read_to_string(folder.path().join("shown.csv")).unwrap();
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("job_id,t,percent,eta_low,eta_high"));
    let mut last: HashMap<&str, (f64, f64)> = HashMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [job, t, percent, low, high] = cells[..] else { panic!("{line}") };
        let (t, percent): (f64, f64) = (t.parse().unwrap(), percent.parse().unwrap());
        let before = last.insert(job, (t, percent)).unwrap_or_default();
        assert!(before.0 <= t && before.1 <= percent, "{line}");
        if !low.is_empty() || !high.is_empty() {
            assert!(low.parse::<f64>().unwrap() <= high.parse::<f64>().unwrap(), "{line}");
        }
    }
    assert_eq!(last.len(), 9);
    assert!(last.values().all(|(_, percent)| *percent >= 100.0), "{last:?}");
}

#[test]
fn history_that_is_kept_makes_the_second_session_known() {
    let folder = tempfile::tempdir().unwrap();
    let session = timing().join(SESSION);
    let session = session.to_str().unwrap();
    let first_job = |flags: &[&str]| {
        let text = out(&eval(folder.path(), &[&[session, session], flags].concat()));
        let jobs: Vec<&str> = text.lines().filter(|line| line.contains(" 1 txt2img ")).collect();
        assert_eq!(jobs.len(), 2, "{text}");
        jobs.into_iter().map(|line| numbers(line, "1 txt2img ")[1]).collect::<Vec<_>>()
    };
    let empty = first_job(&[]);
    let kept = first_job(&["--keep-history"]);
    assert!((empty[0] - empty[1]).abs() < 1e-9, "each from an empty history: {empty:?}");
    assert!((kept[0] - empty[0]).abs() < 1e-9, "{kept:?}");
    assert!((kept[1] - empty[1]).abs() > 1e-9, "{kept:?}");
}

#[test]
fn what_the_others_teach_is_shown_beside() {
    let folder = tempfile::tempdir().unwrap();
    let session = timing().join(SESSION);
    let session = session.to_str().unwrap();
    let text = out(&eval(folder.path(), &[session, session, "--leave-one-out"]));
    let beside = text.split("What the others teach").nth(1).unwrap();
    let [jobs, empty, taught, ..] = numbers(beside, "new ")[..] else { panic!("{text}") };
    assert!((jobs - 6.0).abs() < 1e-9 && taught < empty, "new jobs are known from the other session: {text}");
    let alone = eval(folder.path(), &[session, "--leave-one-out"]);
    assert_eq!(alone.status.code(), Some(2));
}

#[test]
fn what_is_no_session_is_named_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "").unwrap();
    std::fs::write(folder.path().join("trace.jsonl"), "{\"t\": 1}\n").unwrap();
    for (path, part) in
        [("empty", "empty/trace.jsonl"), ("nowhere", "nowhere"), ("notes.txt", "trace.jsonl"), (".", "line 1")]
    {
        let output = eval(folder.path(), &[path]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{path}: {error}");
        assert!(error.contains(part), "{path}: {error}");
    }
}

#[test]
fn a_folder_of_sessions_is_replayed_whole() {
    let folder = tempfile::tempdir().unwrap();
    let text = out(&eval(folder.path(), &[timing().to_str().unwrap()]));
    assert!(text.starts_with(SESSION), "{text}");
}
