//! One TLS stack, on ring, and one HTTP stack in everything that we ship: a second one costs megabytes, and its holes.

#![allow(clippy::unwrap_used, reason = "this is all test code, its helpers too")]

use std::collections::BTreeSet;
use std::process::Command;

/// Never, in any version.
const STRANGERS: [&str; 9] = [
    "aws-lc-rs",
    "aws-lc-sys",
    "aws-lc-fips-sys",
    "boring",
    "native-tls",
    "openssl",
    "openssl-sys",
    "s2n-tls",
    "wolfssl",
];
/// Of these one version each.
const SINGLE: [(&str, &str); 5] =
    [("rustls", "v0.23."), ("ring", "v0.17."), ("hyper", "v1."), ("http", "v1."), ("reqwest", "v0.13.")];

/// What is wrong with a tree whose lines are `name vVERSION ...`.
fn complaints(tree: &str) -> BTreeSet<String> {
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?))
    });
    crates
        .filter(|(name, version)| {
            STRANGERS.contains(name)
                || SINGLE.iter().any(|(single, known)| single == name && !version.starts_with(known))
        })
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}

/// What a build for this machine takes in.
fn tree(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn has(tree: &str, name: &str) -> bool {
    tree.lines().any(|line| line.split(' ').next() == Some(name))
}

const PROGRAM: [&str; 2] = ["--package", "comfyui-monitor"];

#[test]
fn a_second_stack_would_be_seen() {
    let tree =
        "aws-lc-rs v1.13.0\nrustls v0.21.12\nrustls v0.23.46\nhyper v0.14.32\nhyper v1.12.0 (*)\nopenssl-probe v0.2.2";
    let wanted = ["aws-lc-rs v1.13.0", "hyper v0.14.32", "rustls v0.21.12"];
    assert_eq!(complaints(tree), wanted.map(str::to_owned).into());
}

#[test]
fn every_binary_has_one_tls_stack() {
    let builds: [&[&str]; 4] = [
        &["--workspace", "--all-features"],
        &PROGRAM,
        &[PROGRAM[0], PROGRAM[1], "--no-default-features", "--features", "sidecar"],
        &[PROGRAM[0], PROGRAM[1], "--no-default-features", "--features", "lambda"],
    ];
    for build in builds {
        let tree = tree(build);
        assert!(has(&tree, "rustls") && has(&tree, "ring"), "the tree is not what it was taken for:\n{tree}");
        assert_eq!(complaints(&tree), BTreeSet::new(), "{build:?}");
    }
}

#[test]
fn a_sidecar_has_no_page_no_routes_no_terminal_and_no_fake_server() {
    let sidecar = tree(&[PROGRAM[0], PROGRAM[1], "--no-default-features", "--features", "sidecar"]);
    let all = tree(&["--workspace", "--all-features"]);
    assert!(has(&sidecar, "aws-sdk-eventbridge"), "{sidecar}");
    for name in ["axum", "ratatui", "crossterm", "indicatif", "clap_mangen", "monitor-testkit", "lambda_runtime"] {
        assert!(has(&all, name), "{name} is no longer a crate of ours");
        assert!(!has(&sidecar, name), "{name} came into the sidecar");
    }
}

#[test]
fn without_the_feature_nothing_of_aws_is_in_the_program() {
    let program = tree(&PROGRAM);
    let aws: Vec<_> = program.lines().filter(|line| line.starts_with("aws-") || line.starts_with("lambda_")).collect();
    assert!(aws.is_empty(), "{aws:?}");
}
