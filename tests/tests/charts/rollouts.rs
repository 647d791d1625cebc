//! A rollout of the beacon, in a model: what the Deployment's controller and the scheduler do with what is rendered. Nodes have
//! room; a pod that runs is ready. As in Kubernetes, a required anti-affinity binds both ways: a pod that runs keeps others off.

use anyhow::{Context, Result};
use flatline_tests::{Chart, Manifest};
use serde_json::{Value, json};

use crate::{list, nothing_in};

/// Every way to say whether beacons may share a node.
const AFFINITIES: [&str; 3] = ["required", "preferred", "none"];

#[test]
fn every_change_of_the_anti_affinity_is_rolled_out_on_any_number_of_nodes_without_silence() -> Result<()> {
    let mut findings = Vec::new();
    for (replicas, nodes, before, after) in changes() {
        let (old, new) = (rules(before, replicas)?, rules(after, replicas)?);
        findings.extend(roll_out(&old, &new, nodes).err().map(|finding| {
            format!("{replicas} beacons, {nodes} nodes, from {before} to {after}: {finding}")
        }));
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn where_a_kubernetes_does_not_know_revisions_one_node_and_required_stand_still_as_the_page_says()
-> Result<()> {
    for (replicas, nodes, before, after) in changes() {
        let dropped =
            |affinity| rules(affinity, replicas).map(|rules| Rules { within_a_revision: false, ..rules });
        let stands_still = roll_out(&dropped(before)?, &dropped(after)?, nodes).is_err();
        // One beacon alone keeps away from nobody.
        let expected = replicas == 2 && nodes == 1 && (before == "required" || after == "required");
        assert_eq!(stands_still, expected, "{replicas} beacons, {nodes} nodes, from {before} to {after}");
    }
    Ok(())
}

#[test]
fn a_beacon_that_is_pending_for_want_of_a_node_is_named_in_the_notes() -> Result<()> {
    let chart = Chart::named("heartbeat-writer")?;
    let (notes, variants) = (chart.notes()?, chart.variants()?);
    let told = |name: &str| {
        let variant = variants.iter().find(|variant| variant.name == name).context("no such variant")?;
        notes.with(&[&variant.values])
    };
    let pending = "the second beacon stays Pending";
    assert!(told("workload-identity")?.contains(pending));
    assert!(
        !told("preferred-anti-affinity")?.contains(pending) && !told("single-replica")?.contains(pending)
    );
    Ok(())
}

fn changes() -> impl Iterator<Item = (usize, usize, &'static str, &'static str)> {
    let pairs = || AFFINITIES.iter().flat_map(|before| AFFINITIES.map(|after| (*before, after)));
    let sizes = [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3)];
    sizes.into_iter().flat_map(move |(replicas, nodes)| pairs().map(move |(a, b)| (replicas, nodes, a, b)))
}

/// What a Deployment says of its pods and of a rollout.
#[derive(Debug, Clone, Copy)]
struct Rules {
    replicas: usize,
    max_surge: usize,
    max_unavailable: usize,
    keeps_apart: bool,
    within_a_revision: bool,
}

#[derive(Debug, Clone, Copy)]
struct Beacon {
    is_new: bool,
    rules: Rules,
    node: Option<usize>,
}

/// The rules in what the chart renders.
fn rules(affinity: &str, replicas: usize) -> Result<Rules> {
    let chart = Chart::named("heartbeat-writer")?;
    let variant = chart.variants()?.into_iter().find(|variant| variant.name == "workload-identity");
    let variant = variant.context("no variant workload-identity")?;
    let sets = [format!("podAntiAffinity={affinity}"), format!("replicaCount={replicas}")];
    let rendered = chart.render(&[&variant.values], &sets.each_ref().map(String::as_str))?;
    let deployment = rendered.iter().find(|it| it.kind == "Deployment").context("no Deployment")?;
    rules_of(deployment)
}

fn rules_of(deployment: &Manifest) -> Result<Rules> {
    let number = |place: &str| -> Result<usize> {
        let number = deployment.at(place).and_then(Value::as_u64).with_context(|| format!("no {place}"))?;
        Ok(usize::try_from(number)?)
    };
    let terms = "/spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    let terms = list(&deployment.value, terms);
    Ok(Rules {
        replicas: number("/spec/replicas")?,
        max_surge: number("/spec/strategy/rollingUpdate/maxSurge")?,
        max_unavailable: number("/spec/strategy/rollingUpdate/maxUnavailable")?,
        keeps_apart: !terms.is_empty(),
        within_a_revision: terms
            .iter()
            .all(|term| list(term, "/matchLabelKeys").contains(&json!("pod-template-hash"))),
    })
}

/// Rolls out from one to the other. Fails where an old beacon is left in the end, or none beats at any time.
fn roll_out(old: &Rules, new: &Rules, nodes: usize) -> Result<(), String> {
    let mut beacons = vec![Beacon { is_new: false, rules: *old, node: None }; old.replicas];
    schedule(&mut beacons, nodes);
    for _step in 0..20 {
        replace(&mut beacons, new);
        if !beacons.iter().any(|beacon| beacon.node.is_some()) {
            return Err("nobody beats".to_owned());
        }
        schedule(&mut beacons, nodes);
    }
    let left = beacons.iter().filter(|beacon| !beacon.is_new).count();
    if left == 0 { Ok(()) } else { Err(format!("{left} old ones are left: {beacons:?}")) }
}

/// Gives every pod that has none a node, where one may take it.
fn schedule(beacons: &mut [Beacon], nodes: usize) {
    for number in 0..beacons.len() {
        let beacon = beacons[number];
        if beacon.node.is_none() {
            let is_free = |node: &usize| {
                let there = beacons.iter().filter(|other| other.node == Some(*node));
                there.into_iter().all(|other| !keeps_off(&beacon, other) && !keeps_off(other, &beacon))
            };
            // Rather one where nobody is: what is preferred.
            let free: Vec<_> = (0..nodes).filter(is_free).collect();
            let alone = free.iter().find(|node| !beacons.iter().any(|other| other.node == Some(**node)));
            beacons[number].node = alone.or(free.first()).copied();
        }
    }
}

fn keeps_off(one: &Beacon, other: &Beacon) -> bool {
    one.rules.keeps_apart && (!one.rules.within_a_revision || one.is_new == other.is_new)
}

/// One step of the controller: new ones as far as surge allows, then old ones away, those that do not run first.
fn replace(beacons: &mut Vec<Beacon>, rules: &Rules) {
    let new = beacons.iter().filter(|beacon| beacon.is_new).count();
    let room = (rules.replicas + rules.max_surge).saturating_sub(beacons.len());
    let added = room.min(rules.replicas - new);
    beacons.extend(vec![Beacon { is_new: true, rules: *rules, node: None }; added]);

    let least = rules.replicas - rules.max_unavailable;
    let idle_new = beacons.iter().filter(|beacon| beacon.is_new && beacon.node.is_none()).count();
    let mut may_go = beacons.len().saturating_sub(least + idle_new);
    beacons.retain(|beacon| {
        let goes = may_go > 0 && !beacon.is_new && beacon.node.is_none();
        may_go -= usize::from(goes);
        !goes
    });
    let available = beacons.iter().filter(|beacon| beacon.node.is_some()).count();
    let mut may_go = may_go.min(available.saturating_sub(least));
    beacons.retain(|beacon| {
        let goes = may_go > 0 && !beacon.is_new && beacon.node.is_some();
        may_go -= usize::from(goes);
        !goes
    });
}
