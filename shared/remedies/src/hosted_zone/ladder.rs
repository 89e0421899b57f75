//! The ladder for a zone: all that decides about its records, in order, and what each check goes by.
//!
//! This module never judges a record itself.

use std::cell::OnceCell;

use homeostat_core::guard;
use homeostat_core::incident::State;
use homeostat_core::line::list;
use homeostat_core::reconcile::{Check, Rung, checked, climbed};

use super::decide::{Situation, decide, judged, undelayed};
use super::dependency;
use super::drift::Drifted;
use super::evidence::{Ails, ails};
use super::judge::Judged;
use super::kind::HostedZoneKind;
use super::reasons::{Close, CloseReason, Decision, Evidence, Hold, HoldReason, Page, PageReason, Step, Trouble};
use super::shift::{Move, Shift};
use super::standing::{Standing, standing};
use crate::hosted_zone::policy::{EndpointPolicy, RecordPolicy};

/// What is to be done about the records, judged once and only if it is asked for.
pub(super) struct Judging<'a> {
    case: Situation<'a>,
    judged: OnceCell<Judged>,
    act: OnceCell<Vec<(Move, Vec<Evidence>)>>,
}

pub(super) fn ladder<'a>() -> [Check<Judging<'a>, HostedZoneKind>; 17] {
    [
        Check {
            name: "nobody else is acting on it",
            stops: |it| guard::unsettled(it.case.now, it.case.incident),
            by: |it| guard::or_none(guard::unsettled(it.case.now, it.case.incident), "no call is under way"),
        },
        Check {
            name: "the last change has arrived",
            stops: |it| it.case.propagating(),
            by: |it| guard::or_none(it.case.propagating(), "none is on its way"),
        },
        Check { name: "what fails can be taken over", stops: |it| it.cannot_be_taken_over(), by: |it| it.health() },
        Check {
            name: "nothing is paused that is due",
            stops: |it| it.paused(),
            by: |it| guard::pauses(it.case.now, &it.case.around.limits),
        },
        Check { name: "nothing needs a person", stops: |it| it.trouble(), by: |it| it.troubles_in_words() },
        Check {
            name: "nothing that its records depend on moves",
            stops: |it| it.dependency_moves(),
            by: |it| dependency::in_words(it.case),
        },
        Check { name: "no refusal keeps it from being tried", stops: |it| it.lost(), by: |it| it.refused_in_words() },
        Check {
            name: "the policy and AWS agree as far as people know",
            stops: |it| it.drift_is_news(),
            by: |it| it.drift_in_words(),
        },
        Check {
            name: "every endpoint has its own weight",
            stops: |it| it.returning(),
            by: |it| it.standing_in_words(),
        },
        Check { name: "nothing is only watched", stops: |it| it.watched(), by: |it| it.watched_in_words() },
        Check { name: "what may be missing was read twice", stops: |it| it.unsure(), by: |it| it.drift_in_words() },
        Check {
            name: "the evidence is clear",
            stops: |it| it.unconfirmed(),
            by: |it| guard::or_none(it.unconfirmed(), "none of it is missing"),
        },
        Check {
            name: "no earlier change may still apply",
            stops: |it| it.late(),
            by: |it| guard::or_none(it.late(), "none may"),
        },
        Check {
            name: "nobody took it over",
            stops: |it| it.taken_over(),
            by: |it| guard::or_none(it.taken_over(), "nobody"),
        },
        Check { name: "something was wrong", stops: |it| it.nothing_wrong(), by: |it| it.health() },
        Check {
            name: "it has stayed well",
            stops: |it| it.proving(),
            by: |it| guard::or_none(it.proving(), "for `stable-for`"),
        },
        Check { name: "there is something to change now", stops: |it| it.recovered(), by: |it| it.due_in_words() },
    ]
}

/// The ladder as it was climbed, after the limit that nobody escapes.
pub(super) fn rungs(case: Situation<'_>) -> Vec<Rung> {
    let (decision, undelayed) = (decide(case), undelayed(case));
    let is_in_time = decision == undelayed;
    let by = if is_in_time { "nobody".to_owned() } else { decision.to_string() };
    let limit = [("it has not taken too long without a page", is_in_time, by)];
    climbed(limit.into_iter().chain(checked(&ladder(), &Judging::of(case))))
}

impl<'a> Judging<'a> {
    pub(super) fn of(case: Situation<'a>) -> Self {
        Judging { case, judged: OnceCell::new(), act: OnceCell::new() }
    }

    fn judged(&self) -> &Judged {
        self.judged.get_or_init(|| judged(self.case))
    }

    /// What is to be done now. A batch of unknown fate is fenced off first, whatever else there is to do.
    fn act(&self) -> &[(Move, Vec<Evidence>)] {
        self.act.get_or_init(|| {
            let act = &self.judged().act;
            act.iter().cloned().chain(self.case.fence_off(act)).collect()
        })
    }

    fn page(&self) -> Decision {
        Decision::Page(Page::Own(PageReason::Weights { troubles: self.judged().troubles.clone() }))
    }

    /// A return can wait for the next look, and may be paused; an unhealthy endpoint that nobody can take over from can't.
    fn cannot_be_taken_over(&self) -> Option<Decision> {
        let drains = self.act().iter().any(|(moved, _)| moved.drained().next().is_some());
        let is_new = |trouble: &Trouble| matches!(trouble, Trouble::NoTarget { .. }) && !self.case.was_asked(trouble);
        (!drains && self.judged().troubles.iter().any(is_new)).then(|| self.page())
    }

    fn paused(&self) -> Option<Decision> {
        if self.is_idle() { None } else { self.case.pause() }
    }

    /// Nothing is to be changed now: all that follows is about that.
    fn is_idle(&self) -> bool {
        self.act().is_empty()
    }

    fn idle(&self) -> Option<()> {
        self.is_idle().then_some(())
    }

    pub(super) fn due(&self) -> Decision {
        let act = self.act();
        let (moves, because): (Vec<_>, Vec<Vec<Evidence>>) = self.case.at_once(act.to_vec()).into_iter().unzip();
        let shift = self.case.again(Shift { zone: self.case.kept.zone.clone(), moves });
        Decision::Act { step: Step::Shift(shift), because: because.concat() }
    }

    fn trouble(&self) -> Option<Decision> {
        self.idle()?;
        (!self.judged().troubles.is_empty()).then(|| self.page())
    }

    fn dependency_moves(&self) -> Option<Decision> {
        self.idle()?;
        let moves = dependency::first(&self.judged().held)?;
        Some(self.case.hold(Some(moves.until), Hold::Dependency(moves)))
    }

    fn lost(&self) -> Option<Decision> {
        self.idle()?;
        let why = self.judged().lost.clone()?;
        Some(self.case.hold(None, Hold::Own(HoldReason::Lost { why })))
    }

    fn drifted(&self) -> Drifted {
        Drifted::of(self.case.now, self.case.kept, &self.case.around.limits.memory.drifts)
    }

    fn drift_is_news(&self) -> Option<Decision> {
        self.idle()?;
        let drifted = self.drifted();
        let is_news = drifted.is_news() && self.case.incident.state != State::Escalated;
        is_news.then(|| self.case.differs(drifted))
    }

    fn returning(&self) -> Option<Decision> {
        self.idle()?;
        let waiting = &self.judged().waiting;
        let until = waiting.iter().filter_map(|waiting| self.case.next_look(waiting)).min();
        let because = || Hold::Own(HoldReason::Returning { waiting: waiting.clone() });
        (!waiting.is_empty()).then(|| self.case.hold(until, because()))
    }

    fn watched(&self) -> Option<Decision> {
        self.idle()?;
        let watch = &self.judged().watch;
        if watch.is_empty() {
            return None;
        }
        let (moves, because): (Vec<_>, Vec<Vec<Evidence>>) = watch.iter().cloned().unzip();
        let step = Step::Shift(Shift { zone: self.case.kept.zone.clone(), moves });
        Some(self.case.hold(None, Hold::Watching { step, because: because.concat() }))
    }

    /// What may be missing is read a second time whatever else isn't known: only an open incident is looked at again.
    fn unsure(&self) -> Option<Decision> {
        self.idle()?;
        let drifted = self.drifted();
        let is_unsure = self.judged().unconfirmed.is_some() && self.case.incident.is_new() && !drifted.is_none();
        is_unsure.then(|| self.case.differs(drifted))
    }

    fn unconfirmed(&self) -> Option<Decision> {
        self.idle()?;
        let because = self.judged().unconfirmed.clone().or_else(|| self.case.still_proven())?;
        Some(self.case.hold(None, because))
    }

    fn late(&self) -> Option<Decision> {
        self.idle()?;
        Some(self.case.hold(None, self.case.may_still_apply()?))
    }

    fn taken_over(&self) -> Option<Decision> {
        self.idle()?;
        let records: Vec<String> = self.case.kept.taken_over.iter().map(ToString::to_string).collect();
        let what = records.join(", ");
        (!records.is_empty()).then_some(Decision::Close(Close::Own(CloseReason::TakenOver { what })))
    }

    fn nothing_wrong(&self) -> Option<Decision> {
        self.idle()?;
        let drifted = self.drifted();
        if self.case.is_untouched() && !drifted.is_none() {
            return Some(self.case.differs(drifted));
        }
        let why = "no endpoint of the zone's records is sick by the evidence that the policy asks for";
        self.case.incident.mitigated_at.is_none().then(|| Decision::nothing_wrong(why))
    }

    fn proving(&self) -> Option<Decision> {
        self.idle()?;
        let since = match &self.case.incident.decision {
            Some(Decision::Hold { because: Hold::Proving { since }, .. }) => *since,
            _ => self.case.now,
        };
        let proven = since + self.case.policy.dns.dwell;
        let is_proven = self.case.now >= proven && !self.case.incident.is_new();
        (!is_proven).then(|| self.case.hold(Some(proven), Hold::Proving { since }))
    }

    fn recovered(&self) -> Option<Decision> {
        self.idle().map(|()| Decision::Close(Close::Recovered))
    }
}

/// What each check goes by.
impl Judging<'_> {
    fn health(&self) -> String {
        let held = &self.case.kept.records;
        let strangers = held.keys().filter(|key| self.case.policy.record(key).is_none());
        let strangers = strangers.map(|key| format!("{key}: held, and no longer in the policy"));
        let left_out = self.case.kept.siblings.iter().filter(|(_, sibling)| !sibling.is_in_policy);
        let left_out =
            left_out.map(|(key, it)| format!("{key} is not in the policy and is not moved ({})", it.shares()));
        let records = self.case.policy.records.iter().map(|record| self.health_of(record));
        records.chain(strangers).chain(left_out).collect::<Vec<_>>().join("; ")
    }

    fn health_of(&self, record: &RecordPolicy) -> String {
        let of = |endpoint: &EndpointPolicy| {
            let says = match ails(self.case.now, record, endpoint, self.case.seen) {
                Ails::Sick(proofs) => format!("sick ({})", list(&proofs)),
                Ails::Perhaps { missing } => format!("perhaps sick ({})", list(&missing)),
                Ails::Disabled(alarm) => format!("its alarm {:?} may not act", alarm.alarm_name()),
                Ails::No => "not sick".to_owned(),
            };
            format!("{}: {says}", endpoint.id)
        };
        let held = if self.is_held(record) { ", held by Homeostat" } else { "" };
        let endpoints: Vec<String> = record.endpoints.iter().map(of).collect();
        format!("{}{held}: {}", record.key, endpoints.join(", "))
    }

    fn is_held(&self, record: &RecordPolicy) -> bool {
        self.case.kept.records.contains_key(&record.key)
    }

    fn due_in_words(&self) -> String {
        let moves: Vec<String> = self.act().iter().map(|(moved, _)| moved.to_string()).collect();
        if moves.is_empty() { "nothing is due".to_owned() } else { moves.join("; ") }
    }

    fn watched_in_words(&self) -> String {
        let watched: Vec<String> = self.judged().watch.iter().map(|(moved, _)| moved.to_string()).collect();
        if watched.is_empty() { "nothing is due that the policy only watches".to_owned() } else { watched.join("; ") }
    }

    fn troubles_in_words(&self) -> String {
        let troubles = &self.judged().troubles;
        if troubles.is_empty() { "nothing does".to_owned() } else { list(troubles) }
    }

    fn refused_in_words(&self) -> String {
        let refused: Vec<String> =
            self.case.kept.refused.iter().map(|(key, refused)| format!("{key}: {}", refused.why)).collect();
        if refused.is_empty() { "none does".to_owned() } else { refused.join("; ") }
    }

    fn drift_in_words(&self) -> String {
        let drifted = self.drifted();
        if drifted.is_none() { "they do".to_owned() } else { drifted.to_string() }
    }

    fn standing_in_words(&self) -> String {
        let waiting = self.judged().waiting.iter().map(ToString::to_string);
        let held = self.case.policy.records.iter().copied().filter(|record| self.is_held(record));
        let all: Vec<String> = waiting.chain(held.map(|record| self.standing_of(record))).collect();
        if all.is_empty() { "Homeostat holds no record".to_owned() } else { all.join("; ") }
    }

    fn standing_of(&self, record: &RecordPolicy) -> String {
        let held = self.case.kept.records.get(&record.key);
        let says = match standing(self.case, record, held, &self.case.seen.record(&record.key)) {
            Standing::AsLeft => "as it was left".to_owned(),
            Standing::Stale => "Route 53 still shows what was there before the last change".to_owned(),
            Standing::Unread { why } | Standing::Unfit { why } => why,
            Standing::Changed { what } => what,
        };
        format!("{}: {says}", record.key)
    }
}
