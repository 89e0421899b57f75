//! Tells what happens while it happens: alarms, scaling activities, what the functions change, what the incident notes.
//!
//! It leaves out what repeats without news: reads, and sweeps that find nothing. It changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use homeostat_aws::DynamoLedger;
use homeostat_core::id::{InstanceId, Region, Subject};
use homeostat_remedies::hosted_zone;
use homeostat_remedies::registry::AnyIncident;
use tokio::task::JoinHandle;
use tokio::time::interval;
use world::{ActivityStatus, state_value};

use super::changes_something;
use crate::Stack;
use crate::account::REGION;
use crate::face::Face;
use crate::journal::{Call, Journal};
use crate::stage::Stage;

const TICK: Duration = Duration::from_millis(100);

pub(super) struct Narrator {
    telling: JoinHandle<()>,
}

impl Narrator {
    /// Tells from now on, until it is dropped.
    pub(super) fn start(stage: &Stage, stack: &Stack, say: fn(&str)) -> Self {
        let names = stack.resources.iter().map(|(logical, physical)| (physical.clone(), logical.clone())).collect();
        let table = stack.output("TableName").unwrap_or_default().to_owned();
        let mut news = News {
            journal: stage.sandbox().journal().clone(),
            face: stage.face().clone(),
            ledger: DynamoLedger::new(&stage.sandbox().sdk_config(), table),
            names,
            calls: stage.sandbox().journal().calls().len(),
            alarms: BTreeMap::new(),
            activities: BTreeMap::new(),
            notes: BTreeMap::new(),
        };
        // What was before is no news.
        news.alarms();
        news.activities();
        let telling = tokio::spawn(async move {
            let mut tick = interval(TICK);
            loop {
                tick.tick().await;
                news.alarms().iter().for_each(|line| say(&shortened(line)));
                news.functions().await.iter().for_each(|line| say(&shortened(line)));
                news.activities().iter().for_each(|line| say(&shortened(line)));
            }
        });
        Narrator { telling }
    }
}

impl Drop for Narrator {
    fn drop(&mut self) {
        self.telling.abort();
    }
}

struct News {
    journal: Journal,
    face: Face,
    ledger: DynamoLedger,
    names: BTreeMap<String, String>,
    calls: usize,
    alarms: BTreeMap<String, String>,
    activities: BTreeMap<String, ActivityStatus>,
    notes: BTreeMap<Subject, usize>,
}

impl News {
    fn alarms(&mut self) -> Vec<String> {
        let now: Vec<(String, String)> = self.face.with(|world| {
            let state = |alarm: &world::Alarm| state_value(alarm.standing.state).to_owned();
            world.alarms().map(|alarm| (alarm.arn.alarm_name().to_owned(), state(alarm))).collect()
        });
        let mut lines = Vec::new();
        for (name, state) in now {
            let before = self.alarms.insert(name.clone(), state.clone());
            if before.is_some_and(|before| before != state) {
                lines.push(format!("  CloudWatch: {name} is {state}"));
            }
        }
        lines
    }

    fn activities(&mut self) -> Vec<String> {
        let now: Vec<(String, String, ActivityStatus)> = self.face.with(|world| {
            let groups: Vec<_> = world.groups().map(|group| group.settings.name.clone()).collect();
            let all = groups.iter().flat_map(|group| world.activities(group));
            all.map(|activity| (activity.id.clone(), activity.description(), activity.status)).collect()
        });
        let mut lines = Vec::new();
        for (id, what, status) in now {
            if self.activities.insert(id, status) != Some(status) {
                lines.push(format!("  Auto Scaling: {what}: {}", status.as_str()));
            }
        }
        lines
    }

    /// What the functions changed, and what they noted about it.
    async fn functions(&mut self) -> Vec<String> {
        let calls = self.journal.calls();
        let mut lines = Vec::new();
        for call in calls.iter().skip(self.calls).filter(|call| changes_something(call)) {
            let Some(function) = call.who.function() else { continue };
            let name = self.names.get(function).map_or(function, String::as_str);
            lines.push(told(name, call));
            if let Some(subject) = subject_in(&call.subject) {
                lines.extend(self.notes(subject).await);
            }
        }
        self.calls = calls.len();
        lines
    }

    async fn notes(&mut self, subject: Subject) -> Vec<String> {
        let Ok(Some(incident)) = self.ledger.newest::<AnyIncident>(&subject).await else { return Vec::new() };
        let notes = incident.head().notes;
        let known = self.notes.insert(subject, notes.len()).unwrap_or(0);
        notes.iter().skip(known).map(|note| format!("    noted: {}", without_reasons(&note.what))).collect()
    }
}

fn told(name: &str, call: &Call) -> String {
    let error = call.error.as_deref().map(|code| format!(" -> {code}")).unwrap_or_default();
    let service = call.service.as_deref().unwrap_or_default();
    format!("  {name} calls {service}:{} {}{error}", call.action, brief(&call.subject)).trim_end().to_owned()
}

/// The first instance or zone that a ledger's key or a call names.
fn subject_in(subject: &str) -> Option<Subject> {
    let region: Region = REGION.parse().ok()?;
    let mut words = subject.split(['#', '/', ' ', ',', ':']);
    words.find_map(|word| {
        let instance = word.parse::<InstanceId>().ok().map(|id| Subject::of_instance(region.clone(), &id));
        instance.or_else(|| word.parse().ok().map(|zone| hosted_zone::subject::subject(&zone)))
    })
}

/// Without the names of table, queue and topic, which are long and always the same.
fn brief(subject: &str) -> String {
    let words = subject.split(' ').filter(|word| !word.starts_with("homeostat-") && !word.starts_with("arn:aws:sns:"));
    let short = |word: &str| word.replace("SUBJECT#us-east-1#instance#", "").replace("SUBJECT#aws-global#", "");
    words.map(short).collect::<Vec<_>>().join(" ")
}

/// Fits a terminal of a hundred columns, with the time before it.
pub(super) fn shortened(line: &str) -> String {
    const WIDEST: usize = 88;
    match line.char_indices().nth(WIDEST) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
    }
}

/// The whole note stands in the ledger, and in the summary.
fn without_reasons(what: &str) -> &str {
    what.split(", because ").next().unwrap_or(what)
}
