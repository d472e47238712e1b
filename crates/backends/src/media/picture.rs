//! Size and thumbnail of an image, within bounds: a small file may claim to be, or unpack to, a huge picture.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::{BufRead, Cursor, Seek};

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 320;
/// Larger pictures get no thumbnail.
const MAX_PIXELS: u64 = 64_000_000;
/// What a decoder may allocate: four bytes for each of those pixels.
const MAX_BYTES: u64 = 4 * MAX_PIXELS;
const JPEG_QUALITY: u8 = 80;

pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    /// JPEG, or WEBP where it is transparent. `None`: it is broken or too large.
    pub(super) thumbnail: Option<Vec<u8>>,
}

/// Whether [`look`] can tell anything of it.
pub(super) fn is_readable(content_type: &str) -> bool {
    format(content_type).is_some()
}

fn format(content_type: &str) -> Option<ImageFormat> {
    let format = ImageFormat::from_mime_type(content_type)?;
    format.reading_enabled().then_some(format)
}

/// `None` when not even its size can be read. Takes up to a second and 256 MB: not for an async thread, and one at a
/// time.
pub(super) fn look(source: impl BufRead + Seek, content_type: &str) -> Option<Picture> {
    let mut reader = ImageReader::with_format(source, format(content_type)?);
    reader.limits(limits());
    let decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    Some(Picture { width, height, thumbnail: thumbnail(decoder) })
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    limits
}

fn thumbnail(mut decoder: impl ImageDecoder) -> Option<Vec<u8>> {
    let (width, height) = decoder.dimensions();
    // Before anything is decoded: not every decoder keeps to the limits it is given.
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_BYTES {
        return None;
    }
    decoder.set_limits(limits()).ok()?;
    let image = DynamicImage::from_decoder(decoder).ok()?;
    let small = if width.max(height) > THUMBNAIL { image.thumbnail(THUMBNAIL, THUMBNAIL) } else { image };
    encoded(&small).ok()
}

fn encoded(image: &DynamicImage) -> image::ImageResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let pixels = image.to_rgba8();
    if pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX) {
        image.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
    } else {
        pixels.write_with_encoder(WebPEncoder::new_lossless(&mut bytes))?;
    }
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_thumbnail_keeps_the_shape_and_is_at_most_320_pixels_wide_and_high() {
        let picture = look(Cursor::new(png(RgbImage::from_pixel(640, 320, Rgb([200, 10, 10])))), "image/png").unwrap();
        assert_eq!((picture.width, picture.height), (640, 320));
        let bytes = picture.thumbnail.unwrap();
        assert_eq!(image::guess_format(&bytes).unwrap(), ImageFormat::Jpeg);
        let thumbnail = image::load_from_memory(&bytes).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (320, 160));
        let middle = thumbnail.to_rgb8().get_pixel(160, 80).0;
        assert!(middle[0] > 180 && middle[1] < 40, "{middle:?}");
    }

    #[test]
    fn a_transparent_picture_has_a_transparent_thumbnail() {
        let picture = look(Cursor::new(png(RgbaImage::from_pixel(8, 8, Rgba([0, 0, 255, 100])))), "image/png").unwrap();
        let bytes = picture.thumbnail.unwrap();
        assert_eq!(image::guess_format(&bytes).unwrap(), ImageFormat::WebP);
        let thumbnail = image::load_from_memory(&bytes).unwrap().to_rgba8();
        assert_eq!((thumbnail.width(), thumbnail.height(), thumbnail.get_pixel(0, 0).0[3]), (8, 8, 100));
    }

    #[test]
    fn a_broken_picture_has_a_size_and_no_thumbnail() {
        let noise = RgbImage::from_fn(64, 64, |x, y| Rgb([(x * 7 + y * 13) as u8, (x * y) as u8, (x ^ y) as u8]));
        let mut bytes = png(noise);
        bytes.truncate(bytes.len() / 2);
        let picture = look(Cursor::new(bytes), "image/png").unwrap();
        assert_eq!((picture.width, picture.height), (64, 64));
        assert!(picture.thumbnail.is_none());
    }

    #[test]
    fn what_only_pretends_to_be_a_picture_has_nothing() {
        assert!(look(Cursor::new(b"\x89PNG\r\n\x1a\n but no more"), "image/png").is_none());
        assert!(look(Cursor::new(b"<svg/>"), "image/svg+xml").is_none());
    }

    #[test]
    fn a_picture_that_unpacks_to_too_much_is_not_unpacked() {
        // A GIF of one pixel that says of itself to be 12,000 x 12,000 (width and height, bytes 6 to 9).
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        encoder.encode(&[0; 4], 1, 1, image::ExtendedColorType::Rgba8).unwrap();
        drop(encoder);
        bytes[6..10].copy_from_slice(&[0xe0, 0x2e, 0xe0, 0x2e]);
        let picture = look(Cursor::new(bytes), "image/gif").unwrap();
        assert_eq!((picture.width, picture.height), (12_000, 12_000));
        assert!(picture.thumbnail.is_none());
    }
}
