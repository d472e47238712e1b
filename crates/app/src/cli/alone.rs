//! `monitor` and nothing else: what stands beside a ComfyUI on a GPU pod is as small as it can be. The same words on the
//! command line as in the whole program.

use super::{Exit, Global, STYLES, monitor};
use clap::{Parser, Subcommand};

/// Watches a ComfyUI server and publishes what happens. This build has no page, no API and no other command.
#[derive(Debug, Parser)]
#[command(name = "comfyui-monitor", version, styles = STYLES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Monitor(monitor::MonitorArgs),
}

pub(super) async fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let Command::Monitor(args) = cli.command;
    monitor::monitor(&cli.global, args).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
