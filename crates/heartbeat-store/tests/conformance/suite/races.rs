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

/// In a folder a jump and the claims publish under different names, and it is the second look that decides.
pub(crate) async fn a_jump_among_claimants_never_wins_beside_another(planter: &impl Planter) {
    let name = RecordName::Ownership;
    let mut expected = store(planter.open()).create_record(&name, b"start", 1).await.unwrap();
    for round in 1..=planter.race_rounds() {
        let ahead = u64::try_from(round).unwrap() * 1_000_000;
        let outcomes = jump_among_claimants(planter, &name, &expected, ahead).await;
        let winners: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).collect();
        assert!(winners.len() <= 1, "{winners:?}");
        let record = store(planter.open()).read_record(&name).await.unwrap().expect("somebody won");
        let (_, told) =
            outcomes.iter().find(|(body, _)| body.as_bytes() == record.body).expect("it is theirs");
        match told {
            Ok(version) => assert_eq!(*version, record.version),
            Err(StoreError::Ambiguous { .. }) => {}
            Err(error) => panic!("what stands there was not refused: {error}"),
        }
        expected = record.version;
    }
}

type Outcome = Result<RecordVersion, StoreError>;

/// Lets a few jump ahead, each to a revision of its own, and all others swap, from the same state.
async fn jump_among_claimants(
    planter: &impl Planter,
    name: &RecordName,
    expected: &RecordVersion,
    ahead: u64,
) -> Vec<(String, Outcome)> {
    const JUMPERS: usize = 3;
    let start = Arc::new(Barrier::new(CLAIMANTS));
    let mut claimants = JoinSet::new();
    for claimant in 0..CLAIMANTS {
        let (store, name, start) = (store(planter.open()), name.clone(), Arc::clone(&start));
        let (expected, next) = (expected.clone(), after(expected));
        let jump = ahead + u64::try_from(claimant).unwrap();
        let revision = if claimant < JUMPERS { jump } else { next };
        claimants.spawn(async move {
            let body = format!("claimant {claimant} for {revision} after {expected:?}");
            start.wait().await;
            let outcome = store.swap_record(&name, body.as_bytes(), &expected, revision).await;
            (body, outcome)
        });
    }
    claimants.join_all().await
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
