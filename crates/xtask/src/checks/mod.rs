//! Rules about the repository itself, which no compiler knows.

mod links;
mod manifests;
mod mentions;

use anyhow::{Result, ensure};

pub(crate) use manifests::crate_names;

/// Applies every rule and names every place that breaks one.
pub(crate) fn run() -> Result<()> {
    let mut findings = manifests::check()?;
    findings.extend(mentions::check()?);
    findings.extend(links::check()?);
    for finding in &findings {
        eprintln!("{finding}");
    }
    ensure!(findings.is_empty(), "{} places break a rule of the repository", findings.len());
    eprintln!("manifests, mentions and links are in order");
    Ok(())
}
