//! What the binary can print of itself: completions, the manual page, the OpenAPI document.

use super::{Exit, print};
use clap::{Args, Command};
use clap_complete::Shell;
use std::path::PathBuf;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comfyui-monitor completions bash > ~/.local/share/bash-completion/completions/comfyui-monitor
  comfyui-monitor completions zsh > ~/.zfunc/_comfyui-monitor
  comfyui-monitor completions fish > ~/.config/fish/completions/comfyui-monitor.fish")]
pub(super) struct CompletionsArgs {
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs, command: &mut Command) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "comfyui-monitor", &mut text);
    print(&String::from_utf8_lossy(&text))
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comfyui-monitor man | man -l -
  comfyui-monitor man --to /usr/local/share/man/man1     one page for each command")]
pub(super) struct ManArgs {
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

pub(super) fn man(args: &ManArgs, command: Command) -> anyhow::Result<Exit> {
    if let Some(folder) = &args.to {
        std::fs::create_dir_all(folder)?;
        clap_mangen::generate_to(command, folder)?;
        return Ok(Exit::Done);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    print(&String::from_utf8_lossy(&page))
}

/// Print the OpenAPI document of the HTTP API
#[derive(Debug, Args)]
pub(super) struct OpenapiArgs {}

pub(super) fn openapi() -> anyhow::Result<Exit> {
    let mut text = crate::http::openapi().to_pretty_json()?;
    text.push('\n');
    print(&text)
}
