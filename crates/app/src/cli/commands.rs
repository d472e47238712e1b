//! The commands of the whole program.

use super::{Exit, Global, STYLES, check_config, doctor, eval, monitor, papers, record, replay, run, serve, watch};
use clap::{CommandFactory as _, Parser, Subcommand};

/// Watches ComfyUI servers and shows, live, which node runs, how far it is, how long it takes and what went wrong.
#[derive(Debug, Parser)]
#[command(name = "comfyui-monitor", version, styles = STYLES, max_term_width = 100, after_help = "\
Start here:
  comfyui-monitor serve                   watch ComfyUI at 127.0.0.1:8188; the page is at http://127.0.0.1:8190
  comfyui-monitor serve --demo            the same without a ComfyUI: recorded jobs play
  comfyui-monitor run workflow.json       run one workflow and see its progress here
  comfyui-monitor doctor                  something does not work: ask what, and how to mend it

`comfyui-monitor help COMMAND` has examples for each.")]
pub(super) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Monitor(monitor::MonitorArgs),
    Run(run::RunArgs),
    Watch(watch::WatchArgs),
    Doctor(doctor::DoctorArgs),
    CheckConfig(check_config::CheckArgs),
    Record(record::RecordArgs),
    Replay(replay::ReplayArgs),
    Eval(eval::EvalArgs),
    Completions(papers::CompletionsArgs),
    Man(papers::ManArgs),
    Openapi(papers::OpenapiArgs),
}

pub(super) async fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let global = cli.global;
    match cli.command {
        Command::Serve(args) => Box::pin(serve::serve(&global, args)).await,
        Command::Monitor(args) => Box::pin(monitor::monitor(&global, args)).await,
        Command::Run(args) => Box::pin(run::run(&global, args)).await,
        Command::Watch(args) => Box::pin(watch::watch(&global, args)).await,
        Command::Doctor(args) => Box::pin(doctor::doctor(&global, args)).await,
        Command::CheckConfig(args) => check_config::check(&global, args),
        Command::Record(args) => Box::pin(record::record(&global, args)).await,
        Command::Replay(args) => Box::pin(replay::replay(&global, args)).await,
        Command::Eval(args) => eval::eval(&args),
        Command::Completions(args) => papers::completions(&args, &mut Cli::command()),
        Command::Man(args) => papers::man(&args, Cli::command()),
        Command::Openapi(_) => papers::openapi(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
