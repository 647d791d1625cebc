//! Running Helm and its friends: nobody's own settings reach them, and no cluster is within their reach.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::pinned_tool;

/// Where Helm's settings would be: nowhere.
const NOWHERE: &str = "/nonexistent";

pub(super) fn helm() -> Result<Command> {
    let mut helm = isolated(&pinned_tool("helm")?);
    helm.env("HELM_NO_PLUGINS", "1").env("KUBECONFIG", NOWHERE);
    for folder in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        helm.env(folder, NOWHERE);
    }
    Ok(helm)
}

/// What kubernetes-validate says about files of manifests, one line for each object and version, and whether it had
/// nothing to refuse. An object without a schema is not refused, but told of in a line that starts with `WARN`.
pub fn kubernetes_validate(files: &[impl AsRef<Path>], versions: &[&str]) -> Result<(bool, String)> {
    let mut validate = isolated(&pinned_tool("kubernetes-validate")?);
    validate.arg("--strict").args(versions.iter().flat_map(|version| ["-k", version]));
    validate.args(files.iter().map(AsRef::as_ref));
    let output = validate.output().context("cannot run kubernetes-validate")?;
    let lines = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&lines).into_owned()))
}

/// What a program prints, where it ends well; what it printed instead is the error.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let output =
        command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}\n{stdout}{stderr}", line(command));
    Ok(stdout)
}

pub(super) fn isolated(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).stdin(Stdio::null());
    command
}

fn line(command: &Command) -> String {
    let name =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(name).chain(args).collect::<Vec<_>>().join(" ")
}
