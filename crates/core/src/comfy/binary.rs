//! Binary frames of the WebSocket (`ComfyUI` `server.py`, `protocol.py`). All numbers are unsigned 32 bit big endian; the
//! first is the frame's type.

use std::borrow::Cow;

use serde::Deserialize;

use super::field::{Object, optional_text, text};

/// A frame, borrowing what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Type 1. It names no job: it belongs to the job and node of the `progress` right before it on this socket.
    Preview { format: ImageFormat, image: &'a [u8] },
    /// Type 3: a node tells something. Goes to everybody, and without a `prompt_id` belongs to the job running now.
    Text { prompt_id: Option<Cow<'a, str>>, node_id: Cow<'a, str>, text: Cow<'a, str> },
    /// Type 4: a preview that says whose it is.
    PreviewWithMetadata { metadata: PreviewMetadata<'a>, image: &'a [u8] },
    /// Any other type, from an extension; `data` is what follows the type.
    Unknown { kind: u32, data: &'a [u8] },
}

/// What the server says about the format of an image. Trust the bytes more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    Jpeg,
    Png,
    Other(u32),
}

/// The JSON of a type 4 frame.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PreviewMetadata<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub node_id: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "text")]
    pub prompt_id: Cow<'a, str>,
    #[serde(default, borrow, deserialize_with = "optional_text")]
    pub display_node_id: Option<Cow<'a, str>>,
    #[serde(default, borrow, deserialize_with = "optional_text")]
    pub parent_node_id: Option<Cow<'a, str>>,
    #[serde(default, borrow, deserialize_with = "optional_text")]
    pub real_node_id: Option<Cow<'a, str>>,
    /// `image/jpeg` or `image/png`.
    #[serde(default, borrow, deserialize_with = "optional_text")]
    pub image_type: Option<Cow<'a, str>>,
}

/// The layout of text frames, which cannot be told from the frame itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextForm {
    /// `n`, node id, text: every server up to 0.38.
    #[default]
    Plain,
    /// `n`, prompt id, `n`, node id, text: only where the server's feature flags hold
    /// `supports_progress_text_metadata: true`.
    WithPrompt,
}

/// Why a frame was dropped. To be counted; the connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Dropped {
    #[error("the frame ends inside its header")]
    Truncated,
    #[error("a length in the frame reaches past its end")]
    LengthPastEnd,
    #[error("the preview's metadata is not the JSON it should be")]
    BadMetadata,
}

/// Reads one binary frame. Ids and texts that are no UTF-8 are read with U+FFFD in the wrong places.
pub fn parse(frame: &[u8], form: TextForm) -> Result<Frame<'_>, Dropped> {
    let (kind, rest) = number(frame)?;
    match kind {
        1 => {
            let (format, image) = number(rest)?;
            let format = match format {
                1 => ImageFormat::Jpeg,
                2 => ImageFormat::Png,
                other => ImageFormat::Other(other),
            };
            Ok(Frame::Preview { format, image })
        }
        3 => {
            let (prompt_id, rest) = match form {
                TextForm::Plain => (None, rest),
                TextForm::WithPrompt => counted(rest).map(|(id, rest)| (Some(String::from_utf8_lossy(id)), rest))?,
            };
            let (node_id, text) = counted(rest)?;
            let [node_id, text] = [node_id, text].map(String::from_utf8_lossy);
            Ok(Frame::Text { prompt_id, node_id, text })
        }
        4 => {
            let (metadata, image) = counted(rest)?;
            let Object(metadata) = serde_json::from_slice(metadata).map_err(|_| Dropped::BadMetadata)?;
            Ok(Frame::PreviewWithMetadata { metadata, image })
        }
        kind => Ok(Frame::Unknown { kind, data: rest }),
    }
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), Dropped> {
    let (number, rest) = bytes.split_first_chunk().ok_or(Dropped::Truncated)?;
    Ok((u32::from_be_bytes(*number), rest))
}

/// A length and that many bytes.
fn counted(bytes: &[u8]) -> Result<(&[u8], &[u8]), Dropped> {
    let (length, rest) = number(bytes)?;
    usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length)).ok_or(Dropped::LengthPastEnd)
}
