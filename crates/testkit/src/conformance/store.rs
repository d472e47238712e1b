//! The guarantees of `Store`.

mod events;
mod history;
mod lists;
mod media;
mod prune;
mod retries;
mod sending;

pub use events::*;
pub use history::*;
pub use lists::*;
pub use media::*;
pub use prune::*;
pub use retries::*;
pub use sending::*;

use super::sample;
use monitor_pipeline::ports::{Created, GenerationRecord, Store};

/// The suite for an adapter at places of type `$place`.
#[macro_export]
macro_rules! store_conformance {
    ($place:ty) => {
        $crate::conformance_tests!(
            $place,
            store,
            what_was_created_is_known_with_its_first_attempt
            an_id_in_use_is_refused_and_the_first_one_stays
            the_same_idempotency_key_again_gives_the_generation_that_has_it
            of_many_with_one_idempotency_key_at_once_one_is_new
            a_next_attempt_is_added_once
            an_attempt_without_a_generation_is_refused
            updating_an_attempt_replaces_what_is_known_of_its_sending
            what_was_not_sent_is_listed_oldest_first
            warnings_are_replaced
            a_prompt_id_used_twice_is_found_in_the_newest_generation
            a_fact_keeps_its_first_value
            hostile_strings_come_back_as_they_were
            everything_is_there_after_a_restart

            of_two_plans_for_one_attempt_the_first_stands
            plans_are_listed_soonest_first
            a_plan_is_gone_with_the_attempt_it_becomes
            a_stopped_retry_is_forgotten_and_its_attempt_keeps_that
            a_plan_without_its_generation_is_refused

            each_event_is_new_once
            events_are_read_by_sequence_whatever_order_they_came_in
            any_order_of_a_jobs_events_leaves_the_same
            after_the_end_of_an_attempt_only_job_retrying_is_taken
            a_second_end_changes_nothing
            an_event_that_comes_late_but_lies_before_the_end_is_taken
            the_next_attempt_goes_on_after_the_end_of_the_one_before
            of_many_that_apply_the_same_events_at_once_each_is_new_to_one
            conflated_events_are_not_kept
            events_may_come_before_their_generation
            the_events_of_a_prompt_are_read_page_by_page
            the_events_of_a_prompt_id_used_twice_are_those_of_the_newest
            sequences_of_an_instance_go_on_after_a_restart
            prompts_that_ended_at_an_instance_are_told_newest_last
            the_day_of_an_instance_counts_its_attempts

            runs_are_learnt_when_their_attempt_has_ended
            nodes_that_finished_count_whatever_became_of_their_attempt
            a_run_is_learnt_once_in_whatever_order_and_how_often_its_events_come
            what_did_not_run_or_was_not_measured_is_not_learnt
            each_instance_has_a_history_of_its_own
            runs_that_are_alike_share_a_bucket_which_keeps_the_newest
            what_was_not_run_for_longest_makes_room
            what_strangers_say_of_a_run_is_kept_within_bounds
            history_outlives_its_generations_for_a_year
            of_too_many_classes_some_are_forgotten

            a_newer_summary_is_never_replaced_by_an_older_one
            a_summary_without_a_generation_is_refused
            what_has_not_ended_is_open
            pages_hold_everything_once_while_more_comes
            a_forged_cursor_is_refused
            filters_narrow_the_list_and_counts_leave_out_the_status
            words_are_found_in_titles_in_any_case_and_wildcards_mean_themselves
            the_beginning_of_an_id_finds_its_generation
            today_tells_jobs_median_wait_and_success

            media_rows_are_kept_once_and_listed_by_position
            media_rows_are_replaced_by_updates
            pending_media_is_listed_oldest_first

            only_what_has_ended_and_is_too_old_goes_with_all_its_rows
            the_newest_ended_ones_stay_when_there_are_too_many
            keys_that_other_rows_use_are_not_given_away
            pruning_goes_on_until_nothing_is_returned
            pruning_keeps_the_sequence_of_an_instance
        );
    };
}

/// A generation with its first attempt.
async fn created(store: &impl Store, number: u32) -> GenerationRecord {
    let record = sample::record(number);
    assert_eq!(store.create(&record, &sample::attempt(&record, 1)).await.unwrap(), Created::New);
    record
}
