//! A workload that says when it ran: `marking-workload LOG [FLAG…]`.
//!
//! It appends a mark to LOG when it begins, every 20 ms while it runs, and when it ends; each with the boot-time
//! clock, the cluster and the term that a guard gave it. On SIGTERM it ends at once with code 0, unless told
//! otherwise:
//!
//! - `--linger MILLISECONDS`: works on for so long after SIGTERM, then ends.
//! - `--stubborn`: ignores SIGTERM.
//! - `--stray`: starts a second process in a session of its own, which marks as well and ignores SIGTERM.
//! - `--exit-after MILLISECONDS CODE`: ends by itself.

use std::fs::File;
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use flatline_tests::{BootClock, Kind, Life, Mark};
use signal_hook::consts::SIGTERM;
use signal_hook::flag;

/// From one mark to the next: how exactly the log shows the end of a process that is killed.
const STEP: Duration = Duration::from_millis(20);
/// The first argument of the second process.
const APART: &str = "--apart";

fn main() -> Result<ExitCode> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let apart = args.first().is_some_and(|first| first == APART);
    if apart {
        args.remove(0);
        rustix::process::setsid().context("cannot leave the session")?;
    }
    let (log, flags) = args.split_first().context("name the log")?;
    let habits = Habits::parse(flags)?;
    if habits.stray {
        let mut stray = Command::new("/proc/self/exe");
        stray
            .args([APART, log, "--stubborn"])
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start a stray")?;
    }
    let told_to_end = Arc::new(AtomicBool::new(false));
    flag::register(SIGTERM, Arc::clone(&told_to_end))?;
    Marker::new(log)?.run(&habits, &told_to_end)
}

/// How the process behaves.
#[derive(Default)]
struct Habits {
    linger: Duration,
    stubborn: bool,
    stray: bool,
    exit_after: Option<(Duration, u8)>,
}

impl Habits {
    fn parse(flags: &[String]) -> Result<Self> {
        let mut habits = Self::default();
        let mut flags = flags.iter();
        while let Some(flag) = flags.next() {
            let mut value = || flags.next().with_context(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--linger" => habits.linger = Duration::from_millis(value()?.parse()?),
                "--stubborn" => habits.stubborn = true,
                "--stray" => habits.stray = true,
                "--exit-after" => {
                    habits.exit_after = Some((Duration::from_millis(value()?.parse()?), value()?.parse()?));
                }
                _ => bail!("'{flag}' is no flag"),
            }
        }
        Ok(habits)
    }
}

struct Marker {
    log: File,
    cluster: String,
    term: u64,
    life: Life,
}

impl Marker {
    fn new(log: &str) -> Result<Self> {
        let variable = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
        let life = Life { pid: std::process::id(), since: BootClock::now() };
        let log = File::options().append(true).open(log).with_context(|| format!("cannot open {log}"))?;
        Ok(Self {
            log,
            cluster: variable("FLATLINE_CLUSTER")?,
            term: variable("FLATLINE_TERM")?.parse()?,
            life,
        })
    }

    fn run(mut self, habits: &Habits, told_to_end: &AtomicBool) -> Result<ExitCode> {
        let began = self.mark(Kind::Begin)?;
        let mut told_at = None;
        loop {
            std::thread::sleep(STEP);
            let now = self.mark(Kind::Alive)?;
            if told_to_end.load(Ordering::Relaxed) && !habits.stubborn {
                told_at.get_or_insert(now);
            }
            if told_at.is_some_and(|told_at| now.since(told_at) >= habits.linger) {
                self.mark(Kind::End)?;
                return Ok(ExitCode::SUCCESS);
            }
            if let Some((span, code)) = habits.exit_after
                && now.since(began) >= span
            {
                self.mark(Kind::End)?;
                return Ok(ExitCode::from(code));
            }
        }
    }

    /// One write to the end of the log, which the kernel keeps apart from those of others.
    fn mark(&mut self, kind: Kind) -> Result<BootClock> {
        let at = BootClock::now();
        let mark = Mark { at, kind, cluster: self.cluster.clone(), term: self.term, life: self.life };
        self.log.write_all(format!("{mark}\n").as_bytes()).context("cannot mark")?;
        Ok(at)
    }
}
