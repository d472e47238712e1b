//! `GET /system_stats` and `GET /features`.

use super::fields::from_tree;
use super::{Answer, NotJson};
use crate::comfy::message::FeatureFlags;

/// The machine a server runs on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SystemStats {
    pub comfyui_version: Option<String>,
    pub python_version: Option<String>,
    pub pytorch_version: Option<String>,
    pub os: Option<String>,
    /// Bytes.
    pub ram_total: Option<u64>,
    /// Bytes.
    pub ram_free: Option<u64>,
    /// The one that computes first.
    pub devices: Vec<Device>,
}

/// A device that computes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Device {
    /// As the server names it: "cpu", or "cuda:0 NAME : allocator".
    pub name: String,
    pub kind: Option<String>,
    pub index: Option<u64>,
    /// Bytes, all of the card.
    pub vram_total: Option<u64>,
    /// Bytes free for anybody.
    pub vram_free: Option<u64>,
    /// Bytes the server's own allocator holds.
    pub torch_vram_total: Option<u64>,
    /// Bytes of those that are free.
    pub torch_vram_free: Option<u64>,
}

/// Reads the answer of `GET /system_stats`.
pub fn system_stats(body: &[u8]) -> Result<Answer<SystemStats>, NotJson> {
    from_tree(body, |fields| {
        let devices = fields.list("devices").iter().map(|device| {
            let mut device = fields.in_value(device);
            Device {
                name: device.text("name").unwrap_or_default(),
                kind: device.text("type"),
                index: device.count("index"),
                vram_total: device.count("vram_total"),
                vram_free: device.count("vram_free"),
                torch_vram_total: device.count("torch_vram_total"),
                torch_vram_free: device.count("torch_vram_free"),
            }
        });
        let devices = devices.collect();
        let mut system = fields.inside("system");
        SystemStats {
            comfyui_version: system.text("comfyui_version"),
            python_version: system.text("python_version"),
            pytorch_version: system.text("pytorch_version"),
            os: system.text("os"),
            ram_total: system.count("ram_total"),
            ram_free: system.count("ram_free"),
            devices,
        }
    })
}

/// Reads the answer of `GET /features`: what the server would say to our feature flags.
pub fn features(body: &[u8]) -> Result<Answer<FeatureFlags>, NotJson> {
    from_tree(body, |fields| {
        let flags = fields.entries().into_iter();
        FeatureFlags(flags.map(|(name, value)| (name.clone(), value.clone())).collect())
    })
}
