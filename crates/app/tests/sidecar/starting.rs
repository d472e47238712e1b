//! What the script itself does, with a stand-in for the monitor and without waiting: `sleep` only says for how long.

use crate::process::{Started, patiently};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Pod {
    folder: TempDir,
    comfyui: TcpListener,
}

fn program(path: &Path, text: &str) {
    fs::write(path, format!("#!/usr/bin/env bash\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Pod {
    /// `monitor` is what the stand-in does.
    fn new(monitor: &str) -> Pod {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        // The goodbye is a real one: what it guards against must not be there at once.
        let sleep = r#"[[ $1 == 45 ]] && exec /bin/sleep 45; echo "$1" >>"$SLEPT""#;
        program(&folder.path().join("bin/sleep"), sleep);
        program(&folder.path().join("monitor"), monitor);
        let comfyui = TcpListener::bind("127.0.0.1:0").unwrap();
        Pod { folder, comfyui }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn start(&self, arguments: &[&str], more: &[(&str, &str)]) -> Started {
        let port = self.comfyui.local_addr().unwrap().port().to_string();
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let (program, slept) = (self.path("monitor"), self.path("slept"));
        let mut variables = vec![
            ("MONITOR_PROGRAM", program.to_str().unwrap()),
            ("MONITOR_GOODBYE_SECONDS", "45"),
            ("SLEPT", slept.to_str().unwrap()),
            ("PATH", &path),
            ("COMFYUI_PORT", &port),
            ("COMFYUI_MONITOR_DATA_DIR", "data"),
        ];
        variables.extend(more);
        Started::new(self.folder.path(), arguments, &variables)
    }
}

#[test]
fn arguments_and_environment_are_passed_on() {
    let pod = Pod::new(r#"echo "$@ $COMFYUI_MONITOR_DATA_DIR" >said"#);
    assert_eq!(pod.start(&["--id", "gpu 1"], &[]).ended().code(), Some(0));
    assert_eq!(pod.text("said"), "monitor --bus eventbridge --id gpu 1 data\n");
}

#[test]
fn on_a_volume_that_pods_share_each_monitor_has_a_folder_of_its_own() {
    let cases: [(&[&str], &str); 3] =
        [(&["--id", "gpu-1"], "gpu-1"), (&["--progress", "bus", "--id=gpu-2"], "gpu-2"), (&[], "a1b2c3")];
    for (arguments, own) in cases {
        let pod = Pod::new(r#"echo "$COMFYUI_MONITOR_DATA_DIR" >said"#);
        let more = [("COMFYUI_MONITOR_DATA_DIR", ""), ("MONITOR_VOLUME", "."), ("RUNPOD_POD_ID", "a1b2c3")];
        assert_eq!(pod.start(arguments, &more).ended().code(), Some(0));
        assert_eq!(pod.text("said"), format!("./comfyui-monitor/{own}\n"));
    }
}

#[test]
fn a_monitor_that_fails_is_started_again_after_longer_and_longer_pauses() {
    let pod = Pod::new("echo >>starts; [[ $(wc -l <starts) -lt 10 ]] && exit 1; exit 0");
    assert_eq!(pod.start(&[], &[]).ended().code(), Some(0));
    assert_eq!(pod.text("slept"), "1\n2\n4\n8\n16\n32\n60\n60\n60\n");
}

#[test]
fn what_another_start_does_not_mend_ends_it() {
    let pod = Pod::new("echo >>starts; exit 2");
    let mut started = pod.start(&[], &[]);
    assert_eq!(started.ended().code(), Some(2));
    assert_eq!((pod.text("starts").lines().count(), pod.text("slept")), (1, String::new()));
    assert!(started.log().iter().any(|line| line.contains("configuration")), "{:?}", started.log());

    let pod = Pod::new("");
    let mut started = pod.start(&[], &[("MONITOR_PROGRAM", "/nowhere/comfyui-monitor")]);
    assert_eq!(started.ended().code(), Some(127));
}

#[test]
fn the_monitor_is_started_when_comfyui_is_there() {
    let pod = Pod::new("echo started >&2; exit 0");
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut started = pod.start(&[], &[("COMFYUI_PORT", &port.to_string())]);
    patiently("a look in vain", || (!pod.text("slept").is_empty()).then_some(()));
    assert_eq!(started.log(), Vec::<String>::new());
    let _comfyui = TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert_eq!(started.ended().code(), Some(0));
    assert_eq!(started.log(), ["started"]);
}

#[test]
fn it_does_not_wait_for_comfyui_for_ever() {
    let pod = Pod::new("echo started >&2; exit 0");
    let mut started = pod.start(&[], &[("COMFYUI_PORT", "1"), ("MONITOR_WAIT_SECONDS", "0")]);
    assert_eq!(started.ended().code(), Some(0));
    assert!(started.log()[0].contains("no ComfyUI at 127.0.0.1:1"), "{:?}", started.log());
    assert_eq!(started.log()[1], "started");
}

#[test]
fn told_to_stop_it_tells_the_monitor_and_waits_for_its_goodbye() {
    for name in ["TERM", "INT"] {
        let pod = Pod::new(
            r"trap 'echo asked >&2; until [[ -e go ]]; do /bin/sleep 0.01; done; echo goodbye >said; exit 0' TERM
            echo ready >&2; while :; do /bin/sleep 0.01; done",
        );
        let mut started = pod.start(&[], &[]);
        started.says("ready");
        started.signal(name);
        started.says("asked");
        // A second signal, from somebody who does not wait either, takes nothing away.
        started.signal(name);
        fs::write(pod.path("go"), "").unwrap();
        assert_eq!(started.ended().code(), Some(0), "{name}");
        assert_eq!(pod.text("said"), "goodbye\n", "{name}");
    }
}

#[test]
fn a_monitor_that_does_not_end_is_killed_after_its_time() {
    let pod = Pod::new("trap '' TERM; echo ready >&2; while :; do /bin/sleep 0.01; done");
    let mut started = pod.start(&[], &[("MONITOR_GOODBYE_SECONDS", "3")]);
    started.says("ready");
    started.signal("TERM");
    assert_eq!(started.ended().code(), Some(128 + 9));
    assert_eq!(pod.text("slept"), "3\n");
}

#[test]
fn told_to_stop_between_two_tries_it_makes_no_other() {
    let pod = Pod::new("echo >>starts; exit 1");
    program(&pod.path("bin/sleep"), "echo resting >&2; exec /bin/sleep 600");
    let mut started = pod.start(&[], &[]);
    started.says("resting");
    started.signal("TERM");
    assert!(started.ended().code().is_some());
    assert_eq!(pod.text("starts").lines().count(), 1);
}

const UNTIL_TOLD: &str = "trap 'echo goodbye >>said; exit 0' TERM; echo ready >&2; while :; do /bin/sleep 0.01; done";

#[test]
fn where_it_starts_comfyui_both_are_told_to_stop() {
    let pod = Pod::new(UNTIL_TOLD);
    program(&pod.path("comfyui"), "trap 'echo stopped >>said; exit 7' TERM; while :; do /bin/sleep 0.01; done");
    let mut started = pod.start(&["--id", "gpu-1", "--", "./comfyui", "--listen"], &[]);
    started.says("ready");
    started.signal("TERM");
    assert_eq!(started.ended().code(), Some(7));
    let said = pod.text("said");
    assert!(said.contains("goodbye") && said.contains("stopped"), "{said}");
}

#[test]
fn the_monitor_says_goodbye_when_comfyui_ends() {
    // Time enough for a script that does not wait to be gone.
    let pod = Pod::new(
        "trap '/bin/sleep 0.3; kill -0 $(<script) && echo goodbye >said; exit 0' TERM
        echo ready >&2; while :; do /bin/sleep 0.01; done",
    );
    program(&pod.path("comfyui"), "echo $PPID >script; until [[ -e go ]]; do /bin/sleep 0.01; done; exit 3");
    let mut started = pod.start(&["--", "./comfyui"], &[]);
    started.says("ready");
    fs::write(pod.path("go"), "").unwrap();
    assert_eq!(started.ended().code(), Some(3));
    assert_eq!(pod.text("said"), "goodbye\n");
}

#[test]
fn comfyui_goes_on_without_a_monitor_that_cannot() {
    let pod = Pod::new("exit 2");
    program(&pod.path("comfyui"), "echo \"$@\" >with; until [[ -e go ]]; do /bin/sleep 0.01; done");
    let mut started = pod.start(&["--", "./comfyui", "--listen"], &[]);
    started.says("configuration");
    fs::write(pod.path("go"), "").unwrap();
    assert_eq!(started.ended().code(), Some(0));
    assert_eq!(pod.text("with"), "--listen\n");
}
