//! One message of each kind, as people get it: `messages.txt` beside the sources holds them.

use expect_test::expect_file;
use homeostat_aws::Attribute;
use homeostat_core::aws::lifecycle::ActionResult;
use homeostat_core::aws::source::Source;
use homeostat_core::budget::{Exceeded, Level, Shortage, Thousandths, User};
use homeostat_core::dependency::{AlarmsSay, Moves};
use homeostat_core::incident::Gone;
use homeostat_core::ports::Outcome;
use homeostat_remedies::hook::policy::OnLimit;
use homeostat_remedies::hook::reasons::{Because, Limit};
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{
    Attached, Close, CloseReason, Decision, Evidence, GroupState, Hold, HoldReason, Incident, Page, PageReason, Step,
};
use jiff::SignedDuration;

use super::tests::{acting_on_group, at, incident_in, refused};
use super::{about, hooks, zones};
use crate::attributes;
use crate::news::{News, made};
use crate::pauses::Pause;

fn replace() -> Step {
    Step::Replace { group: "web".parse().unwrap(), instance: "i-0123456789abcdef0".parse().unwrap() }
}

fn sick() -> Vec<Evidence> {
    let alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap();
    let target_group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123".parse().unwrap();
    vec![
        Evidence::Alarm { alarm, since: at(0), reason: "Threshold Crossed: 3 datapoints were over 5".into() },
        Evidence::TargetHealth { target_group, reason: "Target.FailedHealthChecks".into() },
    ]
}

fn act(incident: &Incident) -> Incident {
    incident.intend(at(1), &replace(), &Decision::Act { step: replace(), because: sick() })
}

fn hold(because: &Hold) -> News {
    made::decided(incident_in("web").hold(at(1), at(61), because))
}

fn page(because: &Page) -> News {
    made::decided(act(&incident_in("web")).settle(at(2), Outcome::Done).page(at(900), at(1200), because))
}

fn page_of_group(because: &Page) -> News {
    let kind = InstanceKind::Group { group: "web".parse().unwrap(), notice: None, gone: Gone::default() };
    let group = Incident::new("eu-west-1#group#web".parse().unwrap(), kind, at(0), at(1));
    made::decided(group.page(at(1), at(301), because))
}

fn hold_of_group(state: &GroupState) -> News {
    let kind = InstanceKind::Group { group: "web".parse().unwrap(), notice: None, gone: Gone::default() };
    let group = Incident::new("eu-west-1#group#web".parse().unwrap(), kind, at(0), at(1));
    made::decided(group.hold(at(1), at(301), &Hold::Own(HoldReason::GroupState(state.clone()))))
}

fn moves() -> Moves {
    let alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-db-failover".parse().unwrap();
    Moves { dependency: "orders-db".into(), said: AlarmsSay::InAlarm { alarm, since: at(-60) }, until: at(301) }
}

fn shortage(level: Level, limit: Exceeded) -> Shortage {
    let user = |group: &str, count, members, since| User {
        scope: format!("group#{group}").parse().unwrap(),
        count,
        cost: Thousandths::of_group(count, members),
        since: at(since),
    };
    let by = vec![user("cart", 3, 4, -600), user("search", 1, 5, -60)];
    let used = by.iter().map(|user| user.cost).sum();
    Shortage {
        level,
        limit,
        since: at(0),
        used,
        most: Thousandths::ONE_GROUP,
        cost: Thousandths::of_group(1, 4),
        by,
        more: 0,
    }
}

fn about_instances() -> Vec<News> {
    let done = act(&incident_in("web")).settle(at(2), Outcome::Done);
    let doubted =
        |incident: Incident| incident.settle(at(2), Outcome::Unknown { why: "Throttling: Rate exceeded".into() });
    let doubted = doubted(act(&doubted(act(&incident_in("web")))));
    let proving = |incident: &Incident| incident.hold(at(240), at(300), &Hold::Proving { since: at(240) });
    let refused = act(&incident_in("web")).settle(at(2), Outcome::Refused { why: "AccessDenied: no".into() });
    let refused = refused.page(at(2), at(302), &self::refused());
    let fail = Page::Own(PageReason::ReplacementsFail {
        group: "web".parse().unwrap(),
        failures: 3,
        within: SignedDuration::from_hours(1),
        launched_from: Source::of(["lt-1:7"]),
    });
    vec![
        made::decided(act(&incident_in("web"))),
        hold(&Hold::Own(HoldReason::NotConfirmed {
            missing: vec!["its target is healthy in targetgroup/web/0123".into()],
        })),
        hold(&Hold::Watching { step: replace(), because: sick() }),
        hold(&Hold::Own(HoldReason::GroupReplaces { why: "it is being terminated".into() })),
        made::outcome(doubted.clone()),
        made::outcome(doubted.settle(at(60), Outcome::AlreadyDone)),
        made::decided(refused.clone()),
        made::decided(refused.reminded(at(9999), SignedDuration::from_mins(30))),
        page(&Page::NotRecovered { within: SignedDuration::from_mins(15), why: "3 of 4 instances are healthy".into() }),
        page(&fail),
        hold(&Hold::SharedBudget(shortage(Level::Service("shop".into()), Exceeded::PerHour))),
        hold(&Hold::Dependency(moves())),
        made::decided(incident_in("web").page(
            at(900),
            at(1200),
            &Page::SharedBudget(shortage(Level::Account, Exceeded::AtOnce)),
        )),
        page_of_group(&Page::Own(PageReason::TooManyUnhealthy(super::tests::crowd()))),
        page_of_group(&Page::Own(PageReason::TargetGroupGone(Attached {
            group: "web".parse().unwrap(),
            target_groups: vec![
                "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123".parse().unwrap(),
            ],
            since: at(-120),
        }))),
        hold_of_group(&GroupState::Parked { suspended: "all processes".into(), instances: 4 }),
        made::decided(proving(&done).close(at(300), &Close::Recovered)),
        made::decided(proving(&incident_in("web")).close(at(300), &Close::Own(CloseReason::LeftByItself))),
        made::decided(incident_in("web").close(at(9), &Close::NothingWrong { why: "its alarm is OK again".into() })),
        made::stuck(Incident { wakes: 3, stuck: Some(at(400)), ..acting_on_group("web") }),
        made::overdue(Incident { overdue: Some(at(1200)), ..acting_on_group("web") }),
        News::Unreadable {
            key: "SUBJECT#eu-west-1#instance#i-0123456789abcdef0".into(),
            id: "4f5e".into(),
            why: "it has the schema 2, and this version knows 1".into(),
        },
    ]
}

fn about_zones() -> Vec<News> {
    use homeostat_remedies::hosted_zone::reasons::{Close, CloseReason, Hold, HoldReason, Page};
    let drain = || vec![zones::drain("www.example.com", false)];
    let watched = Hold::Watching { step: zones::step(drain()), because: zones::proofs() };
    let missing = vec!["health check x: 9 of 16 checkers find it healthy".to_owned()];
    let mut news = vec![
        made::decided(zones::acting(drain())),
        made::decided(zones::new().hold(at(1), at(61), &watched)),
        made::decided(zones::new().hold(at(1), at(61), &Hold::Dependency(moves()))),
        made::decided(zones::new().hold(at(1), at(61), &Hold::Own(HoldReason::NotConfirmed { missing }))),
    ];
    news.extend(zones::troubles().into_iter().map(|(trouble, _)| made::decided(zones::paged(trouble))));
    news.push(made::decided(zones::new().page(at(1), at(301), &Page::NoRoom { bytes: 204_901, enough: 204_800 })));
    let back = zones::drained().hold(at(900), at(960), &Hold::Proving { since: at(900) });
    news.push(made::decided(back.close(at(960), &Close::Recovered)));
    news.push(made::decided(
        zones::drained().close(at(99), &Close::Own(CloseReason::TakenOver { what: "www.example.com A".into() })),
    ));
    news
}

fn about_hooks() -> Vec<News> {
    let (launch, leave) = (hooks::launching, hooks::leaving);
    let in_use = Because::OutOfTime { limit: Limit::Global, waiting: vec!["tag app:busy is \"7\"".into()] };
    let gone = Because::MachineGone { registered: vec!["10.0.0.7 in targetgroup/jobs/1".into()] };
    let unjudged = Because::Unjudged { why: vec!["could not read the instance: no answer".into()] };
    let depending = Because::Dependency { missing: vec!["tag app:ready: not set".into()], moves: moves() };
    vec![
        made::decided(hooks::ended(launch(), ActionResult::Abandon, hooks::not_ready())),
        made::decided(hooks::ended(launch(), ActionResult::Continue, unjudged)),
        made::decided(hooks::ended(launch(), ActionResult::Continue, depending)),
        made::decided(hooks::ended(leave(), ActionResult::Continue, in_use)),
        made::decided(hooks::ended(leave(), ActionResult::Continue, gone)),
        made::decided(hooks::failing(launch(), OnLimit::SuspendLaunch)),
        made::decided(hooks::refused(launch())),
        made::stuck(hooks::held(launch())),
    ]
}

fn about_pauses() -> Vec<News> {
    let pause = |scope: &str, until| Pause {
        scope: scope.into(),
        by: "ana".into(),
        reason: "moving the database".into(),
        until,
        id: "4f5e".into(),
    };
    let until = Some(at(4 * 3_600));
    vec![
        News::Paused(pause("group#web", until)),
        News::Paused(pause("hosted-zone#Z0123456789ABCDEFGHIJ", until)),
        News::Paused(pause("all", None)),
        News::Paused(pause("hook#web:ready:i-0123456789abcdef0", until)),
        News::Paused(pause("web", until)),
        News::Resumed(pause("group#web", until)),
        News::Resumed(pause("web", until)),
    ]
}

fn shown(news: &News) -> String {
    let message = about(news, "homeostat");
    let attributes = attributes::of(news, message.sort, "homeostat");
    let attributes: Vec<String> = attributes
        .iter()
        .map(|(name, value)| match value {
            Attribute::Text(text) => format!("{name}={text}"),
            Attribute::Number(number) => format!("{name}={number}"),
        })
        .collect();
    let Some(words) = attributes.get(..3) else { panic!("{attributes:?}") };
    format!("{}\n{}\n\n{}\n", message.subject, words.join(", "), message.body)
}

#[test]
fn every_message_reads_like_this() {
    let news = [about_instances(), about_zones(), about_hooks(), about_pauses()].concat();
    let shown: Vec<String> = news.iter().map(shown).collect();
    expect_file!["../../messages.txt"].assert_eq(&shown.join(&format!("\n{}\n", "-".repeat(60))));
}
