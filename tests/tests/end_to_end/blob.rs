//! The gate and the beacon on Blob storage: a real emulator, which is not Azure, and every credential that it
//! understands over plain http.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use flatline_tests::{Azurite, BlobStore, Program, TestStore, Ticks, until};

use crate::{LONGER_THAN_THRESHOLD, SOON, beats, opens};

/// Timings that leave an emulator on a busy machine time to answer: a threshold of four seconds.
const TIMINGS: [&str; 6] = ["--flatline-after", "4s", "--poll", "500ms", "--read-deadline", "500ms"];
/// Longer than that threshold and everything that may be added to it.
const LONG: Duration = Duration::from_secs(6);

fn store() -> Result<BlobStore> {
    BlobStore::new(Azurite::shared()?)
}

/// A store in an emulator that this test may freeze or end.
fn own_store() -> Result<BlobStore> {
    BlobStore::new(Arc::new(Azurite::start()?))
}

fn gate() -> Result<Program> {
    let gate = Program::monitor()?.args([
        "wait",
        "--this-cluster",
        "b",
        "--that-cluster",
        "a",
        "--ownership",
        "off",
    ]);
    Ok(gate.args(TIMINGS).env("HEARTBEAT_INTERVAL", "400ms"))
}

fn beacon() -> Result<Program> {
    Ok(Program::writer()?.args(["run", "--this-cluster", "a", "--interval", "400ms"]))
}

/// Every way to sign in that needs no Entra: what it is called, and the variable that holds it.
fn credentials(store: &BlobStore) -> [(&'static str, &'static str, String); 4] {
    let signed_url = format!("{}?{}", store.url(), store.sas());
    [
        ("a signature", "AZURE_STORAGE_SAS_TOKEN", store.sas().to_owned()),
        ("an account key", "AZURE_STORAGE_KEY", Azurite::KEY.to_owned()),
        ("a connection string", "AZURE_STORAGE_CONNECTION_STRING", store.azurite().connection_string()),
        ("a signature in the store's URL", "HEARTBEAT_STORE", signed_url),
    ]
}

#[test]
fn with_every_credential_the_gate_is_shut_while_beats_land_and_opens_when_they_stop() -> Result<()> {
    let store = store()?;
    let signed_in = |program: Program, (_, variable, secret): &(&str, &str, String)| {
        program.env("HEARTBEAT_STORE", store.url()).env(variable, secret)
    };
    let credentials = credentials(&store);
    let mut writers =
        credentials.iter().map(|way| signed_in(beacon()?, way).start()).collect::<Result<Vec<_>>>()?;
    beats(&store, "a")?;
    let gates =
        credentials.iter().map(|way| signed_in(gate()?, way).label(format!("gate with {}", way.0)).start());
    let mut gates = gates.collect::<Result<Vec<_>>>()?;
    crate::all_stay(gates.iter_mut().chain(&mut writers), LONG)?;
    for writer in &writers {
        writer.kill()?;
    }
    let last = store.stamp("a")?;
    for gate in &mut gates {
        let exit = opens(gate)?;
        let age = last.age_at(exit.at_wall)?;
        assert!(age >= Duration::from_secs(4), "opened when the stamp was only {age:?} old: {exit}");
    }
    Ok(())
}

#[test]
fn an_emulator_that_was_frozen_longer_than_the_threshold_is_no_death() -> Result<()> {
    let store = own_store()?;
    let writer = store.joined_by(beacon()?).start()?;
    beats(&store, "a")?;
    let mut gate = store.joined_by(gate()?).start()?;
    gate.stays_for(Duration::from_secs(1))?;
    store.azurite().freeze()?;
    gate.stays_for(LONG)?;
    store.azurite().thaw()?;
    beats(&store, "a")?;
    gate.stays_for(LONG)?;
    writer.kill()?;
    opens(&mut gate)?;
    Ok(())
}

#[test]
fn silence_counts_anew_when_the_emulator_answers_again_with_the_last_stamp() -> Result<()> {
    let store = own_store()?;
    store.put_stamp("a", Ticks::now()?)?;
    let mut gate = store.joined_by(gate()?).start()?;
    gate.stays_for(Duration::from_secs(1))?;
    store.azurite().freeze()?;
    gate.stays_for(LONG)?;
    store.azurite().thaw()?;
    gate.stays_for(Duration::from_millis(2500))?;
    opens(&mut gate)?;
    Ok(())
}

#[test]
fn a_signal_ends_both_promptly_while_the_store_does_not_answer() -> Result<()> {
    let store = own_store()?;
    let writer = store.joined_by(beacon()?).start()?;
    beats(&store, "a")?;
    let gate = store.joined_by(gate()?).start()?;
    store.azurite().freeze()?;
    for mut process in [writer, gate] {
        process.stays_for(Duration::from_secs(1))?;
        let asked = Instant::now();
        process.terminate()?;
        let exit = process.exit_within(SOON)?;
        assert_eq!(exit.code, 143, "{exit}");
        let took = exit.at.saturating_duration_since(asked);
        assert!(took < Duration::from_secs(1), "it took {took:?}: {exit}");
    }
    store.azurite().thaw()
}

#[test]
fn a_container_that_is_not_there_is_waited_for_and_never_made() -> Result<()> {
    let azurite = Azurite::shared()?;
    let (url, key) = (azurite.store_url("not-there-yet"), Azurite::KEY);
    let at_url = |program: Program| program.args(["--store", &url]).env("AZURE_STORAGE_KEY", key);
    let mut processes = [at_url(beacon()?).start()?, at_url(gate()?).start()?];
    crate::all_stay(&mut processes, LONG)?;
    assert!(!azurite.has_container("not-there-yet")?, "nobody makes a container");
    azurite.create_container("not-there-yet")?;
    until("a beat", SOON, || azurite.blob("not-there-yet/a/heartbeat.txt").ok().flatten())?;
    crate::all_stay(&mut processes, LONG)
}

#[test]
fn a_credential_that_is_refused_never_opens_the_gate_and_never_ends_the_writer() -> Result<()> {
    let store = store()?;
    store.put_stamp("a", Ticks::now()?.plus_seconds(-3600))?;
    let expired = store.expired_sas()?;
    let wrong_key = "d3Jvbmcga2V5IHdyb25nIGtleSB3cm9uZyBrZXkgd3Jvbmcga2V5IHdyb25nIGtleSE=";
    let refused = [("AZURE_STORAGE_SAS_TOKEN", expired.as_str()), ("AZURE_STORAGE_KEY", wrong_key)];
    let mut processes = Vec::new();
    for (variable, secret) in refused {
        for program in [gate()?, beacon()?] {
            processes.push(program.args(["--store", &store.url()]).env(variable, secret).start()?);
        }
    }
    crate::all_stay(&mut processes, LONG)?;
    for process in &mut processes {
        let lines = process.lines().len();
        assert!((1..10).contains(&lines), "the refusal is said, and not at every try: {lines} lines");
    }
    Ok(())
}

#[test]
fn the_primary_goes_at_once_though_nobody_listens_at_the_store() -> Result<()> {
    let primary =
        gate()?.args(["--primary", "b", "--store", "http://127.0.0.1:1/devstoreaccount1/heartbeats"]);
    let exit = primary.env("AZURE_STORAGE_KEY", Azurite::KEY).run()?;
    assert_eq!(exit.code, 0, "{exit}");
    assert!(exit.ran_for < Duration::from_secs(2), "{exit}");
    Ok(())
}

#[test]
fn a_stamp_in_a_blob_is_what_the_classic_monitor_parses_and_carries_its_details() -> Result<()> {
    let store = store()?;
    let exit = store.joined_by(Program::writer()?.args(["once", "--this-cluster", "a"])).run()?;
    assert_eq!(exit.code, 0, "{exit}");
    let bytes = store.azurite().blob(&store.stamp_path("a"))?.unwrap_or_default();
    assert!(bytes.len() == 18 && bytes.iter().all(u8::is_ascii_digit), "{bytes:?}");
    assert!(store.stamp("a")?.age()? < LONGER_THAN_THRESHOLD);
    let status = store.joined_by(Program::monitor()?.args(["status", "-o", "json"])).run()?;
    assert!(status.code == 0 && status.all_text().contains("\"a\""), "{status}");
    Ok(())
}

#[test]
fn one_look_on_blob_answers_with_its_exit_code() -> Result<()> {
    let store = store()?;
    let look =
        |store: &BlobStore| store.joined_by(Program::monitor()?.args(["check", "--that-cluster", "a"])).run();
    assert_eq!(look(&store)?.code, 2, "no stamp");
    let put = |age: i64| store.put_stamp("a", Ticks::now()?.plus_seconds(-age));
    put(1)?;
    assert_eq!(look(&store)?.code, 0, "a fresh stamp");
    put(60)?;
    assert_eq!(look(&store)?.code, 1, "an old stamp");
    let doctor =
        store.joined_by(Program::monitor()?.args(["doctor", "--this-cluster", "b", "--that-cluster", "a"]));
    let exit = doctor.run()?;
    assert!(
        exit.all_text().contains("swap") || exit.all_text().contains("write"),
        "doctor tries what it needs: {exit}"
    );
    Ok(())
}
