//! The order of init containers: the guard's binary, pre-pulls, the gate, and behind it what works. Charts, files to copy and
//! pages all have the same.

use anyhow::Result;
use flatline_tests::{FOREIGN, Manifest};
use serde_json::{Value, json};

use crate::{list, nothing_in, object, of_every_object, text};

/// What an init container is there for, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Binary,
    PrePull,
    Gate,
    Work,
}

#[test]
fn every_pod_has_its_init_containers_in_the_one_order() -> Result<()> {
    of_every_object(|object| out_of_order(object).into_iter().collect())
}

#[test]
fn so_has_every_chart_of_others_with_our_files() -> Result<()> {
    let own = json!({ "image": "registry.example/orders:1" });
    let mut findings = Vec::new();
    for foreign in FOREIGN {
        for rendered in foreign.render("gate-and-guard", &own, |_| Ok(()))?.into_iter().flatten() {
            findings.extend(out_of_order(&rendered));
        }
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn another_order_is_found() -> Result<()> {
    let table = [
        ("{ command: [heart-monitor, wait] }, { args: [install, /v] }", Some("binary comes behind gate")),
        ("{ image: r.example/heart-monitor:1 }, { args: [install, /v] }", Some("binary comes behind gate")),
        (
            "{ command: [heart-monitor, wait] }, { command: [/v/heart-monitor, --version] }",
            Some("pre-pull comes behind gate"),
        ),
        (
            "{ image: x, command: [migrate] }, { command: [heart-monitor, wait] }",
            Some("gate comes behind work"),
        ),
        (
            "{ args: [install, /v] }, { command: [/v/heart-monitor, --version] }, { command: [heart-monitor, wait] }, { image: x }",
            None,
        ),
        ("{ image: x }", None),
    ];
    for (containers, finding) in table {
        let pod = object(&format!(
            "kind: Pod\nmetadata: {{ name: x }}\nspec: {{ initContainers: [{containers}] }}"
        ))?;
        assert_eq!(out_of_order(&pod).as_deref(), finding, "{containers}");
    }
    Ok(())
}

/// What of a pod's init containers runs too early or too late.
pub(crate) fn out_of_order(object: &Manifest) -> Option<String> {
    let roles: Vec<_> = list(object.pod()?, "/spec/initContainers").iter().map(role).collect();
    let wrong = roles.windows(2).find(|pair| pair[0] > pair[1])?;
    Some(format!("{} comes behind {}", wrong[1].name(), wrong[0].name()))
}

fn role(container: &Value) -> Role {
    let words = [list(container, "/command"), list(container, "/args")].concat();
    let has = |word: &str| words.iter().any(|it| it == word);
    let is_ours =
        text(container, "/image").rsplit('/').next().is_some_and(|it| it.starts_with("heart-monitor"));
    if has("install") {
        Role::Binary
    } else if has("--version")
        && words.iter().any(|it| it.as_str().is_some_and(|it| it.ends_with("/heart-monitor")))
    {
        Role::PrePull
    } else if has("wait") || (is_ours && words.is_empty()) {
        Role::Gate
    } else {
        Role::Work
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::PrePull => "pre-pull",
            Self::Gate => "gate",
            Self::Work => "work",
        }
    }
}
