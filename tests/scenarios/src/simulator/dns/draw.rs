//! The site and the policy of one history, as the dice make them.
//!
//! This module never breaks anything; its site has been running well for a while.

use homeostat_core::aws::record::{RecordKey, RecordType, Weight};
use homeostat_core::id::HostedZoneId;
use jiff::{SignedDuration, Timestamp};
use world::{Pace, Refusal, Site, TreatMissingData, WeightedRecord, World};

use crate::section_of_types;
use crate::simulator::dice::Dice;

const ZONE: &str = "Z0123456789ABCDEFGHIJ";
const ENDPOINTS: [&str; 4] = ["blue", "green", "red", "gold"];
const RECORDS: [&str; 3] = ["www.example.com A", "www.example.com AAAA", "api.example.com A"];

pub(super) struct DrawnSite {
    pub(super) world: World,
    pub(super) policy: String,
    pub(super) zone: HostedZoneId,
    pub(super) missing: TreatMissingData,
}

/// Metrics at half a minute, so that two hours are a few thousand events of the world; all else as at AWS.
fn pace() -> Pace {
    Pace {
        publish_every: SignedDuration::from_secs(30),
        alarm_period: SignedDuration::from_mins(1),
        call: SignedDuration::ZERO,
        ..Pace::aws()
    }
}

/// The world, and the text of its policy.
pub(super) fn draw(dice: &mut Dice, now: Timestamp) -> Result<DrawnSite, Refusal> {
    let zone: HostedZoneId = ZONE.parse()?;
    let count = usize::try_from(dice.number(2..=4)).unwrap_or(2);
    let endpoints: Vec<&str> = ENDPOINTS.into_iter().take(count).collect();
    let records = usize::try_from(dice.number(1..=3)).unwrap_or(1);
    let families = if records > 1 { families(dice) } else { Families::Apart };
    let mut drawn: Vec<WeightedRecord> = Vec::new();
    for text in RECORDS.into_iter().take(records) {
        let key = RecordKey::try_from(text.to_owned()).map_err(|why| Refusal::Invalid { why })?;
        // Some records leave an endpoint out.
        let least = if dice.chance(20.0) { 2 } else { endpoints.len() };
        // What one table lists has the same endpoints.
        let sibling = drawn.first().filter(|_| families == Families::Listed && drawn.len() == 1);
        let least = sibling.map_or(least, |sibling| sibling.weights.len());
        let names = endpoints.iter().take(least.min(endpoints.len()));
        drawn.push(WeightedRecord { zone: zone.clone(), key, weights: weights(dice, names) });
    }
    let missing = dice.either(TreatMissingData::Missing, &[TreatMissingData::Ignore, TreatMissingData::NotBreaching]);
    let world = Site { pace: pace(), missing, ..Site::new(drawn.clone())? }.build(now)?;
    let mut policy = section(dice);
    for (nth, record) in drawn.iter().enumerate() {
        if nth == 1 && families != Families::Apart {
            continue;
        }
        let lines = rules(dice, record.weights.len());
        let limits: Vec<(String, String)> =
            record.weights.iter().map(|(name, _)| (name.clone(), limit(dice))).collect();
        let limit = |name: &str| limits.iter().find(|(of, _)| of == name).map(|(_, limit)| limit.clone());
        let kinds = match nth == 0 && families == Families::Listed {
            true => vec![RecordType::A, RecordType::Aaaa],
            false => vec![record.key.kind],
        };
        policy += &section_of_types(&world, record, &kinds, &lines, |name| limit(name).unwrap_or_default());
    }
    Ok(DrawnSite { world, policy, zone, missing })
}

/// How the policy has the two families of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Families {
    /// A table for each.
    Apart,
    /// One table lists both.
    Listed,
    /// It names one, and the other is there.
    LeftOut,
}

fn families(dice: &mut Dice) -> Families {
    match dice.number(1..=10) {
        1..=5 => Families::Listed,
        6..=7 => Families::LeftOut,
        _ => Families::Apart,
    }
}

fn weights<'a>(dice: &mut Dice, names: impl Iterator<Item = &'a &'a str>) -> Vec<(String, Weight)> {
    let most = dice.either(255, &[10, 100]);
    let has_standby = dice.chance(20.0);
    let weight = |dice: &mut Dice, nth: usize| {
        let weight = if has_standby && nth > 0 && dice.chance(60.0) { 0 } else { dice.number(1..=most) };
        Weight::try_from(weight).unwrap_or(1)
    };
    names.enumerate().map(|(nth, name)| ((*name).to_owned(), weight(dice, nth))).collect()
}

fn section(dice: &mut Dice) -> String {
    let check_every = dice.either("1m", &["30s", "2m"]);
    let dwell = dice.either("5m", &["2m", "1m"]);
    let wait = dice.either("1h", &["20m"]);
    format!(
        "schema = 1\n[shift-dns]\ncheck-every = \"{check_every}\"\nstable-for = \"{dwell}\"\nmax-wait = \"{wait}\"\n"
    )
}

fn rules(dice: &mut Dice, endpoints: usize) -> String {
    let evidence = dice.either(
        "\"alarm\", \"health-check\"",
        &["\"alarm\"", "\"health-check\"", "\"canary\"", "\"alarm\", \"canary\"", "\"alarm\", \"health-check\""],
    );
    let proof = dice.either("\"health-check\"", &["\"canary\"", "\"health-check\", \"canary\""]);
    let most = u32::try_from(endpoints.saturating_sub(1)).unwrap_or(1).clamp(1, 2);
    let min_healthy = dice.number(1..=most);
    let hold = dice.either("5m", &["2m", "8m"]);
    let steps = dice.either("\"10%\", \"50%\"", &["\"50%\"", "\"5%\", \"25%\", \"75%\""]);
    let pace = dice.either("2m", &["1m", "4m"]);
    let flaps = dice.number(2..=4);
    let within = dice.either("2h", &["30m"]);
    let drain_to = dice.either("0%", &["0%", "0%", "10%", "20%"]);
    let mode = if dice.chance(8.0) { "mode = \"watch\"\n" } else { "" };
    format!(
        "{mode}evidence = [{evidence}]\nproof = [{proof}]\nmin-healthy = {min_healthy}\nhold = \"{hold}\"\n\
         steps = [{steps}]\nstep-interval = \"{pace}\"\nmax-flaps = {flaps}\nflaps-within = \"{within}\"\ndrain-to = \"{drain_to}\""
    )
}

fn limit(dice: &mut Dice) -> String {
    if dice.chance(20.0) { format!("max-share = \"{}%\"", dice.number(30..=90)) } else { String::new() }
}
