//! What all endpoints of a record need fails over: the weights stay where they are.

use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::policy;
use scenarios::{DnsStory, record_section};
use world::Site;

use super::super::dependency::{DEPENDS, add_database, pass, table};
use super::site::*;

fn two_that_depend(depends: &str) -> DnsStory {
    let record = record("www.example.com A", &[("blue", 70), ("green", 30)]);
    let world = Site::new(vec![record.clone()]).unwrap().build(noon()).unwrap();
    let section = record_section(&world, &record, &format!("{USUAL}\n{depends}"), |_| String::new());
    let policy = policy::parse(&format!("schema = 1\n{section}{}", table())).unwrap();
    let story = DnsStory::new(world, policy);
    story.cloud.with(add_database);
    story
}

/// One endpoint fails with the database, for eight minutes.
fn fails_over(story: &mut DnsStory) {
    pass(story, 5, |minute| minute > 2);
    fail(story, "blue");
    pass(story, 8, |_| true);
    mend(story, "blue");
    pass(story, 60, |_| false);
}

#[test]
fn nothing_is_drained_while_it_fails_over_and_the_endpoint_recovers_with_it() {
    let mut story = two_that_depend(DEPENDS);
    fails_over(&mut story);
    assert!(shifts(&story, &zone()).is_empty());
    has(&story, &www(), &[70, 30]);
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
    let mut story = two_that_depend("");
    fails_over(&mut story);
    assert!(!shifts(&story, &zone()).is_empty(), "else it proves nothing");
}

#[test]
fn an_endpoint_that_stays_unhealthy_is_drained_after_half_an_hour() {
    let mut story = two_that_depend(DEPENDS);
    pass(&mut story, 5, |minute| minute > 2);
    fail(&story, "blue");
    pass(&mut story, 28, |_| true);
    has(&story, &www(), &[70, 30]);
    pass(&mut story, 10, |_| true);
    has(&story, &www(), &[0, 30]);
}
