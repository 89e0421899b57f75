use super::*;

const DESCRIBE: &str = "DescribeAutoScalingGroups";

/// A call of a function in an invocation.
struct Made {
    who: Who,
    root: &'static str,
    label: Option<&'static str>,
    subject: &'static str,
}

fn made(root: &'static str, subject: &'static str) -> Made {
    Made { who: Who::Function("healer".into()), root, label: None, subject }
}

fn decide(faults: &Faults, made: &Made) -> Decided {
    let (service, action) = ("autoscaling", DESCRIBE);
    faults.decide(&Observation {
        who: &made.who,
        invocation: Some(made.root),
        label: made.label,
        service,
        action,
        subject: made.subject,
    })
}

fn happens(faults: &Faults, made: &Made) -> bool {
    decide(faults, made).planned.is_some()
}

fn denied(matcher: Matcher) -> Faults {
    let faults = Faults::default();
    faults.add(Fault::always(Kind::Denied, matcher));
    faults
}

#[test]
fn all_that_a_matcher_says_must_hold() {
    let matcher = || Matcher::any().of_function("healer").action("autoscaling", DESCRIBE).about("i-1");
    assert!(happens(&denied(matcher()), &made("1-a", "i-1,i-2")));
    assert!(!happens(&denied(matcher()), &made("1-a", "i-2")));
    assert!(!happens(&denied(matcher().of_function("other")), &made("1-a", "i-1")));
    assert!(!happens(&denied(matcher().service("monitoring")), &made("1-a", "i-1")));
    assert!(!happens(&denied(matcher().action("autoscaling", "Other")), &made("1-a", "i-1")));
}

#[test]
fn calls_are_counted_within_their_invocation() {
    let faults = denied(Matcher::any().nth(2));
    let happened = ["1-a", "1-b", "1-a", "1-a", "1-b"].map(|root| happens(&faults, &made(root, "")));
    assert_eq!(happened, [false, false, true, false, true]);
}

#[test]
fn functions_are_counted_apart_even_within_one_trace() {
    let faults = denied(Matcher::any().nth(2));
    assert!(!happens(&faults, &made("1-a", "")));
    assert!(!happens(&faults, &Made { who: Who::Function("other".into()), ..made("1-a", "") }));
}

#[test]
fn a_labelled_invocation_is_told_from_its_first_call() {
    let faults = Faults::default();
    let [before, after] = [faults.kill_before("one", 1), faults.kill_after("two", 2)];
    let of = |root, label| decide(&faults, &Made { label, ..made(root, "") }).planned.map(|planned| planned.id);
    assert_eq!(of("1-a", Some("two")), None);
    assert_eq!(of("1-b", None), None);
    assert_eq!(of("1-c", Some("one")), Some(before));
    assert_eq!(of("1-a", Some("two")), Some(after));
    assert_eq!(of("1-d", Some("one")), None, "once is once");
}

#[test]
fn an_invocation_is_followed_from_its_first_mention_and_no_other_is() {
    let faults = denied(Matcher::any().first_invocation_about("i-1"));
    assert!(!happens(&faults, &made("1-a", "web")), "nothing says yet what it is about");
    assert!(happens(&faults, &made("1-a", "i-1")));
    assert!(happens(&faults, &made("1-a", "web")), "by now it is known");
    assert!(!happens(&faults, &made("1-b", "i-1")), "a second invocation about it");
}

#[test]
fn an_invocation_is_learnt_even_while_another_fault_happens() {
    let faults = Faults::default();
    let first = faults.add(Fault::once(Kind::Denied, Matcher::any()));
    let second = faults.add(Fault::once(Kind::Throttle, Matcher::any().first_invocation_about("i-1").nth(2)));
    let ids: Vec<_> = ["i-1", ""].map(|subject| decide(&faults, &made("1-a", subject)).planned.unwrap().id).into();
    assert_eq!(ids, [first, second]);
}

#[test]
fn a_fault_happens_as_often_as_was_said_or_until_it_is_removed() {
    let faults = Faults::default();
    let twice = faults.add(Fault::times(2, Kind::Denied, Matcher::any()));
    let always = faults.add(Fault::always(Kind::Throttle, Matcher::any()));
    let ids = [0; 4].map(|_| decide(&faults, &made("1-a", "")).planned.unwrap().id);
    assert_eq!(ids, [twice, twice, always, always]);
    faults.remove(always);
    assert!(!happens(&faults, &made("1-a", "")));
}
