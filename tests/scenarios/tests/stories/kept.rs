//! Seeds that ever broke a rule, kept.
//!
//! A seed tells another history as soon as a die is added or thrown in another order, so it is no proof by itself: what it found is
//! held by a plain story too, which is named here. A seed that breaks a rule comes here with its story, in the commit that fixes
//! what it found.

use scenarios::simulator::Play;

/// The play, the seed, and the story that holds what it found.
const KEPT: &[(Play, u64, &str)] = &[
    (Play::Fleet, 101_186, "a_step_that_is_repeated_after_a_lost_answer_is_one_act"),
    (Play::Fleet, 201_315, "a_group_that_marks_an_instance_and_never_replaces_it_is_told_of_although_no_event_came"),
    (Play::Fleet, 203_611, "a_group_that_marks_an_instance_and_never_replaces_it_is_told_of_although_no_event_came"),
    (Play::Fleet, 52_760_400, "whom_no_target_group_checks_is_unknown_and_not_unhealthy"),
    (Play::Fleet, 203_873, "a_group_that_marks_an_instance_and_never_replaces_it_is_told_of_although_no_event_came"),
];

#[test]
fn every_rule_holds_in_every_history_that_ever_broke_one() {
    for (play, seed, _) in KEPT {
        let told = play.tell(*seed, false);
        assert!(told.broken.is_none(), "{}", play.tell(*seed, true));
    }
}

#[test]
fn each_seed_that_is_kept_names_a_story_that_is_there() {
    let stories = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut text = String::new();
    for folder in [stories.clone(), stories.join("dns"), stories.join("hooks")] {
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
