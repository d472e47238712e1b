//! Values as they are written in files, variables and flags.

use super::quantity;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A value as it was written, wherever.
pub struct Given<'a> {
    pub text: &'a str,
    /// What a relative path is relative to: the folder of the file it stands in.
    pub folder: &'a Path,
    pub home: Option<&'a Path>,
}

impl Given<'_> {
    pub(super) fn path(&self) -> PathBuf {
        resolve(self.text, self.folder, self.home)
    }
}

/// `None` for the word `none`.
pub(super) fn unless_none<T>(text: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text == "none" { Ok(None) } else { parse(text).map(Some) }
}

pub(super) fn resolve(text: &str, folder: &Path, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => folder.join(text),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("{text:?} is neither `true` nor `false`"))
}

pub(super) fn count(text: &str, least: u64) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number >= least => Ok(number),
        _ => Err(format!("{text:?} is not a whole number from {least}")),
    }
}

pub(super) fn small_count(text: &str) -> Result<u32, String> {
    count(text, 1)?.try_into().map_err(|_| format!("{text:?} is too large"))
}

/// At least a second: a job that may not even begin is a mistake.
pub(super) fn parse_timeout(text: &str) -> Result<Option<Duration>, String> {
    if text == "none" {
        return Ok(None);
    }
    let limit = quantity::parse_duration(text)?;
    if limit < Duration::from_secs(1) {
        return Err(format!("{text:?} is less than a second: no job ends in that; \"none\" is no limit"));
    }
    Ok(Some(limit))
}

pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
