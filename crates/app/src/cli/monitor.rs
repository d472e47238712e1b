use super::{Exit, Global, Usage, path_text};
use crate::config::{Config, Flags};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Watch a ComfyUI that nobody else can reach, and publish what happens
#[derive(Debug, Args)]
#[command(after_help = "\
Beside a ComfyUI on a GPU pod, with credentials as the AWS SDK finds them (docs/aws.md):
  export EVENTBRIDGE_BUS_NAME=comfyui-monitor AWS_REGION=us-east-1
  export COMFYUI_MONITOR_AWS_BUCKET=... COMFYUI_MONITOR_AWS_TABLE=... WEBSOCKET_API_ENDPOINT=https://...
  comfyui-monitor monitor --bus eventbridge --id gpu-1")]
pub(super) struct MonitorArgs {
    /// Where events go
    #[arg(long, value_enum)]
    bus: Bus,
    /// The bus, by name or ARN [default: EVENTBRIDGE_BUS_NAME]
    #[arg(long, value_name = "NAME")]
    event_bus: Option<String>,
    /// [default: AWS_REGION, or as the AWS SDK finds it]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Which way progress takes to a page: bus, direct or both [default: both]
    #[arg(long, value_name = "WAY")]
    progress: Option<String>,
    /// What this instance is called everywhere; never change it [default: default]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The ComfyUI to watch [default: http://127.0.0.1:8188]
    #[arg(long, value_name = "URL")]
    comfyui: Option<String>,
    /// Where what is not yet published is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Bus {
    /// Amazon EventBridge
    Eventbridge,
}

pub(super) async fn monitor(global: &Global, args: MonitorArgs) -> anyhow::Result<Exit> {
    let values = [
        ("aws.event_bus", args.event_bus),
        ("aws.region", args.region),
        ("aws.progress", args.progress),
        ("data_dir", path_text(args.data_dir.as_ref())),
    ];
    let values = values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let flags = Flags { values, comfyui: args.comfyui.into_iter().collect(), ..Flags::default() };
    let mut config = global.load(flags)?.config;
    if let (Some(id), [instance]) = (args.id, config.instances.as_mut_slice()) {
        instance.rename(&id)?;
    }
    match args.bus {
        Bus::Eventbridge => publish(&config).await,
    }
}

#[cfg(not(feature = "sidecar"))]
fn publish(_: &Config) -> impl Future<Output = anyhow::Result<Exit>> {
    let message = "this build has no AWS: take one that has, or build it with `cargo build --release --features aws`";
    std::future::ready(Err(Usage(message.to_owned()).into()))
}

#[cfg(feature = "sidecar")]
async fn publish(config: &Config) -> anyhow::Result<Exit> {
    use crate::sidecar::{Incomplete, start};
    let mut stop = std::pin::pin!(super::told_to_stop());
    let started = tokio::select! {
        started = start(config) => started,
        // What was said by then is in the outbox, as after a crash.
        () = &mut stop => return Ok(Exit::Done),
    };
    let running = started.map_err(|error| match error.downcast::<Incomplete>() {
        Ok(incomplete) => Usage(incomplete.to_string()).into(),
        Err(error) => error,
    })?;
    let places: Vec<_> = config.instances.iter().map(crate::config::Instance::place).collect();
    eprintln!("ComfyUI Monitor {}: watching {}", env!("CARGO_PKG_VERSION"), places.join(", "));
    stop.await;
    eprintln!("Stopping");
    running.shutdown().await;
    Ok(Exit::Done)
}
