//! The servers to watch: `[[instance]]`, `COMFYUI_HOST` with `COMFYUI_PORT`, `--comfyui`.

use super::file::{self, Entry, InstanceTable};
use super::given::{parse_timeout, resolve};
use super::{ConfigError, Environment, Loaded, Origin, Secret};
use http::{HeaderName, HeaderValue};
use monitor_backends::comfy::Options;
use reqwest::Url;
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

const KEYS: [&str; 8] = ["id", "name", "url", "timeout", "headers", "token", "token_file", "token_env"];
/// Set by HTTP itself, or by the WebSocket handshake.
const OURS: [&str; 6] = ["host", "connection", "upgrade", "content-length", "transfer-encoding", "origin"];

/// One `ComfyUI` server.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Stable: part of ids and addresses.
    pub id: String,
    /// For people.
    pub name: String,
    /// http or https; a path is the prefix of all its routes. Never has user, password, query or fragment.
    pub url: Url,
    /// Sent with every request, also the WebSocket's.
    pub headers: Vec<(HeaderName, Secret)>,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<Secret>,
    pub timeout: Timeout,
}

/// How long a job may run at an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timeout {
    /// As at all others.
    #[default]
    General,
    /// `None`: as long as it takes.
    Own(Option<Duration>),
}

impl Timeout {
    /// `general` is what holds where an instance says nothing.
    pub fn or(self, general: Option<Duration>) -> Option<Duration> {
        match self {
            Timeout::General => general,
            Timeout::Own(own) => own,
        }
    }
}

impl Instance {
    pub fn new(id: &str, url: Url) -> Self {
        Instance {
            id: id.to_owned(),
            name: id.to_owned(),
            url,
            headers: Vec::new(),
            token: None,
            timeout: Timeout::General,
        }
    }

    /// Under another id, and name.
    pub fn rename(&mut self, id: &str) -> Result<(), ConfigError> {
        self.id = check_id(id).map_err(ConfigError::Instances)?;
        id.clone_into(&mut self.name);
        Ok(())
    }

    /// As the adapter wants it.
    pub fn options(&self) -> Options {
        let exposed = |(name, value): &(HeaderName, Secret)| (name.to_string(), value.expose().to_owned());
        Options {
            url: self.url.to_string(),
            token: self.token.as_ref().map(|token| token.expose().to_owned()),
            headers: self.headers.iter().map(exposed).collect(),
        }
    }

    /// `host:port` as people know it.
    pub fn place(&self) -> String {
        let port = self.url.port_or_known_default().unwrap_or(80);
        format!("{}:{port}{}", self.url.host_str().unwrap_or_default(), self.url.path().trim_end_matches('/'))
    }
}

impl Default for Instance {
    /// A server on this machine, as `ComfyUI` starts when nothing is said.
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant")]
        Instance::new("default", Url::parse("http://127.0.0.1:8188").expect("a URL"))
    }
}

pub(super) fn parse_url(text: &str) -> Result<Url, String> {
    let hint = "write it as `http://127.0.0.1:8188`";
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&text).map_err(|cause| format!("{text:?} is no address ({cause}): {hint}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{:?} is neither http nor https: {hint}", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a password shows it in logs and lists: use `token`, or `headers` with an \
                    `Authorization`"
            .to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("the address of a server has no `?` or `#`: {hint}"));
    }
    Ok(url)
}

pub(super) fn from_urls(urls: &[String]) -> Result<Vec<Instance>, ConfigError> {
    let single = urls.len() == 1;
    let instance = |(index, text): (usize, &String)| {
        let url = parse_url(text).map_err(|message| ConfigError::Value {
            origin: Origin::Flag("--comfyui"),
            key: "instance.url".to_owned(),
            message,
        })?;
        let id = if single { "default".to_owned() } else { format!("server-{}", index + 1) };
        let mut instance = Instance::new(&id, url);
        if !single {
            instance.name = instance.place();
        }
        Ok(instance)
    };
    urls.iter().enumerate().map(instance).collect()
}

/// `COMFYUI_HOST` and `COMFYUI_PORT` say where one server is: the only one, or that with the id `default`.
pub(super) fn from_environment(loaded: &mut Loaded, environment: &Environment) -> Result<(), ConfigError> {
    let (host, port) = (environment.get("COMFYUI_HOST"), environment.get("COMFYUI_PORT"));
    let Some(name) = host.map(|_| "COMFYUI_HOST").or(port.map(|_| "COMFYUI_PORT")) else { return Ok(()) };
    let instances = &mut loaded.config.instances;
    let single = instances.len() == 1;
    let instance = instances.iter_mut().find(|instance| single || instance.id == "default").ok_or_else(|| {
        ConfigError::Instances(format!(
            "{name} says where one server is, but the configuration has several and none with the id `default`: \
             unset it, or give one of them that id"
        ))
    })?;
    let wrong = |name: &str, message: String| ConfigError::Value {
        origin: Origin::Variable(name.to_owned()),
        key: "instance.url".to_owned(),
        message,
    };
    if let Some(host) = host {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let host_text = if bare.contains(':') { format!("[{bare}]") } else { bare.to_owned() };
        if host.contains('/') || instance.url.set_host(Some(&host_text)).is_err() {
            let hint = "write a name or an address alone, and the port in COMFYUI_PORT";
            return Err(wrong("COMFYUI_HOST", format!("{host:?} is no host: {hint}")));
        }
    }
    if let Some(port) = port {
        let number = port.parse::<u16>().ok().filter(|number| *number > 0);
        let set = number.is_some() && instance.url.set_port(number).is_ok();
        if !set {
            return Err(wrong("COMFYUI_PORT", format!("{port:?} is no port: it is a number from 1 to 65535")));
        }
    }
    loaded.origins.insert("instance".to_owned(), Origin::Variable(name.to_owned()));
    Ok(())
}

pub(super) fn from_tables(
    tables: &[InstanceTable],
    folder: &Path,
    home: Option<&Path>,
    environment: &Environment,
) -> Result<Vec<Instance>, ConfigError> {
    let single = tables.len() == 1;
    let mut ids = HashSet::new();
    let mut instances = Vec::new();
    for table in tables {
        let (instance, named) = from_table(table, folder, home, environment)?;
        if !named && !single {
            return Err(ConfigError::Value {
                origin: table.origin.clone(),
                key: "id".to_owned(),
                message: "with several servers each needs an id of its own".to_owned(),
            });
        }
        if !ids.insert(instance.id.clone()) {
            return Err(ConfigError::Value {
                origin: table.origin.clone(),
                key: "id".to_owned(),
                message: format!("two servers have the id {:?}", instance.id),
            });
        }
        instances.push(instance);
    }
    Ok(instances)
}

/// The instance, and whether it has an id of its own.
fn from_table(
    table: &InstanceTable,
    folder: &Path,
    home: Option<&Path>,
    environment: &Environment,
) -> Result<(Instance, bool), ConfigError> {
    let mut instance = Instance::default();
    let (mut named, mut name) = (false, None);
    for entry in &table.entries {
        let wrong = |message: String| ConfigError::Value {
            origin: entry.origin.clone(),
            key: format!("instance.{}", entry.key),
            message,
        };
        match entry.key.as_str() {
            "id" => {
                instance.id = check_id(&entry.text).map_err(wrong)?;
                named = true;
            }
            "name" => name = Some(entry.text.clone()),
            "url" => instance.url = parse_url(&entry.text).map_err(wrong)?,
            "timeout" => instance.timeout = Timeout::Own(parse_timeout(&entry.text).map_err(wrong)?),
            "token" => instance.token = Some(Secret::new(&entry.text)),
            "token_env" => {
                let value = environment.get(&entry.text);
                instance.token =
                    Some(Secret::new(value.ok_or_else(|| wrong(format!("the variable {} is not set", entry.text)))?));
            }
            "token_file" => {
                let path = resolve(&entry.text, folder, home);
                let text = std::fs::read_to_string(&path)
                    .map_err(|cause| wrong(format!("cannot read {}: {cause}", path.display())))?;
                instance.token = Some(Secret::new(text.trim()));
            }
            _ => instance.headers.push(
                header(entry)
                    .ok_or_else(|| file::unknown(entry.origin.clone(), &entry.key, KEYS.into_iter()))?
                    .map_err(wrong)?,
            ),
        }
    }
    instance.name = name.unwrap_or_else(|| instance.id.clone());
    Ok((instance, named))
}

/// `None` where the entry is no header at all.
fn header(entry: &Entry) -> Option<Result<(HeaderName, Secret), String>> {
    let name = entry.key.strip_prefix("headers.")?;
    let parsed = HeaderName::try_from(name).map_err(|_| format!("{name:?} is no name of a header")).and_then(|name| {
        if OURS.contains(&name.as_str()) || name.as_str().starts_with("sec-websocket") {
            return Err(format!("{name} is set by HTTP itself"));
        }
        HeaderValue::try_from(&entry.text).map_err(|_| "its value cannot stand in a header".to_owned())?;
        Ok((name, Secret::new(&entry.text)))
    });
    Some(parsed)
}

fn check_id(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        return Err(format!("{text:?} is no id: at most 64 of the letters a to z, digits, `-` and `_`"));
    }
    Ok(text.to_owned())
}
