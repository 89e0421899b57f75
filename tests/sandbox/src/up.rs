//! A sandbox for hand use: it runs until it is told to stop, and takes a few words meanwhile.
//!
//! It deploys nothing by itself: that is what it is for.

use std::path::Path;

use anyhow::Result;
use homeostat_core::id::InstanceId;
use tokio::io::{AsyncBufReadExt, BufReader};
use world::App;

use crate::account::{OPERATOR, REGION};
use crate::deploy::ARCHITECTURE;
use crate::stage::Stage;

/// Runs until the input ends or says `quit`.
pub async fn stay(root: &Path, run_dir: &Path, port: u16) -> Result<()> {
    let stage = Stage::set(root, run_dir, port, Stage::fleet()?).await?;
    eprintln!("{}", usage(stage.sandbox().endpoint()));
    let mut words = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = words.next_line().await? {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [] => {}
            ["quit"] => break,
            ["fleet"] => eprintln!("{}", fleet(&stage)),
            ["break", id] => eprintln!("{}", set(&stage, id, App::Dead)),
            ["mend", id] => eprintln!("{}", set(&stage, id, App::Well)),
            _ => eprintln!("no such command; there are: fleet, break <instance>, mend <instance>, quit"),
        }
    }
    stage.stop().await?;
    eprintln!("stopped");
    Ok(())
}

fn usage(endpoint: &str) -> String {
    let (key, secret) = OPERATOR;
    format!(
        "A sandbox is up at {endpoint}. In another shell, in the project's folder:

  export AWS_ENDPOINT_URL={endpoint} AWS_DEFAULT_REGION={REGION}
  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} SAM_CLI_TELEMETRY=0
  HOMEOSTAT_PROFILE=dev HOMEOSTAT_POLICY=tests/sandbox/policy.toml .venv/sam/bin/sam build \\
    --parameter-overrides Architecture={ARCHITECTURE}
  .venv/sam/bin/sam deploy --no-confirm-changeset --parameter-overrides Architecture={ARCHITECTURE}
  aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names web
  aws logs filter-log-events --log-group-name /homeostat/homeostat/replace-instance

Here: fleet, break <instance>, mend <instance>, quit (or the end of the input)."
    )
}

fn fleet(stage: &Stage) -> String {
    let lines = stage.face().with(|world| {
        let groups: Vec<_> = world.groups().map(|group| group.settings.name.clone()).collect();
        let members = groups.iter().flat_map(|group| world.members(group));
        let line = |member: &world::Instance| {
            format!(
                "  {}  {}  {}  {}  {:?}",
                member.group,
                member.id,
                member.zone,
                member.lifecycle.as_str(),
                member.app
            )
        };
        members.map(line).collect::<Vec<_>>()
    });
    lines.join("\n")
}

fn set(stage: &Stage, id: &str, app: App) -> String {
    let broken = id.parse::<InstanceId>().map_err(anyhow::Error::from);
    match broken.and_then(|id| Ok(stage.face().with(|world| world.break_app(&id, app))?)) {
        Ok(()) => format!("the application on {id} is {app:?} now"),
        Err(error) => format!("{error:#}"),
    }
}
