//! A stand-in for the classic .NET heartbeat pair: the same loops, bytes and variables, none of its code.
//!
//! `classic-stand-in writer` creates `<HEART_BEAT_FOLDER>/<THIS_CLUSTER>/`, then for ever truncates and writes
//! `heartbeat.txt` with the ticks of the wall clock and sleeps five seconds.
//!
//! `classic-stand-in monitor` exits 0 at once where `THIS_CLUSTER` is `a`. Elsewhere it reads `THAT_CLUSTER`'s
//! stamp, exits 0 when that is more than ten seconds old by the wall clock, and else sleeps five seconds. Any
//! error is printed, and the loop goes on at once, without sleeping: that too is the original's habit.
//!
//! The one addition: a monitor says at its end how often it has read, for the benchmark.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

/// Between two beats, and between two looks.
const SLEEP: Duration = Duration::from_secs(5);
/// A stamp older than this is a dead cluster: ten seconds, in ticks.
const THRESHOLD_TICKS: i64 = 100_000_000;
/// `DateTime.UnixEpoch.Ticks`.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

fn main() -> Result<ExitCode> {
    match std::env::args().nth(1).as_deref() {
        Some("writer") => write_for_ever(),
        Some("monitor") => monitor(),
        _ => bail!("say 'writer' or 'monitor'"),
    }
}

fn write_for_ever() -> Result<ExitCode> {
    let folder = heart_beat_folder()?.join(variable("THIS_CLUSTER")?);
    std::fs::create_dir_all(&folder)?;
    loop {
        println!("writing heartbeat");
        std::fs::write(folder.join("heartbeat.txt"), utc_now_ticks()?.to_string())?;
        std::thread::sleep(SLEEP);
    }
}

fn monitor() -> Result<ExitCode> {
    if variable("THIS_CLUSTER")? == "a" {
        println!("primary cluster, starting");
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    for reads in 1_u64.. {
        match is_dead() {
            Ok(true) => {
                println!("heartbeat lost, starting");
                println!("{reads} reads in {:.3} s", started.elapsed().as_secs_f64());
                break;
            }
            Ok(false) => {
                println!("within normal operating parameters");
                std::thread::sleep(SLEEP);
            }
            Err(error) => println!("{error:#}"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn is_dead() -> Result<bool> {
    let path = heart_beat_folder()?.join(variable("THAT_CLUSTER")?).join("heartbeat.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let ticks: i64 = text.trim().parse().with_context(|| format!("'{text}' is not a 64-bit integer"))?;
    Ok(utc_now_ticks()? > ticks.saturating_add(THRESHOLD_TICKS))
}

fn utc_now_ticks() -> Result<i64> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(UNIX_EPOCH_TICKS + i64::try_from(since_epoch.as_nanos() / 100)?)
}

fn heart_beat_folder() -> Result<PathBuf> {
    Ok(PathBuf::from(variable("HEART_BEAT_FOLDER")?))
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}
