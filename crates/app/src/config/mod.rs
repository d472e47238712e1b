//! Configuration: defaults < `comfyui-monitor.toml` < environment < flags. An unknown key is an error that names the
//! nearest one. Every setting is one row of [`settings::SETTINGS`]; servers are `[[instance]]` tables.

mod aws;
mod file;
mod given;
mod instances;
mod nearest;
mod previews;
pub mod quantity;
mod retention;
mod retry;
mod secret;
pub mod settings;
mod show;

pub use aws::{Aws, Progress};
pub use instances::{Instance, Timeout};
pub use previews::{PreviewMethod, Previews};
pub use retention::Retention;
pub use retry::Retry;
pub use secret::Secret;
pub use show::show;

use given::Given;
use monitor_core::retry::PolicyError;
use settings::{SETTINGS, Setting};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file that is read from the current folder when none is named.
pub const DEFAULT_FILE: &str = "comfyui-monitor.toml";
/// What the variables of ours begin with.
pub const PREFIX: &str = "COMFYUI_MONITOR_";

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub listen: SocketAddr,
    /// The store and the media.
    pub data_dir: PathBuf,
    /// Who calls the API must know it; always set when we listen wider than loopback.
    pub token: Option<Secret>,
    pub token_file: Option<PathBuf>,
    /// Names (`monitor.example.org`, with a port where it is not the usual one) that the page may be opened under
    /// besides those of loopback.
    pub allowed_hosts: Vec<String>,
    pub instances: Vec<Instance>,
    /// How long a job may run, where its instance says nothing else; `None`: as long as it takes.
    pub timeout: Option<Duration>,
    pub retry: Retry,
    pub previews: Previews,
    pub media: Media,
    pub retention: Retention,
    pub limits: Limits,
    pub aws: Aws,
    pub log: Log,
    /// With a server of our own that plays recordings.
    pub demo: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Larger outputs are not kept, in bytes.
    pub max_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bodies of requests, in bytes: workflows and input images.
    pub request_bytes: u64,
    /// Live connections open at once: `WebSocket`s and event streams.
    pub live_connections: u64,
    /// Generations that one WebSocket may follow.
    pub subscriptions: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// As `RUST_LOG` has it.
    pub level: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Variable(String),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Origin::Variable(name) => write!(f, "environment, {name}"),
            Origin::Flag(flag) => write!(f, "flag, {flag}"),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {}: {cause}", path.display())]
    Unreadable { path: PathBuf, cause: std::io::Error },
    #[error("{origin}: this is no TOML: {message}")]
    Syntax { origin: Origin, message: String },
    #[error("{origin}: there is no key `{key}`{hint}")]
    UnknownKey { origin: Origin, key: String, hint: String },
    #[error("the environment variable {name} is none of ours{hint}")]
    UnknownVariable { name: String, hint: String },
    #[error("{origin}: `{key}`: {message}")]
    Value { origin: Origin, key: String, message: String },
    #[error("{origin}: {error}")]
    Policies { origin: Origin, error: PolicyError },
    #[error("{0}")]
    Instances(String),
    #[error("cannot read the token from {}: {cause}", path.display())]
    TokenFile { path: PathBuf, cause: std::io::Error },
    #[error("{0}")]
    Token(String),
    #[error(
        "will not listen on {0} without a token: everybody who can reach this address could use your ComfyUI. Make \
         one:\n\n    openssl rand -hex 32 > monitor-token && chmod 600 monitor-token\n\nand start with \
         `--token-file monitor-token`, or set {PREFIX}TOKEN; or listen on 127.0.0.1"
    )]
    Exposed(SocketAddr),
}

/// The environment as a value, so that tests have one of their own.
#[derive(Clone, Debug, Default)]
pub struct Environment(pub BTreeMap<String, String>);

impl Environment {
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Environment(std::env::vars_os().filter_map(text).collect())
    }

    /// An empty variable counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// What the command line says, in the terms of the settings.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    /// Key and text.
    pub values: Vec<(&'static str, String)>,
    /// Addresses of servers: they replace those of all other sources.
    pub comfyui: Vec<String>,
    pub demo: bool,
}

/// A configuration and how it came about.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// By key; `instance` for the servers as a whole.
    pub origins: BTreeMap<String, Origin>,
    /// Things to tell the user that are no errors.
    pub notices: Vec<String>,
}

impl Config {
    /// `allowed_hosts` as a browser writes origins.
    pub fn allowed_origins(&self) -> Vec<String> {
        self.allowed_hosts.iter().flat_map(|host| [format!("http://{host}"), format!("https://{host}")]).collect()
    }

    /// Before anything has been set.
    pub fn defaults(environment: &Environment) -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8190)),
            data_dir: settings::default_data_dir(environment),
            token: None,
            token_file: None,
            allowed_hosts: Vec::new(),
            instances: vec![Instance::default()],
            timeout: None,
            retry: Retry::default(),
            previews: Previews::default(),
            media: Media { max_bytes: 2 << 30 },
            retention: Retention::default(),
            limits: Limits { request_bytes: 16 << 20, live_connections: 1_000, subscriptions: 100 },
            aws: Aws::default(),
            log: Log {
                level: "warn,comfyui_monitor=info,monitor_pipeline=info,monitor_backends=info".to_owned(),
                format: LogFormat::Text,
            },
            demo: false,
        }
    }
}

/// Reads all sources. Does not yet refuse an open address: [`Loaded::servable`] does, for those who listen.
pub fn load(flags: &Flags, environment: &Environment) -> Result<Loaded, ConfigError> {
    let mut loaded = Loaded { config: Config::defaults(environment), origins: BTreeMap::new(), notices: Vec::new() };
    let home = settings::home(environment);

    if let Some(path) = config_path(flags, environment) {
        let text =
            std::fs::read_to_string(&path).map_err(|cause| ConfigError::Unreadable { path: path.clone(), cause })?;
        let file = file::parse(&path, &text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for entry in file.entries {
            let keys = || SETTINGS.iter().map(|setting| setting.key).chain(retry::KEYS);
            let setting =
                Setting::named(&entry.key).ok_or_else(|| file::unknown(entry.origin.clone(), &entry.key, keys()))?;
            loaded.set(setting, &Given { text: &entry.text, folder, home: home.as_deref() }, entry.origin)?;
        }
        if let Some((policies, origin)) = file.policies {
            policies.check().map_err(|error| ConfigError::Policies { origin: origin.clone(), error })?;
            loaded.origins.insert(retry::POLICIES.to_owned(), origin);
            loaded.config.retry.policies = policies;
        }
        if let Some(first) = file.instances.first() {
            loaded.origins.insert("instance".to_owned(), first.origin.clone());
            loaded.config.instances = instances::from_tables(&file.instances, folder, home.as_deref(), environment)?;
        }
    }

    from_environment(&mut loaded, environment, home.as_deref())?;

    for (key, text) in &flags.values {
        if let Some(setting) = Setting::named(key) {
            let origin = Origin::Flag(setting.flag.unwrap_or(setting.key));
            loaded.set(setting, &Given { text, folder: Path::new(""), home: home.as_deref() }, origin)?;
        }
    }
    if !flags.comfyui.is_empty() {
        loaded.origins.insert("instance".to_owned(), Origin::Flag("--comfyui"));
        loaded.config.instances = instances::from_urls(&flags.comfyui)?;
    }
    loaded.config.demo = flags.demo;
    if flags.demo && !loaded.origins.contains_key("instance") {
        // Nobody named a server: the demo's own is the only one.
        loaded.config.instances.clear();
    }
    loaded.read_token()?;
    Ok(loaded)
}

fn config_path(flags: &Flags, environment: &Environment) -> Option<PathBuf> {
    let named = flags.config.clone().or_else(|| environment.get("COMFYUI_MONITOR_CONFIG").map(PathBuf::from));
    named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()))
}

fn from_environment(loaded: &mut Loaded, environment: &Environment, home: Option<&Path>) -> Result<(), ConfigError> {
    for name in environment.0.keys().filter(|name| name.starts_with(PREFIX) && *name != "COMFYUI_MONITOR_CONFIG") {
        if Setting::of_variable(name).is_none() {
            let names: Vec<_> = SETTINGS.iter().map(Setting::variable).collect();
            let hint = nearest::hint(name, names.iter().map(String::as_str));
            return Err(ConfigError::UnknownVariable { name: name.clone(), hint });
        }
    }
    let aliases = settings::ALIASES.iter().filter_map(|(name, key)| Some(((*name).to_owned(), Setting::named(key)?)));
    for (name, setting) in aliases.chain(SETTINGS.iter().map(|s| (s.variable(), s))) {
        if let Some(text) = environment.get(&name) {
            loaded.set(setting, &Given { text, folder: Path::new(""), home }, Origin::Variable(name))?;
        }
    }
    instances::from_environment(loaded, environment)?;
    Ok(())
}

impl Loaded {
    fn set(&mut self, setting: &Setting, given: &Given<'_>, origin: Origin) -> Result<(), ConfigError> {
        (setting.set)(&mut self.config, given).map_err(|message| ConfigError::Value {
            origin: origin.clone(),
            key: setting.key.to_owned(),
            message,
        })?;
        // Two ways to say one thing: the later one holds alone.
        match setting.key {
            "token" => self.origins.remove("token_file"),
            "token_file" => self.origins.remove("token"),
            _ => None,
        };
        self.origins.insert(setting.key.to_owned(), origin);
        Ok(())
    }

    fn read_token(&mut self) -> Result<(), ConfigError> {
        if let Some(path) = &self.config.token_file {
            let text =
                std::fs::read_to_string(path).map_err(|cause| ConfigError::TokenFile { path: path.clone(), cause })?;
            self.config.token = Some(Secret::new(text.trim()));
        }
        match &self.config.token {
            Some(token) => token.check_token().map_err(ConfigError::Token),
            None => Ok(()),
        }
    }

    /// Where a key's value came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Refuses to listen wider than loopback without a token.
    pub fn servable(self) -> Result<Config, ConfigError> {
        if self.config.listen.ip().is_loopback() || self.config.token.is_some() {
            Ok(self.config)
        } else {
            Err(ConfigError::Exposed(self.config.listen))
        }
    }
}

#[cfg(test)]
mod tests;
