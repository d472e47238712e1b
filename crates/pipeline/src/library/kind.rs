//! What kind of output a file is.

use monitor_core::generation::OutputKind;

/// Until the bytes are here, the name is all there is to go by.
pub(super) fn kind_by_name(filename: &str, format: Option<&str>) -> OutputKind {
    if let Some(format) = format.filter(|format| format.contains('/')) {
        return kind_by_content(format, OutputKind::File);
    }
    let extension = filename.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref().unwrap_or_default() {
        "png" | "jpg" | "jpeg" | "webp" | "gif" | "avif" | "bmp" | "tif" | "tiff" | "svg" | "exr" => OutputKind::Image,
        "mp4" | "webm" | "mkv" | "mov" | "avi" | "m4v" => OutputKind::Video,
        "flac" | "mp3" | "opus" | "ogg" | "wav" | "m4a" | "aac" => OutputKind::Audio,
        "txt" | "md" | "json" | "srt" | "csv" => OutputKind::Text,
        "glb" | "gltf" | "obj" | "stl" | "ply" | "fbx" | "usdz" | "splat" | "spz" | "ksplat" => OutputKind::Model3d,
        _ => OutputKind::File,
    }
}

/// The bytes' own type decides; where it says little, what was thought before stands.
pub(super) fn kind_by_content(content_type: &str, before: OutputKind) -> OutputKind {
    match content_type.split('/').next().unwrap_or_default() {
        "image" => OutputKind::Image,
        "video" => OutputKind::Video,
        "audio" => OutputKind::Audio,
        "model" => OutputKind::Model3d,
        "text" if before != OutputKind::Model3d => OutputKind::Text,
        _ => before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_guessed_from_the_name_and_corrected_by_the_bytes() {
        assert_eq!(kind_by_name("a.PNG", None), OutputKind::Image);
        assert_eq!(kind_by_name("a.mp4", None), OutputKind::Video);
        assert_eq!(kind_by_name("a.bin", Some("video/h264-mp4")), OutputKind::Video);
        assert_eq!(kind_by_name("no-extension", None), OutputKind::File);
        assert_eq!(kind_by_content("video/mp4", OutputKind::Image), OutputKind::Video);
        assert_eq!(kind_by_content("application/octet-stream", OutputKind::Model3d), OutputKind::Model3d);
    }
}
