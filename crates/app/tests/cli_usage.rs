//! The command line as people meet it: the built binary, its texts and its exit codes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::path::Path;
use std::process::{Command, Output};

/// In a folder of its own, with an environment of its own.
fn monitor(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_comfyui-monitor"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

const COMMANDS: [&str; 11] =
    ["serve", "run", "watch", "doctor", "check-config", "record", "replay", "eval", "completions", "man", "openapi"];

#[test]
fn help_says_where_to_start_and_names_every_command() {
    let folder = folder();
    let output = monitor(folder.path(), &["--help"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let text = out(&output);
    for part in COMMANDS.iter().chain(&["Start here", "serve --demo", "http://127.0.0.1:8190"]) {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn every_command_has_help_and_those_with_choices_have_examples() {
    let folder = folder();
    for command in COMMANDS {
        let output = monitor(folder.path(), &[command, "--help"], &[]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        let text = out(&output);
        assert!(text.lines().next().is_some_and(|line| line.len() > 10), "{command}: {text}");
        assert!(command == "openapi" || text.contains("Examples:"), "{command}: {text}");
    }
}

#[test]
fn wrong_usage_ends_with_2_and_a_hint() {
    let folder = folder();
    let output = monitor(folder.path(), &["srve"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("serve"), "{}", err(&output));
    let output = monitor(folder.path(), &["run", "w.json", "--set", "seed"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("3.seed=42"), "{}", err(&output));
}

#[test]
fn check_config_shows_values_and_sources_and_masks_secrets() {
    let folder = folder();
    std::fs::write(folder.path().join("comfyui-monitor.toml"), "[media]\nmax_bytes = \"1 GiB\"\n").unwrap();
    let variables =
        [("COMFYUI_HOST", "gpu-1"), ("COMFYUI_PORT", "8000"), ("COMFYUI_MONITOR_TOKEN", "s3cret-t0ken-of-ours")];
    let output = monitor(folder.path(), &["check-config", "--listen", "0.0.0.0:9"], &variables);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    for part in [
        "listen = \"0.0.0.0:9\"",
        "# flag, --listen",
        "max_bytes = \"1 GiB\"",
        "# comfyui-monitor.toml, line 2",
        "url = \"http://gpu-1:8000/\"",
        "# environment, COMFYUI_HOST",
        "********",
        "# default",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn a_wrong_configuration_ends_with_2_and_says_what_is_meant() {
    let folder = folder();
    std::fs::write(
        folder.path().join("comfyui-monitor.toml"),
        "\nlisten = \"127.0.0.1:1\"\n[limits]\nsubscription = 5\n",
    )
    .unwrap();
    let output = monitor(folder.path(), &["check-config"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = err(&output);
    assert!(text.contains("line 4") && text.contains("did you mean `limits.subscriptions`?"), "{text}");
}

#[test]
fn serve_refuses_an_open_address_without_a_token_and_says_how_to_make_one() {
    let folder = folder();
    let output = monitor(folder.path(), &["serve", "--listen", "0.0.0.0:0"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = err(&output);
    assert!(text.contains("openssl rand -hex 32") && text.contains("--token-file"), "{text}");
}

#[test]
fn completions_and_manual_pages_are_made_for_all_commands() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = monitor(folder.path(), &["completions", shell], &[]);
        assert!(out(&output).contains("check-config"), "{shell}");
    }
    assert!(out(&monitor(folder.path(), &["man"], &[])).contains(".TH comfyui-monitor"));
    assert_eq!(monitor(folder.path(), &["man", "--to", "pages"], &[]).status.code(), Some(0));
    assert!(folder.path().join("pages/comfyui-monitor-serve.1").exists());
}

#[test]
fn openapi_prints_the_document() {
    let folder = folder();
    let document: serde_json::Value =
        serde_json::from_slice(&monitor(folder.path(), &["openapi"], &[]).stdout).unwrap();
    assert!(document["paths"]["/v1/generations"]["post"].is_object());
}

#[test]
fn run_says_what_is_wrong_with_its_file_before_anything_begins() {
    let folder = folder();
    let output = monitor(folder.path(), &["run", "nowhere.json"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("nowhere.json"), "{}", err(&output));
}

#[test]
fn a_client_that_finds_no_monitor_says_where_it_looked_and_ends_with_2() {
    let folder = folder();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = format!("http://127.0.0.1:{port}");
    std::fs::write(folder.path().join("w.json"), "{}").unwrap();
    for arguments in [&["watch", "--server", &server][..], &["run", "w.json", "--server", &server]] {
        let output = monitor(folder.path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{}", err(&output));
        assert!(err(&output).contains(&server) && err(&output).contains("serve"), "{}", err(&output));
    }
}

#[test]
fn doctor_tells_in_words_and_in_json_and_ends_with_1_when_something_is_broken() {
    let folder = folder();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let comfyui = format!("http://127.0.0.1:{port}");
    let arguments = ["doctor", "--comfyui", &comfyui, "--data-dir", "data", "--listen", "127.0.0.1:0"];
    let output = monitor(folder.path(), &arguments, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("No ComfyUI at") && out(&output).contains("mend"), "{}", out(&output));
    let output = monitor(folder.path(), &[&arguments[..], &["--json"]].concat(), &[]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found[0]["severity"], "error");
}

#[test]
fn replay_refuses_what_is_no_tape_and_probabilities_that_are_none() {
    let folder = folder();
    let output = monitor(folder.path(), &["replay", "nowhere", "--listen", "127.0.0.1:0"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(err(&output).contains("nowhere"));
    let output = monitor(folder.path(), &["replay", "--drop", "3", "--listen", "127.0.0.1:0"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
}

/// What `make run` and the README say: two programs are in the package, and only one is for people.
#[test]
fn cargo_run_without_a_name_runs_the_monitor() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path", manifest])
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours = packages.iter().find(|package| package["name"] == "comfyui-monitor").unwrap();
    assert_eq!(ours["default_run"], "comfyui-monitor");
}
