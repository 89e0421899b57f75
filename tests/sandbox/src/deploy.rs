//! `sam build` and `sam deploy`, against the sandbox.
//!
//! Never asks, never reports to anyone, and never reads the configuration or the credentials of whoever runs it.

pub(crate) mod run;
mod stack;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::account::{Account, OPERATOR, REGION};
use crate::ministack::Tools;
pub use stack::Stack;

/// Where in the sandbox's folder `sam build` leaves the template, and a folder for each function.
pub(crate) const BUILT: &str = "build";

/// This machine's, in Lambda's words: here it is what runs the functions.
pub(crate) const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

const BUCKET: &str = "sandbox-artifacts";

/// Gets each line of sam's output, so that a long build is not a silent one.
pub type Progress<'a> = &'a mut (dyn FnMut(&str) + Send);

/// What is to be deployed.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// The template's file; its folder's samconfig.toml holds for the build.
    pub template: PathBuf,
    pub stack: String,
    pub parameters: Vec<(String, String)>,
    /// For the build alone: the profile of cargo, say.
    pub build_env: Vec<(String, String)>,
    /// More arguments of `sam build`.
    pub build_args: Vec<String>,
}

/// Where and with what.
pub(crate) struct Site<'a> {
    pub tools: &'a Tools,
    pub run_dir: &'a Path,
    /// The proxy's.
    pub endpoint: &'a str,
    pub account: &'a Account,
}

impl Deployment {
    pub fn of(template: impl Into<PathBuf>, stack: &str) -> Self {
        Self {
            template: template.into(),
            stack: stack.to_owned(),
            parameters: Vec::new(),
            build_env: Vec::new(),
            build_args: Vec::new(),
        }
    }
}

pub(crate) async fn deploy(site: &Site<'_>, deployment: &Deployment, progress: Progress<'_>) -> Result<Stack> {
    let built = site.run_dir.join(BUILT);
    build(site, deployment, &built, progress).await?;
    site.account.make_bucket(BUCKET).await?;
    let mut command = Command::new(&site.tools.sam);
    command
        .arg("deploy")
        .arg("--template-file")
        .arg(built.join("template.yaml"))
        .args(["--stack-name", &deployment.stack, "--s3-bucket", BUCKET, "--region", REGION])
        .args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"])
        .args(["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"])
        .args(overrides(deployment))
        .current_dir(&built)
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
        .env("LC_ALL", "C.UTF-8")
        .env("SAM_CLI_POLL_DELAY", "0.5")
        .env("AWS_ENDPOINT_URL", site.endpoint);
    strangers_to_the_user(&mut command, site.run_dir)?;
    command.env("HOME", site.run_dir);
    run::to_its_end(command, progress).await.with_context(|| format!("deploying {}", deployment.template.display()))?;
    Stack::read(site.account, &deployment.stack).await
}

async fn build(site: &Site<'_>, deployment: &Deployment, built: &Path, progress: Progress<'_>) -> Result<()> {
    let template = std::fs::canonicalize(&deployment.template)
        .with_context(|| format!("the template {}", deployment.template.display()))?;
    let folder = template.parent().context("the template lies in no folder")?;
    let mut command = Command::new(&site.tools.sam);
    command
        .arg("build")
        .arg("--template-file")
        .arg(&template)
        .arg("--build-dir")
        .arg(built)
        .args(&deployment.build_args)
        .args(overrides(deployment))
        .current_dir(folder);
    // Toolchains need their environment; AWS's part of it is nobody's business here.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
    }
    strangers_to_the_user(&mut command, site.run_dir)?;
    command.envs(deployment.build_env.iter().map(|(name, value)| (name, value)));
    run::to_its_end(command, progress).await.with_context(|| format!("building {}", template.display()))
}

fn overrides(deployment: &Deployment) -> Vec<String> {
    // sam takes off the outer quotes and the backslash before a quote, and leaves every other backslash alone.
    let quoted = |value: &str| format!("\"{}\"", value.replace('"', "\\\""));
    let each = deployment.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    std::iter::once("--parameter-overrides".to_owned())
        .chain(
            std::iter::once(("Architecture", ARCHITECTURE))
                .chain(each)
                .map(|(name, value)| format!("ParameterKey={name},ParameterValue={}", quoted(value))),
        )
        .collect()
}

/// With the operator's credentials, and nothing of whoever runs this.
pub(crate) fn strangers_to_the_user(command: &mut Command, run_dir: &Path) -> Result<()> {
    let own = run_dir.join("sam");
    std::fs::create_dir_all(&own).with_context(|| format!("making {}", own.display()))?;
    command
        // sam leaves its temporary folders behind.
        .env("TMPDIR", &own)
        .env("__SAM_CLI_APP_DIR", &own)
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_CONFIG_FILE", own.join("no-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", own.join("no-credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", OPERATOR.0)
        .env("AWS_SECRET_ACCESS_KEY", OPERATOR.1)
        .env("AWS_DEFAULT_REGION", REGION);
    Ok(())
}
