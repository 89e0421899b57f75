use std::collections::BTreeSet;

use homeostat_core::id::Subject;

use super::*;

fn filled_in(form: &str) -> String {
    let id = if form.starts_with("hosted-zone") { "Z0123456789ABCDEFGHIJ" } else { "i-0123456789abcdef0" };
    let names = [("<id>", id), ("<instance id>", id), ("<name>", "web"), ("<group>", "web"), ("<hook>", "ready")];
    names.iter().fold(form.to_owned(), |text, (placeholder, name)| text.replace(placeholder, name))
}

fn subject(form: &str) -> Subject {
    format!("eu-west-1#{}", filled_in(form)).parse().unwrap()
}

#[test]
fn each_form_is_read_by_the_remedy_that_has_it_and_by_no_other() {
    for (place, entry) in ALL.into_iter().enumerate() {
        assert!(!entry.forms.is_empty(), "remedy {place} has subjects");
        for form in entry.forms {
            let readers: Vec<usize> =
                (0..ALL.len()).filter(|other| (ALL[*other].named)(&subject(form)).is_some()).collect();
            assert_eq!(readers, [place], "{form}");
            assert!(named(&subject(form)).is_ok(), "{form}");
        }
    }
}

#[test]
fn what_is_offered_to_be_paused_can_be_and_nothing_else() {
    for entry in ALL {
        for form in entry.forms {
            let paused = named(&subject(form)).unwrap().pausable.contains(&filled_in(form));
            assert_eq!(paused, entry.pausable.contains(form), "{form}");
        }
        assert!(entry.pausable.iter().all(|form| entry.forms.contains(form)));
    }
    assert_eq!(pausable(), "all, instance#<id>, group#<name> or hosted-zone#<id>");
}

/// Whoever adds a remedy adds a field, even if it remembers nothing.
#[test]
fn each_remedy_is_asked_whether_it_remembers() {
    let Remembering { instances, hosted_zones, hooks } = remembering(&"group#web".parse().unwrap());
    assert_eq!([instances, hosted_zones, hooks], [true, false, true]);
    assert_eq!([instances, hosted_zones, hooks].len(), ALL.len(), "a field for each remedy");
    let Remembering { instances, hosted_zones, hooks } =
        remembering(&"hosted-zone#Z0123456789ABCDEFGHIJ".parse().unwrap());
    assert_eq!([instances, hosted_zones, hooks], [false, true, false]);
}

#[test]
fn no_kind_and_no_tag_is_of_two_remedies() {
    let kinds: Vec<&str> = ALL.iter().flat_map(|entry| entry.kinds).copied().collect();
    assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len(), "{kinds:?}");
    let all: Vec<&str> = tags().collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
}

#[test]
fn a_name_that_no_remedy_has_is_answered_with_those_that_are_known() {
    let error = named(&"eu-west-1#database#db-1".parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("instance#<id>, group#<name>, hosted-zone#<id> or hook#"), "{error}");
}
