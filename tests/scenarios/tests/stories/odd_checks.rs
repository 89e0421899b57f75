//! Health checks that are gone, or don't say what their checkers seem to say, on real parts: what the function makes of them, and what
//! the doctor says. They are played on the stage of the stories about weights.

use anyhow::{Context, Result, anyhow, ensure};
use sandbox::Stack;
use sandbox::journal::Call;
use sandbox::stage::balance::WITHOUT_TRAFFIC;
use sandbox::stage::{Balance, PATIENCE, Stage};
use serde_json::Value;
use world::EndpointState;

use super::parts::{homeostat, homeostat_says};
use super::weights::{changes, has, newest, paged, recovers};

/// Two records of one zone.
pub(crate) struct Refused {
    www: Balance,
    /// Route 53 would not create its `blue` again: the health check of that set is deleted.
    api: Balance,
}

impl Refused {
    pub(crate) async fn make(stage: &Stage) -> Result<Self> {
        let www = Balance::without_traffic(stage, "-refused").await?;
        let api = www.beside(stage, "api").await?;
        is_deleted(stage, &api, "blue", true)?;
        Ok(Refused { www, api })
    }

    pub(crate) fn balances(&self) -> [&Balance; 2] {
        [&self.www, &self.api]
    }

    fn refusals(&self, stage: &Stage) -> Vec<Call> {
        let refused = |call: &Call| call.error.as_deref() == Some("NoSuchHealthCheck");
        changes(stage, &self.www).into_iter().filter(refused).collect()
    }

    pub(crate) async fn what_is_refused_keeps_no_other_record_where_it_was(
        &self,
        stage: &Stage,
        stack: &Stack,
    ) -> Result<()> {
        let Refused { www, api } = self;
        self.balances().iter().try_for_each(|it| it.set_state(stage, "blue", EndpointState::Dead))?;
        drained(stage, www).await?;
        has(www, 0, 30).await?;
        paged(stage, stack, api, "NoSuchHealthCheck").await?;
        let looks = newest(stage, stack, api).await?.version + 2;
        stage.wait_for_version(stack, &api.subject()?, looks).await?;
        let refusals = self.refusals(stage);
        ensure!((1..=2).contains(&refusals.len()), "with the other, and then alone: {refusals:?}");
        has(api, 70, 30).await?;

        is_deleted(stage, api, "blue", false)?;
        let handle = api.subject()?.handle();
        homeostat_says(stage, &["ack", &handle, "--reason", "the health check is back", "--by", "ana"]).await?;
        drained(stage, api).await?;
        has(api, 0, 30).await?;
        www.set_state(stage, "blue", EndpointState::Well)?;
        recovers(stage, stack, api).await?;
        has(www, 70, 30).await
    }
}

/// Each in a zone of its own.
pub(crate) struct Odd {
    /// `blue`'s is inverted, and is the evidence.
    inverted: Balance,
    /// `green`'s is, and would be the proof.
    disabled: Balance,
    deleted: Balance,
}

impl Odd {
    pub(crate) async fn make(stage: &Stage) -> Result<Self> {
        let [inverted, disabled, deleted] = ["-inverted", "-disabled", "-deleted"];
        let by_check = WITHOUT_TRAFFIC.replace("evidence = [\"canary\"]", "evidence = [\"health-check\"]");
        let proven = WITHOUT_TRAFFIC.replace("proof = [\"canary\"]", "proof = [\"health-check\"]");
        let odd = Odd {
            inverted: Balance::without_traffic(stage, inverted).await?.with_settings(&by_check),
            disabled: Balance::without_traffic(stage, disabled).await?.with_settings(&proven),
            deleted: Balance::without_traffic(stage, deleted).await?.with_settings(&proven),
        };
        update(stage, &odd.inverted, "blue", (true, false))?;
        update(stage, &odd.disabled, "green", (false, true))?;
        is_deleted(stage, &odd.deleted, "green", true)?;
        Ok(odd)
    }

    pub(crate) fn balances(&self) -> [&Balance; 3] {
        [&self.inverted, &self.disabled, &self.deleted]
    }

    pub(crate) async fn are_read_as_route_53_reads_them(&self, stage: &Stage, stack: &Stack) -> Result<()> {
        self.are_known_to_the_doctor(stage).await?;
        let enabled = || update(stage, &self.disabled, "green", (false, false));
        let back = || is_deleted(stage, &self.deleted, "green", false);
        tokio::try_join!(
            self.an_inverted_one_that_is_reached_proves_its_endpoint_unhealthy(stage, stack),
            proves_nothing_until_it_can(stage, stack, &self.disabled, "is disabled", enabled),
            proves_nothing_until_it_can(stage, stack, &self.deleted, "there is no health check", back),
        )
        .map(drop)
    }

    async fn are_known_to_the_doctor(&self, stage: &Stage) -> Result<()> {
        let policy = stage.folder().join("policy-with-records.toml").display().to_string();
        let output = homeostat(stage, &["doctor", "--json", "--policy", &policy]).await?;
        let said = String::from_utf8(output.stdout)?;
        let report: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
        let findings = report["findings"].as_array().context("no findings")?;
        for (balance, colour, severity, expected) in [
            (&self.inverted, "blue", "warning", "is inverted"),
            (&self.disabled, "green", "error", "is disabled"),
            (&self.deleted, "green", "error", "does not exist"),
        ] {
            let check = balance.check(colour)?;
            let about: Vec<&Value> = findings.iter().filter(|it| it["what"].to_string().contains(check)).collect();
            let [finding] = about.as_slice() else { anyhow::bail!("one of {check}: {about:?} in {said}") };
            let is_said = finding["what"].as_str().is_some_and(|what| what.contains(expected));
            ensure!(is_said && finding["severity"] == severity, "{finding}");
        }
        Ok(())
    }

    async fn an_inverted_one_that_is_reached_proves_its_endpoint_unhealthy(
        &self,
        stage: &Stage,
        stack: &Stack,
    ) -> Result<()> {
        drained(stage, &self.inverted).await?;
        has(&self.inverted, 0, 30).await?;
        update(stage, &self.inverted, "blue", (false, false))?;
        recovers(stage, stack, &self.inverted).await
    }
}

/// Of the only endpoint that could take the traffic.
async fn proves_nothing_until_it_can(
    stage: &Stage,
    stack: &Stack,
    balance: &Balance,
    why: &str,
    until: impl Fn() -> Result<()>,
) -> Result<()> {
    balance.set_state(stage, "blue", EndpointState::Dead)?;
    stage.wait_for_alarm(&balance.canary_alarm("blue"), "ALARM").await?;
    paged(stage, stack, balance, why).await?;
    ensure!(changes(stage, balance).is_empty(), "its weight went to an endpoint that nobody has proven healthy");
    has(balance, 70, 30).await?;
    until()?;
    drained(stage, balance).await?;
    has(balance, 0, 30).await?;
    recovers(stage, stack, balance).await
}

fn update(stage: &Stage, balance: &Balance, colour: &str, (inverted, disabled): (bool, bool)) -> Result<()> {
    let endpoint = balance.endpoint(colour);
    let changed = stage.face().with(|world| world.update_health_check(&endpoint, inverted, disabled));
    changed.map_err(|refusal| anyhow!("{refusal}"))
}

fn is_deleted(stage: &Stage, balance: &Balance, colour: &str, deleted: bool) -> Result<()> {
    let endpoint = balance.endpoint(colour);
    let changed = stage.face().with(|world| world.delete_health_check(&endpoint, deleted));
    changed.map_err(|refusal| anyhow!("{refusal}"))
}

/// Once Route 53 took the change.
async fn drained(stage: &Stage, balance: &Balance) -> Result<()> {
    let drain = format!("CREATE {} A {} 0", balance.name, balance.endpoint("blue"));
    let took = |call: &Call| call.subject.contains(&drain) && call.succeeded() && call.who.function().is_some();
    stage.sandbox().journal().wait_for(&format!("the drain of {}", balance.name), PATIENCE, took).await?;
    Ok(())
}
