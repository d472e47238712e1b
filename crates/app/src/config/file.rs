//! Reads `comfyui-monitor.toml` into flat entries that know their line.

use super::{ConfigError, Origin, nearest, retry};
use monitor_core::retry::Policies;
use serde::Deserialize as _;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

pub(super) struct File {
    pub(super) entries: Vec<Entry>,
    pub(super) instances: Vec<InstanceTable>,
    /// What `[retry]` says besides settings.
    pub(super) policies: Option<(Policies, Origin)>,
}

pub(super) struct Entry {
    pub(super) key: String,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// One `[[instance]]`.
pub(super) struct InstanceTable {
    pub(super) origin: Origin,
    pub(super) entries: Vec<Entry>,
}

pub(super) fn unknown<'a>(origin: Origin, key: &str, keys: impl Iterator<Item = &'a str>) -> ConfigError {
    ConfigError::UnknownKey { origin, key: key.to_owned(), hint: nearest::hint(key, keys) }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

pub(super) fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
    let reader = Reader { path, text };
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        origin: reader.origin(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let mut file = File { entries: Vec::new(), instances: Vec::new(), policies: None };
    for (key, value) in table.get_ref() {
        let origin = reader.origin(key.span().start);
        if key.get_ref() == "instance" {
            let tables = value.get_ref().as_array().ok_or_else(|| ConfigError::Value {
                origin,
                key: "instance".to_owned(),
                message: "write it as `[[instance]]`, with two brackets, once for each server".to_owned(),
            })?;
            for table in tables {
                let mut entries = Vec::new();
                reader.flatten("", table.get_ref(), &reader.origin(table.span().start), &mut entries)?;
                file.instances.push(InstanceTable { origin: reader.origin(table.span().start), entries });
            }
        } else if let ("retry", DeValue::Table(table)) = (key.get_ref().as_ref(), value.get_ref()) {
            reader.retry(table, value.span(), &mut file)?;
        } else {
            reader.flatten(key.get_ref(), value.get_ref(), &origin, &mut file.entries)?;
        }
    }
    Ok(file)
}

impl Reader<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let line = self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        Origin::File { path: self.path.to_owned(), line }
    }

    /// Policies are a table of their own kind; beside them are settings like all others.
    fn retry(&self, table: &DeTable<'_>, span: std::ops::Range<usize>, file: &mut File) -> Result<(), ConfigError> {
        let mut policies = DeTable::new();
        for (name, value) in table {
            if retry::IN_POLICIES.contains(&name.get_ref().as_ref()) {
                policies.insert(name.clone(), value.clone());
            } else {
                let origin = self.origin(name.span().start);
                self.flatten(&format!("retry.{}", name.get_ref()), value.get_ref(), &origin, &mut file.entries)?;
            }
        }
        let Some(first) = policies.keys().map(|name| name.span().start).min() else { return Ok(()) };
        let read = Policies::deserialize(Deserializer::from(Spanned::new(span, policies)));
        let read = read.map_err(|error| ConfigError::Value {
            origin: self.origin(error.span().map_or(first, |span| span.start)),
            key: "retry".to_owned(),
            message: error.message().to_owned(),
        })?;
        file.policies = Some((read, self.origin(first)));
        Ok(())
    }

    fn flatten(
        &self,
        key: &str,
        value: &DeValue<'_>,
        origin: &Origin,
        entries: &mut Vec<Entry>,
    ) -> Result<(), ConfigError> {
        let text = match value {
            DeValue::Table(table) => {
                for (name, value) in table {
                    let key =
                        if key.is_empty() { name.get_ref().to_string() } else { format!("{key}.{}", name.get_ref()) };
                    self.flatten(&key, value.get_ref(), &self.origin(name.span().start), entries)?;
                }
                if table.is_empty() && !key.is_empty() {
                    entries.push(Entry { key: key.to_owned(), text: String::new(), origin: origin.clone() });
                }
                return Ok(());
            }
            DeValue::Array(items) => {
                let texts: Option<Vec<_>> = items.iter().map(|item| item.get_ref().as_str()).collect();
                texts.map(|texts| texts.join(","))
            }
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n.to_string())
            }
            DeValue::Boolean(value) => Some(value.to_string()),
            DeValue::Float(_) | DeValue::Datetime(_) => None,
        };
        let text = text.ok_or_else(|| ConfigError::Value {
            origin: origin.clone(),
            key: key.to_owned(),
            message: "neither a text, a whole number nor a list of texts".to_owned(),
        })?;
        entries.push(Entry { key: key.to_owned(), text, origin: origin.clone() });
        Ok(())
    }
}
