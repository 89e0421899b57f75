//! The outages: who told them, what happened, and how each is set up with one group of instances.
//!
//! This module never says what must come of it; the stories do.

use homeostat_core::id::InstanceId;
use jiff::SignedDuration;
use world::{App, Flaw, LifecycleState, World};

use super::Account;
use crate::fleet::{minutes, web};

pub(super) const ALL: [&Account; 8] =
    [&SLACK_2021, &HALF_OF_A_GROUP, &AZURE_2012, &AWS_2025, &GITHUB_2018, &GOOGLE_2019, &REDDIT_2016, &DISKERASE];

fn first(world: &World, count: usize) -> Vec<InstanceId> {
    let group = web();
    let members = world.members(&group).filter(|it| it.lifecycle == LifecycleState::InService);
    members.take(count).map(|it| it.id.clone()).collect()
}

fn become_dead(world: &mut World, count: usize) {
    first(world, count).iter().for_each(|id| world.break_app(id, App::Dead).unwrap());
}

/// Whoever is there at that time is given this application.
fn all_become(world: &mut World, app: App) {
    let all: Vec<InstanceId> = world.members(&web()).map(|it| it.id.clone()).collect();
    all.iter().for_each(|id| _ = world.break_app(id, app));
}

fn at(since: SignedDuration, minute: i64) -> bool {
    since == minutes(minute)
}

pub(super) const SLACK_2021: Account = Account {
    name: "A dependency fails",
    source: "Slack, 4 January 2021 (slack.engineering, \"Slack's Outage on January 4th 2021\")",
    happened: "Web servers that could not reach their backends were called unhealthy and replaced. What was launched in their place \
               overloaded the provisioning service, and stayed unusable.",
    here: "12 of 20 instances can't reach their backend from minute 10 to minute 40, nor can what is launched meanwhile.",
    exception: None,
    size: 20,
    lasts: 120,
    script: |world, since| {
        if at(since, 10) {
            become_dead(world, 12);
        }
        if since > minutes(10) && since < minutes(40) && world.activities(&web()).count() > 20 {
            let young = |it: &&world::Instance| it.launched_at > world.now() - minutes(30) && it.app == App::Well;
            let young: Vec<InstanceId> = world.members(&web()).filter(young).map(|it| it.id.clone()).collect();
            young.iter().for_each(|id| _ = world.break_app(id, App::Dead));
        }
        if at(since, 40) {
            all_become(world, App::Well);
        }
    },
};

pub(super) const HALF_OF_A_GROUP: Account = Account {
    name: "A dependency fails for exactly half",
    source: "the same",
    happened: "The same, with as many that work as don't.",
    here: "10 of 20 instances can't reach their backend from minute 10 to minute 40.",
    exception: None,
    size: 20,
    lasts: 120,
    script: |world, since| {
        if at(since, 10) {
            become_dead(world, 10);
        }
        if at(since, 40) {
            all_become(world, App::Well);
        }
    },
};

pub(super) const AZURE_2012: Account = Account {
    name: "What is launched fails in the same way",
    source: "Microsoft Azure, 29 February 2012 (azure.microsoft.com, \"Summary of Windows Azure Service Disruption on Feb 29th, 2012\")",
    happened: "Each new virtual machine failed in the same way. The hosts were judged bad, and the machines healed onto healthy hosts, which \
               then were judged bad, too.",
    here: "From minute 5 on the version that is launched never answers. Six of 20 instances of the old one fail, one every 20 minutes.",
    exception: None,
    size: 20,
    lasts: 240,
    script: |world, since| {
        if at(since, 5) {
            world.roll_out(&web(), 2).unwrap();
            world.break_version(&web(), 2, Flaw::NeverAnswers);
        }
        for (nth, minute) in [10, 30, 50, 70, 90, 110].into_iter().enumerate() {
            if at(since, minute) {
                let id = first(world, 20).get(19 - nth).cloned();
                _ = id.map(|id| world.break_app(&id, App::Dead));
            }
        }
    },
};

pub(super) const AWS_2025: Account = Account {
    name: "Launches fail for hours",
    source: "AWS, 19 and 20 October 2025 (aws.amazon.com/message/101925)",
    happened: "After the control plane was back, launches of instances failed for hours.",
    here: "No launch succeeds from minute 5 to minute 185. Four of 20 applications fail one after the other, and each comes back by itself at \
           minute 70.",
    exception: Some(
        "Homeostat loses more than nobody: whether a launch succeeds is known once one was tried. So one instance is replaced in vain, and \
         missing until launches succeed; the other three are kept.",
    ),
    size: 20,
    lasts: 300,
    script: |world, since| {
        if at(since, 5) {
            world.lack_capacity_for_group(&web(), true);
        }
        for (nth, minute) in [10, 25, 40, 55].into_iter().enumerate() {
            let id = first(world, 20).get(nth * 4).cloned();
            if at(since, minute) {
                _ = id.map(|id| world.break_app(&id, App::Dead));
            }
        }
        if at(since, 70) {
            all_become(world, App::Well);
        }
        if at(since, 185) {
            world.lack_capacity_for_group(&web(), false);
        }
    },
};

pub(super) const GITHUB_2018: Account = Account {
    name: "A blip",
    source: "GitHub, 21 October 2018 (github.blog, \"October 21 post-incident analysis\")",
    happened: "43 seconds without a network led to a failover that took a day to undo.",
    here: "None of 20 instances answers for 45 seconds.",
    exception: None,
    size: 20,
    lasts: 60,
    script: |world, since| {
        if at(since, 10) {
            all_become(world, App::Dead);
        }
        if since == minutes(10) + SignedDuration::from_secs(45) {
            all_become(world, App::Well);
        }
    },
};

pub(super) const GOOGLE_2019: Account = Account {
    name: "One zone after the other",
    source: "Google Cloud, 2 June 2019 (status.cloud.google.com, incident 19009)",
    happened: "Automation took away jobs of several locations at once.",
    here: "The three zones of a group of 21 fail at minutes 10, 30 and 50, each for 15 minutes, with all machines in them.",
    exception: None,
    size: 21,
    lasts: 240,
    script: |world, since| {
        for (letter, minute) in [('a', 10), ('b', 30), ('c', 50)] {
            let zone = world.place().zone(letter);
            if at(since, minute) {
                world.fail_zone(&zone);
            }
            if at(since, minute + 15) {
                world.restore_zone(&zone);
            }
        }
    },
};

pub(super) const REDDIT_2016: Account = Account {
    name: "A list that is suddenly short",
    source: "Reddit, 11 August 2016 (r/announcements, \"Why Reddit was down on Aug 11\")",
    happened: "The autoscaler read half-migrated data, in which most servers were missing, and terminated most application and cache servers \
               within 16 seconds.",
    here: "From minute 10 to minute 20 AWS shows 3 of 20 instances. One of the three and one of the others fail at minute 9, and come back \
           at minute 19.",
    exception: None,
    size: 20,
    lasts: 90,
    script: |world, since| {
        if at(since, 9) {
            let all = first(world, 20);
            for id in [&all[0], &all[19]] {
                world.break_app(id, App::Dead).unwrap();
            }
        }
        if at(since, 10) {
            world.show_only(&web(), Some(3));
        }
        if at(since, 19) {
            all_become(world, App::Well);
        }
        if at(since, 20) {
            world.show_only(&web(), None);
        }
    },
};

pub(super) const DISKERASE: Account = Account {
    name: "An empty list",
    source: "Google, \"Diskerase\" (Site Reliability Engineering, chapter 7)",
    happened: "The list of machines to erase was empty, rightly. It was read as all of them, and all disks of a content delivery network were \
               wiped within minutes.",
    here: "From minute 10 to minute 20 AWS shows none of 20 instances. One fails at minute 9, and comes back at minute 19.",
    exception: None,
    size: 20,
    lasts: 90,
    script: |world, since| {
        if at(since, 9) {
            become_dead(world, 1);
        }
        if at(since, 10) {
            world.show_only(&web(), Some(0));
        }
        if at(since, 19) {
            all_become(world, App::Well);
        }
        if at(since, 20) {
            world.show_only(&web(), None);
        }
    },
};
