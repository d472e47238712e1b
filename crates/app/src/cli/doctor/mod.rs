//! `doctor`: what is wrong, why, and what mends it.

mod examine;
#[cfg(test)]
mod fakes;
mod findings;

use super::{Exit, Global, path_text, print, words};
use crate::config::{ConfigError, Flags};
use clap::Args;
use findings::{Finding, Severity};
use serde_json::json;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// Find out what is wrong, and how to mend it
///
/// Asks the configured servers, and looks at our own address, folder and token. Ends with 0 when nothing stands in the
/// way, 1 when something does, 2 when the configuration itself is wrong.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comfyui-monitor doctor
  comfyui-monitor doctor --comfyui https://gpu.example.org/comfy
  comfyui-monitor doctor --json | jq '.[] | select(.severity == \"error\")'")]
pub(super) struct DoctorArgs {
    /// Ask these servers instead of the configured ones
    #[arg(long, value_name = "URL")]
    comfyui: Vec<String>,
    /// As for `serve`
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// As for `serve`
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Do not ask for the node classes: a server builds them for seconds, and says nothing to anybody meanwhile
    #[arg(long)]
    quick: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn doctor(global: &Global, args: DoctorArgs) -> anyhow::Result<Exit> {
    let values = [("listen", args.listen), ("data_dir", path_text(args.data_dir.as_ref()))];
    let values = values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let loaded = global.load_quietly(Flags { values, comfyui: args.comfyui, ..Flags::default() })?;
    let config = loaded.config.clone();
    let mut found: Vec<(Option<String>, Finding)> = Vec::new();
    if let Err(error @ ConfigError::Exposed(_)) = loaded.servable() {
        let finding = Finding {
            severity: Severity::Error,
            title: format!("The monitor will not listen on {}", config.listen),
            cause: "others could reach it, and there is no token".to_owned(),
            fix: error.to_string(),
        };
        found.push((None, finding));
    }
    found.extend(examine::ourselves(&config).await.into_iter().map(|finding| (None, finding)));
    let limits = examine::Limits::default();
    let servers = config.instances.iter().map(|instance| examine::server(instance, !args.quick, &limits));
    for (instance, findings) in config.instances.iter().zip(futures::future::join_all(servers).await) {
        found.extend(findings.into_iter().map(|finding| (Some(instance.id.clone()), finding)));
    }
    found.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));

    let failed = found.iter().any(|(_, finding)| finding.severity == Severity::Error);
    if args.json {
        let items: Vec<_> = found
            .iter()
            .map(|(instance, finding)| {
                json!({"instanceId": instance, "severity": finding.severity, "title": finding.title,
                       "cause": finding.cause, "fix": finding.fix})
            })
            .collect();
        print(&format!("{}\n", serde_json::to_string_pretty(&items)?))?;
    } else {
        print(&report(&found, config.instances.len(), std::io::stdout().is_terminal()))?;
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn report(found: &[(Option<String>, Finding)], servers: usize, colors: bool) -> String {
    let paint = |code: &str, text: &str| if colors { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let mut text = String::new();
    for (instance, finding) in found {
        let mark = match finding.severity {
            Severity::Error => paint("31", "✗"),
            Severity::Warning => paint("33", "!"),
            Severity::Hint => paint("34", "i"),
        };
        let title = paint("1", &words::printable(&finding.title));
        let instance = instance.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{mark} {title}{instance}\n  why   {}\n  mend  {}\n\n",
            words::printable(&finding.cause),
            words::printable(&finding.fix)
        );
    }
    let servers = if servers == 1 { "the server".to_owned() } else { format!("{servers} servers") };
    let _ = match found.iter().filter(|(_, finding)| finding.severity > Severity::Hint).count() {
        0 => {
            let tick = paint("32", "✓");
            writeln!(text, "{tick} Nothing stands in the way: {servers}, our address, folder and token are fine")
        }
        1 => writeln!(text, "One thing to mend"),
        count => writeln!(text, "{count} things to mend"),
    };
    text
}
