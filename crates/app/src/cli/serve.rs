use super::{Exit, Global, path_text, told_to_stop};
use crate::config::{Config, Flags, Instance};
use crate::embedded;
use clap::Args;
use monitor_backends::comfy::ComfyServer;
use monitor_pipeline::comfy::Comfy;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::timeout;

/// A server that takes longer to say who it is counts as away: the demo beside a busy one does no harm.
const PATIENCE: Duration = Duration::from_secs(3);

/// Watch the servers, keep what happens, and serve the page and the API
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comfyui-monitor serve
  comfyui-monitor serve --demo
  comfyui-monitor serve --comfyui http://gpu-1:8188 --comfyui http://gpu-2:8188
  COMFYUI_HOST=gpu-1 COMFYUI_PORT=8000 comfyui-monitor serve --data-dir ./data

For others in the network, with a token:
  openssl rand -hex 32 > monitor-token && chmod 600 monitor-token
  comfyui-monitor serve --listen 0.0.0.0:8190 --token-file monitor-token")]
pub(super) struct ServeArgs {
    /// Where the page and the API are [default: 127.0.0.1:8190]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where everything is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A file with the token that callers need
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Interrupt jobs that run longer, as in `10m` [default: none]
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
    /// The ComfyUI to watch; several may be given [default: http://127.0.0.1:8188]
    #[arg(long, value_name = "URL")]
    comfyui: Vec<String>,
    /// With a server of our own that plays recorded jobs: nothing real runs
    #[arg(long)]
    demo: bool,
    /// The demo too, if none of the servers is there yet
    #[arg(long, conflicts_with = "demo")]
    demo_if_away: bool,
}

pub(super) async fn serve(global: &Global, args: ServeArgs) -> anyhow::Result<Exit> {
    let values = [
        ("listen", args.listen),
        ("data_dir", path_text(args.data_dir.as_ref())),
        ("token_file", path_text(args.token_file.as_ref())),
        ("timeout", args.timeout),
    ];
    let values = values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let flags = Flags { values, comfyui: args.comfyui, demo: args.demo, ..Flags::default() };
    let mut config = global.load(flags)?.servable()?;
    let away = args.demo_if_away && all_away(&config.instances).await;
    config.demo |= away;

    if config.aws.event_bus.is_some() {
        tracing::warn!("a bus of EventBridge is configured, and `serve` keeps to its own: `monitor` publishes to it");
    }
    let running = embedded::start(&config).await?;
    eprintln!("ComfyUI Monitor {}: http://{}", env!("CARGO_PKG_VERSION"), running.addr);
    if away {
        let places: Vec<_> = config.instances.iter().map(Instance::place).collect();
        eprintln!("No ComfyUI at {} yet, so a demo plays: none of its jobs is real", places.join(", "));
    }
    if !crate::http::has_page() {
        eprintln!("This build has no page: `make run` builds it, or `npm ci && npm run build` in web, then cargo");
    }
    eprintln!("Watching {}", watched(&config));
    told_to_stop().await;
    eprintln!("Stopping");
    running.shutdown().await;
    Ok(Exit::Done)
}

/// Whether none of these is a `ComfyUI` that answers.
async fn all_away(instances: &[Instance]) -> bool {
    let asked = instances.iter().map(|instance| async {
        match ComfyServer::new(&instance.options()) {
            Ok(comfy) => !matches!(timeout(PATIENCE, comfy.system_stats()).await, Ok(Ok(_))),
            Err(_) => true,
        }
    });
    futures::future::join_all(asked).await.into_iter().all(|away| away)
}

fn watched(config: &Config) -> String {
    let mut places: Vec<_> = config.instances.iter().map(Instance::place).collect();
    if config.demo {
        places.push("the demo".to_owned());
    }
    places.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_testkit::FakeComfy;

    async fn there() -> (FakeComfy, Instance) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let fake = FakeComfy::builder().start().await.unwrap();
        let instance = Instance::new("there", fake.base_url().parse().unwrap());
        (fake, instance)
    }

    #[tokio::test]
    async fn the_demo_is_wanted_only_while_no_server_is_there() {
        let (fake, instance) = there().await;
        let (gone, away) = there().await;
        gone.shutdown().await;
        assert!(all_away(std::slice::from_ref(&away)).await);
        assert!(!all_away(&[away, instance]).await);
        fake.shutdown().await;
    }
}
