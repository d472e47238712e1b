//! What is written into `docs/` is what the binary says of itself.
#![allow(clippy::unwrap_used, reason = "this is all test code, its helpers too")]

use std::fs;
use std::path::Path;
use std::process::Command;

fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn said(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_comfyui-monitor")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn is_current(path: &Path, now: &str) {
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == now, "{} is not current: run `make gen`", path.display());
}

#[test]
fn the_openapi_document_is_current() {
    is_current(&docs().join("openapi.json"), &said(&["openapi"]));
}

#[test]
fn the_completions_are_current() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        is_current(
            &docs().join("completions").join(format!("comfyui-monitor.{shell}")),
            &said(&["completions", shell]),
        );
    }
}

#[test]
fn there_is_a_current_manual_page_of_every_command_and_of_nothing_else() {
    let written = tempfile::tempdir().unwrap();
    said(&["man", "--to", written.path().to_str().unwrap()]);
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let kept = docs().join("man");
    assert_eq!(names(&kept), names(written.path()), "run `make gen`");
    for name in names(&kept) {
        is_current(&kept.join(&name), &fs::read_to_string(written.path().join(&name)).unwrap());
    }
}
