//! What the template tells its functions, by environment variables.

use crate::config::{Log, LogFormat, Retention, Secret};
use anyhow::Context as _;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Which function this is: `init`, `job-start`, ...
    pub(crate) handler: String,
    pub(crate) table: String,
    pub(crate) bucket: String,
    pub(crate) websocket_api_endpoint: String,
    pub(crate) queue_prefix: String,
    /// Who calls must know it; `None` only where the deployment is public on purpose.
    pub(crate) token: Option<Secret>,
    /// Pages that may use the API, as browsers write origins.
    pub(crate) origins: Vec<String>,
    pub(crate) retention: Retention,
    pub(crate) log: Log,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &str) -> anyhow::Result<String> {
    variable(name).with_context(|| format!("{name} is not set: the template sets it for each function"))
}

fn retention() -> anyhow::Result<Retention> {
    let mut retention = Retention::default();
    let told = |name: &str, error: String| anyhow::anyhow!("{name}: {error}");
    if let Some(age) = variable("RETENTION_MAX_AGE") {
        retention.max_age = Retention::read_age(&age).map_err(|error| told("RETENTION_MAX_AGE", error))?;
    }
    if let Some(count) = variable("RETENTION_MAX_COUNT") {
        retention.max_count = Retention::read_count(&count).map_err(|error| told("RETENTION_MAX_COUNT", error))?;
    }
    Ok(retention)
}

impl Settings {
    pub(crate) fn of_environment() -> anyhow::Result<Settings> {
        let token = variable("API_TOKEN").map(|token| Secret::new(&token));
        if token.is_none() && variable("PUBLIC").as_deref() != Some("true") {
            anyhow::bail!(
                "there is no API_TOKEN, and everybody on the internet could use your ComfyUI: deploy with a token, or \
                 with PUBLIC=true if that is meant"
            );
        }
        let origins = variable("ALLOWED_ORIGINS").unwrap_or_default();
        Ok(Settings {
            handler: required("HANDLER")?,
            table: required("TABLE_NAME")?,
            bucket: required("BUCKET_NAME")?,
            websocket_api_endpoint: required("WEBSOCKET_API_ENDPOINT")?,
            queue_prefix: variable("COMMAND_QUEUE_PREFIX")
                .unwrap_or_else(|| monitor_backends::commands::sqs::PREFIX.to_owned()),
            token,
            origins: origins.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(str::to_owned).collect(),
            retention: retention()?,
            log: Log { level: variable("RUST_LOG").unwrap_or_else(|| "warn".to_owned()), format: LogFormat::Json },
        })
    }
}
