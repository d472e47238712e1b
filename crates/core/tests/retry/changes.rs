//! What becomes of a workflow.

use crate::stage::{Course, difference, doing, error, known, node, out_of_memory, txt2img};
use monitor_core::retry::{Decision, check};
use serde_json::{Value, json};

/// The one decision of a policy with this step, about a failure of this node.
fn change(step: &str, failed: Option<&str>, workflow: &Value) -> Option<Decision> {
    Course::new(doing(&format!("[{step}]")), error("E", failed), workflow.clone()).ask()
}

/// The inputs that differ then, and what is said of it.
#[track_caller]
fn assert_change(step: &str, failed: &str, workflow: &Value, differs: &Value, words: &str) {
    let decision = change(step, Some(failed), workflow).unwrap_or_else(|| panic!("{step} changes nothing"));
    assert_eq!(&difference(workflow, &decision.workflow), differs);
    assert_eq!(decision.change.as_deref(), Some(words));
    assert_eq!(check(&decision.workflow, &known), Ok(()));
}

#[track_caller]
fn assert_nothing(step: &str, failed: Option<&str>, workflow: &Value) {
    let decision = change(step, failed, workflow);
    assert!(decision.is_none(), "{:?}", decision.map(|decision| decision.change));
}

#[test]
fn a_batch_is_halved_down_to_its_floor() {
    assert_change(
        r#"{ change = "batch" }"#,
        "3",
        &txt2img(512, 512, 4),
        &json!({"5.batch_size": 2}),
        "Batch size 4 to 2",
    );
    assert_change(
        r#"{ change = "batch" }"#,
        "3",
        &txt2img(512, 512, 3),
        &json!({"5.batch_size": 1}),
        "Batch size 3 to 1",
    );
    let floored = r#"{ change = { what = "batch", floor = 3 } }"#;
    assert_change(floored, "3", &txt2img(512, 512, 4), &json!({"5.batch_size": 3}), "Batch size 4 to 3");
    assert_nothing(floored, Some("3"), &txt2img(512, 512, 3));
    assert_nothing(r#"{ change = "batch" }"#, Some("3"), &txt2img(512, 512, 1));
}

#[test]
fn copies_of_a_latent_are_a_batch_too() {
    let mut graph = txt2img(512, 512, 1);
    graph["6r"] = node("RepeatLatentBatch", json!({ "samples": ["5", 0], "amount": 6 }));
    graph["3"]["inputs"]["latent_image"] = json!(["6r", 0]);
    assert_change(r#"{ change = "batch" }"#, "3", &graph, &json!({"6r.amount": 3}), "Batch size 6 to 3");
}

#[test]
fn a_picture_is_scaled_and_rounded_and_stays_above_its_floor() {
    for (step, from, to) in [
        (r#"{ change = "size" }"#, (1024, 1024), Some((768, 768))),
        (r#"{ change = "size" }"#, (832, 1216), Some((624, 912))),
        (r#"{ change = { what = "size", round = 64 } }"#, (832, 1216), Some((640, 896))),
        (r#"{ change = { what = "size", factor = 0.5 } }"#, (1024, 768), Some((680, 512))),
        (r#"{ change = "size" }"#, (512, 512), None),
        (r#"{ change = "size" }"#, (2048, 512), None),
        (r#"{ change = { what = "size", round = 256, floor = 500 } }"#, (600, 600), Some((512, 512))),
        (r#"{ change = { what = "size", round = 256, floor = 520 } }"#, (600, 600), None),
    ] {
        let graph = txt2img(from.0, from.1, 1);
        match to {
            Some((width, height)) => {
                let words = format!("{} × {} to {width} × {height}", from.0, from.1);
                let mut differs = json!({ "5.width": width, "5.height": height });
                differs
                    .as_object_mut()
                    .unwrap()
                    .retain(|input, value| &graph["5"]["inputs"][input.strip_prefix("5.").unwrap()] != value);
                assert_change(step, "3", &graph, &differs, &words);
            }
            None => assert_nothing(step, Some("3"), &graph),
        }
    }
}

#[test]
fn a_class_that_asks_for_coarser_steps_gets_them() {
    let mut graph = txt2img(1056, 1056, 1);
    graph["5"] = node("EmptyHunyuanImageLatent", json!({ "width": 1056, "height": 1056, "batch_size": 1 }));
    let step = r#"{ change = { what = "size", round = 8 } }"#;
    assert_change(step, "3", &graph, &json!({"5.width": 800, "5.height": 800}), "1056 × 1056 to 800 × 800");
}

#[test]
fn what_names_the_size_of_the_picture_follows_and_other_sizes_are_scaled_by_themselves() {
    let mut graph = txt2img(1024, 1024, 1);
    graph["m"] = node(
        "ModelSamplingFlux",
        json!({ "model": ["4", 0], "max_shift": 1.15, "base_shift": 0.5, "width": 1024, "height": 1024 }),
    );
    graph["3"]["inputs"]["model"] = json!(["m", 0]);
    graph["u"] = node(
        "LatentUpscale",
        json!({ "samples": ["3", 0], "upscale_method": "bilinear", "width": 2048, "height": 2048, "crop": "disabled" }),
    );
    let mut second = graph["3"].clone();
    second["inputs"]["latent_image"] = json!(["u", 0]);
    graph["3b"] = second;
    graph["8"]["inputs"]["samples"] = json!(["3b", 0]);
    let first = json!({"m.width": 768, "m.height": 768, "5.width": 768, "5.height": 768});
    assert_change(r#"{ change = "size" }"#, "3", &graph, &first, "1024 × 1024 to 768 × 768");
    let mut both = first;
    both.as_object_mut().unwrap().extend([("u.width".into(), 1536.into()), ("u.height".into(), 1536.into())]);
    let words = "1024 × 1024 to 768 × 768, 2048 × 2048 to 1536 × 1536";
    assert_change(r#"{ change = "size" }"#, "3b", &graph, &both, words);
    let only = r#"{ change = "size", on = { class = "LatentUpscale" } }"#;
    let upscale = json!({"u.width": 1536, "u.height": 1536});
    assert_change(only, "3b", &graph, &upscale, "2048 × 2048 to 1536 × 1536");
}

#[test]
fn a_picture_with_things_at_places_in_it_keeps_its_size() {
    let mut graph = txt2img(1024, 1024, 1);
    let area = json!({ "conditioning": ["6", 0], "width": 512, "height": 512, "x": 256, "y": 0, "strength": 1.0 });
    graph["a"] = node("ConditioningSetArea", area);
    graph["3"]["inputs"]["positive"] = json!(["a", 0]);
    assert_nothing(r#"{ change = "size" }"#, Some("3"), &graph);
}

#[test]
fn what_comes_over_a_link_is_left_alone() {
    let mut graph = txt2img(1024, 1024, 4);
    graph["n"] = node("PrimitiveInt", json!({ "value": 4 }));
    graph["5"]["inputs"]["batch_size"] = json!(["n", 0]);
    graph["5"]["inputs"]["width"] = json!(["n", 0]);
    assert_nothing(r#"{ change = ["batch", "size"] }"#, Some("3"), &graph);
}

#[test]
fn a_number_that_a_node_only_holds_is_changed_there_if_all_it_is_for_means_the_same() {
    let mut graph = txt2img(1024, 768, 4);
    graph["side"] = node("PrimitiveInt", json!({ "value": 1024 }));
    graph["seed"] = node("PrimitiveInt", json!({ "value": 7 }));
    graph["5"]["inputs"]["width"] = json!(["side", 0]);
    graph["5"]["inputs"]["height"] = json!(["side", 0]);
    graph["3"]["inputs"]["seed"] = json!(["seed", 0]);
    let step = r#"{ change = "size" }"#;
    assert_change(step, "3", &graph, &json!({"side.value": 768}), "1024 × 1024 to 768 × 768");
    let seeded = change(r#"{ change = "new_seed" }"#, Some("3"), &graph).unwrap();
    let differs = difference(&graph, &seeded.workflow);
    assert_eq!(differs.as_object().unwrap().keys().collect::<Vec<_>>(), ["seed.value"], "no side is drawn by lot");
    graph["3"]["inputs"]["steps"] = json!(["side", 0]);
    assert_nothing(step, Some("3"), &graph);
}

#[test]
fn a_size_in_megapixels_is_scaled_in_both_directions() {
    let mut graph = txt2img(512, 512, 1);
    let selector = json!({ "aspect_ratio": "1:1 (Square)", "megapixels": 1.0, "multiple": 8 });
    graph["r"] = node("ResolutionSelector", selector);
    graph["5"]["inputs"]["width"] = json!(["r", 0]);
    graph["5"]["inputs"]["height"] = json!(["r", 1]);
    let step = r#"{ change = "size" }"#;
    assert_change(step, "3", &graph, &json!({"r.megapixels": 0.6}), "1 to 0.6 megapixels");
    graph["r"]["inputs"]["megapixels"] = json!(0.3);
    assert_nothing(step, Some("3"), &graph);
}

#[test]
fn the_sound_of_a_video_is_made_as_long_as_its_pictures() {
    let mut graph = txt2img(512, 512, 1);
    graph["5"] = node("EmptyLTXVLatentVideo", json!({ "width": 768, "height": 512, "length": 97, "batch_size": 1 }));
    let sound = json!({ "frames_number": 97, "frame_rate": 25.0, "batch_size": 1, "audio_vae": ["4", 2] });
    graph["a"] = node("LTXVEmptyLatentAudio", sound);
    graph["b"] = node("LTXVConcatAVLatent", json!({ "video_latent": ["5", 0], "audio_latent": ["a", 0] }));
    graph["3"]["inputs"]["latent_image"] = json!(["b", 0]);
    let differs = json!({"5.length": 57, "a.frames_number": 57});
    assert_change(r#"{ change = "frames" }"#, "3", &graph, &differs, "97 frames to 57");
}

#[test]
fn only_the_nodes_before_the_one_that_failed_are_changed() {
    let mut graph = txt2img(512, 512, 4);
    graph["e"] = node("EmptyImage", json!({ "width": 512, "height": 512, "batch_size": 8, "color": 0 }));
    graph["s"] = node("SaveImage", json!({ "images": ["e", 0], "filename_prefix": "x" }));
    assert_change(r#"{ change = "batch" }"#, "3", &graph, &json!({"5.batch_size": 2}), "Batch size 4 to 2");
    assert_change(r#"{ change = "batch" }"#, "s", &graph, &json!({"e.batch_size": 4}), "Batch size 8 to 4");
    assert_nothing(r#"{ change = "batch" }"#, Some("6"), &graph);
    let words = "Batch size 4 to 2, batch size 8 to 4";
    for unknown in [None, Some("gone")] {
        let decision = change(r#"{ change = "batch" }"#, unknown, &graph).unwrap();
        assert_eq!(decision.change.as_deref(), Some(words), "all may be to blame");
    }
}

#[test]
fn a_policy_can_say_which_nodes_it_means() {
    let graph = txt2img(512, 512, 4);
    assert_nothing(r#"{ change = "batch", on = { class = "EmptySD3*" } }"#, Some("3"), &graph);
    assert_nothing(r#"{ change = "batch", on = { kind = "video" } }"#, Some("3"), &graph);
    let differs = json!({"5.batch_size": 2});
    let words = "Batch size 4 to 2";
    assert_change(r#"{ change = "batch", on = { class = "Empty*", kind = "latent" } }"#, "3", &graph, &differs, words);
}

#[test]
fn a_decoder_that_failed_works_in_tiles_with_what_the_class_declares() {
    let graph = txt2img(1024, 1024, 1);
    let differs = json!({
        "8.class": "VAEDecodeTiled", "8.tile_size": 512, "8.overlap": 64, "8.temporal_size": 64, "8.temporal_overlap": 8
    });
    assert_change(r#"{ change = "tiled_vae" }"#, "8", &graph, &differs, "VAE Decoder in tiles");
    assert_nothing(r#"{ change = "tiled_vae" }"#, Some("3"), &graph);
    let tiled = change(r#"{ change = "tiled_vae" }"#, Some("8"), &graph).unwrap().workflow;
    assert_nothing(r#"{ change = "tiled_vae" }"#, Some("8"), &tiled);
}

#[test]
fn an_encoder_works_in_tiles_too() {
    let mut graph = txt2img(512, 512, 1);
    graph["e"] = node("EmptyImage", json!({ "width": 512, "height": 512, "batch_size": 1, "color": 0 }));
    graph["v"] = node("VAEEncode", json!({ "pixels": ["e", 0], "vae": ["4", 2] }));
    graph["3"]["inputs"]["latent_image"] = json!(["v", 0]);
    let decision = change(r#"{ change = "tiled_vae" }"#, Some("v"), &graph).unwrap();
    assert_eq!(decision.workflow["v"]["class_type"], "VAEEncodeTiled");
    assert_eq!(decision.change.as_deref(), Some("VAE Encoder in tiles"));
    assert_eq!(check(&decision.workflow, &known), Ok(()));
}

#[test]
fn a_decoder_keeps_its_class_where_the_server_has_no_other() {
    let workflow = txt2img(1024, 1024, 1);
    let circumstances = monitor_core::retry::Circumstances {
        workflow: &workflow,
        classes: &|class| known(class).filter(|_| !class.ends_with("Tiled")),
        other_instance: false,
        tried: &[],
        jitter: 0.0,
    };
    let tiled = doing(r#"[{ change = "tiled_vae" }]"#);
    assert_eq!(monitor_core::retry::decide(&tiled, &error("E", Some("8")), &circumstances), None);
}

#[test]
fn a_title_of_ones_own_is_used_in_words() {
    let mut graph = txt2img(1024, 1024, 1);
    graph["8"]["_meta"]["title"] = json!("Last one");
    let decision = change(r#"{ change = "tiled_vae" }"#, Some("8"), &graph).unwrap();
    assert_eq!(decision.change.as_deref(), Some("Last one in tiles"));
}

#[test]
fn a_lower_precision_is_taken_where_an_input_offers_one() {
    let mut graph = txt2img(1024, 1024, 1);
    // The recorded server has no such model; the fault is there before, and not the change's.
    graph["u"] = node("UNETLoader", json!({ "unet_name": "a.safetensors", "weight_dtype": "default" }));
    graph["3"]["inputs"]["model"] = json!(["u", 0]);
    let step = r#"{ change = "precision" }"#;
    let decision = change(step, Some("3"), &graph).unwrap();
    assert_eq!(difference(&graph, &decision.workflow), json!({"u.weight_dtype": "fp8_e4m3fn"}));
    assert_eq!(decision.change.as_deref(), Some("Diffusion Model Loader in fp8_e4m3fn"));
    assert_nothing(step, Some("3"), &decision.workflow);
    assert_nothing(r#"{ change = { what = "precision", floor = 16 } }"#, Some("3"), &graph);
}

#[test]
fn a_video_gets_fewer_frames_of_the_counts_its_class_takes() {
    for (class, from, to) in
        [("EmptyHunyuanLatentVideo", 81, 49), ("EmptyHunyuanLatentVideo", 80, 49), ("EmptyLTXVLatentVideo", 97, 57)]
    {
        let mut graph = txt2img(512, 512, 1);
        let inputs = json!({ "width": 768, "height": 512, "length": from, "batch_size": 1 });
        graph["5"] = node(class, inputs);
        assert_change(
            r#"{ change = "frames" }"#,
            "3",
            &graph,
            &json!({"5.length": to}),
            &format!("{from} frames to {to}"),
        );
        graph["5"]["inputs"]["length"] = json!(17);
        assert_nothing(r#"{ change = "frames" }"#, Some("3"), &graph);
    }
}

#[test]
fn frames_picked_from_a_video_that_is_there_are_no_frames_to_save_on() {
    let mut graph = txt2img(512, 512, 4);
    graph["c"] = node("LatentFromBatch", json!({ "samples": ["5", 0], "batch_index": 0, "length": 60 }));
    graph["3"]["inputs"]["latent_image"] = json!(["c", 0]);
    assert_nothing(r#"{ change = "frames" }"#, Some("3"), &graph);
}

#[test]
fn a_new_seed_depends_on_chance_alone_and_is_one_javascript_can_hold() {
    let graph = txt2img(512, 512, 1);
    let drawn = |jitter: f64| {
        let mut course = Course::new(doing(r#"[{ change = "new_seed" }]"#), error("E", Some("3")), graph.clone());
        course.jitter = jitter;
        let decision = course.ask().unwrap();
        assert_eq!(decision.change.as_deref(), Some("New seed"));
        decision.workflow["3"]["inputs"]["seed"].as_u64().unwrap()
    };
    assert_eq!(drawn(0.25).to_string(), drawn(0.25).to_string());
    assert_ne!(drawn(0.25), drawn(0.26));
    assert!([0.0, 0.1, 0.9, 1.0].into_iter().all(|jitter| drawn(jitter) < 1 << 53));
}

#[test]
fn changes_of_one_step_are_made_together_and_those_of_later_steps_upon_them() {
    let course = Course::new(
        doing(r#"[{ change = ["batch", "new_seed"] }, { change = "size" }]"#),
        out_of_memory("3"),
        txt2img(1024, 1024, 4),
    );
    let decision = course.ask().unwrap();
    assert_eq!(decision.change.as_deref(), Some("Batch size 4 to 2, new seed"));
    let mut course = course;
    course.fail_after(0).unwrap();
    let last = course.fail_after(0).unwrap();
    let latent = &last.workflow["5"]["inputs"];
    assert_eq!(latent, &json!({ "width": 768, "height": 768, "batch_size": 2 }));
}

#[test]
fn a_node_of_a_class_nobody_knows_is_left_alone_and_the_others_are_changed() {
    let mut graph = txt2img(512, 512, 4);
    graph["z"] = node("NobodysLatent", json!({ "width": 512, "height": 512, "batch_size": 4, "from": ["5", 0] }));
    graph["3"]["inputs"]["latent_image"] = json!(["z", 0]);
    let decision = change(r#"{ change = "batch" }"#, Some("3"), &graph).unwrap();
    assert_eq!(difference(&graph, &decision.workflow), json!({"5.batch_size": 2}));
}

#[test]
fn what_is_no_graph_is_never_changed() {
    for graph in [json!(null), json!([1]), json!({"1": {}}), json!({"nodes": []})] {
        assert_nothing(
            r#"{ change = ["batch", "size", "frames", "new_seed", "precision", "tiled_vae"] }"#,
            None,
            &graph,
        );
    }
}
