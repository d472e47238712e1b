//! The table of settings: one row is all that is to know of one.

use super::given::{Given, count, parse_timeout, quoted, small_count, switch, unless_none};
use super::{Config, Environment, LogFormat, PREFIX, Retention, Secret, quantity};
use std::path::PathBuf;

pub struct Setting {
    /// As in the file: `media.max_bytes` is `max_bytes` under `[media]`.
    pub key: &'static str,
    pub flag: Option<&'static str>,
    pub secret: bool,
    pub set: fn(&mut Config, &Given<'_>) -> Result<(), String>,
    /// As TOML; `None` where it is not set.
    pub show: fn(&Config) -> Option<String>,
}

impl Setting {
    pub fn named(key: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// `COMFYUI_MONITOR_MEDIA_MAX_BYTES`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.replace('.', "_").to_uppercase())
    }

    pub fn of_variable(name: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|setting| setting.variable() == name)
    }
}

/// Variables that others know by these names; our own for the same setting wins.
pub const ALIASES: [(&str, &str); 4] = [
    ("RUST_LOG", "log.level"),
    ("AWS_REGION", "aws.region"),
    ("EVENTBRIDGE_BUS_NAME", "aws.event_bus"),
    ("WEBSOCKET_API_ENDPOINT", "aws.websocket_api_endpoint"),
];

pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "listen",
        flag: Some("--listen"),
        secret: false,
        set: |config, given| {
            let hint = "write address and port, as in `127.0.0.1:8190` or `[::1]:8190`";
            config.listen = given.text.parse().map_err(|_| format!("{:?} is no address: {hint}", given.text))?;
            Ok(())
        },
        show: |config| Some(quoted(&config.listen.to_string())),
    },
    Setting {
        key: "data_dir",
        flag: Some("--data-dir"),
        secret: false,
        set: |config, given| {
            config.data_dir = given.path();
            Ok(())
        },
        show: |config| Some(quoted(&config.data_dir.to_string_lossy())),
    },
    Setting {
        key: "token",
        flag: None,
        secret: true,
        set: |config, given| {
            config.token = Some(Secret::new(given.text));
            config.token_file = None;
            Ok(())
        },
        show: |config| config.token.as_ref().filter(|_| config.token_file.is_none()).map(|t| quoted(&format!("{t:?}"))),
    },
    Setting {
        key: "token_file",
        flag: Some("--token-file"),
        secret: false,
        set: |config, given| {
            config.token_file = Some(given.path());
            Ok(())
        },
        show: |config| config.token_file.as_ref().map(|path| quoted(&path.to_string_lossy())),
    },
    Setting {
        key: "allowed_hosts",
        flag: None,
        secret: false,
        set: |config, given| {
            let names = given.text.split(',').map(str::trim).filter(|name| !name.is_empty());
            config.allowed_hosts = names.map(str::to_ascii_lowercase).collect();
            match config.allowed_hosts.iter().find(|name| name.contains('/')) {
                Some(name) => Err(format!("{name:?} is no host name: leave out the scheme and the path")),
                None => Ok(()),
            }
        },
        show: |config| {
            let names: Vec<_> = config.allowed_hosts.iter().map(|name| quoted(name)).collect();
            Some(format!("[{}]", names.join(", ")))
        },
    },
    Setting {
        key: "timeout",
        flag: Some("--timeout"),
        secret: false,
        set: |config, given| {
            config.timeout = parse_timeout(given.text)?;
            Ok(())
        },
        show: |config| Some(quoted(&config.timeout.map_or("none".to_owned(), quantity::show_duration))),
    },
    Setting {
        key: "retry.enabled",
        flag: None,
        secret: false,
        set: |config, given| {
            config.retry.enabled = switch(given.text)?;
            Ok(())
        },
        show: |config| Some(config.retry.enabled.to_string()),
    },
    Setting {
        key: "retry.per_minute",
        flag: None,
        secret: false,
        set: |config, given| {
            config.retry.per_minute = small_count(given.text)?;
            Ok(())
        },
        show: |config| Some(config.retry.per_minute.to_string()),
    },
    Setting {
        key: "retry.longest_wait",
        flag: None,
        secret: false,
        set: |config, given| {
            config.retry.longest_wait = quantity::parse_duration(given.text)?;
            Ok(())
        },
        show: |config| Some(quoted(&quantity::show_duration(config.retry.longest_wait))),
    },
    Setting {
        key: "retry.pause_after",
        flag: None,
        secret: false,
        set: |config, given| {
            config.retry.pause_after = small_count(given.text)?;
            Ok(())
        },
        show: |config| Some(config.retry.pause_after.to_string()),
    },
    Setting {
        key: "retry.pause",
        flag: None,
        secret: false,
        set: |config, given| {
            config.retry.pause = quantity::parse_duration(given.text)?;
            Ok(())
        },
        show: |config| Some(quoted(&quantity::show_duration(config.retry.pause))),
    },
    Setting {
        key: "previews.enabled",
        flag: None,
        secret: false,
        set: |config, given| {
            config.previews.enabled = switch(given.text)?;
            Ok(())
        },
        show: |config| Some(config.previews.enabled.to_string()),
    },
    Setting {
        key: "previews.method",
        flag: None,
        secret: false,
        set: |config, given| {
            config.previews.method = given.text.parse()?;
            Ok(())
        },
        show: |config| Some(quoted(config.previews.method.as_str())),
    },
    Setting {
        key: "media.max_bytes",
        flag: None,
        secret: false,
        set: |config, given| {
            config.media.max_bytes = quantity::parse_bytes(given.text)?;
            Ok(())
        },
        show: |config| Some(quoted(&quantity::show_bytes(config.media.max_bytes))),
    },
    Setting {
        key: "retention.max_age",
        flag: None,
        secret: false,
        set: |config, given| {
            config.retention.max_age = Retention::read_age(given.text)?;
            Ok(())
        },
        show: |config| Some(quoted(&config.retention.max_age.map_or("none".to_owned(), quantity::show_duration))),
    },
    Setting {
        key: "retention.max_count",
        flag: None,
        secret: false,
        set: |config, given| {
            config.retention.max_count = Retention::read_count(given.text)?;
            Ok(())
        },
        show: |config| Some(config.retention.max_count.map_or_else(|| quoted("none"), |count| count.to_string())),
    },
    Setting {
        key: "limits.request_bytes",
        flag: None,
        secret: false,
        set: |config, given| {
            config.limits.request_bytes = quantity::parse_bytes(given.text)?;
            Ok(())
        },
        show: |config| Some(quoted(&quantity::show_bytes(config.limits.request_bytes))),
    },
    Setting {
        key: "limits.live_connections",
        flag: None,
        secret: false,
        set: |config, given| {
            config.limits.live_connections = count(given.text, 1)?;
            Ok(())
        },
        show: |config| Some(config.limits.live_connections.to_string()),
    },
    Setting {
        key: "limits.subscriptions",
        flag: None,
        secret: false,
        set: |config, given| {
            config.limits.subscriptions = count(given.text, 1)?;
            Ok(())
        },
        show: |config| Some(config.limits.subscriptions.to_string()),
    },
    Setting {
        key: "aws.region",
        flag: Some("--region"),
        secret: false,
        set: |config, given| {
            config.aws.region = Some(given.text.to_owned());
            Ok(())
        },
        show: |config| config.aws.region.as_deref().map(quoted),
    },
    Setting {
        key: "aws.event_bus",
        flag: Some("--event-bus"),
        secret: false,
        set: |config, given| {
            config.aws.event_bus = Some(given.text.to_owned());
            Ok(())
        },
        show: |config| config.aws.event_bus.as_deref().map(quoted),
    },
    Setting {
        key: "aws.table",
        flag: None,
        secret: false,
        set: |config, given| {
            config.aws.table = Some(given.text.to_owned());
            Ok(())
        },
        show: |config| config.aws.table.as_deref().map(quoted),
    },
    Setting {
        key: "aws.bucket",
        flag: None,
        secret: false,
        set: |config, given| {
            config.aws.bucket = Some(given.text.to_owned());
            Ok(())
        },
        show: |config| config.aws.bucket.as_deref().map(quoted),
    },
    Setting {
        key: "aws.websocket_api_endpoint",
        flag: None,
        secret: false,
        set: |config, given| {
            config.aws.websocket_api_endpoint = Some(given.text.to_owned());
            Ok(())
        },
        show: |config| config.aws.websocket_api_endpoint.as_deref().map(quoted),
    },
    Setting {
        key: "aws.queue_prefix",
        flag: None,
        secret: false,
        set: |config, given| {
            config.aws.queue_prefix = Some(given.text.to_owned());
            Ok(())
        },
        show: |config| config.aws.queue_prefix.as_deref().map(quoted),
    },
    Setting {
        key: "aws.progress",
        flag: Some("--progress"),
        secret: false,
        set: |config, given| {
            config.aws.progress = given.text.parse()?;
            Ok(())
        },
        show: |config| Some(quoted(config.aws.progress.as_str())),
    },
    Setting {
        key: "aws.encryption",
        flag: None,
        secret: false,
        set: |config, given| {
            config.aws.encryption = unless_none(given.text, |text| Ok(text.to_owned()))?;
            Ok(())
        },
        show: |config| config.aws.encryption.as_deref().map(quoted),
    },
    Setting {
        key: "log.level",
        flag: Some("--log"),
        secret: false,
        set: |config, given| {
            tracing_subscriber::EnvFilter::try_new(given.text)
                .map_err(|cause| format!("{:?} is no log level ({cause}): write `info`, or as RUST_LOG", given.text))?;
            given.text.clone_into(&mut config.log.level);
            Ok(())
        },
        show: |config| Some(quoted(&config.log.level)),
    },
    Setting {
        key: "log.format",
        flag: Some("--log-format"),
        secret: false,
        set: |config, given| {
            config.log.format = match given.text {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                other => return Err(format!("{other:?} is no log format: it is `text` or `json`")),
            };
            Ok(())
        },
        show: |config| Some(quoted(if config.log.format == LogFormat::Json { "json" } else { "text" })),
    },
];

pub(super) fn home(environment: &Environment) -> Option<PathBuf> {
    environment.get("HOME").or_else(|| environment.get("USERPROFILE")).map(PathBuf::from)
}

/// Where programs keep their data on this system.
pub(super) fn default_data_dir(environment: &Environment) -> PathBuf {
    let home = home(environment).unwrap_or_default();
    let base = if cfg!(target_os = "windows") {
        environment.get("LOCALAPPDATA").map_or_else(|| home.join("AppData/Local"), PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home.join("Library/Application Support")
    } else {
        environment.get("XDG_DATA_HOME").map_or_else(|| home.join(".local/share"), PathBuf::from)
    };
    base.join("comfyui-monitor")
}
