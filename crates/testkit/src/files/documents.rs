use serde_json::json;

use super::images::ascii;

pub(super) fn svg(seed: u64, name: &str, prompt: Option<&str>) -> Vec<u8> {
    let hue = seed % 360;
    let metadata = prompt.map(|prompt| {
        format!("<metadata><![CDATA[{{\"prompt\": {}}}]]></metadata>", ascii(prompt).replace("]]>", "]]\\u003e"))
    });
    let title: String = name.chars().filter(|letter| !"<>&\"".contains(*letter)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"256\" height=\"256\" viewBox=\"0 0 256 256\">{}<title>{title}</title>\
         <rect width=\"256\" height=\"256\" fill=\"hsl({hue} 60% 40%)\"/><circle cx=\"128\" cy=\"128\" r=\"{}\" fill=\"white\"/></svg>\n",
        metadata.unwrap_or_default(),
        20 + seed % 90,
    )
    .into_bytes()
}

/// One triangle, its height from the seed.
fn corners(seed: u64) -> [[f32; 3]; 3] {
    let height = 0.5 + (seed % 1000) as f32 / 1000.0;
    [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, height, 0.0]]
}

pub(super) fn obj(seed: u64, name: &str) -> Vec<u8> {
    let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
    let vertices = corners(seed).map(|[x, y, z]| format!("v {x} {y} {z}\n")).concat();
    format!("# {name}\no triangle\n{vertices}f 1 2 3\n").into_bytes()
}

pub(super) fn glb(seed: u64, prompt: Option<&str>) -> Vec<u8> {
    let corners = corners(seed);
    let mut asset = json!({"version": "2.0", "generator": "fake ComfyUI"});
    if let Some(prompt) = prompt {
        asset["extras"] = json!({"prompt": prompt});
    }
    let scene = json!({
        "asset": asset,
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3",
                       "min": [0.0, 0.0, 0.0], "max": [1.0, corners[2][1], 0.0]}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}],
        "buffers": [{"byteLength": 36}],
    });
    let mut json = ascii(&scene.to_string()).into_bytes();
    json.resize(json.len().next_multiple_of(4), b' ');
    let vertices: Vec<u8> = corners.concat().into_iter().flat_map(f32::to_le_bytes).collect();
    let chunk = |kind: &[u8; 4], body: &[u8]| [&(body.len() as u32).to_le_bytes(), kind.as_slice(), body].concat();
    let chunks = [chunk(b"JSON", &json), chunk(b"BIN\0", &vertices)].concat();
    [b"glTF\x02\0\0\0".as_slice(), &(chunks.len() as u32 + 12).to_le_bytes(), &chunks].concat()
}

/// A latent as `SaveLatent` writes it: a safetensors file.
pub(super) fn safetensors(seed: u64, prompt: Option<&str>) -> Vec<u8> {
    let mut header = json!({"latent_tensor": {"dtype": "F32", "shape": [1, 4, 2, 2], "data_offsets": [0, 64]}});
    if let Some(prompt) = prompt {
        header["__metadata__"] = json!({"prompt": prompt});
    }
    let header = ascii(&header.to_string()).into_bytes();
    let values = (0..16).flat_map(|at| (((seed >> at) & 0xff) as f32 / 128.0 - 1.0).to_le_bytes());
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header);
    out.extend(values);
    out
}

pub(super) fn json(name: &str) -> Vec<u8> {
    json!({"name": name, "by": "fake ComfyUI"}).to_string().into_bytes()
}
