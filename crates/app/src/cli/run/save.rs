//! Saves outputs under names that cannot leave the folder.

use crate::client::{ClientError, Monitor};
use futures::{StreamExt as _, pin_mut};
use monitor_core::generation::{Output, OutputStatus};
use std::path::{Path, PathBuf};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt as _;

#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    #[error("cannot write {}: {cause}", path.display())]
    Io { path: PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Saves the results, not the previews, and returns where. What is there already stays as it is.
pub(super) async fn save(monitor: &Monitor, outputs: &[Output], folder: &Path) -> Result<Vec<PathBuf>, SaveError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| SaveError::Io { path, cause }
    };
    tokio::fs::create_dir_all(folder).await.map_err(failed(folder))?;
    let mut saved = Vec::new();
    for output in outputs.iter().filter(|output| !output.preview && output.status == OutputStatus::Stored) {
        if output.url.is_none() && output.text.is_none() {
            continue;
        }
        let (mut file, path) = create(folder, &name(output)).await.map_err(failed(folder))?;
        match (&output.url, &output.text) {
            (Some(url), _) => {
                let bytes = monitor.media(url).await?;
                pin_mut!(bytes);
                while let Some(chunk) = bytes.next().await {
                    file.write_all(&chunk?).await.map_err(failed(&path))?;
                }
            }
            (None, Some(text)) => file.write_all(text.as_bytes()).await.map_err(failed(&path))?,
            (None, None) => {}
        }
        file.flush().await.map_err(failed(&path))?;
        saved.push(path);
    }
    Ok(saved)
}

/// A new file with this name, or with a number where it is taken.
async fn create(folder: &Path, name: &str) -> std::io::Result<(File, PathBuf)> {
    let (stem, extension) =
        name.rsplit_once('.').map_or((name, String::new()), |(stem, ext)| (stem, format!(".{ext}")));
    for number in 1..10_000 {
        let name = if number == 1 { name.to_owned() } else { format!("{stem} ({number}){extension}") };
        let path = folder.join(name);
        // Never an existing file, nor one behind a link.
        match OpenOptions::new().write(true).create_new(true).open(&path).await {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other(format!("there are too many files named {name}")))
}

fn name(output: &Output) -> String {
    let given = output.original_filename.as_deref().map(safe_name).filter(|name| !name.is_empty());
    given.unwrap_or_else(|| {
        let extension = match output.content_type.as_deref() {
            Some("image/png") => "png",
            Some("image/jpeg") => "jpg",
            Some("image/webp") => "webp",
            _ if output.text.is_some() => "txt",
            _ => "bin",
        };
        format!("{}.{extension}", safe_name(&format!("node-{}", output.node_id)))
    })
}

/// One component of a path that every system takes, and no terminal obeys.
fn safe_name(name: &str) -> String {
    const LONGEST: usize = 120;
    const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().map(|c| if c.is_control() || "<>:\"|?*".contains(c) { '_' } else { c }).collect();
    let clean = clean.trim_start_matches('.').trim_end_matches(['.', ' ']).trim_start();
    let (stem, extension) = clean.rsplit_once('.').unwrap_or((clean, ""));
    let lower = stem.to_ascii_lowercase();
    let is_port = (lower.starts_with("com") || lower.starts_with("lpt")) && lower.len() == 4;
    let stem = if RESERVED.contains(&lower.as_str()) || is_port { format!("_{stem}") } else { stem.to_owned() };
    let extension: String = extension.chars().take(16).collect();
    let mut cut = String::new();
    for c in stem.chars() {
        if cut.len() + c.len_utf8() > LONGEST {
            break;
        }
        cut.push(c);
    }
    if extension.is_empty() { cut } else { format!("{cut}.{extension}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_server_is_one_harmless_component() {
        for (name, safe) in [
            ("dusk ü.png", "dusk ü.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\evil.exe", "evil.exe"),
            (".bashrc", "bashrc"),
            ("..", ""),
            ("a\u{1b}[2J:b?.png", "a_[2J_b_.png"),
            ("CON.png", "_CON.png"),
            ("lpt1", "_lpt1"),
            ("end. .", "end"),
        ] {
            assert_eq!(safe_name(name), safe, "{name}");
        }
        assert!(safe_name(&format!("{}.png", "ü".repeat(500))).len() <= 124);
    }

    #[tokio::test]
    async fn a_file_that_is_there_stays_and_the_new_one_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), "old").unwrap();
        let (_, path) = create(folder.path(), "a.png").await.unwrap();
        assert_eq!(path.file_name().unwrap(), "a (2).png");
        assert_eq!(std::fs::read_to_string(folder.path().join("a.png")).unwrap(), "old");
    }
}
