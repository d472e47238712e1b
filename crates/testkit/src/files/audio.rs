use super::images::ascii;

const RATE: u32 = 8_000;

/// Half a second of a tone, 16 bit mono.
pub(super) fn wav(seed: u64) -> Vec<u8> {
    let pitch = 220 + (seed % 660) as u32;
    let samples: Vec<u8> = (0..RATE / 2)
        .flat_map(|at| {
            let phase = at * pitch % RATE;
            // A triangle: exact everywhere, as a sine would not be.
            let height = if phase < RATE / 2 { phase } else { RATE - phase };
            ((i64::from(height * 4) - i64::from(RATE)) as i16).to_le_bytes()
        })
        .collect();
    let mut out = b"RIFF".to_vec();
    out.extend((36 + samples.len() as u32).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend([RATE, RATE * 2].map(u32::to_le_bytes).concat());
    out.extend(b"\x02\0\x10\0data");
    out.extend((samples.len() as u32).to_le_bytes());
    out.extend(samples);
    out
}

/// Stream information and tags of a stream without samples.
pub(super) fn flac(seed: u64, prompt: Option<&str>) -> Vec<u8> {
    let mut out = b"fLaC\0\0\0\x22".to_vec();
    out.extend([0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0]);
    // 44,100 Hz, two channels, 16 bit, no samples.
    out.extend([0x0a, 0xc4, 0x42, 0xf0, 0, 0, 0, 0]);
    out.extend([seed.to_be_bytes(), seed.rotate_left(17).to_be_bytes()].concat());
    let tags = vorbis_comments(prompt);
    out.push(0x84);
    out.extend((tags.len() as u32).to_be_bytes().into_iter().skip(1));
    out.extend(tags);
    out
}

fn vorbis_comments(prompt: Option<&str>) -> Vec<u8> {
    let counted = |text: &str| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let comments: Vec<_> = prompt.map(|prompt| counted(&format!("prompt={}", ascii(prompt)))).into_iter().collect();
    [counted("fake ComfyUI"), (comments.len() as u32).to_le_bytes().to_vec(), comments.concat()].concat()
}

/// An ID3v2.4 tag and half a second of silence: frames of MPEG 1 layer 3, 128 kbit/s, 44.1 kHz.
pub(super) fn mp3(name: &str, prompt: Option<&str>) -> Vec<u8> {
    let frame = |id: &[u8; 4], text: Vec<u8>| [id.as_slice(), &syncsafe(text.len() + 1), &[0, 0, 3], &text].concat();
    let mut frames = frame(b"TIT2", name.as_bytes().to_vec());
    if let Some(prompt) = prompt {
        frames.extend(frame(b"TXXX", [b"prompt\0", ascii(prompt).as_bytes()].concat()));
    }
    let mut out = b"ID3\x04\0\0".to_vec();
    out.extend(syncsafe(frames.len()));
    out.extend(frames);
    for _ in 0..20 {
        out.extend([0xff, 0xfb, 0x90, 0x64]);
        out.extend([0; 413]);
    }
    out
}

/// Seven bits to the byte, so that no size looks like the start of a frame.
fn syncsafe(size: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (size >> shift) as u8 & 0x7f)
}

/// Identification, tags and one packet of silence, each on a page of its own.
pub(super) fn opus(seed: u64, prompt: Option<&str>) -> Vec<u8> {
    let head = b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0";
    let tags = [b"OpusTags".to_vec(), vorbis_comments(prompt)].concat();
    let serial = seed as u32;
    [
        ogg_page(0x02, 0, serial, 0, head),
        ogg_page(0x00, 0, serial, 1, &tags),
        ogg_page(0x04, 960, serial, 2, &[0xf8, 0xff, 0xfe]),
    ]
    .concat()
}

/// One packet on one page; what a page cannot hold (65,025 bytes) is cut off.
fn ogg_page(flags: u8, position: u64, serial: u32, number: u32, packet: &[u8]) -> Vec<u8> {
    let packet = packet.get(..255 * 254).unwrap_or(packet);
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(position.to_le_bytes());
    page.extend([serial, number, 0].map(u32::to_le_bytes).concat());
    let whole = packet.len() / 255;
    page.push(whole as u8 + 1);
    page.extend(std::iter::repeat_n(255, whole));
    page.push((packet.len() % 255) as u8);
    page.extend(packet);
    let sum = ogg_checksum(&page);
    page.splice(22..26, sum.to_le_bytes());
    page
}

/// CRC-32 with the polynomial 0x04c11db7, not reflected, starting from 0 (RFC 3533).
fn ogg_checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte) << 24,
            |sum, _| {
                if sum >> 31 == 1 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 }
            },
        )
    })
}
