//! The core stays pure: no runtime, no network, no database, no clock, no randomness.

#![allow(clippy::unwrap_used, reason = "this is all test code, its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that bring in what the core must not have.
const IMPURE: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "mio",
    "futures",
    "futures-util",
    "async-trait",
    "hyper",
    "hyper-util",
    "reqwest",
    "ureq",
    "axum",
    "tower",
    "tower-http",
    "tokio-tungstenite",
    "tungstenite",
    "rustls",
    "socket2",
    "sqlx",
    "rusqlite",
    "libsqlite3-sys",
    "object_store",
    "rand",
    "rand_core",
    "getrandom",
    "fastrand",
    "tempfile",
    "chrono",
    "tracing",
];

/// What no line of the core may say.
const IMPURE_CODE: &[&str] = &[
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "thread_rng",
    "new_v4",
    "new_v7",
    "now_v7",
    "std::fs",
    "std::net",
    "std::env::var",
    "std::process",
    "std::thread",
    "async fn",
    ".await",
    "std::time::Instant",
];

#[test]
fn the_core_depends_on_no_runtime_network_database_or_randomness() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "monitor-core", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"serde_json"), "the tree is not what it was taken for:\n{tree}");
    let impure: Vec<&&str> = names.iter().filter(|name| IMPURE.contains(name)).collect();
    assert!(impure.is_empty(), "the core has come to depend on {impure:?}:\n{tree}");
}

#[test]
fn the_core_asks_no_clock_no_chance_and_no_system() {
    let files = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(files.len() > 10, "the sources were not found");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let found = IMPURE_CODE.iter().find(|impure| line.contains(**impure));
            assert!(found.is_none(), "{}:{}: {line}", file.display(), number + 1);
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let rust = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    rust.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}
