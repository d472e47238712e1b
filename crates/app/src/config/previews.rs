//! `[previews]`: pictures of what samplers are at.

use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previews {
    /// Without, none are asked for, and none are passed on.
    pub enabled: bool,
    pub method: PreviewMethod,
}

impl Default for Previews {
    fn default() -> Previews {
        Previews { enabled: true, method: PreviewMethod::Auto }
    }
}

impl Previews {
    /// `extra_data.preview_method` of the jobs we send; `None`: left out. `ComfyUI` reads it since 0.5.0; older ones, and
    /// those that do not know the method, leave it unread and go by how they were started.
    pub fn asked(&self) -> Option<&'static str> {
        let asks = self.enabled && self.method != PreviewMethod::Default;
        asks.then_some(self.method.as_str())
    }
}

/// How `ComfyUI` draws them (`latent_preview.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviewMethod {
    Auto,
    Latent2Rgb,
    Taesd,
    None,
    /// As the server was started, with `--preview-method`.
    Default,
}

impl PreviewMethod {
    const ALL: [PreviewMethod; 5] = [Self::Auto, Self::Latent2Rgb, Self::Taesd, Self::None, Self::Default];

    pub fn as_str(self) -> &'static str {
        match self {
            PreviewMethod::Auto => "auto",
            PreviewMethod::Latent2Rgb => "latent2rgb",
            PreviewMethod::Taesd => "taesd",
            PreviewMethod::None => "none",
            PreviewMethod::Default => "default",
        }
    }
}

impl FromStr for PreviewMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<PreviewMethod, String> {
        let known = Self::ALL.into_iter().find(|method| method.as_str() == text);
        known.ok_or_else(|| {
            format!("{text:?} is no preview method: it is `auto`, `latent2rgb`, `taesd`, `none` or `default`")
        })
    }
}
