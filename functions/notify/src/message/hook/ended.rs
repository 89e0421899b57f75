//! How a held instance went on, for those that went otherwise than they should.
//!
//! This module never calls an instance well or ready that nothing showed to be so.

use homeostat_core::aws::lifecycle::{Course, Transition};
use homeostat_core::decision::Page;
use homeostat_core::hook::kept::Kept;
use homeostat_core::hook::said::{Because, Ended, LaunchesFail, Limit};
use homeostat_core::incident::Incident;
use homeostat_core::policy::Afterwards;

use super::super::{Told, long, short};
use super::{held, part_of, plan, stop};

pub(super) fn closed(incident: &Incident, kept: &Kept, ended: &Ended) -> Told {
    if let Some(Page::LaunchesFail(fail)) = &incident.paged_because {
        return over(incident, kept, fail);
    }
    let (subject, mut lines, last) = match &ended.because {
        Some(because @ Because::NotReady { .. }) => abandoned(kept, because),
        Some(because @ Because::OutOfTime { limit, .. }) => in_use(kept, because, limit),
        Some(because @ Because::MachineGone { .. }) => registered(kept, because),
        Some(because @ Because::Unjudged { .. }) => unproven(kept, because),
        _ if !ended.undone.is_empty() => (
            format!("left undone: {} of {}", kept.instance, kept.group),
            vec![
                format!("Homeostat is done with {}, and could not do all that was to be done before.", long(incident)),
                String::new(),
            ],
            Vec::new(),
        ),
        _ => (
            format!("closed: {}", short(incident)),
            vec![format!("The incident about {} is closed: {ended}.", long(incident)), String::new()],
            Vec::new(),
        ),
    };
    lines.extend(held(incident, kept));
    lines.extend(ended.undone.iter().map(|undone| format!("Left undone: {undone}.")));
    lines.extend(part_of(kept));
    lines.extend((!ended.undone.is_empty()).then(plan::undone));
    lines.extend(last);
    (subject, lines)
}

fn abandoned(kept: &Kept, because: &Because) -> (String, Vec<String>, Vec<String>) {
    let (instance, group) = (&kept.instance, &kept.group);
    let first = vec![
        format!("Homeostat abandoned the launch of {instance} into group {group}. It never came into service."),
        String::new(),
        format!("Why: {because}."),
    ];
    let last = vec![
        "You: find out why it was not ready: its image or version, what it depends on, or evidence that it can't show."
            .to_owned(),
        plan::look(),
        "Next: Auto Scaling terminates it, and launches another unless Launch is suspended; the hook holds that one just \
         so. After as many in a row as the policy's abandons, you are asked once, and the group is left as its afterwards \
         says."
            .to_owned(),
        stop(kept),
    ];
    (format!("NEEDS YOU: launch abandoned: {instance} into {group}"), first, last)
}

fn in_use(kept: &Kept, because: &Because, limit: &Limit) -> (String, Vec<String>, Vec<String>) {
    let (instance, group) = (&kept.instance, &kept.group);
    let first = vec![
        format!("Homeostat let {instance} of group {group} go although it was still in use."),
        String::new(),
        format!("Why: {because}."),
    ];
    let lost = "You: see whether what it was doing is lost, and have that done again.";
    let oftener = match limit {
        Limit::Policy { .. } => "If its work takes longer as a rule, raise within in the policy.",
        Limit::Global => {
            "If its work takes longer as a rule, raise the hook's heartbeat timeout: 100 of them are its limit."
        }
        Limit::Timeout => "See the log of lifecycle-hook for why no heartbeat came through.",
        Limit::Spot { .. } => "A Spot Instance gives two minutes and no more: its work has to fit into them.",
    };
    let next = match kept.course {
        Some(Course::BackToPool) => "Next: Auto Scaling takes it back into the warm pool.",
        _ => "Next: Auto Scaling terminates it. Homeostat does nothing more about it.",
    };
    let last = [lost, oftener, next].map(str::to_owned).to_vec();
    (format!("left in use: {instance} of {group}"), first, last)
}

fn registered(kept: &Kept, because: &Because) -> (String, Vec<String>, Vec<String>) {
    let (instance, group) = (&kept.instance, &kept.group);
    let first = vec![
        format!("Homeostat let {instance} of group {group} go, and left what was registered by its address."),
        String::new(),
        format!("Why: {because}."),
    ];
    let last = [
        "You: see whose address it is now. If it is nobody's, deregister it: the next machine that gets the address would be \
         sent requests.",
        "Next: Homeostat does nothing more about it.",
    ];
    (format!("left registered: {instance} of {group}"), first, last.map(str::to_owned).to_vec())
}

fn unproven(kept: &Kept, because: &Because) -> (String, Vec<String>, Vec<String>) {
    let (instance, group) = (&kept.instance, &kept.group);
    let first = vec![
        format!("Homeostat let {instance} into service in group {group} without proof that it is ready."),
        String::new(),
        format!("Why: {because}."),
    ];
    let last = [
        "You: see for yourself whether it serves well; and see the log of lifecycle-hook for why its evidence couldn't be \
         read or no heartbeat came through.",
        "Next: it serves like any other, and is judged like any other from now on: by its target groups, by its group, and \
         by replace-instance if the policy names the group there. What is launched next is held as usual.",
    ];
    (format!("admitted unproven: {instance} into {group}"), first, last.map(str::to_owned).to_vec())
}

/// Nobody has to hear of the abandoned launches any more.
fn over(incident: &Incident, kept: &Kept, fail: &LaunchesFail) -> Told {
    let mut lines = vec![
        format!("Homeostat judges the launches of group {} again as before.", fail.group),
        String::new(),
        "Why: a launch was ready, what is launched now is another version, the policy changed, or somebody acknowledged the \
         group.".to_owned(),
    ];
    lines.extend(incident.acknowledged.as_ref().map(|word| format!("{} said: {}.", word.by, word.reason)));
    lines.push("Next: a launch that is not ready in time is abandoned, and counted from one.".to_owned());
    let is_suspended = fail.afterwards == Afterwards::SuspendLaunch && kept.suspension_refused().is_none();
    // Who suspended it for a night forgets it for a week.
    lines.extend(is_suspended.then(|| {
        format!(
            "You: Homeostat suspended Launch, and never resumes it. Unless somebody did: {}",
            plan::resume_launch(&fail.group)
        )
    }));
    lines.push(String::new());
    (format!("over: abandoned launches in {}", fail.group), lines)
}

/// What Auto Scaling does with the instance once its hook ends with that result.
pub(super) fn comes_of(transition: Transition, is_continue: bool) -> &'static str {
    match (transition, is_continue) {
        (Transition::Launching, true) => "the instance comes into service, unproven",
        (Transition::Launching, false) => "the instance is terminated, and another is launched",
        (Transition::Terminating, _) => "the instance goes, whatever of it is in use",
    }
}
