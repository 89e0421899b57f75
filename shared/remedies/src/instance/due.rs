//! One look at a marked group: AWS is read once, for all members that events spoke of and for the group as a whole.
//!
//! Each member still has its own incident, intent and fence. This module never takes a hint for anything but where to look.

use std::collections::BTreeSet;

use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::aws::rates::Api;
use homeostat_core::id::{AlarmArn, GroupName, Scope, Subject};
use homeostat_core::ports::{Clock, DueHint, DueMark, DueTrigger, Ledger, Unavailable, WakeUps};
use homeostat_core::reconcile::{Attended, Coalesce, Placed, Ports, Remedy, Route, Turn, look_at};
use homeostat_core::signal::Hint;
use jiff::Timestamp;

use super::ahead::{self, Ahead};
use super::kind::InstanceKind;
use super::opening::outside_policy;
use super::route::{GroupAlarm, Survey};
use super::survey::{is_about, see, unhealthy_of, wants_alarms};
use super::{Fleet, Observer, Replace, ReplaceInstance};
use crate::instance::reasons::{Decision, Incident};

impl<A: Fleet + Replace + Sync, S: StatusChecks + Sync> Coalesce for ReplaceInstance<'_, A, S> {
    type Ahead = Ahead;

    async fn read_ahead(&self, clock: &impl Clock, marks: &[DueMark]) -> (Ahead, Vec<(Api, usize)>) {
        ahead::read(&self.observer, clock, marks).await
    }

    /// The policy's groups, once they were read.
    type Reading = Option<Vec<Group>>;

    async fn place(
        &self,
        routes: &[&Route<Survey>],
        reading: &mut Option<Vec<Group>>,
    ) -> Result<Vec<Placed>, Unavailable> {
        let Observer { aws, policy, .. } = self.observer;
        if reading.is_none() && routes.iter().any(|route| asks_aws(route)) {
            *reading = Some(aws.groups(&policy.group_names()).await?);
        }
        let groups = reading.as_deref().unwrap_or_default();
        let children: BTreeSet<AlarmArn> = routes.iter().flat_map(|route| children(route)).cloned().collect();
        let children: Vec<AlarmArn> = children.into_iter().collect();
        let children = if children.is_empty() { Default::default() } else { aws.alarms(&children).await? };
        let children: Vec<_> = children.into_values().filter_map(Result::ok).collect();
        let concerns = |alarm: &GroupAlarm, group: &Group| {
            policy.group(&group.name).is_some_and(|policy| is_about(alarm, group, policy, &children))
        };
        let place = |route: &&Route<Survey>| match route {
            Route::Hints(hints) => self.place_hints(groups, hints),
            Route::Survey(Survey::Resync(_)) => Placed::default(),
            Route::Survey(Survey::Alarm(alarm)) => {
                let concerned = groups.iter().filter(|group| concerns(alarm, group));
                let at: Vec<_> = concerned.map(|group| self.surveyed(&group.name, alarm)).collect();
                let outside = if at.is_empty() { vec![alarm.names_nobody().to_string()] } else { Vec::new() };
                Placed { at, outside }
            }
        };
        Ok(routes.iter().map(place).collect())
    }

    async fn attend<L, C, W>(
        &self,
        ports: Ports<'_, L, C, W>,
        mark: &DueMark,
        Turn { ahead, until, others_wait }: Turn<'_, Ahead>,
        on_decision: &impl Fn(&Incident, &Decision),
    ) -> Attended<InstanceKind>
    where
        L: Ledger + Sync,
        C: Clock + Sync,
        W: WakeUps,
    {
        let Observer { aws, checks, policy } = self.observer;
        let Some(name) = mark.scope.group().filter(|name| policy.group(name).is_some()) else {
            // The policy was another one when it was marked.
            return Attended::default();
        };
        let once = ahead.over(aws, checks, ports.clock, &name, mark);
        let observer = Observer { aws: &once, checks: &once, policy };
        let remedy = ReplaceInstance { observer, hash: self.hash, region: self.region, checks_later: others_wait };
        let attended = match remedy.hints(ports, mark, &name).await {
            Ok(hints) => attend_to(&remedy, ports, mark, hints, until, &|| once.has_acted(), on_decision).await,
            Err(why) => Attended {
                left: mark.hints.clone(),
                all_left: mark.all,
                trouble: Some(why.to_string()),
                ..Attended::default()
            },
        };
        Attended { calls: once.calls(), ..attended }
    }
}

impl<A: Fleet + Replace + Sync, S: StatusChecks + Sync> ReplaceInstance<'_, A, S> {
    fn place_hints(&self, groups: &[Group], hints: &[Hint]) -> Placed {
        let mut placed = Placed::default();
        for hint in hints {
            let id = hint.subject.instance();
            let is_its_own = |group: &&Group| id.as_ref().is_some_and(|id| group.member(id).is_some());
            let of_member = groups.iter().find(is_its_own).map(|group| group.name.clone());
            let name = hint.subject.group().or(of_member);
            let name = name.filter(|name| self.observer.policy.group(name).is_some());
            match name.zip(DueHint::of(hint)) {
                Some((name, hint)) => placed.at.push((Scope::of_group(&name), hint)),
                None => placed.outside.push(outside_policy(hint.subject.clone(), self.observer.policy).to_string()),
            }
        }
        placed
    }

    fn surveyed(&self, name: &GroupName, alarm: &GroupAlarm) -> (Scope, DueHint) {
        let subject = Subject::of_group(self.region.clone(), name);
        (Scope::of_group(name), DueHint { subject, why: DueTrigger::Survey(alarm.change.clone()) })
    }

    /// Whom to look at: those that the mark names, and whoever else is unhealthy where all members have to be looked at.
    async fn hints<L: Ledger + Sync, C: Clock, W>(
        &self,
        ports: Ports<'_, L, C, W>,
        mark: &DueMark,
        name: &GroupName,
    ) -> Result<Vec<Hint>, Unavailable> {
        let aws = self.observer.aws;
        let mut hints: Vec<Hint> = mark.hints.iter().filter_map(DueHint::hint).collect();
        // By one call for a hundred, so that no member's look asks for its own.
        let spoke: Vec<AlarmArn> = ahead::spoke(mark).into_iter().collect();
        if !spoke.is_empty() {
            aws.alarms(&spoke).await?;
        }
        if !mark.asks_for_all() {
            return Ok(hints);
        }
        let Some(policy) = self.observer.policy.group(name) else { return Ok(hints) };
        let Some(group) = aws.groups(std::slice::from_ref(name)).await?.into_iter().next() else { return Ok(hints) };
        let now = ports.clock.now();
        let seen = see(&self.observer, &group).await?;
        let alarms = if wants_alarms(policy, &seen) { aws.alarms_in_alarm().await? } else { Vec::new() };
        let sick = unhealthy_of(&group, policy, seen, &alarms, now, self.region, &asked_by(mark));
        let subjects: Vec<Subject> = sick.iter().map(|hint| hint.subject.clone()).collect();
        let open = ports.ledger.open_among(&subjects).await?;
        let is_new =
            |hint: &Hint| !open.contains(&hint.subject) && !hints.iter().any(|known| known.subject == hint.subject);
        let sick: Vec<Hint> = sick.into_iter().filter(is_new).collect();
        hints.extend(sick);
        Ok(hints)
    }
}

/// As the newest alarm of the whole asks; where there were more hints than the mark keeps, as a resync.
fn asked_by(mark: &DueMark) -> Survey {
    let told = mark.hints.iter().filter(|hint| matches!(hint.why, DueTrigger::Survey(_))).filter_map(DueHint::change);
    match told.max_by_key(|change| change.changed_at) {
        Some(change) => Survey::Alarm(GroupAlarm::of(change.clone())),
        None => Survey::Resync(Vec::new()),
    }
}

/// After so many members in a row that could not be looked at, AWS throttles: the others would fare no better.
const MOST_IN_VAIN: usize = 3;

async fn attend_to<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    mark: &DueMark,
    hints: Vec<Hint>,
    until: Timestamp,
    has_acted: &impl Fn() -> bool,
    on_decision: &impl Fn(&Incident, &Decision),
) -> Attended<InstanceKind>
where
    R: Remedy<Kind = InstanceKind>,
    L: Ledger + Sync,
    C: Clock,
    W: WakeUps,
{
    let mut attended = Attended::default();
    // What many members lead to is looked at once, after all of them.
    let mut follow_ups: Vec<Hint> = Vec::new();
    let (mut served, mut in_vain): (Vec<&Hint>, usize) = (Vec::new(), 0);
    for hint in &hints {
        // After an effect the group has to be read again: until then another group's turn has come.
        if ports.clock.now() >= until || in_vain == MOST_IN_VAIN || has_acted() {
            break;
        }
        let look = look_at(remedy, ports, hint, on_decision).await;
        match &look.outcome {
            Ok(outcome) => {
                (in_vain, _) = (0, served.push(hint));
                let next = remedy.follow_up(ports.clock.now(), outcome);
                follow_ups.extend(next.filter(|next| !follow_ups.iter().any(|known| known.subject == next.subject)));
            }
            Err(error) => {
                in_vain += 1;
                attended.trouble.get_or_insert_with(|| error.to_string());
            }
        }
        attended.looks.push(look);
    }
    let is_through = served.len() == hints.len();
    attended.all_left = mark.all && !is_through;
    for hint in &follow_ups {
        let look = look_at(remedy, ports, hint, on_decision).await;
        if let Err(error) = &look.outcome {
            attended.trouble.get_or_insert_with(|| error.to_string());
            attended.all_left = true;
        }
        attended.looks.push(look);
    }
    // An alarm of the whole asks again until all that its look found was seen to.
    let is_left = |told: &&DueHint| told.hint().map_or(!is_through, |hint| !served.contains(&&hint));
    attended.left = mark.hints.iter().filter(is_left).cloned().collect();
    attended
}

/// Whether only Auto Scaling knows which group it is about.
fn asks_aws(route: &Route<Survey>) -> bool {
    match route {
        Route::Hints(hints) => hints.iter().any(|hint| hint.subject.group().is_none()),
        Route::Survey(_) => true,
    }
}

fn children(route: &Route<Survey>) -> &[AlarmArn] {
    match route {
        Route::Survey(Survey::Alarm(alarm)) => &alarm.children,
        Route::Survey(Survey::Resync(_)) | Route::Hints(_) => &[],
    }
}
