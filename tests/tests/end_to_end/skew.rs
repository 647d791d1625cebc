//! Clocks that are wrong. The wall clock of a test cannot be set, so a test beats with stamps that a beacon with
//! a wrong clock would write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, anyhow};
use flatline_tests::{FolderStore, Ticks};

use crate::{LONGER_THAN_THRESHOLD, all_stay, gate, opens};

/// In seconds.
const HOUR: i64 = 3600;

/// Beats every 200 ms by a crooked clock.
struct CrookedBeacon {
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

/// Makes a stamp of the true ticks and the number of the beat.
type CrookedClock = fn(Ticks, i64) -> Ticks;

impl CrookedBeacon {
    fn start(store: &Arc<FolderStore>, stamp: CrookedClock) -> Self {
        let (store, stopped) = (Arc::clone(store), Arc::new(AtomicBool::new(false)));
        let flag = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || {
            for beat in 0.. {
                if flag.load(Ordering::Relaxed) {
                    break;
                }
                store.put_stamp("a", stamp(Ticks::now()?, beat))?;
                std::thread::sleep(Duration::from_millis(200));
            }
            Ok(())
        });
        Self { stopped, thread: Some(thread) }
    }

    fn stop(&mut self) -> Result<()> {
        self.stopped.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        ended.unwrap_or(Ok(Ok(()))).map_err(|_| anyhow!("the crooked beacon panicked"))?
    }
}

impl Drop for CrookedBeacon {
    fn drop(&mut self) {
        // A test that failed leaves it running; the result is that of the test.
        let _ = self.stop();
    }
}

#[test]
fn a_beacon_whose_clock_is_wrong_keeps_the_gate_shut_while_it_beats_and_opens_it_when_it_stops() -> Result<()>
{
    let table: [(CrookedClock, &str); 4] = [
        (|now, _| now.plus_seconds(HOUR), "an hour ahead"),
        (|now, _| now.plus_seconds(-HOUR), "an hour behind"),
        (|now, beat| now.plus_seconds(-beat * HOUR), "stepping back at every beat"),
        (|now, beat| now.plus_seconds(if beat % 2 == 0 { HOUR } else { -HOUR }), "two beacons that disagree"),
    ];
    let mut cases = Vec::new();
    for (stamp, why) in table {
        let store = Arc::new(FolderStore::new()?);
        let beacon = CrookedBeacon::start(&store, stamp);
        crate::beats(store.as_ref(), "a")?;
        cases.push((gate(store.as_ref())?.label(format!("gate, {why}")).start()?, beacon, store));
    }
    all_stay(cases.iter_mut().map(|(gate, ..)| gate), LONGER_THAN_THRESHOLD)?;
    for (_, beacon, _) in &mut cases {
        beacon.stop()?;
    }
    for (gate, ..) in &mut cases {
        opens(gate)?;
    }
    Ok(())
}
