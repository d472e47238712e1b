/// File type, a movie header without tracks, and the name in a `free` box: what tells an mp4, not what plays.
pub(super) fn mp4(name: &str) -> Vec<u8> {
    let mut header = vec![0; 12];
    header.extend([1000_u32, 1000, 0x0001_0000].map(u32::to_be_bytes).concat());
    header.extend([0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // The identity matrix, in 16.16 and 2.30 fixed point.
    header.extend([0x1_0000_u32, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000].map(u32::to_be_bytes).concat());
    header.extend([0; 24]);
    header.extend(1_u32.to_be_bytes());
    [
        mp4_box(*b"ftyp", b"isom\0\0\x02\0isomiso2mp41"),
        mp4_box(*b"free", name.as_bytes()),
        mp4_box(*b"mdat", &[]),
        mp4_box(*b"moov", &mp4_box(*b"mvhd", &header)),
    ]
    .concat()
}

fn mp4_box(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes(), kind.as_slice(), body].concat()
}

/// The EBML header and a segment with its information, the name as title, and no tracks.
pub(super) fn webm(name: &str) -> Vec<u8> {
    let header = [
        element(&[0x42, 0x86], &[1]),
        element(&[0x42, 0xf7], &[1]),
        element(&[0x42, 0xf2], &[4]),
        element(&[0x42, 0xf3], &[8]),
        element(&[0x42, 0x82], b"webm"),
        element(&[0x42, 0x87], &[4]),
        element(&[0x42, 0x85], &[2]),
    ]
    .concat();
    let info = [
        element(&[0x2a, 0xd7, 0xb1], &1_000_000_u32.to_be_bytes()),
        element(&[0x7b, 0xa9], name.as_bytes()),
        element(&[0x4d, 0x80], b"fake ComfyUI"),
        element(&[0x57, 0x41], b"fake ComfyUI"),
    ]
    .concat();
    [
        element(&[0x1a, 0x45, 0xdf, 0xa3], &header),
        element(&[0x18, 0x53, 0x80, 0x67], &element(&[0x15, 0x49, 0xa9, 0x66], &info)),
    ]
    .concat()
}

/// An EBML element whose size takes four bytes.
fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    [id, &(0x1000_0000 | body.len() as u32).to_be_bytes(), body].concat()
}
