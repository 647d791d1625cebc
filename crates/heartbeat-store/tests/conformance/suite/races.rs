//! Many claimants at once, each with a handle of its own: exactly one wins.

use std::sync::Arc;

use heartbeat_store::{RecordName, RecordVersion, Store, StoreError};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{Planter, after, store};

const CLAIMANTS: usize = 16;

pub(crate) async fn exactly_one_of_sixteen_claimants_creates_a_record(planter: &impl Planter) {
    for round in 0..planter.race_rounds() {
        let name = RecordName::Probe(format!("create-race-{round}"));
        race(planter, &name, None).await;
    }
}

pub(crate) async fn exactly_one_of_sixteen_claimants_swaps_a_record(planter: &impl Planter) {
    let name = RecordName::Ownership;
    let mut version = store(planter.open()).create_record(&name, b"start", 1).await.unwrap();
    for _ in 0..planter.race_rounds() {
        version = race(planter, &name, Some(version)).await;
    }
}

pub(crate) async fn no_increment_is_lost_among_claimants_that_try_again(planter: &impl Planter) {
    const EACH: u32 = 4;
    let name = RecordName::Ownership;
    store(planter.open()).create_record(&name, b"0 by nobody", 1).await.unwrap();
    let mut claimants = JoinSet::new();
    for claimant in 0..CLAIMANTS {
        let (store, name) = (store(planter.open()), name.clone());
        claimants.spawn(async move {
            let mut unclear = 0;
            for turn in 0..EACH {
                unclear += increment(&store, &name, &format!("{claimant} in turn {turn}")).await;
            }
            unclear
        });
    }
    let unclear: u32 = claimants.join_all().await.into_iter().sum();
    let record = store(planter.open()).read_record(&name).await.unwrap().expect("it was created");
    let (total, won) = (count(&record.body), u32::try_from(CLAIMANTS).unwrap() * EACH);
    // A swap that was built upon before its writer looked again is not reported as won, though it counts.
    assert!((won..=won + unclear).contains(&total), "{won} won and {unclear} unclear swaps made {total}");
}

/// Lets all claimants create (`expected` is `None`) or swap the record at the same moment; returns the
/// winner's version.
async fn race(planter: &impl Planter, name: &RecordName, expected: Option<RecordVersion>) -> RecordVersion {
    let start = Arc::new(Barrier::new(CLAIMANTS));
    let mut claimants = JoinSet::new();
    for claimant in 0..CLAIMANTS {
        let (store, name, start) = (store(planter.open()), name.clone(), Arc::clone(&start));
        let expected = expected.clone();
        claimants.spawn(async move {
            let body = format!("claimant {claimant} for {name} after {expected:?}");
            start.wait().await;
            let outcome = match &expected {
                None => store.create_record(&name, body.as_bytes(), 1).await,
                Some(version) => store.swap_record(&name, body.as_bytes(), version, after(version)).await,
            };
            (body, outcome)
        });
    }
    let mut winners = Vec::new();
    for (body, outcome) in claimants.join_all().await {
        match outcome {
            Ok(version) => winners.push((body, version)),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => panic!("a loser is told of a conflict, not: {error}"),
        }
    }
    assert_eq!(winners.len(), 1, "winners of {name}: {winners:?}");
    let (body, version) = winners.remove(0);
    let record = store(planter.open()).read_record(name).await.unwrap().expect("somebody won");
    assert_eq!(
        (record.body.as_slice(), &record.version),
        (body.as_bytes(), &version),
        "the winner's record is the one that stands"
    );
    version
}

/// Adds one to the count in the record, as often as it takes to win a swap; returns how many swaps before that
/// were ambiguous.
async fn increment(store: &Store, name: &RecordName, by: &str) -> u32 {
    let mut unclear = 0;
    loop {
        let record = store.read_record(name).await.unwrap().expect("it was created");
        let next = format!("{} by {by} after {unclear} unclear", count(&record.body) + 1);
        match store.swap_record(name, next.as_bytes(), &record.version, after(&record.version)).await {
            Ok(_) => return unclear,
            Err(StoreError::Conflict { .. }) => {}
            Err(StoreError::Ambiguous { .. }) => unclear += 1,
            Err(error) => panic!("{error}"),
        }
    }
}

fn count(body: &[u8]) -> u32 {
    let text = std::str::from_utf8(body).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}
