use std::sync::Mutex;

use futures_util::FutureExt;
use homeostat_core::aws::units::Unit;
use homeostat_core::incident::{Alarms, Gone, Verdict};
use homeostat_core::ports::{Cursor, Outcome, Unavailable};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::Close;
use homeostat_remedies::instance::reasons::Crowd;
use homeostat_remedies::instance::reasons::Decision;
use homeostat_remedies::instance::reasons::Hold;
use homeostat_remedies::instance::reasons::HoldReason;
use homeostat_remedies::instance::reasons::Incident;
use homeostat_remedies::instance::reasons::Page as Asked;
use homeostat_remedies::instance::reasons::Step;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

/// A ledger that answers page by page, and counts the calls.
struct Pages {
    pages: Vec<Vec<Value>>,
    asked: Mutex<Vec<(String, Option<Cursor>)>>,
}

impl Pages {
    fn of(pages: Vec<Vec<Incident>>) -> Self {
        let stored = |incident: &Incident| serde_json::to_value(incident).unwrap();
        let pages = pages.iter().map(|page| page.iter().map(stored).collect()).collect();
        Pages { pages, asked: Mutex::default() }
    }

    fn status(&self) -> ClosedStatus {
        let now = at_second(9_000);
        let place = "stack homeostat in eu-west-1".to_owned();
        closed(self, place, now, "2027-01".parse().unwrap()).now_or_never().unwrap().unwrap()
    }
}

fn page_after(number: usize) -> Cursor {
    Cursor([("page".to_owned(), number.to_string())].into())
}

impl ClosedIncidents for Pages {
    async fn closed_in<I: DeserializeOwned + Send>(
        &self,
        month: Month,
        _: u16,
        after: Option<&Cursor>,
    ) -> Result<ClosedPage<I>, Unavailable> {
        self.asked.lock().unwrap().push((month.to_string(), after.cloned()));
        let number = after.map_or(0, |after| after.0["page"].parse().unwrap());
        let page = self.pages.get(number).into_iter().flatten();
        let read = page.map(|incident| serde_json::from_value(incident.clone()).unwrap()).collect();
        let unreadable = if number == 1 { vec!["item SUBJECT#… has schema \"2\"".to_owned()] } else { Vec::new() };
        let next = (number + 1 < self.pages.len()).then(|| page_after(number + 1));
        Ok(ClosedPage { read, unreadable, next })
    }
}

fn at_second(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn unhealthy(id: &str) -> Incident {
    let group = "web".parse().unwrap();
    let kind = InstanceKind::Instance { group, alarms: Alarms::default(), notice: None, gone: Gone::default() };
    let subject = format!("eu-west-1#instance#{id}").parse().unwrap();
    Incident::new(subject, kind, at_second(-30), at_second(0)).judged(at_second(1), Verdict::Unhealthy)
}

/// One that waited for the budget, was counted among too many, and was replaced.
fn healed(id: &str) -> Incident {
    let step = Step::Replace { group: "web".parse().unwrap(), instance: id.parse().unwrap() };
    let crowd = Crowd { unhealthy: 3, most: 2, unit: Unit::Instances, desired: 4, desired_unit: Unit::Instances };
    let counted = Hold::Own(HoldReason::TooManyUnhealthy(crowd));
    let budget = Hold::Budget { taken: 1, slots: 1, unit: Unit::Instances, holders: Vec::new(), more: 0 };
    let held = unhealthy(id).hold(at_second(1), at_second(31), &counted).hold(at_second(31), at_second(61), &budget);
    let held = held.hold(at_second(61), at_second(91), &budget);
    let acting = held.intend(at_second(91), &step, &Decision::Act { step: step.clone(), because: Vec::new() });
    let done = acting.settle(at_second(92), Outcome::Done).page(
        at_second(93),
        at_second(183),
        &Asked::Refused { why: "no".into() },
    );
    let word = Acknowledgement { by: "ana".into(), at: at_second(153), reason: "on it".into() };
    let done = done.acknowledge(word);
    let proven = done.hold(at_second(212), at_second(512), &Hold::Proving { since: at_second(212) });
    proven.close(at_second(512), &Close::Recovered)
}

fn shown(status: &ClosedStatus) -> String {
    let mut page = Page::default();
    status.print(&mut page);
    page.finish()
}

#[test]
fn a_month_in_which_nothing_closed_says_so() {
    let status = Pages::of(Vec::new()).status();
    assert_eq!(shown(&status), "stack homeostat in eu-west-1: nothing closed in 2027-01\n");
    assert!(serde_json::to_value(&status).unwrap()["closed"].as_array().unwrap().is_empty());
}

#[test]
fn every_page_is_asked_for_once_and_what_is_unreadable_hides_nothing() {
    let pages = Pages::of(vec![vec![healed("i-0123456789abcdef0")], vec![], vec![healed("i-1a2b3c4d")]]);
    let status = pages.status();
    let asked = pages.asked.lock().unwrap().clone();
    let month = || "2027-01".to_owned();
    assert_eq!(asked, [(month(), None), (month(), Some(page_after(1))), (month(), Some(page_after(2)))]);
    assert_eq!(status.closed.len(), 2);
    let [remark] = &status.remarks()[..] else { panic!("{:?}", status.remarks()) };
    assert!(remark.contains("a closed incident is not shown") && remark.contains("schema"), "{remark}");
}

#[test]
fn what_closed_says_how_long_it_took_and_how_each_hold_ended() {
    let text = shown(&Pages::of(vec![vec![healed("i-0123456789abcdef0")]]).status());
    assert!(text.lines().all(|line| line.chars().count() <= 80) && text.is_ascii(), "{text}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "1 closed in 2027-01",
        "01-15 08:08 i-0123456789abcdef0 web 31s 2m 4m",
        "close: recovered",
        "mitigated by Homeostat",
        "acknowledged by ana, 1m after the page",
        "counted in the incident of group#web",
        "held for too-many-unhealthy: 30s, 1 look(s), then held for budget",
        "held for budget: 1m, 2 look(s), then acted",
        "held for proving: 5m, 1 look(s), then closed (recovered; by Homeostat)",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn json_has_all_that_a_report_reckons_with() {
    let status = serde_json::to_value(Pages::of(vec![vec![healed("i-0123456789abcdef0")]]).status()).unwrap();
    let closed = &status["closed"][0];
    assert_eq!((&status["month"], &closed["close"]), (&json!("2027-01"), &json!("recovered")));
    assert_eq!(closed["mitigated_by"], "homeostat");
    assert_eq!(closed["whole"], "eu-west-1#group#web");
    assert_eq!(closed["holds"].as_array().unwrap().len(), 3);
    for time in ["signalled_at", "opened_at", "detected_at", "mitigated_at", "recovered_at", "closed_at"] {
        assert!(closed[time].is_string(), "{time}: {closed}");
    }
    assert_eq!(closed["first_acknowledged"]["by"], "ana");
    assert!(closed["first_paged_at"].is_string(), "{closed}");
}
