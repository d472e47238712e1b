use super::{Exit, Global, path_text, print};
use crate::config::{self, Flags};
use clap::Args;
use std::path::PathBuf;

/// Print the resulting configuration and where each value came from
///
/// Secrets are masked. Ends with 2 where the configuration is wrong, or where `serve` would refuse it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comfyui-monitor check-config
  COMFYUI_PORT=8000 comfyui-monitor check-config --config /etc/comfyui-monitor.toml")]
pub(super) struct CheckArgs {
    /// As for `serve`
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// As for `serve`
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// As for `serve`
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// As for `serve`
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
    /// As for `serve`
    #[arg(long, value_name = "URL")]
    comfyui: Vec<String>,
}

pub(super) fn check(global: &Global, args: CheckArgs) -> anyhow::Result<Exit> {
    let values = [
        ("listen", args.listen),
        ("data_dir", path_text(args.data_dir.as_ref())),
        ("token_file", path_text(args.token_file.as_ref())),
        ("timeout", args.timeout),
    ];
    let values = values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let loaded = global.load(Flags { values, comfyui: args.comfyui, ..Flags::default() })?;
    let shown = config::show(&loaded);
    loaded.servable()?;
    print(&shown)
}
