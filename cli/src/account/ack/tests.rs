use std::collections::BTreeMap;
use std::sync::Mutex;

use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::aws::lifecycle::Transition;
use homeostat_core::aws::source::Source;
use homeostat_core::budget::SharedBudget;
use homeostat_core::id::{HostedZoneId, Scope};
use homeostat_core::incident::{Alarms, Gone};
use homeostat_core::ports::{History, Limits, OpenIncidents, Pause, Slots, Unavailable};
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hook::memory::Launch;
use homeostat_remedies::hook::policy::OnLimit;
use homeostat_remedies::hook::reasons::LaunchesFail;
use homeostat_remedies::hook::subject::HeldInstance;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::Trouble;
use homeostat_remedies::hosted_zone::state::ZoneState;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::memory::Breaker;
use homeostat_remedies::{hook, hosted_zone, instance};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

/// One incident and what its scope's remedies remember, under the ledger's own conditions; the first writes lose their race.
struct Fake {
    /// As it is stored.
    open: Mutex<Option<Value>>,
    /// By remedy, as it is stored.
    memories: Mutex<BTreeMap<&'static str, Value>>,
    races: Mutex<u32>,
}

impl Fake {
    fn new(open: Option<AnyIncident>, races: u32) -> Self {
        let open = open.map(|open| serde_json::to_value(open).unwrap());
        Fake { open: Mutex::new(open), memories: Mutex::default(), races: Mutex::new(races) }
    }

    fn remembering<K: Kind>(self, memory: &K::Memory) -> Self {
        self.memories.lock().unwrap().insert(K::REMEDY, serde_json::to_value(memory).unwrap());
        self
    }

    fn remembered<K: Kind>(&self) -> K::Memory {
        let memories = self.memories.lock().unwrap();
        memories.get(K::REMEDY).map(|memory| serde_json::from_value(memory.clone()).unwrap()).unwrap_or_default()
    }

    /// Somebody else writes first, as often as was asked for.
    fn race(&self) {
        let mut races = self.races.lock().unwrap();
        if *races > 0 {
            *races -= 1;
            let (mut memories, mut open) = (self.memories.lock().unwrap(), self.open.lock().unwrap());
            for item in memories.values_mut().chain(open.iter_mut()) {
                item["version"] = json!(item["version"].as_u64().unwrap() + 1);
            }
        }
    }

    fn read<I: DeserializeOwned>(&self) -> Option<I> {
        self.open.lock().unwrap().clone().map(|open| serde_json::from_value(open).unwrap())
    }

    fn open(&self) -> Option<AnyIncident> {
        self.read()
    }
}

fn written(is_current: bool) -> Result<(), NotWritten> {
    if is_current { Ok(()) } else { Err(NotWritten::Conflict) }
}

impl Ledger for Fake {
    async fn history<K: Kind>(&self, _: &Subject, _: Option<&AlarmChange>) -> Result<History<K>, Unavailable> {
        Ok(History { open: self.read(), ..History::default() })
    }

    async fn limits<K: Kind>(&self, _: &Subject, _: &Scope) -> Result<Limits<K>, Unavailable> {
        Ok(Limits::default())
    }

    async fn open_among(&self, _: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        Ok(Vec::new())
    }

    async fn write<K: Kind>(&self, write: Write<'_, K>) -> Result<(), NotWritten> {
        self.race();
        let mut open = self.open.lock().unwrap();
        written(open.as_ref().is_some_and(|open| open["version"] == json!(write.incident.version - 1)))?;
        *open = Some(serde_json::to_value(write.incident).unwrap());
        Ok(())
    }

    async fn resync(&self, _: &'static str) -> Result<homeostat_core::resync::Resync, Unavailable> {
        Ok(homeostat_core::resync::Resync::default())
    }

    async fn write_resync(&self, _: &'static str, _: &homeostat_core::resync::Resync) -> Result<(), NotWritten> {
        panic!("an acknowledgement reads nothing in slices")
    }
}

impl Control for Fake {
    async fn open_incidents<I: DeserializeOwned + Send>(&self) -> Result<OpenIncidents<I>, Unavailable> {
        let unreadable = vec!["item SUBJECT#… of another schema".to_owned()];
        Ok(OpenIncidents { read: self.read().into_iter().collect(), unreadable })
    }

    async fn pauses(&self) -> Result<Vec<Pause>, Unavailable> {
        Ok(Vec::new())
    }

    async fn pause(&self, _: &Pause) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn resume(&self, _: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }

    async fn shared_budget(&self) -> Result<SharedBudget, Unavailable> {
        Ok(SharedBudget::default())
    }

    async fn slots(&self, _: &Scope) -> Result<Slots, Unavailable> {
        Ok(Slots::default())
    }

    async fn memory<K: Kind>(&self, _: &Scope) -> Result<K::Memory, Unavailable> {
        Ok(self.remembered::<K>())
    }

    async fn remember<K: Kind>(&self, _: &Scope, next: &K::Memory) -> Result<(), NotWritten> {
        self.race();
        written(self.remembered::<K>().version() + 1 == next.version())?;
        self.memories.lock().unwrap().insert(K::REMEDY, serde_json::to_value(next).unwrap());
        Ok(())
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn incident(subject: &str) -> Incident<InstanceKind> {
    let kind = InstanceKind::Instance {
        group: "web".parse().unwrap(),
        alarms: Alarms::default(),
        notice: None,
        gone: Gone::default(),
    };
    let incident = Incident::new(subject.parse().unwrap(), kind, now(), now());
    incident.page(now(), now(), &homeostat_core::incident::Page::Refused { why: "no".into() })
}

const INSTANCE: &str = "eu-west-1#instance#i-0123456789abcdef0";

fn said(ledger: &Fake, scope: &str) -> Result<Acknowledged, Failed> {
    let word = Word { scope: subject(scope).unwrap(), reason: "looking".into(), by: None };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(ack(ledger, now(), word, "ana".into()))
}

fn broken() -> instance::memory::Memory {
    let subject: Subject = INSTANCE.parse().unwrap();
    let breaker = Breaker { since: now(), failures: 3, launched_from: Source::default() };
    instance::memory::Memory::default().failed(now(), &subject, &Source::default()).broken(breaker)
}

#[test]
fn a_lost_race_is_run_again_over_what_was_written() {
    let ledger = Fake::new(Some(incident(INSTANCE).into()), 3);
    assert_eq!(said(&ledger, "i-0123456789abcdef0").unwrap().incidents, [INSTANCE.parse().unwrap()]);
    let open = ledger.open().unwrap();
    assert_eq!((open.head().acknowledged.unwrap().by.as_str(), open.head().version), ("ana", 5));
}

#[test]
fn whoever_never_wins_says_so() {
    let ledger = Fake::new(Some(incident(INSTANCE).into()), u32::MAX).remembering::<InstanceKind>(&broken());
    for scope in ["i-0123456789abcdef0", "group#web"] {
        assert!(said(&ledger, scope).unwrap_err().why().contains("try again in a minute"));
    }
}

#[test]
fn a_groups_word_closes_its_breaker_and_leaves_the_members_to_be_asked_about() {
    let ledger = Fake::new(Some(incident(INSTANCE).into()), 1).remembering::<InstanceKind>(&broken());
    let done = said(&ledger, "group#web").unwrap();
    assert!(done.breaker_closed && done.incidents.is_empty() && done.verdict() == Verdict::Fine);
    assert!(done.left[0].contains("homeostat ack i-0123456789abcdef0"), "{:?}", done.left);
    assert_eq!(ledger.remembered::<InstanceKind>().breaker, None);
}

#[test]
fn nothing_to_acknowledge_is_said_and_writes_nothing() {
    let known = Acknowledgement { by: "bo".into(), at: now(), reason: "mine".into() };
    let cases = [
        (None, "has no open incident"),
        (Some(incident(INSTANCE).acknowledge(known).into()), "bo did so already"),
        (Some(Incident { state: State::Verifying, ..incident(INSTANCE) }.into()), "has not asked for a person"),
    ];
    for (open, why) in cases {
        let ledger = Fake::new(open.clone(), 0);
        let done = said(&ledger, INSTANCE).unwrap();
        assert!(done.verdict() == Verdict::Amiss && done.left[0].contains(why), "{:?}", done.left);
        assert_eq!(ledger.open(), open);
    }
}

const ZONE: &str = "Z0123456789ABCDEFGHIJ";

fn of_zone(page: &hosted_zone::reasons::Page) -> AnyIncident {
    let zone: HostedZoneId = ZONE.parse().unwrap();
    let incident = Incident::new(
        hosted_zone::subject::subject(&zone),
        HostedZoneKind::HostedZone(ZoneState::new(zone)),
        now(),
        now(),
    );
    incident.page(now(), now(), page).into()
}

fn weights(trouble: Trouble) -> hosted_zone::reasons::Page {
    hosted_zone::reasons::Page::Own(hosted_zone::reasons::PageReason::Weights { troubles: vec![trouble] })
}

fn latched() -> hosted_zone::memory::Memory {
    let endpoint = "www.example.com A blue".to_owned();
    hosted_zone::memory::Memory::default()
        .drained(hosted_zone::memory::Drain::of(&endpoint, now()), false)
        .drained(hosted_zone::memory::Drain::of(&endpoint, now()), false)
        .latch(now(), &endpoint)
}

#[test]
fn a_zones_word_ends_its_reminders_and_lifts_its_latches_however_it_is_named() {
    let changed = Trouble::Changed {
        record: "www.example.com A".to_owned().try_into().unwrap(),
        what: "blue has weight 70".into(),
    };
    for name in ["hosted-zone#Z0123456789ABCDEFGHIJ", "aws-global#hosted-zone#Z0123456789ABCDEFGHIJ"] {
        let ledger = Fake::new(Some(of_zone(&weights(changed.clone()))), 1).remembering::<HostedZoneKind>(&latched());
        let done = said(&ledger, name).unwrap();
        assert_eq!((done.verdict(), done.incidents.len(), done.drains_forgiven), (Verdict::Fine, 1, 2));
        assert_eq!(done.latches_lifted, ["www.example.com A blue"]);
        assert!(done.left.is_empty() && done.follows[0].contains("takes up www.example.com A again"), "{done:?}");
        let forgiven = hosted_zone::memory::Memory { version: 2, ..hosted_zone::memory::Memory::default() };
        assert_eq!(ledger.remembered::<HostedZoneKind>(), forgiven);
        assert!(ledger.open().unwrap().head().acknowledged.is_some());
        let mut page = Page::default();
        done.print(&mut page);
        let text = page.finish();
        assert!(text.contains("lifted the latch of www.example.com A blue, by ana"), "{text}");
    }
}

#[test]
fn a_zone_without_anything_to_forgive_is_left_as_it_is() {
    let ledger = Fake::new(None, 0);
    let done = said(&ledger, "hosted-zone#Z0123456789ABCDEFGHIJ").unwrap();
    let zone = "hosted-zone#Z0123456789ABCDEFGHIJ";
    let left = [format!("{zone} has no latch or remembered drain"), format!("{zone} has no open incident")];
    assert_eq!((done.verdict(), done.left.as_slice()), (Verdict::Amiss, left.as_slice()));
    assert_eq!(ledger.remembered::<HostedZoneKind>(), hosted_zone::memory::Memory::default());
}

#[test]
fn a_zones_latches_are_lifted_though_no_incident_is_open() {
    let ledger = Fake::new(None, 0).remembering::<HostedZoneKind>(&latched());
    assert_eq!(said(&ledger, "hosted-zone#Z0123456789ABCDEFGHIJ").unwrap().verdict(), Verdict::Fine);
    assert!(ledger.remembered::<HostedZoneKind>().latched.is_empty());
}

const HOOK: &str = "eu-west-1#hook#web:ready:i-0123456789abcdef0";

/// The launch that filled the measure of abandoned ones.
fn failing(on_limit: OnLimit) -> Incident<HookKind> {
    let subject: Subject = HOOK.parse().unwrap();
    let HeldInstance { group, hook: name, instance } = &HeldInstance::of(&subject).unwrap();
    let kept = hook::state::HookState::found(group, name, instance, Transition::Launching, now());
    let (group, name) = (group.clone(), name.clone());
    let page = hook::reasons::Page::Own(hook::reasons::PageReason::LaunchesFail(LaunchesFail {
        group,
        hook: name,
        abandoned: 2,
        launched_from: None,
        on_limit,
        not_done: Vec::new(),
    }));
    Incident::new(subject, HookKind::Hook(Box::new(kept)), now(), now()).page(now(), now(), &page)
}

fn abandoned() -> hook::memory::Memory {
    let after = |memory: hook::memory::Memory, number: u32| {
        let instance = format!("i-{number:08x}").parse().unwrap();
        memory.abandon(
            now(),
            &"ready".parse().unwrap(),
            &Launch { instance: &instance, from: None, at: now(), is_fresh: true },
            2,
        )
    };
    (1..=2).fold(hook::memory::Memory::default(), after)
}

fn printed(done: &Acknowledged) -> String {
    let mut page = Page::default();
    done.print(&mut page);
    page.finish().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_groups_word_forgives_its_abandoned_launches_and_wakes_who_waits_for_it() {
    let ledger = Fake::new(Some(failing(OnLimit::SuspendLaunch).into()), 1).remembering::<HookKind>(&abandoned());
    let done = said(&ledger, "group#web").unwrap();
    assert_eq!((done.verdict(), done.launches_forgiven, done.incidents.len()), (Verdict::Fine, 2, 1));
    assert!(done.left.is_empty(), "{:?}", done.left);
    assert!(ledger.remembered::<HookKind>().abandoned.is_empty());
    let open = ledger.open().unwrap();
    assert_eq!((open.head().wake_at, open.head().acknowledged.is_some()), (Some(now()), true));
    let text = printed(&done);
    assert!(text.contains("forgave 2 abandoned launch(es) of group#web, by ana"), "{text}");
    assert!(text.contains("--auto-scaling-group-name web --scaling-processes Launch"), "{text}");
    let admits = Fake::new(Some(failing(OnLimit::Admit).into()), 0).remembering::<HookKind>(&abandoned());
    assert!(!printed(&said(&admits, "group#web").unwrap()).contains("resume-processes"), "nothing was suspended");
}

#[test]
fn a_hooks_own_word_ends_its_reminders_and_forgives_nothing() {
    for name in ["hook#web:ready:i-0123456789abcdef0", HOOK] {
        let ledger = Fake::new(Some(failing(OnLimit::Admit).into()), 1).remembering::<HookKind>(&abandoned());
        let done = said(&ledger, name).unwrap();
        assert_eq!((done.incidents.len(), done.launches_forgiven), (1, 0), "{done:?}");
        assert!(done.follows[0].contains("homeostat ack group#web"), "{done:?}");
        assert_eq!(ledger.remembered::<HookKind>().abandoned.len(), 1);
    }
    let other = Fake::new(Some(failing(OnLimit::Admit).into()), 0).remembering::<HookKind>(&abandoned());
    let done = said(&other, "hook#web:drained:i-0123456789abcdef0").unwrap();
    assert!(done.verdict() == Verdict::Amiss && done.left[0].contains("has no open incident"), "{done:?}");
}

#[test]
fn another_held_instance_of_the_group_is_not_acknowledged_with_it_but_named() {
    let refused =
        Incident { paged_because: Some(hook::reasons::Page::Refused { why: "no".into() }), ..failing(OnLimit::Admit) };
    for scope in ["group#web", "i-0123456789abcdef0"] {
        let ledger = Fake::new(Some(refused.clone().into()), 0);
        let done = said(&ledger, scope).unwrap();
        assert!(done.incidents.is_empty() && done.verdict() == Verdict::Amiss, "{done:?}");
        let named = done.left.iter().any(|why| why.ends_with("homeostat ack hook#web:ready:i-0123456789abcdef0"));
        assert!(named, "{:?}", done.left);
        assert_eq!(ledger.open(), Some(refused.clone().into()));
    }
}

#[test]
fn an_acknowledgement_of_another_group_leaves_failing_launches_alone() {
    let ledger = Fake::new(Some(failing(OnLimit::Admit).into()), 0);
    assert!(said(&ledger, "group#api").unwrap().incidents.is_empty());
    assert_eq!(ledger.open(), Some(failing(OnLimit::Admit).into()));
}

/// A launch whose abandoning nobody answered is remembered, and is none that was abandoned.
#[test]
fn what_is_forgotten_and_counts_as_nothing_is_said_all_the_same() {
    let instance = "i-0123456789abcdef0".parse().unwrap();
    let launch = Launch { instance: &instance, from: None, at: now(), is_fresh: true };
    let memory = hook::memory::Memory::default().abandoning(now(), &"ready".parse().unwrap(), &launch);
    let ledger = Fake::new(None, 0).remembering::<HookKind>(&hook::memory::Memory { version: 1, ..memory });
    let done = said(&ledger, "group#web").unwrap();
    assert_eq!((done.verdict(), done.launches_forgiven), (Verdict::Fine, 0));
    assert!(printed(&done).contains("forgot what was remembered of group#web, by ana"), "{}", printed(&done));
}
