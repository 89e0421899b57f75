//! What an incident of an instance keeps for whoever looks back.
//!
//! This module never makes up a form: each incident is what its transitions leave.

use homeostat_core::aws::units::Unit;
use homeostat_core::incident::Acknowledgement;
use homeostat_core::ports::Outcome;
use homeostat_remedies::instance::reasons::Close;
use homeostat_remedies::instance::reasons::CloseReason;
use homeostat_remedies::instance::reasons::Hold;
use homeostat_remedies::instance::reasons::HoldReason;
use homeostat_remedies::instance::reasons::Incident;
use homeostat_remedies::instance::reasons::Page;
use homeostat_remedies::instance::reasons::PageReason;

use super::super::super::Folder::Instance;
use super::super::{Sample, at, closed, held, id, incident, paged};
use super::{acting, crowd, followed, replace, settled, unhealthy, unknown, waited_for_protection};

pub(super) fn samples() -> Vec<Sample> {
    let proving = |incident: &Incident, second| held(incident, second, &Hold::Proving { since: at(second) });
    let waited = held(&held(&held(&unhealthy(), 1, &protected()), 31, &protected()), 61, &budget());
    let done = held(&acting(&waited, 91, replace()).settle(at(92), Outcome::Done), 122, &short());
    let healed = closed(&proving(&done, 152), 452, &Close::Recovered);
    let left = proving(&held(&followed(), 31, &short()), 61);
    let found_done = acting(&settled(unknown()), 61, replace()).settle(at(62), Outcome::AlreadyDone);
    let known = Acknowledgement { by: "ana".to_owned(), at: at(1_900), reason: "on it".to_owned() };
    let asked = paged(&held(&unhealthy(), 1, &protected()), 1_801, &waited_for_protection()).acknowledge(known);
    let asked_again = paged(&asked, 1_951, &Page::Own(PageReason::NotInPolicy { group: id("web") }));
    let counted = held(&unhealthy(), 1, &Hold::Own(HoldReason::TooManyUnhealthy(crowd(Unit::Instances))));
    let turns = [protected(), budget()];
    let restless = (0..32_i64).zip(turns.iter().cycle());
    let restless = restless.fold(unhealthy(), |incident, (look, because)| held(&incident, 1 + look * 30, because));
    vec![
        incident(Instance, "past-of-a-heal", healed),
        incident(Instance, "past-without-a-hold", settled(Outcome::Done)),
        incident(Instance, "past-of-a-group-that-healed-itself", closed(&left, 361, &left_by_itself())),
        incident(
            Instance,
            "past-of-an-effect-that-was-found",
            closed(&proving(&found_done, 92), 392, &Close::Recovered),
        ),
        incident(Instance, "past-of-a-second-page", asked_again),
        incident(Instance, "past-of-a-member-of-the-whole", counted),
        incident(Instance, "past-with-holds-dropped", restless),
    ]
}

fn protected() -> Hold {
    Hold::Own(HoldReason::Protected)
}

fn budget() -> Hold {
    let holders = vec![id("eu-west-1#instance#i-1a2b3c4d")];
    Hold::Budget { taken: 1, slots: 1, unit: Unit::Instances, holders, more: 0 }
}

fn short() -> Hold {
    Hold::Own(HoldReason::Recovering { healthy: 3, needed: 4, unit: Unit::Instances, held: Vec::new() })
}

fn left_by_itself() -> Close {
    Close::Own(CloseReason::LeftByItself)
}
