//! Seeds that ever broke a rule, kept.
//!
//! A seed tells another history as soon as a die is added or thrown in another order, so it is no proof by itself: what it found is
//! held by a plain story too, which is named here. A seed that breaks a rule comes here with its story, in the commit that fixes
//! what it found.

use scenarios::simulator::PlayName;

use super::fresh::holds;

/// The play, the seed, and the story, or the unit test, that holds what it found.
const KEPT: &[(PlayName, u64, &str)] = &[
    (PlayName::Fleet, 101_186, "a_step_that_is_repeated_after_a_lost_answer_is_one_act"),
    (
        PlayName::Fleet,
        201_315,
        "a_group_that_marks_an_instance_and_never_replaces_it_is_told_of_although_no_event_came",
    ),
    (
        PlayName::Fleet,
        203_611,
        "a_group_that_marks_an_instance_and_never_replaces_it_is_told_of_although_no_event_came",
    ),
    (PlayName::Fleet, 52_760_400, "whom_no_target_group_checks_is_unknown_and_not_unhealthy"),
    (
        PlayName::Fleet,
        203_873,
        "a_group_that_marks_an_instance_and_never_replaces_it_is_told_of_although_no_event_came",
    ),
    (
        PlayName::Dns,
        819_505_306,
        "an_incident_should_not_close_while_an_earlier_batch_may_still_apply_and_its_record_is_unread",
    ),
    (PlayName::Dns, 21_000_197, "a_list_from_before_the_first_change_should_not_be_taken_for_somebody_elses_change"),
    (PlayName::Hooks, 21_001_755, "a_launch_should_not_be_abandoned_while_nobody_knows_that_it_goes_into_service"),
    (
        PlayName::Dns,
        31_001_526,
        "an_incident_should_not_close_while_what_would_keep_a_late_batch_from_applying_is_refused",
    ),
    (
        PlayName::Dns,
        33_004_725,
        "a_list_from_before_a_return_to_the_own_share_should_not_be_taken_for_somebody_elses_change",
    ),
    (PlayName::Dns, 921_202_372, "nothing_comes_back_while_a_canary_says_unhealthy_that_is_evidence_and_no_proof"),
    (
        PlayName::Dns,
        803_524_528,
        "a_list_with_an_older_generation_should_not_let_go_of_a_record_without_a_persons_word",
    ),
    (PlayName::Dns, 95_006_163, "who_was_drained_and_is_well_again_takes_over_where_the_others_are_at_their_limit"),
    (PlayName::Dns, 359_282_774, "what_nobody_can_take_should_not_go_from_one_that_is_drained_to_another"),
    (PlayName::Hooks, 24_000_112, "what_comes_out_of_the_pool_again_is_another_action_and_not_the_end_of_the_last"),
    (PlayName::Hooks, 31_002_419, "what_began_after_the_last_action_was_completed_should_not_be_taken_for_it"),
    (PlayName::Hooks, 29_813_165, "a_late_failure_of_an_older_version_makes_no_rollback_of_a_newer_one"),
    (PlayName::Hooks, 29_815_467, "a_late_failure_of_an_older_version_makes_no_rollback_of_a_newer_one"),
    (PlayName::Hooks, 29_817_320, "a_try_without_an_answer_is_settled_by_what_became_of_the_instance"),
    (PlayName::Hooks, 512_771_339, "who_waits_for_the_others_is_looked_at_again_before_its_hook_gives_up"),
    (PlayName::Hooks, 698_341_305, "a_launch_into_the_pool_is_not_deregistered_for_a_made_up_termination"),
    (
        PlayName::Hooks,
        698_340_097,
        "an_action_without_a_token_is_another_one_as_soon_as_the_instance_is_on_another_course",
    ),
    (PlayName::Hooks, 778_810_311, "a_launch_that_is_gone_was_abandoned_whatever_was_to_follow"),
    (PlayName::Hooks, 401, "what_could_not_be_read_after_its_completion_is_not_taken_to_have_gone_on"),
    (PlayName::Hooks, 48_213_263, "what_came_before_the_wait_state_is_no_action_of_another_course"),
    (PlayName::Hooks, 917_302_033, "a_try_that_nobody_could_settle_for_long_counts_until_it_is"),
    (PlayName::Hooks, 836_942_050, "an_instance_that_is_started_again_from_the_warm_pool_is_no_rollback"),
    (PlayName::Hooks, 29_818_103, "a_try_without_an_answer_is_settled_by_what_became_of_the_instance"),
    (PlayName::Dns, 199_713_274, "the_last_few_percent_follow_as_soon_as_somebody_can_take_all_of_them"),
    (
        PlayName::Dns,
        503_416_935,
        "what_people_may_have_moved_by_hand_should_not_be_taken_for_a_change_that_nobody_answered",
    ),
    (
        PlayName::Fleet,
        813_983_392,
        "who_is_shown_as_unhealthy_by_its_group_has_not_recovered_whatever_the_evidence_says",
    ),
    (PlayName::Hooks, 986_955_153, "who_comes_out_of_the_pool_should_not_be_admitted_for_a_description_of_its_way_in"),
    (PlayName::Hooks, 199_714_794, "where_an_older_action_went_should_say_nothing_of_the_next_that_an_event_reports"),
    (
        PlayName::Hooks,
        30_782_443,
        "the_event_of_a_termination_should_not_be_dropped_for_a_description_of_its_way_into_the_pool",
    ),
    (PlayName::Hooks, 26_085_117, "an_action_should_not_be_held_against_the_time_in_which_nothing_was_held"),
    (
        PlayName::Hooks,
        22_942_574_106,
        "a_machine_that_is_started_again_while_its_launch_is_held_should_get_no_more_time_for_it",
    ),
    (PlayName::Dns, 15_612_103_393, "an_endpoint_whose_share_is_too_small_for_steps_comes_back_at_once"),
    (PlayName::Hooks, 199_718_772, "a_made_up_way_into_the_pool_should_not_close_what_another_hook_holds"),
];

#[test]
fn every_rule_holds_in_every_history_that_ever_broke_one() {
    for (play, seed, _) in KEPT {
        holds(*play, &play.tell(*seed, false));
    }
}

#[test]
fn each_seed_that_is_kept_names_a_story_that_is_there() {
    let scenarios = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let stories = scenarios.join("tests/stories");
    let units = ["hook/tests", "instance/tests", "hosted_zone", "hosted_zone/tests"]
        .map(|folder| scenarios.join("../../shared/remedies/src").join(folder));
    let mut text = String::new();
    for folder in [stories.clone(), stories.join("dns"), stories.join("hooks")].into_iter().chain(units) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                text += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    for (play, seed, story) in KEPT {
        assert!(text.contains(&format!("fn {story}()")), "{play} {seed}: no story {story}");
    }
}
