use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn scope(group: &str) -> Scope {
    format!("group#{group}").parse().unwrap()
}

fn subject(number: u32) -> Subject {
    format!("eu-west-1#instance#i-{number:017x}").parse().unwrap()
}

/// One of `members`, in a policy of so many groups, each a service of its own.
fn purchase(group: &str, members: u32, groups: u32) -> Purchase {
    let least = |percent, least| Thousandths::percent(percent, groups).max(Thousandths::of_groups(least));
    let account = Bound { at_once: least(10, 1), per_hour: least(30, 3) };
    Purchase {
        scope: scope(group),
        service: group.to_owned(),
        cost: Thousandths::of_group(1, members),
        bounds: Bounds::of(account, usize::try_from(groups).unwrap()),
    }
}

fn of(service: &str, purchase: Purchase) -> Purchase {
    Purchase { service: service.to_owned(), ..purchase }
}

/// The limit that refuses it, of the service first.
fn refused(budget: &SharedBudget, now: Timestamp, number: u32, purchase: &Purchase) -> Option<(bool, Exceeded)> {
    let subject = subject(number);
    let short =
        budget.service_shortage(now, &subject, purchase).or_else(|| budget.account_shortage(now, &subject, purchase));
    short.map(|short| (short.level == Level::Account, short.limit))
}

const OF_ACCOUNT: bool = true;
const OF_SERVICE: bool = false;

#[test]
fn the_only_group_should_not_be_refused_at_once_however_many_of_it_are_out() {
    let (mut budget, purchase) = (SharedBudget::default(), purchase("web", 3, 1));
    for number in 1..=3 {
        assert_eq!(refused(&budget, at(0), number, &purchase), None, "{number}");
        budget = budget.taken_by(at(0), &subject(number), &purchase);
    }
}

#[test]
fn of_ten_groups_no_second_one_should_be_out_whole() {
    let budget = SharedBudget::default().taken_by(at(0), &subject(1), &purchase("a", 1, 10));
    assert_eq!(refused(&budget, at(0), 2, &purchase("b", 1, 10)), Some((OF_ACCOUNT, Exceeded::AtOnce)));
    assert_eq!(refused(&budget, at(0), 2, &purchase("b", 100, 10)), Some((OF_ACCOUNT, Exceeded::AtOnce)));
    let freed = budget.freed_by(at(1), &subject(1)).unwrap();
    assert_eq!(refused(&freed, at(1), 2, &purchase("b", 1, 10)), None);
}

#[test]
fn of_five_hundred_groups_fifty_should_be_the_most_and_one_service_half_of_them() {
    let (mut budget, mut number) = (SharedBudget::default(), 0);
    let mut fill = |budget: &mut SharedBudget, service: &str| {
        let before = number;
        loop {
            number += 1;
            let purchase = of(service, purchase(&format!("{service}-{number}"), 1, 500));
            match refused(budget, at(0), number, &purchase) {
                None => *budget = budget.taken_by(at(0), &subject(number), &purchase),
                Some(refused) => break (number - before - 1, refused),
            }
        }
    };
    assert_eq!(fill(&mut budget, "shop"), (25, (OF_SERVICE, Exceeded::AtOnce)));
    assert_eq!(fill(&mut budget, "jobs"), (25, (OF_SERVICE, Exceeded::AtOnce)));
    assert_eq!(fill(&mut budget, "mail"), (0, (OF_ACCOUNT, Exceeded::AtOnce)));
}

/// So many acts on instances of one group, one a minute, each over at once.
fn churned(budget: &SharedBudget, purchase: &Purchase, numbers: std::ops::Range<u32>) -> SharedBudget {
    numbers.fold(budget.clone(), |budget, number| {
        let now = at(i64::from(number));
        let taken = budget.taken_by(now, &subject(number), purchase);
        taken.freed_by(now, &subject(number)).unwrap()
    })
}

#[test]
fn a_group_that_churns_should_not_use_more_than_the_hour_allows_its_service() {
    let purchase = purchase("web", 10, 10);
    let budget = churned(&SharedBudget::default(), &purchase, 0..15);
    assert_eq!(refused(&budget, at(15), 15, &purchase), Some((OF_SERVICE, Exceeded::PerHour)), "1.5 of 3 groups");
    assert_eq!(refused(&budget, at(59), 15, &purchase), Some((OF_SERVICE, Exceeded::PerHour)));
    assert_eq!(refused(&budget, at(60), 15, &purchase), None, "the first act is an hour ago");
}

#[test]
fn a_group_that_was_quiet_for_an_hour_should_be_refused_by_the_limit_at_once_alone() {
    let one = churned(&SharedBudget::default(), &of("shop", purchase("a", 10, 10)), 0..15);
    let both = churned(&one, &purchase("b", 10, 10), 15..30);
    let (quiet, same_service) = (purchase("c", 1, 10), of("shop", purchase("d", 1, 10)));
    assert_eq!(refused(&both, at(30), 31, &purchase("b", 10, 10)), Some((OF_SERVICE, Exceeded::PerHour)));
    assert_eq!(refused(&both, at(30), 31, &quiet), None);
    assert_eq!(refused(&both, at(30), 31, &same_service), None);
    let held = both.taken_by(at(30), &subject(31), &quiet);
    assert_eq!(refused(&held, at(30), 32, &same_service), Some((OF_ACCOUNT, Exceeded::AtOnce)));
    let freed = held.freed_by(at(31), &subject(31)).unwrap();
    assert_eq!(refused(&freed, at(31), 33, &quiet), Some((OF_SERVICE, Exceeded::PerHour)), "it is quiet no more");
    assert_eq!(refused(&freed, at(31), 33, &purchase("c", 2, 10)), Some((OF_ACCOUNT, Exceeded::PerHour)));
}

#[test]
fn a_step_that_is_tried_again_should_not_be_paid_for_twice() {
    let purchase = purchase("a", 1, 10);
    let budget = SharedBudget::default().taken_by(at(0), &subject(1), &purchase);
    assert_eq!(refused(&budget, at(1), 1, &purchase), None, "it has what it needs");
    let again = budget.taken_by(at(1), &subject(1), &purchase);
    assert_eq!((again.version, again.groups), (2, budget.groups));
}

#[test]
fn what_was_given_back_should_not_be_given_back_again_nor_what_was_never_taken() {
    let budget = SharedBudget::default().taken_by(at(0), &subject(1), &purchase("a", 1, 10));
    assert_eq!(budget.freed_by(at(1), &subject(2)), None);
    let freed = budget.freed_by(at(1), &subject(1)).unwrap();
    assert_eq!((freed.version, freed.freed_by(at(1), &subject(1))), (2, None));
}

#[test]
fn nobody_should_hold_it_for_more_than_a_day() {
    let budget = SharedBudget::default().taken_by(at(0), &subject(1), &purchase("a", 1, 10));
    let day = 24 * 60;
    assert!(refused(&budget, at(day - 1), 2, &purchase("b", 1, 10)).is_some());
    assert_eq!(refused(&budget, at(day), 2, &purchase("b", 1, 10)), None);
    let next = budget.taken_by(at(day), &subject(2), &purchase("b", 1, 10));
    assert_eq!(next.groups.keys().collect::<Vec<_>>(), [&scope("b")], "and what counts no more is not kept");
}

#[test]
fn one_page_should_be_for_all_that_wait_and_only_for_an_hour() {
    let budget = SharedBudget::default();
    assert!(!budget.is_paged_by_another(at(0), &subject(2)));
    let paged = budget.paged_by(at(0), &subject(1)).unwrap();
    assert!(!paged.is_paged_by_another(at(0), &subject(1)), "it is its own page");
    assert!(paged.is_paged_by_another(at(59), &subject(2)) && !paged.is_paged_by_another(at(60), &subject(2)));
    assert_eq!(paged.paged_by(at(29), &subject(1)), None, "nothing is written at each look");
    assert_eq!(paged.paged_by(at(30), &subject(1)).unwrap().paged.unwrap().at, at(30));
    assert_eq!(paged.taken_by(at(60), &subject(3), &purchase("a", 1, 10)).paged, None);
}

#[test]
fn the_page_says_who_used_it_and_since_when() {
    let budget = (1..=7).fold(SharedBudget::default(), |budget, number| {
        budget.taken_by(at(i64::from(number)), &subject(number), &purchase(&format!("svc-{number}"), number + 1, 10))
    });
    let shortage = budget.account_shortage(at(10), &subject(99), &purchase("web", 3, 10)).unwrap();
    let expected = "the account in this Region may have the capacity of one group out at once, 1.719 is out, and this would add 0.334; \
                    used by group svc-1 (0.5: 1 open, the first at 2027-01-15T08:01:00Z), group svc-2 (0.334: 1 open, the first at \
                    2027-01-15T08:02:00Z), group svc-3 (0.25: 1 open, the first at 2027-01-15T08:03:00Z), group svc-4 (0.2: 1 open, the \
                    first at 2027-01-15T08:04:00Z), group svc-5 (0.167: 1 open, the first at 2027-01-15T08:05:00Z) and 2 more";
    assert_eq!(shortage.to_string(), expected);
}

#[test]
fn it_should_never_outgrow_its_item_and_is_full_before() {
    for name in ["a", &"é".repeat(255)] {
        let (mut budget, mut number) = (SharedBudget::default(), 0);
        let group = |number: u32| {
            let group = format!("{}{number}", &name[..name.len().saturating_sub(6)]);
            Purchase { service: name.to_owned(), cost: Thousandths::of_group(1, 1_000), ..purchase(&group, 1, 100_000) }
        };
        while refused(&budget, at(0), number, &group(number / 4)).is_none() {
            budget = budget.taken_by(at(0), &subject(number), &group(number / 4));
            number += 1;
        }
        assert_eq!(refused(&budget, at(0), number, &group(number)), Some((OF_SERVICE, Exceeded::Room)));
        let bytes = size::of(&budget);
        assert!(bytes < size::ENOUGH && bytes > size::ENOUGH / 2, "{bytes} after {number}");
    }
}

#[test]
fn a_share_of_a_group_is_rounded_up_and_is_never_none_nor_more_than_all() {
    let of = |part, whole| Thousandths::of_group(part, whole).to_string();
    assert_eq!(
        [of(1, 3), of(1, 4), of(1, 5_000), of(1, 1), of(7, 0), of(u32::MAX, 1)],
        ["0.334", "0.25", "0.001", "1", "1", "1"]
    );
}
