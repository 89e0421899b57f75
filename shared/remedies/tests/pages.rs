//! What the pages in docs/ list of the code, they list whole.

/// Each `` `name` `` of the page.
#[cfg(test)]
fn is_named(page: &str, name: &str) -> bool {
    page.contains(&format!("`{name}`"))
}

/// The fields of an incident, by name. The compiler refuses the list if one is missing.
#[cfg(test)]
macro_rules! fields {
    ($type:ident $(<$of:ty>)? { $($field:ident),* $(,)? }) => {{
        fn _all_of_them(it: $type$(<$of>)?) {
            let $type { $($field: _),* } = it;
        }
        [$(stringify!($field)),*]
    }};
}

#[test]
fn ledger_explains_the_incident_field_by_field() {
    use homeostat_core::incident::{Acknowledgement, HoldPeriod, Incident, Intent, Note, Timeline};
    use homeostat_remedies::hook::state::HookState;
    use homeostat_remedies::hosted_zone::state::{Held, ZoneState};
    use homeostat_remedies::instance::kind::InstanceKind;
    use homeostat_remedies::instance::reasons::Step;
    let page = include_str!("../../../docs/LEDGER.md");
    let incident = fields!(Incident<InstanceKind> {
        schema,
        subject,
        kind,
        state,
        version,
        wakes,
        notify_seq,
        policy,
        signalled_at,
        opened_at,
        acted_at,
        followed_at,
        unhealthy_since,
        unhealthy_at,
        verdict,
        mitigated_at,
        recovered_at,
        closed_at,
        closed_month,
        wake_at,
        deadline,
        stuck,
        overdue,
        paged_at,
        reminders,
        paged_because,
        announced,
        doubt,
        acknowledged,
        intent,
        decision,
        timeline,
        notes,
    });
    let (intent, acknowledgement) =
        (fields!(Intent<Step> { step, until, outcome }), fields!(Acknowledgement { by, at, reason }));
    let note = fields!(Note { at, what });
    let timeline = fields!(Timeline { detected_at, mitigated_by, paged_at, acknowledged, whole, holds, holds_dropped });
    let hold = fields!(HoldPeriod { reason, since, until, looks, ended });
    let zone = fields!(ZoneState {
        zone,
        records,
        generations,
        propagating,
        tried,
        taken_over,
        drifts,
        siblings,
        proven,
        refused,
        apart,
        lost,
    });
    let record = fields!(Held { saved, applied, reduced, partly, changed_to, bearing, last_step });
    let hook = fields!(HookState {
        group,
        hook,
        instance,
        transition,
        token,
        began,
        accepted,
        claim,
        last_heartbeat,
        heartbeats,
        failed_heartbeats,
        terms,
        course,
        origin,
        launched_from,
        started_at,
        part_of,
        lost,
        unresolved_from,
        unresolved_ttl,
        addresses,
        launch_suspended,
        completed_because,
        completed_on,
        not_done,
        next_look,
    });
    let parts = intent.iter().chain(&acknowledgement).chain(&note).chain(&timeline).chain(&hold);
    let parts = parts.chain(&zone).chain(&record).chain(&hook);
    for field in incident.iter().chain(parts) {
        assert!(is_named(page, field), "docs/LEDGER.md doesn't say what {field} is");
    }
}

#[test]
fn each_remedys_page_has_the_checks_of_its_ladder_in_their_order() {
    for (ladder, page) in [
        (include_str!("../src/instance/ladder.rs"), include_str!("../../../docs/INSTANCES.md")),
        (include_str!("../src/hosted_zone/ladder.rs"), include_str!("../../../docs/DNS.md")),
        (include_str!("../src/hook/ladder.rs"), include_str!("../../../docs/HOOKS.md")),
    ] {
        let checks: Vec<&str> = ladder.split(" name: \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(checks.len() > 10, "{checks:?}");
        let begins = "| check | where it stops |\n|---|---|\n";
        let rows = page.split(begins).nth(1).unwrap_or_default().lines().take_while(|line| line.starts_with("| "));
        let rows: Vec<&str> = rows.filter_map(|row| row.split('|').nth(1)).map(str::trim).collect();
        assert_eq!(rows, checks);
    }
}

#[test]
fn operations_knows_every_reason_that_a_message_may_have() {
    let page = include_str!("../../../docs/OPERATIONS.md");
    let reasons = [
        include_str!("../../core/src/incident/decision.rs"),
        include_str!("../src/instance/reasons.rs"),
        include_str!("../src/instance/group_states.rs"),
        include_str!("../src/hosted_zone/reasons.rs"),
        include_str!("../src/hook/reasons.rs"),
    ];
    let named = |text: &'static str| text.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    let names: Vec<&str> = reasons.into_iter().flat_map(named).collect();
    assert!(names.len() > 40, "{names:?}");
    // How an incident ended is said by its message; only holds and pages ask for something.
    let ended = ["recovered", "left-by-itself", "nothing-wrong", "taken-over", "hook-ended"];
    for name in names.into_iter().filter(|name| !ended.contains(name)) {
        assert!(is_named(page, name), "docs/OPERATIONS.md doesn't say what {name} asks for");
    }
}

#[test]
fn operations_has_the_part_that_each_alarm_names() {
    let page = include_str!("../../../docs/OPERATIONS.md");
    let template = include_str!("../../../template.yaml");
    let named: Vec<&str> =
        template.split("docs/OPERATIONS.md, \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(named.len() > 10, "{named:?}");
    for part in named {
        assert!(page.contains(&format!("### {part}\n")), "docs/OPERATIONS.md has no part {part}");
    }
}
