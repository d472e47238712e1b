//! What can be wrong, each as a pure function of what was seen, with its cause and what mends it.

use crate::config::{Config, Secret, quantity};
use monitor_core::comfy::rest::{HistoryEntry, Queue};
use monitor_pipeline::comfy::ComfyError;
use serde::Serialize;
use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// The first version with `progress_state`, and with prompt ids of ours (`comfyui-protocol`, section 9).
const OLDEST: [u64; 3] = [0, 3, 45];
/// Longer than nearly all jobs.
const LONG_MS: i64 = 60 * 60 * 1_000;
/// Hexadecimal digits of 64 bits.
const SHORTEST_TOKEN: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// Good to know.
    Hint,
    /// It works, but not as well as it could.
    Warning,
    /// It does not work.
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) title: String,
    pub(super) cause: String,
    pub(super) fix: String,
}

fn finding(severity: Severity, title: impl Into<String>, cause: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { severity, title: title.into(), cause: cause.into(), fix: fix.into() }
}

/// A server that could not be asked. `elsewhere`: where on that host a `ComfyUI` does answer.
pub(super) fn unreachable(place: &str, error: &ComfyError, elsewhere: Option<u16>) -> Finding {
    let away = |cause: &str, fix: &str| finding(Severity::Error, format!("No ComfyUI at {place}"), cause, fix);
    if let Some(port) = elsewhere {
        return away(
            &format!("it answers at port {port} of this host instead"),
            &format!("set COMFYUI_PORT={port}, or `url` of this [[instance]]"),
        );
    }
    match error {
        ComfyError::Refused { .. } => away(
            "nothing listens there",
            "start ComfyUI (python main.py); if it runs elsewhere, say where in COMFYUI_HOST and COMFYUI_PORT, or in \
             `url` of this [[instance]]; on another machine ComfyUI needs --listen",
        ),
        ComfyError::Timeout { .. } => away(
            &format!("it does not answer: {error}"),
            "see whether ComfyUI hangs (its terminal says what it does) and whether a firewall drops the packets",
        ),
        ComfyError::NotComfy { cause, .. } => away(
            &format!("something else answers there ({cause})"),
            "correct host and port; behind a proxy give the whole address with its path, as in \
             https://example.org/comfy",
        ),
        ComfyError::Auth { status, .. } => finding(
            Severity::Error,
            format!("{place} refuses us with {status}"),
            if *status == 403 {
                "either something in front of ComfyUI wants a login, or it is ComfyUI's own check: a proxy passes an \
                 `Origin` on that does not match the `Host`"
            } else {
                "something in front of ComfyUI wants a login"
            },
            "set `token`, `token_env` or `headers` of this [[instance]]; for the check of the origin let the proxy drop \
             `Origin`, or start ComfyUI with --enable-cors-header",
        ),
        ComfyError::Tls { cause, .. } => finding(
            Severity::Error,
            format!("No secure connection to {place}"),
            cause.clone(),
            "if the server speaks plain http, write http:// in `url`; if its certificate is your own, let this machine \
             trust its issuer, or name a bundle with it in SSL_CERT_FILE; if the name does not match, use the one in \
             the certificate",
        ),
        ComfyError::Unreachable { cause, .. } => {
            away(cause, "correct the host name, and see whether the machine is on and in this network")
        }
        other => away(&other.to_string(), "ComfyUI's terminal may say more"),
    }
}

pub(super) fn version(told: Option<&str>) -> Option<Finding> {
    let fix = "update ComfyUI (git pull, then pip install -r requirements.txt; or its own updater)";
    let told = told.unwrap_or("before 0.3");
    let numbers: Vec<u64> = told
        .trim_start_matches('v')
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|part| part.parse().ok())
        .take(3)
        .collect();
    (numbers.as_slice() < OLDEST.as_slice()).then(|| {
        finding(
            Severity::Error,
            format!("ComfyUI {told} is too old"),
            "before 0.3.45 it tells neither the state of all nodes nor takes ids of ours: progress is coarse",
            fix,
        )
    })
}

/// `argv` as `/system_stats` tells it.
pub(super) fn previews(argv: &[String]) -> Option<Finding> {
    let method = argv.iter().enumerate().find_map(|(index, argument)| match argument.split_once('=') {
        Some(("--preview-method", method)) => Some(method),
        None if argument == "--preview-method" => argv.get(index + 1).map(String::as_str),
        _ => None,
    });
    if argv.is_empty() || method.is_some_and(|method| method != "none") {
        return None;
    }
    Some(finding(
        Severity::Hint,
        "Jobs of other clients show no previews",
        "ComfyUI was started without --preview-method; jobs sent through the monitor ask for previews themselves",
        "start ComfyUI with --preview-method auto",
    ))
}

/// The WebSocket, where HTTP works.
pub(super) fn socket(place: &str, error: &ComfyError) -> Finding {
    let origin = matches!(error, ComfyError::Auth { status: 403, .. });
    let (cause, fix) = if origin {
        (
            format!(
                "{error}. ComfyUI refuses a WebSocket whose `Origin` is not its own `Host`: a proxy rewrites one of them"
            ),
            "let the proxy rewrite both or drop `Origin` (nginx: proxy_set_header Origin \"\";), or start ComfyUI with \
             --enable-cors-header",
        )
    } else {
        (
            format!("HTTP works, the WebSocket does not ({error}): a proxy in between does not pass upgrades on"),
            "nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \
             \"upgrade\"; proxy_read_timeout 1h; and the same for any other proxy on the way",
        )
    };
    finding(Severity::Error, format!("No live messages from {place}"), cause, fix)
}

/// It opened, and nothing came: the first message is sent on connect.
pub(super) fn silent_socket(place: &str) -> Finding {
    finding(
        Severity::Error,
        format!("The WebSocket of {place} says nothing"),
        "it opens, but the greeting that ComfyUI sends at once does not arrive: a proxy holds messages back, or \
         ComfyUI's message loop hangs on a client that does not read",
        "switch buffering off in the proxy (nginx: proxy_buffering off;); if there is none, restart ComfyUI",
    )
}

/// Two looks at the queue some time apart, and the job that ended last. `now` in ms.
pub(super) fn queue(first: &Queue, second: &Queue, last: Option<&HistoryEntry>, now: i64) -> Option<Finding> {
    let idle = |queue: &Queue| queue.running.is_empty() && !queue.pending.is_empty();
    if idle(first) && idle(second) {
        return Some(finding(
            Severity::Error,
            format!("{} jobs wait and none runs", second.pending.len()),
            "the thread that works the queue off has died",
            "restart ComfyUI; its terminal says what ended the thread",
        ));
    }
    let running = second.running.first()?;
    // It began when it was sent, or when the one before it ended, whatever is later.
    let since = running.create_time?.max(last.and_then(HistoryEntry::ended_at).unwrap_or(0));
    let long = now.saturating_sub(since);
    (long > LONG_MS).then(|| {
        finding(
            Severity::Warning,
            format!(
                "A job has been running for {}",
                quantity::show_duration(Duration::from_mins(long as u64 / 60_000))
            ),
            format!(
                "job {} is long, or a node of it hangs; {} more wait for it",
                running.prompt_id,
                second.pending.len()
            ),
            "see whether the terminal of ComfyUI still moves; cancel the job, and restart ComfyUI if that does nothing",
        )
    })
}

/// `slow`: what is still in order.
pub(super) fn object_info(took: Duration, slow: Duration) -> Option<Finding> {
    (took > slow).then(|| {
        finding(
            Severity::Warning,
            format!("ComfyUI needs {:.0} s to list its node classes", took.as_secs_f64()),
            "some extension does slow work there (network drives, downloads), and meanwhile the server says nothing to \
             anybody: progress stands still whenever a browser loads the page of ComfyUI",
            "start ComfyUI with --disable-all-custom-nodes and see whether it is fast; then find the extension",
        )
    })
}

/// The node classes could not be had at all.
pub(super) fn no_object_info(error: &ComfyError) -> Finding {
    finding(
        Severity::Warning,
        "ComfyUI does not list its node classes",
        error.to_string(),
        "its terminal says which extension fails there; a proxy in between must pass /object_info on, which is of \
         several MB",
    )
}

/// What binding our own address gave. `ours`: a monitor answers there.
pub(super) fn listen(listen: SocketAddr, bound: &io::Result<()>, ours: bool) -> Option<Finding> {
    let error = bound.as_ref().err()?;
    if ours {
        return None;
    }
    let (cause, fix) = match error.kind() {
        io::ErrorKind::AddrInUse => {
            ("another program listens there".to_owned(), "end it, or choose another port: --listen 127.0.0.1:8191")
        }
        io::ErrorKind::PermissionDenied => {
            ("this user may not listen there".to_owned(), "ports below 1024 need rights: choose a higher one")
        }
        io::ErrorKind::AddrNotAvailable => {
            ("this machine has no such address".to_owned(), "listen on 127.0.0.1, or on 0.0.0.0 with a token")
        }
        _ => (error.to_string(), "choose another address with --listen"),
    };
    Some(finding(Severity::Error, format!("The monitor cannot listen on {listen}"), cause, fix))
}

/// What writing into the data folder gave.
pub(super) fn data_dir(folder: &Path, written: &io::Result<()>) -> Option<Finding> {
    let error = written.as_ref().err()?;
    Some(finding(
        Severity::Error,
        format!("Nothing can be kept in {}", folder.display()),
        error.to_string(),
        "make the folder yours (chown, chmod), make room, or choose another one: --data-dir",
    ))
}

/// Exposed without a token is no finding but a refusal: see [`crate::config::Loaded::servable`].
pub(super) fn token(config: &Config) -> Option<Finding> {
    let token = config.token.as_ref().map(Secret::expose)?;
    let kinds: HashSet<char> = token.chars().collect();
    if token.len() >= SHORTEST_TOKEN && kinds.len() >= 6 {
        return None;
    }
    let severity = if config.listen.ip().is_loopback() { Severity::Warning } else { Severity::Error };
    Some(finding(
        severity,
        "The token is easy to guess",
        format!("it is shorter than {SHORTEST_TOKEN} characters, or has few different ones"),
        "make a new one: openssl rand -hex 32 > monitor-token",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;
    use monitor_core::comfy::rest;

    #[test]
    fn versions_before_progress_state_are_too_old_and_unknown_ones_are_older() {
        for old in [Some("0.3.44"), Some("v0.2.7"), Some("0.3.9-12-gabc"), None, Some("nonsense")] {
            assert!(version(old).is_some(), "{old:?}");
        }
        for new in ["0.3.45", "v0.33.0", "0.4", "1.0.0", "0.3.45+local"] {
            assert!(version(Some(new)).is_none(), "{new}");
        }
    }

    #[test]
    fn previews_are_off_without_a_method_or_with_none() {
        let argv = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(previews(&argv("main.py --listen")).is_some());
        assert!(previews(&argv("main.py --preview-method none")).is_some());
        assert!(previews(&argv("main.py --preview-method auto")).is_none());
        assert!(previews(&argv("main.py --preview-method=latent2rgb")).is_none());
        assert!(previews(&[]).is_none(), "a server that does not tell its arguments may have them on");
    }

    fn queued(running: &str, pending: &str) -> Queue {
        rest::queue(format!("{{\"queue_running\": [{running}], \"queue_pending\": [{pending}]}}").as_bytes())
            .unwrap()
            .value
    }

    #[test]
    fn jobs_that_wait_while_none_runs_are_told_only_if_that_lasts() {
        let item = r#"[1, "p", {}, {"create_time": 1000}, []]"#;
        let stuck = queued("", item);
        assert_eq!(queue(&stuck, &stuck, None, 2_000).unwrap().severity, Severity::Error);
        assert!(queue(&stuck, &queued(item, ""), None, 2_000).is_none());
        assert!(queue(&queued("", ""), &queued("", ""), None, 2_000).is_none());
    }

    #[test]
    fn a_job_that_runs_for_hours_is_told() {
        let running = queued(r#"[1, "p", {}, {"create_time": 1000}, []]"#, "");
        assert!(queue(&running, &running, None, 1_000 + LONG_MS).is_none());
        let found = queue(&running, &running, None, 1_001 + 2 * LONG_MS).unwrap();
        assert_eq!(found.title, "A job has been running for 2 hours");
    }

    #[test]
    fn a_short_or_monotonous_token_is_weak_and_worse_where_others_reach_it() {
        let mut config = Config::defaults(&Environment::default());
        assert!(token(&config).is_none());
        for (text, weak) in [("short", true), ("aaaaaaaaaaaaaaaaaaaaaaaa", true), ("b2f0a5c1d4e3f6a7", false)] {
            config.token = Some(Secret::new(text));
            assert_eq!(token(&config).is_some(), weak, "{text}");
        }
        config.token = Some(Secret::new("short"));
        assert_eq!(token(&config).unwrap().severity, Severity::Warning);
        config.listen = SocketAddr::from(([0, 0, 0, 0], 8190));
        assert_eq!(token(&config).unwrap().severity, Severity::Error);
    }

    #[test]
    fn an_address_in_use_is_a_fault_unless_it_is_in_use_by_us() {
        let address = SocketAddr::from(([127, 0, 0, 1], 8190));
        let taken: io::Result<()> = Err(io::ErrorKind::AddrInUse.into());
        assert!(listen(address, &taken, false).unwrap().cause.contains("another program"));
        assert!(listen(address, &taken, true).is_none());
        assert!(listen(address, &Ok(()), false).is_none());
    }
}
