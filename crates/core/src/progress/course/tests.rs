use super::*;

fn leg(ms: f64, sources: &[usize]) -> Leg {
    Leg {
        guess: Guess::of_ms(ms, 0.15),
        load_ms: 0.0,
        steps: None,
        rounds: 1.0,
        sources: sources.to_vec(),
        means: 0,
        idle: false,
    }
}

fn unsure(ms: f64) -> Leg {
    Leg { guess: Guess::of_ms(ms, 2.0), ..leg(ms, &[]) }
}

fn assert_near(told: f64, truth: f64, within: f64) {
    assert!((told - truth).abs() <= within, "{told:.1} is not about {truth}");
}

#[test]
fn the_percentage_is_the_share_of_time_and_not_of_nodes() {
    let mut course = Course::new(vec![leg(9_000.0, &[]), leg(500.0, &[0]), leg(500.0, &[1])], 0);
    course.begin(0, 0);
    assert_near(course.read(4_500).percentage, 45.0, 3.0);
    course.end(0, 9_000);
    assert_near(course.read(9_000).percentage, 90.0, 2.0);
}

#[test]
fn a_silent_node_that_is_late_slows_down_and_never_claims_to_be_done() {
    let mut course = Course::new(vec![leg(1_000.0, &[])], 0);
    course.begin(0, 0);
    let at: Vec<f64> = (0..60).map(|second| course.read(second * 1_000).percentage).collect();
    assert!(at.windows(2).all(|pair| pair[0] <= pair[1]));
    assert!(at[59] < 99.0, "{}", at[59]);
}

#[test]
fn it_never_falls_when_the_plan_grows() {
    let mut course = Course::new(vec![unsure(1_000.0), leg(10.0, &[])], 0);
    course.begin(0, 0);
    course.step(0, 0, 4.0, 10.0, 400);
    course.step(0, 0, 9.0, 10.0, 900);
    let before = course.read(900).percentage;
    course.step(0, 1, 1.0, 100.0, 1_000);
    let after = course.read(1_000).percentage;
    assert!(after >= before && before > 40.0, "{before} {after}");
}

#[test]
fn a_first_step_that_does_not_come_speaks_for_slow_steps() {
    let sampler = Leg { guess: Guess::of_ms(10_000.0, 0.8), steps: Some(20.0), ..leg(10_000.0, &[]) };
    let mut course = Course::new(vec![sampler], 0);
    course.begin(0, 0);
    let reading = course.read(5_000);
    assert!(reading.percentage < 15.0, "{}", reading.percentage);
    assert!(reading.eta.unwrap().remaining_ms > 50_000);
}

#[test]
fn what_comes_from_the_cache_costs_nothing() {
    let mut course = Course::new(vec![leg(60_000.0, &[]), leg(1_000.0, &[0])], 0);
    course.skip(0);
    assert!(course.read(0).eta.unwrap().remaining_ms < 1_200);
}

#[test]
fn nodes_side_by_side_take_as_long_as_the_longest_of_them() {
    let legs = vec![leg(2_000.0, &[]), leg(7_000.0, &[]), leg(4_000.0, &[]), leg(500.0, &[0, 1, 2])];
    let mut course = Course::new(legs, 0);
    for place in 0..3 {
        course.begin(place, 0);
    }
    let reading = course.read(0);
    assert_near(reading.eta.unwrap().remaining_ms as f64, 7_500.0, 200.0);
    assert_eq!(reading.critical, Some(1));
}

#[test]
fn a_node_alone_is_not_called_critical() {
    let mut course = Course::new(vec![leg(2_000.0, &[]), leg(7_000.0, &[0])], 0);
    course.begin(0, 0);
    assert_eq!(course.read(100).critical, None);
}

#[test]
fn a_run_that_is_slow_so_far_is_expected_to_stay_slow() {
    let legs = || (0..6).map(|place| leg(1_000.0, if place == 0 { &[] } else { &[0] })).collect();
    let left_after = |each: u64| {
        let mut course = Course::new(legs(), 0);
        for place in 0..3 {
            course.begin(place, place as u64 * each);
            course.end(place, (place as u64 + 1) * each);
        }
        course.read(3 * each).eta.unwrap().remaining_ms
    };
    assert!(left_after(2_000) > left_after(1_000) * 5 / 4);
    assert!(left_after(500) < left_after(1_000) * 4 / 5);
}

#[test]
fn the_range_is_wide_where_nothing_is_known_and_narrow_where_it_ran_often() {
    let ratio = |leg: Leg| {
        let eta = Course::new(vec![leg], 0).read(0).eta.unwrap();
        eta.high_ms as f64 / eta.low_ms as f64
    };
    assert!(ratio(leg(5_000.0, &[])) < 2.0);
    assert!(ratio(unsure(5_000.0)) > 10.0);
}

#[test]
fn a_job_whose_nodes_are_never_heard_of_goes_by_time_alone() {
    let mut course = Course::new(vec![leg(6_000.0, &[]), leg(4_000.0, &[0])], 0);
    assert_near(course.read(5_000).percentage, 50.0, 8.0);
    assert!(course.read(60_000).percentage < 100.0);
}

#[test]
fn silence_is_a_stall_only_when_it_is_longer_than_the_nodes_lead_to_expect() {
    let mut course = Course::new(vec![leg(60_000.0, &[])], 0);
    course.begin(0, 0);
    assert_eq!(course.read(100_000).silent_since, None);
    assert_eq!(course.read(400_000).silent_since, Some(0));
    let mut course = Course::new(vec![leg(10_000.0, &[])], 0);
    course.begin(0, 0);
    for step in 1..=5_u32 {
        course.step(0, 0, f64::from(step), 20.0, u64::from(step) * 500);
    }
    assert_eq!(course.read(15_000).silent_since, None, "20 s at least");
    assert_eq!(course.read(23_000).silent_since, Some(2_500));
}

#[test]
fn a_silent_node_that_nobody_knows_has_minutes_before_it_counts_as_stalled() {
    let mut course = Course::new(vec![unsure(1_000.0)], 0);
    course.begin(0, 0);
    assert_eq!(course.read(60_000).silent_since, None);
    assert_eq!(course.read(300_000).silent_since, Some(0));
}
