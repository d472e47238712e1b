//! How names and acronyms are written.

/// The spelling of what stands written together and small, if it has one of its own.
pub(super) fn find(run: &str) -> Option<&'static str> {
    SPELLINGS.binary_search_by(|(written, _)| (*written).cmp(run)).ok().map(|at| SPELLINGS[at].1)
}

/// Sorted by the first.
#[rustfmt::skip]
const SPELLINGS: &[(&str, &str)] = &[
    ("13b", "13B"), ("14b", "14B"), ("1b", "1B"), ("2b", "2B"), ("2d", "2D"), ("2img", "2img"), ("2m", "2M"),
    ("2s", "2S"), ("3d", "3D"), ("3m", "3M"), ("4d", "4D"), ("4xupscale", "4x Upscale"), ("5b", "5B"),
    ("7b", "7B"),
    ("acestep", "ACE-Step"), ("acestep15", "ACE-Step 1.5"), ("ai", "AI"), ("alimama", "AliMama"),
    ("animatediff", "AnimateDiff"), ("apg", "APG"), ("ar", "AR"), ("auraflow", "AuraFlow"), ("av", "AV"),
    ("bbox", "Bounding Box"), ("bboxes", "Bounding Boxes"), ("blip", "BLIP"), ("brushnet", "BrushNet"),
    ("cfg", "CFG"), ("cfgpp", "CFG++"), ("clip", "CLIP"), ("clipseg", "CLIPSeg"), ("cn", "CN"),
    ("cogvideo", "CogVideo"), ("cogvideox", "CogVideoX"), ("controlnet", "ControlNet"),
    ("controlnets", "ControlNets"), ("cosmospredict2", "Cosmos Predict 2"), ("cpu", "CPU"),
    ("da3", "DA3"), ("ddim", "DDIM"), ("diffsynth", "DiffSynth"), ("dit", "DiT"), ("dpm", "DPM"),
    ("dpmadaptative", "DPM Adaptive"), ("dpmpp", "DPM++"), ("dwpose", "DWPose"),
    ("easycache", "EasyCache"), ("edm", "EDM"), ("exr", "EXR"),
    ("facedetailer", "FaceDetailer"), ("faceid", "FaceID"), ("florence2", "Florence-2"), ("flux1", "Flux.1"),
    ("flux2", "Flux 2"), ("fov", "FOV"), ("fps", "FPS"), ("freeu", "FreeU"), ("fresca", "FreSca"),
    ("gguf", "GGUF"), ("gif", "GIF"), ("gits", "GITS"), ("glb", "GLB"), ("gligen", "GLIGEN"),
    ("glsl", "GLSL"), ("gpu", "GPU"), ("groundingdino", "GroundingDINO"),
    ("hd", "HD"), ("hdr", "HDR"), ("hed", "HED"), ("hidream", "HiDream"), ("humo", "HuMo"),
    ("hunyuan3dv2", "Hunyuan 3D v2"), ("hunyuandit", "HunyuanDiT"), ("hunyuanvideo", "HunyuanVideo"),
    ("hunyuanvideo15", "HunyuanVideo 1.5"), ("hypertile", "HyperTile"),
    ("i2i", "I2I"), ("i2v", "I2V"), ("iclora", "IC-LoRA"), ("id", "ID"), ("img2img", "img2img"),
    ("img2vid", "img2vid"), ("infinitetalk", "InfiniteTalk"), ("instantid", "InstantID"),
    ("instructpixtopix", "InstructPix2Pix"), ("int", "Int"), ("ipadapter", "IP-Adapter"),
    ("joyimage", "JoyImage"), ("json", "JSON"),
    ("kandinsky5", "Kandinsky 5"), ("ksampler", "K-Sampler"), ("kv", "KV"),
    ("lama", "LaMa"), ("layerdiffuse", "LayerDiffuse"), ("lazycache", "LazyCache"), ("lcm", "LCM"),
    ("llava", "LLaVA"), ("lllite", "LLLite"), ("llm", "LLM"), ("lms", "LMS"), ("lora", "LoRA"),
    ("loras", "LoRAs"), ("ltx", "LTX"), ("ltx2", "LTX 2"), ("ltxav", "LTX AV"), ("ltxv", "LTXV"),
    ("lumina2", "Lumina 2"),
    ("mediapipe", "MediaPipe"), ("midas", "MiDaS"), ("minimax", "MiniMax"), ("mlsd", "MLSD"),
    ("moge", "MoGe"), ("mp3", "MP3"), ("multigpu", "Multi-GPU"),
    ("ocr", "OCR"), ("openpose", "OpenPose"),
    ("perpneg", "Perp-Neg"), ("photomaker", "PhotoMaker"), ("pid", "PiD"), ("pixal3d", "Pixal3D"),
    ("pixart", "PixArt"), ("pixartalpha", "PixArt Alpha"), ("png", "PNG"), ("pulid", "PuLID"),
    ("qwenvl", "Qwen-VL"),
    ("reactor", "ReActor"), ("rgb", "RGB"), ("rgba", "RGBA"), ("rmbg", "RMBG"), ("rope", "RoPE"),
    ("rtdetr", "RT-DETR"),
    ("sag", "SAG"), ("sam", "SAM"), ("sam2", "SAM2"), ("sam3", "SAM3"), ("sasolver", "SA-Solver"),
    ("scail", "SCAIL"), ("scail2", "SCAIL-2"), ("sd", "SD"), ("sd1", "SD1"), ("sd3", "SD3"),
    ("sd35", "SD 3.5"), ("sde", "SDE"), ("sdpose", "SDPose"), ("sdturbo", "SD Turbo"), ("sdxl", "SDXL"),
    ("seeds2", "SEEDS-2"), ("seedvr2", "SeedVR2"), ("segs", "SEGS"), ("stablezero123", "Stable Zero123"),
    ("supir", "SUPIR"), ("sv3d", "SV3D"), ("svd", "SVD"), ("svg", "SVG"),
    ("t2i", "T2I"), ("t2v", "T2V"), ("t5", "T5"), ("tcfg", "TCFG"), ("teacache", "TeaCache"),
    ("tome", "ToMe"), ("trellis2", "Trellis 2"), ("triposplat", "TripoSplat"), ("tts", "TTS"),
    ("txt2img", "txt2img"),
    ("unclip", "unCLIP"), ("unet", "UNet"), ("uni3c", "Uni3C"), ("url", "URL"), ("uso", "USO"), ("uv", "UV"),
    ("v2v", "V2V"), ("vace", "VACE"), ("vae", "VAE"), ("vhs", "VHS"), ("void", "VOID"), ("vp", "VP"),
    ("vram", "VRAM"), ("vton", "VTON"),
    ("wan", "Wan"), ("wan21", "Wan 2.1"), ("wan22", "Wan 2.2"), ("was", "WAS"), ("webm", "WEBM"),
    ("webp", "WEBP"),
    ("xl", "XL"), ("xlabs", "XLabs"), ("xy", "XY"),
    ("yuv", "YUV"),
    ("zimage", "Z-Image"), ("zoedepth", "ZoeDepth"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_spellings_are_sorted_so_that_each_is_found() {
        assert!(super::SPELLINGS.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}
