//! Each thing that drives the cost of a node is found out from a made session whose costs are known: what is expected
//! of a combination that was never run comes close to its true cost.

mod made;

use made::{Cost, Session};
use serde_json::{Value, json};

/// A graph of one sampler behind a loader, an empty latent and a decoder.
#[derive(Clone)]
struct Txt2Img {
    steps: u64,
    side: u64,
    batch: u64,
    model: &'static str,
    sampler: &'static str,
}

const USUAL: Txt2Img = Txt2Img { steps: 10, side: 256, batch: 1, model: "a.safetensors", sampler: "euler" };

impl Txt2Img {
    fn graph(&self, seed: u64) -> Value {
        json!({
            "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": self.model}},
            "2": {"class_type": "EmptyLatentImage",
                "inputs": {"width": self.side, "height": self.side, "batch_size": self.batch}},
            "3": {"class_type": "KSampler", "inputs": {"seed": seed, "steps": self.steps, "cfg": 7.0,
                "sampler_name": self.sampler, "scheduler": "normal", "denoise": 1.0, "model": ["1", 0],
                "positive": ["1", 1], "negative": ["1", 1], "latent_image": ["2", 0]}},
            "4": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 2]}},
            "5": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["4", 0]}},
        })
    }

    /// Milliseconds of one step on the made server.
    fn step(&self) -> u64 {
        let pictures = (self.side * self.side * self.batch) as f64 / 65_536.0;
        let model = if self.model == "big.safetensors" { 3.0 } else { 1.0 };
        let sampler = if self.sampler == "heavy" { 1.8 } else { 1.0 };
        (100.0 * pictures.powf(1.2) * model * sampler) as u64
    }

    fn sampling(&self) -> f64 {
        (self.steps * self.step()) as f64
    }
}

/// Runs it with everything but the sampler and what follows from the cache, three times.
fn learn(session: &mut Session, what: &Txt2Img) {
    for seed in 0..3 {
        session.run(&what.graph(seed), &["1", "2"], |node| match node {
            "3" => Cost::steps(what.steps, what.step()),
            "4" => Cost::silent(what.side * what.side * what.batch / 300),
            _ => Cost::silent(20),
        });
    }
}

fn expected(session: &mut Session, what: &Txt2Img) -> f64 {
    session.expects(&what.graph(99), &["1", "2"], "3").ms as f64
}

fn assert_close(told: f64, truth: f64, within: f64) {
    let off = (told / truth).ln().abs();
    assert!(off < within, "expected {told:.0} ms, truth {truth:.0} ms: off by {off:.2} in logarithms");
}

/// `learnt` are run, `asked` never was.
fn recovers(learnt: &[Txt2Img], asked: &Txt2Img, within: f64) {
    let mut session = Session::new("cuda");
    for what in learnt {
        learn(&mut session, what);
    }
    assert_close(expected(&mut session, asked), asked.sampling(), within);
}

#[test]
fn a_job_that_ran_before_is_expected_to_take_as_long_again() {
    recovers(&[USUAL], &USUAL, 0.03);
}

#[test]
fn steps_cost_in_proportion_even_those_never_run() {
    recovers(&[USUAL], &Txt2Img { steps: 40, ..USUAL }, 0.12);
    recovers(&[USUAL, Txt2Img { steps: 20, ..USUAL }], &Txt2Img { steps: 5, ..USUAL }, 0.12);
}

#[test]
fn pixels_cost_by_the_power_that_the_runs_show() {
    let small = Txt2Img { side: 128, ..USUAL };
    let large = Txt2Img { side: 512, ..USUAL };
    recovers(&[small, USUAL], &large, 0.25);
}

#[test]
fn a_larger_batch_costs_more() {
    recovers(&[USUAL, Txt2Img { batch: 2, ..USUAL }], &Txt2Img { batch: 4, ..USUAL }, 0.25);
}

#[test]
fn each_model_file_has_its_own_cost() {
    let big = Txt2Img { model: "big.safetensors", ..USUAL };
    recovers(&[USUAL, big.clone()], &Txt2Img { steps: 20, ..big }, 0.2);
    recovers(&[USUAL, big], &Txt2Img { steps: 20, ..USUAL }, 0.2);
}

#[test]
fn each_sampler_has_its_own_cost() {
    let heavy = Txt2Img { sampler: "heavy", ..USUAL };
    recovers(&[USUAL, heavy.clone()], &Txt2Img { steps: 20, ..heavy }, 0.2);
}

#[test]
fn a_sampler_of_second_order_is_known_to_evaluate_twice() {
    let mut session = Session::new("cuda");
    learn(&mut session, &USUAL);
    let heun = Txt2Img { sampler: "heun", ..USUAL };
    assert_close(expected(&mut session, &heun), 1.9 * USUAL.sampling(), 0.15);
}

#[test]
fn what_a_batch_and_a_size_do_together_is_told_from_each_alone() {
    let wide = Txt2Img { side: 512, ..USUAL };
    let many = Txt2Img { batch: 4, ..USUAL };
    recovers(&[USUAL, wide, many], &Txt2Img { side: 512, batch: 4, ..USUAL }, 0.4);
}

#[test]
fn a_loader_is_slower_the_first_time_and_quick_when_its_file_was_loaded_before() {
    let mut session = Session::new("cuda");
    let load = |session: &mut Session, model: &'static str, ms: u64| {
        let graph = Txt2Img { model, ..USUAL }.graph(1);
        session.run(&graph, &[], |node| if node == "1" { Cost::silent(ms) } else { Cost::silent(30) });
    };
    for (cold, name) in [(9_000, "a.safetensors"), (9_400, "b.safetensors"), (8_800, "c.safetensors")] {
        load(&mut session, name, cold);
        load(&mut session, name, 700);
        load(&mut session, name, 720);
    }
    let warm = session.expects(&USUAL.graph(2), &[], "1").ms as f64;
    assert_close(warm, 710.0, 0.2);
    let new = Txt2Img { model: "d.safetensors", ..USUAL };
    let cold = session.expects(&new.graph(2), &[], "1").ms as f64;
    assert_close(cold, 9_000.0, 0.6);
}

#[test]
fn loading_hidden_in_the_first_step_is_told_from_the_steps() {
    let mut session = Session::new("cuda");
    for seed in 0..3 {
        // The loader runs, so the sampler's weights go to the device within its first step.
        session.run(&USUAL.graph(seed), &["2"], |node| match node {
            "3" => Cost::steps(10, 100).after(4_000),
            _ => Cost::silent(20),
        });
    }
    learn(&mut session, &USUAL);
    // Twice the steps cost twice the sampling, and not twice the loading.
    let more = Txt2Img { steps: 20, ..USUAL };
    assert_close(session.expects(&more.graph(9), &["2"], "3").ms as f64, 6_000.0, 0.35);
    assert_close(expected(&mut session, &more), 2_000.0, 0.15);
}

#[test]
fn numbers_of_a_node_that_nobody_knows_are_tried_as_drivers() {
    let graph = |amount: f64| {
        json!({
            "1": {"class_type": "Stranger", "inputs": {"amount_of_work": amount, "text": "x"}},
            "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
        })
    };
    let mut session = Session::new("cuda");
    for amount in [2.0, 4.0, 8.0] {
        for _ in 0..2 {
            session
                .run(&graph(amount), &[], |node| Cost::silent(if node == "1" { (amount * 500.0) as u64 } else { 1 }));
        }
    }
    assert_close(session.expects(&graph(16.0), &[], "1").ms as f64, 8_000.0, 0.2);
}

#[test]
fn one_run_that_was_held_up_does_not_spoil_what_is_expected() {
    let mut session = Session::new("cuda");
    learn(&mut session, &USUAL);
    learn(&mut session, &USUAL);
    session.run(
        &USUAL.graph(50),
        &["1", "2"],
        |node| {
            if node == "3" { Cost::steps(10, 3_000) } else { Cost::silent(20) }
        },
    );
    assert_close(expected(&mut session, &USUAL), USUAL.sampling(), 0.1);
}

#[test]
fn a_server_that_became_faster_is_believed_after_a_few_runs() {
    let mut session = Session::new("cuda");
    for _ in 0..4 {
        learn(&mut session, &USUAL);
    }
    for seed in 0..6 {
        session.run(&USUAL.graph(100 + seed), &["1", "2"], |node| {
            if node == "3" { Cost::steps(10, 40) } else { Cost::silent(20) }
        });
    }
    assert_close(expected(&mut session, &USUAL), 400.0, 0.15);
}

#[test]
fn what_was_learnt_months_ago_weighs_less_than_what_was_learnt_today() {
    let mut session = Session::new("cuda");
    for _ in 0..3 {
        learn(&mut session, &USUAL);
    }
    session.pass(180 * 86_400_000);
    for seed in 0..2 {
        session.run(&USUAL.graph(200 + seed), &["1", "2"], |node| {
            if node == "3" { Cost::steps(10, 250) } else { Cost::silent(20) }
        });
    }
    assert_close(expected(&mut session, &USUAL), 2_500.0, 0.15);
}
