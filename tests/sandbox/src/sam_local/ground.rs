//! The sandbox with Homeostat deployed in it, and what a container needs to pass for a deployed function there: its variables,
//! its session, and a copy of the built template that lets sam hand over the sandbox's address.
//!
//! It never announces an event: a container is told of nothing but by its own file.

mod session;
mod trouble;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::Client as Lambda;
use aws_sdk_lambda::primitives::Blob;

use super::routes::Route;
use crate::Sandbox;
use crate::account::sdk_config;
use crate::demo::tell_of_sam;
use crate::deploy::BUILT;
use crate::stage::{Balance, Held, POLICY, Stage, policy_with_hooks};
use session::Session;

/// The hooks of which the files in `events/` tell; the sandbox's own policy has none.
const HOOKS: &str = "\n[[lifecycle-hook.launch]]\ngroup = \"web\"\nhook = \"ready\"\nevidence = [\"instance-status\"]\n\n\
                     [[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"drained\"\n";

pub(super) struct Ground {
    sandbox: Sandbox,
    balance: Balance,
    bridge: IpAddr,
    folder: PathBuf,
    sam: PathBuf,
    functions: BTreeMap<String, Deployed>,
}

/// A deployed function, as far as its double in a container must be like it.
pub(super) struct Deployed {
    pub variables: BTreeMap<String, String>,
    pub session: Session,
}

impl Ground {
    pub(super) async fn lay(root: &Path, run_dir: &Path, bridge: IpAddr, say: fn(&str)) -> Result<Self> {
        say("starting MiniStack, the world and the proxy in front of both");
        let (sandbox, face) = Stage::unannounced(root, run_dir, 0, Stage::fleet()?).await?;
        // sam and Docker want to know it from everywhere.
        let folder = std::fs::canonicalize(run_dir).context("finding the sandbox's folder")?;
        let balance = Balance::make_in(&sandbox, &face, "").await?;
        let held = Held::make(&face, "shop", 2)?;
        let policy = std::fs::read_to_string(root.join(POLICY)).context("reading the sandbox's policy")?;
        let of_events = folder.join("policy-of-events.toml");
        std::fs::write(&of_events, policy + HOOKS).context("writing a policy for the files of events/")?;
        let policy = policy_with_hooks(&[&held], &of_events, &folder)?;
        say("sam build, sam deploy");
        let deployment = Stage::deployment_for(root, &folder, &[&balance], &policy)?;
        let stack = sandbox.deploy(&deployment, &mut |line| tell_of_sam(line, say)).await?;
        let lambda = Lambda::new(&sdk_config(sandbox.ministack().endpoint()));
        let mut functions = BTreeMap::new();
        let deployed: Vec<&str> = stack.functions.iter().map(|function| function.name.as_str()).collect();
        for (logical_id, name) in stack.resources.iter().filter(|(_, name)| deployed.contains(&name.as_str())) {
            functions.insert(logical_id.clone(), Deployed::read(&lambda, name).await?);
        }
        trouble::make(&face, &balance, &held)?;
        say(&format!("deployed the stack {:?} with {} functions", stack.name, functions.len()));
        let ground = Self { sandbox, balance, bridge, folder, sam: root.join(".venv/sam/bin/sam"), functions };
        ground.copy_template()?;
        Ok(ground)
    }

    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub(super) fn bridge(&self) -> IpAddr {
        self.bridge
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn built(&self) -> PathBuf {
        self.folder.join(BUILT)
    }

    pub(super) fn sam(&self) -> &Path {
        &self.sam
    }

    /// Beside the built one: its paths are relative.
    pub(super) fn template(&self) -> PathBuf {
        self.built().join("sam-local.yaml")
    }

    pub(super) fn function(&self, route: &Route) -> Result<&Deployed> {
        let id = route.logical_id();
        self.functions
            .get(&id)
            .with_context(|| format!("{} goes to {id}, which template.yaml doesn't have", route.name))
    }

    fn copy_template(&self) -> Result<()> {
        let built = self.built().join("template.yaml");
        let text = std::fs::read_to_string(&built).with_context(|| format!("reading {}", built.display()))?;
        std::fs::write(self.template(), with_endpoint(&text)?).context("writing a copy of the built template")
    }

    pub(super) async fn clear(self) -> Result<()> {
        let Self { sandbox, balance, .. } = self;
        // Its traffic would go on asking.
        drop(balance);
        sandbox.stop().await
    }
}

impl Deployed {
    async fn read(lambda: &Lambda, name: &str) -> Result<Self> {
        let reading = || format!("reading the deployed function {name}");
        let told = lambda.get_function_configuration().function_name(name).send().await.with_context(reading)?;
        let variables = told.environment().and_then(|environment| environment.variables()).into_iter().flatten();
        let variables = variables.map(|(name, value)| (name.clone(), value.clone())).collect();
        let (arn, role) = (told.function_arn().with_context(reading)?, told.role().with_context(reading)?);
        // MiniStack knows a function's session only once it has run it, whatever comes of that.
        let started = lambda.invoke().function_name(name).payload(Blob::new("{}")).send().await;
        started.with_context(|| format!("starting the deployed function {name}"))?;
        Ok(Deployed { variables, session: Session::of(arn, role) })
    }
}

/// sam hands a variable only to a function whose template declares it, and template.yaml must not declare this one: an empty one,
/// as it would be in AWS, ends the SDK.
fn with_endpoint(template: &str) -> Result<String> {
    const FUNCTIONS: &str = "\nGlobals:\n  Function:\n";
    const DECLARED: &str = "    Environment:\n      Variables:\n        AWS_ENDPOINT_URL: ''\n";
    let (before, after) = template.split_once(FUNCTIONS).context("the built template has no Globals for functions")?;
    let globals = after.lines().take_while(|line| line.starts_with("    "));
    let has_its_own = globals.clone().any(|line| line.starts_with("    Environment:"));
    ensure!(!has_its_own, "the built template's Globals have variables already, which this doesn't expect");
    Ok(format!("{before}{FUNCTIONS}{DECLARED}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_differs_from_the_template_by_one_variable() {
        let template = "A: 1\nGlobals:\n  Function:\n    Timeout: 30\nResources:\n  X:\n    Environment: y\n";
        let copy = with_endpoint(template).unwrap();
        let added: Vec<&str> = copy.lines().filter(|line| !template.contains(line)).map(str::trim).collect();
        assert_eq!(added, ["Variables:", "AWS_ENDPOINT_URL: ''"]);
        assert!(copy.contains(
            "  Function:\n    Environment:\n      Variables:\n        AWS_ENDPOINT_URL: ''\n    Timeout: 30\n"
        ));
    }

    #[test]
    fn a_template_that_it_does_not_understand_is_left_alone() {
        assert!(with_endpoint("Resources: {}\n").is_err());
        assert!(with_endpoint("A: 1\nGlobals:\n  Function:\n    Environment:\n      Variables: {}\n").is_err());
    }
}
