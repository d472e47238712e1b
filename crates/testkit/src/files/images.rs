use std::io::Cursor;
use std::sync::OnceLock;

use flate2::Crc;
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType, Frame, ImageEncoder as _, ImageResult, RgbImage};

use crate::play::ImageKind;

/// A picture no other seed gives: two gradients and a grid, all from the seed.
fn draw(seed: u64, width: u32, height: u32) -> RgbImage {
    let [red, green, blue, step, shift, ..] = seed.to_le_bytes();
    let cell = u32::from(step % 48) + 16;
    RgbImage::from_fn(width, height, |x, y| {
        let across = (x * 255 / width) as u8;
        let down = (y * 255 / height) as u8;
        let line = if (x + u32::from(shift)).is_multiple_of(cell) || y.is_multiple_of(cell) { 40 } else { 0 };
        image::Rgb([
            (red ^ across).saturating_sub(line),
            (green ^ down).saturating_sub(line),
            blue.wrapping_add(across / 2),
        ])
    })
}

fn sized(seed: u64) -> RgbImage {
    let side = |bits: u64| 192 + 64 * (bits % 4) as u32;
    draw(seed, side(seed >> 40), side(seed >> 48))
}

/// Encoders write into memory, where nothing can fail; a picture that could not be encoded would be empty.
fn encoded(encode: impl FnOnce(&mut Cursor<Vec<u8>>) -> ImageResult<()>) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    if let Err(error) = encode(&mut out) {
        tracing::error!(%error, "a picture was not encoded");
    }
    out.into_inner()
}

fn encode_png(image: &RgbImage) -> Vec<u8> {
    encoded(|out| PngEncoder::new(out).write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8))
}

fn encode_jpeg(image: &RgbImage, quality: u8) -> Vec<u8> {
    encoded(|out| JpegEncoder::new_with_quality(out, quality).encode_image(image))
}

fn encode_webp(image: &RgbImage) -> Vec<u8> {
    encoded(|out| WebPEncoder::new_lossless(out).encode(image, image.width(), image.height(), ExtendedColorType::Rgb8))
}

/// As many different previews there are; each is drawn once, since a sampler sends one per step.
const PREVIEWS: usize = 8;

pub(super) fn preview(seed: u64, kind: ImageKind) -> &'static [u8] {
    static JPEGS: [OnceLock<Vec<u8>>; PREVIEWS] = [const { OnceLock::new() }; PREVIEWS];
    static PNGS: [OnceLock<Vec<u8>>; PREVIEWS] = [const { OnceLock::new() }; PREVIEWS];
    let number = (seed % PREVIEWS as u64) as usize;
    let image = || draw(number as u64 * 0x0807_0605_0403_0201, 512, 512);
    match kind {
        // Below the length of every recorded preview, so that padding makes it exact.
        ImageKind::Jpeg => JPEGS[number].get_or_init(|| encode_jpeg(&image(), 40)),
        ImageKind::Png => PNGS[number].get_or_init(|| encode_png(&image())),
    }
}

pub(super) fn png(seed: u64, prompt: Option<&str>) -> Vec<u8> {
    let mut png = encode_png(&sized(seed));
    if let Some(prompt) = prompt {
        // After the signature (8 bytes) and IHDR (25), before the image data, as ComfyUI writes it.
        let text = png_chunk(*b"tEXt", &[b"prompt\0", ascii(prompt).as_bytes()].concat());
        png.splice(33..33, text);
    }
    png
}

fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind, data].concat();
    let mut crc = Crc::new();
    crc.update(&body);
    [&(data.len() as u32).to_be_bytes(), body.as_slice(), &crc.sum().to_be_bytes()].concat()
}

/// JSON in a file is ASCII with `\u` escapes.
pub(super) fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            let mut units = [0; 2];
            out.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

pub(super) fn jpeg(seed: u64) -> Vec<u8> {
    encode_jpeg(&sized(seed), 80)
}

pub(super) fn gif(seed: u64) -> Vec<u8> {
    encoded(|out| {
        let frames =
            (0..3).map(|turn| Frame::new(DynamicImage::ImageRgb8(draw(seed.wrapping_add(turn), 64, 64)).into_rgba8()));
        GifEncoder::new(out).encode_frames(frames)
    })
}

pub(super) fn webp(seed: u64, prompt: Option<&str>) -> Vec<u8> {
    let image = sized(seed);
    let pixels = webp_pixels(&image);
    match prompt {
        Some(prompt) => riff(&[vp8x(0x08, &image), chunk(*b"VP8L", &pixels), chunk(*b"EXIF", &exif(prompt))]),
        None => riff(&[chunk(*b"VP8L", &pixels)]),
    }
}

/// Three frames of 200 ms, played for ever.
pub(super) fn moving_webp(seed: u64, prompt: Option<&str>) -> Vec<u8> {
    let frames: Vec<_> = (0..3).map(|turn| draw(seed.wrapping_add(turn), 128, 128)).collect();
    let flags = if prompt.is_some() { 0x0a } else { 0x02 };
    let mut chunks: Vec<_> = frames.first().map(|first| vp8x(flags, first)).into_iter().collect();
    chunks.push(chunk(*b"ANIM", &[0; 6]));
    for frame in &frames {
        let mut header = vec![0; 6];
        header.extend(size24(frame));
        header.extend([200, 0, 0, 0]);
        chunks.push(chunk(*b"ANMF", &[header, chunk(*b"VP8L", &webp_pixels(frame))].concat()));
    }
    chunks.extend(prompt.map(|prompt| chunk(*b"EXIF", &exif(prompt))));
    riff(&chunks)
}

/// The compressed picture out of a still WEBP: RIFF header (12 bytes), then one `VP8L` chunk.
fn webp_pixels(image: &RgbImage) -> Vec<u8> {
    let file = encode_webp(image);
    let len = file.get(16..20).map_or(0, |len| len.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)));
    file.get(20..20 + len).unwrap_or_default().to_vec()
}

fn size24(image: &RgbImage) -> Vec<u8> {
    let side = |pixels: u32| (pixels - 1).to_le_bytes().into_iter().take(3);
    side(image.width()).chain(side(image.height())).collect()
}

fn vp8x(flags: u8, image: &RgbImage) -> Vec<u8> {
    chunk(*b"VP8X", &[vec![flags, 0, 0, 0], size24(image)].concat())
}

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = [&kind, (data.len() as u32).to_le_bytes().as_slice(), data].concat();
    out.extend((data.len() % 2 == 1).then_some(0));
    out
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(*b"RIFF", &[b"WEBP".to_vec(), chunks.concat()].concat())
}

/// A TIFF with one entry: Model, `prompt:` and the JSON (section 8).
fn exif(prompt: &str) -> Vec<u8> {
    let text = format!("prompt:{}\0", ascii(prompt));
    let mut tiff = b"II\x2a\0\x08\0\0\0\x01\0\x10\x01\x02\0".to_vec();
    tiff.extend((text.len() as u32).to_le_bytes());
    tiff.extend(26_u32.to_le_bytes());
    tiff.extend([0; 4]);
    tiff.extend(text.into_bytes());
    tiff
}

/// An `OpenEXR` of 16 by 1 pixels in one channel, not compressed.
pub(super) fn exr(seed: u64, prompt: Option<&str>) -> Vec<u8> {
    let window = [0_i32, 0, 15, 0].map(i32::to_le_bytes).concat();
    let mut channel = b"Y\0".to_vec();
    channel.extend([1_u32, 0, 1, 1].map(u32::to_le_bytes).concat());
    channel.push(0);
    let mut attributes: Vec<(&str, &str, Vec<u8>)> = vec![
        ("channels", "chlist", channel),
        ("compression", "compression", vec![0]),
        ("dataWindow", "box2i", window.clone()),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", vec![0]),
        ("pixelAspectRatio", "float", 1_f32.to_le_bytes().to_vec()),
        ("screenWindowCenter", "v2f", vec![0; 8]),
        ("screenWindowWidth", "float", 1_f32.to_le_bytes().to_vec()),
    ];
    attributes.extend(prompt.map(|prompt| ("prompt", "string", ascii(prompt).into_bytes())));
    let mut out = vec![0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0];
    for (name, kind, value) in attributes {
        out.extend(
            [name.as_bytes(), b"\0", kind.as_bytes(), b"\0", &(value.len() as u32).to_le_bytes(), &value].concat(),
        );
    }
    out.push(0);
    out.extend((out.len() as u64 + 8).to_le_bytes());
    out.extend([0_u32, 32].map(u32::to_le_bytes).concat());
    // Half floats between 0.5 and 1: exponent 14, the seed in the mantissa.
    out.extend((0..16).flat_map(|at| (0x3800_u16 | ((seed >> at) & 0x3ff) as u16).to_le_bytes()));
    out
}

/// What `/view?preview=webp;80` and `&channel=` make of an image: the same picture, encoded anew.
pub(crate) fn recoded(file: &[u8], extension: &str, channel: Option<&str>) -> Option<Vec<u8>> {
    let image = image::load_from_memory(file).ok()?;
    let image = match channel {
        // The pictures here are opaque, and ComfyUI answers with a white mask then.
        Some("a") => RgbImage::from_pixel(image.width(), image.height(), image::Rgb([255; 3])),
        _ => image.into_rgb8(),
    };
    Some(match extension {
        "webp" => encode_webp(&image),
        "jpeg" => encode_jpeg(&image, 80),
        _ => encode_png(&image),
    })
}
