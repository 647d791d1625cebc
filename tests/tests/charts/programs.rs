//! What the pods give to our programs is what these take: a flag that is no flag ends a pod, and a variable that nobody
//! reads is ignored in silence.

use anyhow::Result;
use flatline_tests::Manifest;
use serde_json::Value;

use crate::commands::{mistake, tells_of};
use crate::{list, object, of_every_object, text};

/// How the variables begin that are our programs' own.
const OURS: [&str; 6] = ["HEART", "THIS_", "THAT_", "PRIMARY_", "FLATLINE_", "LOG_FORMAT"];
/// The subcommands whose variables the pods of one release share, so that an operator's command runs with the settings of
/// the deployment.
const SHARED: [(&str, &str); 3] =
    [("heart-monitor", "wait"), ("heart-monitor", "run"), ("heartbeat-writer", "run")];

#[test]
fn our_programs_know_every_flag_and_variable_that_a_pod_gives_them() -> Result<()> {
    of_every_object(|object| told(unknown_in(object)))
}

#[test]
fn an_unknown_flag_subcommand_or_variable_is_refused() -> Result<()> {
    let table = [
        ("command: [/usr/local/bin/heart-monitor, wait, --pol, 1s]", "heart-monitor wait has no flag --pol"),
        (
            "command: [heartbeat-writer], args: [run, --intervall=1s]",
            "heartbeat-writer run has no flag --intervall",
        ),
        ("command: [heart-monitor, wayt]", "there is no heart-monitor wayt"),
        (
            "command: [heart-monitor, wait], env: [{ name: HEART_MONITOR_POL }]",
            "no program reads HEART_MONITOR_POL",
        ),
    ];
    for (container, finding) in table {
        let pod = object(&format!(
            "kind: Pod\nmetadata: {{ name: x }}\nspec: {{ containers: [{{ {container} }}] }}"
        ))?;
        let found = told(unknown_in(&pod));
        assert!(found.len() == 1 && found[0].starts_with(finding), "{container}: {found:?}");
    }
    let good =
        "{ command: [/flatline/heart-monitor, run, --], args: [sh, --x], env: [{ name: THIS_CLUSTER }] }";
    let pod = object(&format!("kind: Pod\nmetadata: {{ name: x }}\nspec: {{ containers: [{good}] }}"))?;
    assert_eq!(told(unknown_in(&pod)), Vec::<String>::new());
    Ok(())
}

/// What a pod gives to our programs that these do not know.
pub(crate) fn unknown_in(object: &Manifest) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (_, container) in object.containers() {
        let words = [list(container, "/command"), list(container, "/args")].concat();
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        found.extend(mistake(&words)?);
        for variable in list(container, "/env").iter().map(|variable| text(variable, "/name")) {
            if !is_known(variable)? {
                found.push(format!("no program reads {variable}"));
            }
        }
    }
    Ok(found)
}

fn is_known(variable: &str) -> Result<bool> {
    if !OURS.iter().any(|start| variable.starts_with(start)) {
        return Ok(true);
    }
    for (program, subcommand) in SHARED {
        if tells_of(program, subcommand, variable)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A rule's findings, with what kept it from finding any.
fn told(findings: Result<Vec<String>>) -> Vec<String> {
    findings.unwrap_or_else(|error| vec![format!("{error:#}")])
}
