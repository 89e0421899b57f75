//! Two endpoints behind one weighted record, 70 to 30: what the second act of the demo and the stories about weights play on.
//!
//! It never changes a weight once the record stands; traffic follows whatever the record says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use aws_sdk_route53::types::RrType;
use homeostat_core::id::{HostedZoneId, Subject};
use homeostat_remedies::hosted_zone;
use jiff::SignedDuration;
use world::{AlarmRule, Comparison, EndpointState, Metric, Refusal, Statistic, TreatMissingData, World};

use super::Stage;
use crate::Sandbox;
use crate::account::{ACCOUNT_ID, REGION};
use crate::face::Face;
use crate::zone::{Traffic, Weighted, Zone};

pub const KIND: RrType = RrType::A;

/// By colour: the weight and the address.
const COLOURS: [(&str, u8, &str); 2] = [("blue", 70, "192.0.2.1"), ("green", 30, "192.0.2.2")];

/// Slower than this is too slow, in milliseconds.
const SLOW: f64 = 500.0;

/// A zone, and a record in it.
pub struct Balance {
    pub zone: Zone,
    pub name: String,
    suffix: String,
    is_in_role: bool,
    /// Of each endpoint, beside its alarms.
    more: String,
    checks: Vec<String>,
    settings: String,
    _traffic: Option<Traffic>,
}

/// What the policy says of the record beside its endpoints, in compressed time. An endpoint that answers, and slowly, is healthy for
/// each checker: only the alarm on served requests sees it.
pub const SETTINGS: &str = "evidence = [\"alarm\"]\nproof = [\"health-check\", \"canary\"]\nhold = \"4s\"\nsteps = [\"10%\", \"50%\"]\nstep-interval = \"4s\"\n";

/// For a record without traffic, whose alarm on served requests has nothing to say.
pub const WITHOUT_TRAFFIC: &str =
    "evidence = [\"canary\"]\nproof = [\"canary\"]\nhold = \"2s\"\nsteps = [\"50%\"]\nstep-interval = \"2s\"\n";

impl Balance {
    /// Made before the deployment, whose policy and parameters name the zone. The suffix tells several apart.
    pub async fn make(stage: &Stage, suffix: &str) -> Result<Self> {
        Balance::make_in(stage.sandbox(), stage.face(), suffix).await
    }

    /// The same without a stage.
    pub async fn make_in(sandbox: &Sandbox, face: &Face, suffix: &str) -> Result<Self> {
        let mut made = Balance::silent(sandbox, face, suffix).await?;
        made.settings = SETTINGS.to_owned();
        made._traffic = Some(Traffic::follow(sandbox, &made.zone, &made.name, KIND, face.clone()));
        Ok(made)
    }

    /// Nobody asks for the name: only the canaries tell how the endpoints are.
    pub async fn without_traffic(stage: &Stage, suffix: &str) -> Result<Self> {
        Balance::silent(stage.sandbox(), stage.face(), suffix).await
    }

    /// A second record of the same zone, for which nobody asks.
    pub async fn beside(&self, stage: &Stage, label: &str) -> Result<Self> {
        let zone = Zone::at(&stage.sandbox().sdk_config(), self.zone.id());
        let domain = self.name.split_once('.').map(|(_, domain)| domain).context("a name without a domain")?;
        Balance::in_zone(stage.face(), zone, format!("{label}.{domain}"), &format!("{}-{label}", self.suffix)).await
    }

    async fn silent(sandbox: &Sandbox, face: &Face, suffix: &str) -> Result<Self> {
        let domain = format!("example{suffix}.com");
        let zone = Zone::create(&sandbox.sdk_config(), &domain).await?;
        Balance::in_zone(face, zone, format!("www.{domain}"), suffix).await
    }

    async fn in_zone(face: &Face, zone: Zone, name: String, suffix: &str) -> Result<Self> {
        let (mut records, mut checks) = (Vec::new(), Vec::new());
        for (colour, weight, address) in COLOURS {
            let endpoint = format!("{colour}{suffix}");
            let check = face.with(|world| add(world, &endpoint)).map_err(|refusal| anyhow!("{refusal}"))?;
            records.push(Weighted::plain(&endpoint, weight, address).checked_by(&check));
            checks.push(check);
        }
        zone.put(&name, &KIND, &records).await?;
        let settings = WITHOUT_TRAFFIC.to_owned();
        Ok(Balance {
            zone,
            name,
            suffix: suffix.to_owned(),
            is_in_role: true,
            more: String::new(),
            checks,
            settings,
            _traffic: None,
        })
    }

    #[must_use]
    pub fn with_settings(self, settings: &str) -> Self {
        Balance { settings: settings.to_owned(), ..self }
    }

    /// The role may change the zone, but not this name.
    #[must_use]
    pub fn outside_the_role(self) -> Self {
        Balance { is_in_role: false, ..self }
    }

    /// A target group of the world stands behind each endpoint.
    #[must_use]
    pub fn with_targets(self, target_group: &str) -> Self {
        Balance { more: format!("target-groups = [{target_group:?}]\n"), ..self }
    }

    pub fn subject(&self) -> Result<Subject> {
        let zone: HostedZoneId = self.zone.id().parse().context("the zone's id")?;
        Ok(hosted_zone::subject::subject(&zone))
    }

    pub fn endpoint(&self, colour: &str) -> String {
        format!("{colour}{}", self.suffix)
    }

    pub async fn weights(&self) -> Result<BTreeMap<String, u8>> {
        self.zone.weights(&self.name, &KIND).await
    }

    pub fn set_state(&self, stage: &Stage, colour: &str, state: EndpointState) -> Result<()> {
        let endpoint = self.endpoint(colour);
        stage.face().with(|world| world.break_endpoint(&endpoint, state)).map_err(|refusal| anyhow!("{refusal}"))
    }

    /// Of the health check that the record and the policy name.
    pub fn check(&self, colour: &str) -> Result<&str> {
        let checks = COLOURS.iter().zip(&self.checks).find(|((name, _, _), _)| *name == colour);
        checks.map(|(_, check)| check.as_str()).with_context(|| format!("there is no {colour}"))
    }

    pub fn slow_alarm(&self, colour: &str) -> String {
        slow_alarm(&self.endpoint(colour))
    }

    pub fn canary_alarm(&self, colour: &str) -> String {
        canary_alarm(&self.endpoint(colour))
    }

    fn policy(&self) -> String {
        let arn = |alarm: String| format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:{alarm}");
        let (zone, name, settings) = (self.zone.id(), &self.name, &self.settings);
        let record =
            format!("\n[[shift-dns.record]]\nhosted-zone = {zone:?}\nname = {name:?}\ntype = \"A\"\n{settings}");
        let endpoints = COLOURS.iter().zip(&self.checks).map(|((colour, _, _), check)| {
            let (id, slow, fails) =
                (self.endpoint(colour), arn(self.slow_alarm(colour)), arn(self.canary_alarm(colour)));
            format!(
                "[[shift-dns.record.endpoint]]\nid = {id:?}\nalarms = [{slow:?}]\ncanaries = [{fails:?}]\n\
                 health-check = {check:?}\n{}",
                self.more
            )
        });
        record + &endpoints.collect::<String>()
    }
}

/// A policy with the records, beside what the other policy says, and the parameters to which the role is limited.
pub(super) fn deployment(
    balances: &[&Balance],
    policy: &Path,
    folder: &Path,
) -> Result<(PathBuf, Vec<(String, String)>)> {
    let text = std::fs::read_to_string(policy).context("reading the sandbox's policy")?;
    let records: String = balances.iter().map(|balance| balance.policy()).collect();
    let pace = "[shift-dns]\ncheck-every = \"2s\"\nstable-for = \"3s\"\nremind-every = \"6s\"\n";
    let path = folder.join("policy-with-records.toml");
    std::fs::write(&path, text + &records + pace).context("writing a policy with records")?;
    let named: Vec<&Balance> = balances.iter().copied().filter(|balance| balance.is_in_role).collect();
    let joined = |of: &[&Balance], part: fn(&Balance) -> String| {
        let parts: BTreeSet<String> = of.iter().map(|one| part(one)).collect();
        parts.into_iter().collect::<Vec<_>>().join(",")
    };
    let parameters = [
        ("DnsZoneArns", joined(balances, |balance| format!("arn:aws:route53:::hostedzone/{}", balance.zone.id()))),
        ("DnsRecordNames", joined(&named, |balance| format!("{0},_homeostat.{0}", balance.name))),
        ("DnsRecordTypes", "A,TXT".to_owned()),
    ];
    Ok((path, parameters.map(|(name, value)| (name.to_owned(), value)).into()))
}

fn add(world: &mut World, endpoint: &str) -> Result<String, Refusal> {
    world.add_endpoint(endpoint)?;
    let slow = rule(SLOW, Comparison::GreaterThanThreshold);
    world.add_alarm(&slow_alarm(endpoint), Metric::served_latency(endpoint), slow)?;
    let well = rule(90.0, Comparison::LessThanThreshold);
    world.add_alarm(&canary_alarm(endpoint), Metric::canary_success(endpoint), well)?;
    world.add_health_check(endpoint)
}

fn slow_alarm(endpoint: &str) -> String {
    format!("{endpoint}-slow")
}

fn canary_alarm(endpoint: &str) -> String {
    format!("{endpoint}-canary-fails")
}

/// Two periods of a second.
fn rule(threshold: f64, comparison: Comparison) -> AlarmRule {
    AlarmRule {
        statistic: Statistic::Average,
        period: SignedDuration::from_secs(1),
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold,
        comparison,
        missing: TreatMissingData::Missing,
    }
}
