//! `check-config`: the result as TOML, each value with its source. Secrets are masked.

use super::given::quoted;
use super::settings::SETTINGS;
use super::{Instance, Loaded, Timeout, quantity, retry};

/// As TOML that could be read again (but for the secrets).
pub fn show(loaded: &Loaded) -> String {
    let mut lines = Vec::new();
    let mut section = "";
    for setting in SETTINGS {
        let Some(value) = (setting.show)(&loaded.config) else { continue };
        let (table, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if table != section {
            lines.push((String::new(), String::new()));
            lines.push((format!("[{table}]"), String::new()));
            section = table;
            if table == "retry" {
                let names: Vec<_> =
                    loaded.config.retry.policies.list.iter().map(|policy| quoted(&policy.name)).collect();
                let names = format!("# policies, in this order: {}", names.join(", "));
                lines.push((names, loaded.origin(retry::POLICIES).to_string()));
            }
        }
        lines.push((format!("{name} = {value}"), loaded.origin(setting.key).to_string()));
    }
    for instance in &loaded.config.instances {
        lines.push((String::new(), String::new()));
        lines.push(("[[instance]]".to_owned(), loaded.origin("instance").to_string()));
        lines.extend(instance_lines(instance).into_iter().map(|line| (line, String::new())));
    }
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(60);
    let line = |(text, origin): (String, String)| {
        if origin.is_empty() { text } else { format!("{text:width$}  # {origin}") }
    };
    let mut text = lines.into_iter().map(line).collect::<Vec<_>>().join("\n");
    text.push('\n');
    text
}

fn instance_lines(instance: &Instance) -> Vec<String> {
    let mut lines = vec![
        format!("id = {}", quoted(&instance.id)),
        format!("name = {}", quoted(&instance.name)),
        format!("url = {}", quoted(instance.url.as_str())),
    ];
    if let Timeout::Own(timeout) = instance.timeout {
        lines.push(format!("timeout = {}", quoted(&timeout.map_or("none".to_owned(), quantity::show_duration))));
    }
    if let Some(token) = &instance.token {
        lines.push(format!("token = {}", quoted(&format!("{token:?}"))));
    }
    if !instance.headers.is_empty() {
        let masked: Vec<_> = instance.headers.iter().map(|(name, value)| format!("{name} = \"{value:?}\"")).collect();
        lines.push(format!("headers = {{ {} }}", masked.join(", ")));
    }
    lines
}
