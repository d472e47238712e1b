//! Looks, and hands what was seen to [`super::findings`].

use super::findings::{self, Finding};
use crate::client::Monitor;
use crate::clock;
use crate::config::{Config, Instance};
use futures::StreamExt as _;
use monitor_backends::comfy::ComfyServer;
use monitor_pipeline::comfy::{Comfy, ComfyError};
use reqwest::Client;
use serde_json::Value;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

/// How long the examination waits, from when on something is slow, and where else a server may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Between the two looks at the queue: the worker takes the next job within milliseconds.
    pub(super) looks: Duration,
    /// The greeting is the first thing on a new WebSocket.
    pub(super) greeting: Duration,
    /// Building the node classes holds up all messages of a server.
    pub(super) object_info: Duration,
    /// Where `ComfyUI` and its desktop application listen when nothing is said.
    pub(super) usual_ports: [u16; 2],
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            looks: Duration::from_secs(2),
            greeting: Duration::from_secs(5),
            object_info: Duration::from_secs(5),
            usual_ports: [8188, 8000],
        }
    }
}

/// What concerns ourselves: address, folder, token.
pub(super) async fn ourselves(config: &Config) -> Vec<Finding> {
    let bound = TcpListener::bind(config.listen).await.map(drop);
    let ours = match crate::cli::run::reachable(config.listen).ok().map(|url| Monitor::new(url, None)) {
        Some(Ok(monitor)) if bound.is_err() => monitor.is_there().await,
        _ => false,
    };
    let written = try_to_write(&config.data_dir).await;
    [
        findings::listen(config.listen, &bound, ours),
        findings::data_dir(&config.data_dir, &written),
        findings::token(config),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Writes a file of our own and removes it; a folder that was not there is removed again, too.
async fn try_to_write(folder: &Path) -> io::Result<()> {
    let was_there = tokio::fs::try_exists(folder).await?;
    tokio::fs::create_dir_all(folder).await?;
    let probe = folder.join(format!(".doctor-{}", Uuid::new_v4()));
    tokio::fs::write(&probe, b"doctor").await?;
    tokio::fs::remove_file(&probe).await?;
    if !was_there {
        tokio::fs::remove_dir(folder).await?;
    }
    Ok(())
}

/// What concerns one server.
pub(super) async fn server(instance: &Instance, thorough: bool, limits: &Limits) -> Vec<Finding> {
    let place = instance.place();
    let comfy = match ComfyServer::new(&instance.options()) {
        Ok(comfy) => comfy,
        Err(error) => return vec![findings::unreachable(&place, &error, None)],
    };
    let stats = match comfy.system_stats().await {
        Ok(stats) => stats,
        Err(error) => {
            let elsewhere = match &error {
                ComfyError::Refused { .. } | ComfyError::NotComfy { .. } => {
                    elsewhere(instance, limits.usual_ports).await
                }
                _ => None,
            };
            return vec![findings::unreachable(&place, &error, elsewhere)];
        }
    };
    let mut found = Vec::new();
    found.extend(findings::version(stats.comfyui_version.as_deref()));
    found.extend(findings::previews(&arguments(instance).await));
    found.extend(greeting(&comfy, &place, limits.greeting).await);
    found.extend(queue(&comfy, limits.looks).await);
    if thorough {
        let started = Instant::now();
        found.extend(match comfy.object_info().await {
            // One that takes too long is slow in the first place.
            Ok(_) | Err(ComfyError::Timeout { .. }) => findings::object_info(started.elapsed(), limits.object_info),
            Err(error) => Some(findings::no_object_info(&error)),
        });
    }
    found
}

/// Another port of the same host where a `ComfyUI` answers.
async fn elsewhere(instance: &Instance, ports: [u16; 2]) -> Option<u16> {
    for port in ports.into_iter().filter(|port| Some(*port) != instance.url.port_or_known_default()) {
        let mut other = instance.clone();
        // No secrets to a port that nobody configured.
        (other.token, other.headers) = (None, Vec::new());
        other.url.set_path("/");
        if other.url.set_port(Some(port)).is_err() {
            continue;
        }
        if let Ok(comfy) = ComfyServer::new(&other.options())
            && comfy.system_stats().await.is_ok()
        {
            return Some(port);
        }
    }
    None
}

/// The command line of the server; empty where it does not tell.
async fn arguments(instance: &Instance) -> Vec<String> {
    let asked = async {
        let mut request = Client::new().get(format!("{}/system_stats", instance.url.as_str().trim_end_matches('/')));
        for (name, value) in &instance.headers {
            request = request.header(name, value.expose());
        }
        if let Some(token) = &instance.token {
            request = request.bearer_auth(token.expose());
        }
        let stats: Value = request.timeout(Duration::from_secs(10)).send().await?.json().await?;
        let argv = stats["system"]["argv"].as_array().cloned().unwrap_or_default();
        Ok::<_, reqwest::Error>(argv.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    asked.await.unwrap_or_default()
}

async fn greeting(comfy: &ComfyServer, place: &str, patience: Duration) -> Option<Finding> {
    let mut socket = match comfy.connect(&format!("doctor-{}", Uuid::new_v4())).await {
        Ok(socket) => socket,
        Err(error) => return Some(findings::socket(place, &error)),
    };
    let greeted = timeout(patience, socket.next()).await;
    socket.close(Duration::from_secs(2)).await;
    match greeted {
        Ok(Some(Ok(_))) => None,
        Ok(Some(Err(error))) => Some(findings::socket(place, &error)),
        Ok(None) | Err(_) => Some(findings::silent_socket(place)),
    }
}

async fn queue(comfy: &ComfyServer, between: Duration) -> Option<Finding> {
    let first = comfy.queue().await.ok()?;
    if first.running.is_empty() && first.pending.is_empty() {
        return None;
    }
    sleep(between).await;
    let second = comfy.queue().await.ok()?;
    let history = comfy.recent_history(1).await.unwrap_or_default();
    findings::queue(&first, &second, history.entries.last(), clock::now().as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_told_and_a_good_one_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("new");
        assert!(try_to_write(&new).await.is_ok());
        assert!(!new.exists());
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let written = try_to_write(&file).await;
        assert!(findings::data_dir(&file, &written).is_some());
    }

    #[tokio::test]
    async fn a_foreign_program_at_our_port_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::defaults(&crate::config::Environment::default());
        config.listen = taken.local_addr().unwrap();
        config.data_dir = folder.path().to_owned();
        let found = ourselves(&config).await;
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("cannot listen"), "{found:?}");
    }
}
