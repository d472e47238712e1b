//! Files that hold the texts inside JSON of their own: GLB, SVG, safetensors.

use serde_json::Value;

use super::{Texts, parse};

/// The first chunk is the scene in JSON; the texts are JSON inside its `asset.extras`.
pub(super) fn glb(bytes: &[u8]) -> Texts {
    let chunk = || {
        let (length, rest) = bytes.get(12..)?.split_first_chunk::<4>()?;
        rest.strip_prefix(b"JSON")?.get(..u32::from_le_bytes(*length) as usize)
    };
    from_json(chunk(), "/asset/extras")
}

/// The header: its length, then JSON with the texts in `__metadata__`.
pub(super) fn safetensors(bytes: &[u8]) -> Texts {
    let header = || {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)
    };
    from_json(header(), "/__metadata__")
}

/// Whether the file may be safetensors, which begins with a length and no magic number.
pub(super) fn is_safetensors(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk::<8>().map(|length| u64::from_le_bytes(*length));
    bytes.get(8) == Some(&b'{') && length.is_some_and(|length| length < 1 << 32)
}

/// An object in `CDATA` inside `<metadata>`.
pub(super) fn svg(text: &str) -> Texts {
    let data = || {
        let (_, inside) = text.split_once("<metadata>")?;
        let (inside, _) = inside.split_once("</metadata>")?;
        Some(inside.trim().strip_prefix("<![CDATA[")?.strip_suffix("]]>")?.trim().as_bytes())
    };
    let mut texts = data().map(|data| from_json(Some(data), "")).unwrap_or_default();
    texts.cut = !text.contains("</svg>");
    texts
}

/// The texts in the object at `pointer`; no JSON means that the file was cut.
fn from_json(json: Option<&[u8]>, pointer: &str) -> Texts {
    let mut texts = Texts { cut: json.is_none(), ..Texts::default() };
    let value = json.and_then(|json| std::str::from_utf8(json).ok()).and_then(|json| parse(json).ok());
    for key in ["prompt", "workflow"] {
        let Some(found) = value.as_ref().and_then(|value| value.pointer(pointer)).and_then(|it| it.get(key)) else {
            continue;
        };
        if let Some(place) = texts.place(key.as_bytes()) {
            *place = Some(match found {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
        }
    }
    texts
}
