//! A store whose every answer takes 0.9 s, within the read deadline of 1 s.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use flatline_tests::{Azurite, BlobStore, Program, SlowProxy, TestStore, Ticks};
use serde_json::Value;

use crate::scene::{DEFAULTS, play_at};

const TAKES: Duration = Duration::from_millis(900);

/// A store that everybody under test reaches the slow way.
#[derive(Debug)]
struct Slow {
    store: BlobStore,
    way: SlowProxy,
}

impl TestStore for Slow {
    fn place(&self) -> String {
        self.store.place()
    }

    fn joined_by(&self, program: Program) -> Program {
        let url = self.way.url(&self.store.url());
        program.args(["--store", &url]).env("AZURE_STORAGE_SAS_TOKEN", self.store.sas())
    }

    fn stamp(&self, cluster: &str) -> Result<Ticks> {
        self.store.stamp(cluster)
    }

    fn record(&self) -> Result<Option<Value>> {
        self.store.record()
    }

    fn plant_record(&self, revision: u64, text: &str) -> Result<()> {
        self.store.plant_record(revision, text)
    }

    fn lose_record(&self) -> Result<()> {
        self.store.lose_record()
    }
}

#[test]
fn with_answers_of_0_9_s_the_owner_runs_on_and_a_standby_takes_over() -> Result<()> {
    let azurite = Azurite::shared()?;
    let upstream = SocketAddr::from((azurite.address(), azurite.port()));
    let store = Slow { store: BlobStore::new(azurite)?, way: SlowProxy::in_front_of(upstream, TAKES)? };
    play_at(DEFAULTS, store, |scene| {
        let (a, b) = (scene.cluster("a")?, scene.cluster("b")?);
        scene.runs("a", 1)?;
        scene.log.runs_on("a", Duration::from_secs(16))?;
        ensure!(scene.record_says("revision").as_deref() == Some("1"), "nobody claimed anything");
        a.dies()?;
        scene.runs("b", 2)?;
        scene.log.runs_on("b", Duration::from_secs(3))?;
        drop(b);
        Ok(())
    })
}
