//! The scenes play a few variants of each chart. The player has to understand all of them, so that none has come to need
//! something that is never seen at work.

use anyhow::{Result, ensure};
use flatline_tests::{Chart, Kubelet};

/// A container of somebody else in a variant: the example's user brings it along, without a security context.
const NOT_OURS: &str = "migrate";

#[test]
fn every_pod_of_every_variant_could_be_played() -> Result<()> {
    let mut pods = 0;
    let mut findings = Vec::new();
    for chart in Chart::all()?.iter().filter(|chart| !chart.is_library()) {
        for variant in chart.variants()? {
            for manifest in chart.render(&[&variant.values], &[])?.iter().filter(|it| it.pod().is_some()) {
                pods += 1;
                let finding = Kubelet::understands(manifest).err();
                let finding = finding.map(|error| format!("{} {}: {error:#}", chart.name(), variant.name));
                findings.extend(finding.filter(|text| !text.contains(&format!("{NOT_OURS}: "))));
            }
        }
    }
    ensure!(findings.is_empty(), "{}", findings.join("\n"));
    ensure!(pods > 0, "no chart has a pod");
    println!("{pods} pods");
    Ok(())
}
