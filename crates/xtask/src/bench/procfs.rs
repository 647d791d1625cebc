//! What the kernel says of a process, after proc(5).

use std::fs;

use anyhow::{Context, Result};

/// Clock ticks in a second, `USER_HZ`: part of the kernel's interface and 100 on every platform that is built for.
pub(super) const TICKS_PER_SECOND: f64 = 100.0;

/// Memory of a process in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// Now, `VmRSS`.
    pub(super) resident: u32,
    /// At its highest, `VmHWM`.
    pub(super) peak: u32,
}

pub(super) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| {
        let line =
            status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        let number = line.trim_start_matches(':').trim().trim_end_matches(" kB");
        number.parse().with_context(|| format!("{name} is '{number}'"))
    };
    Ok(Memory { resident: field("VmRSS")?, peak: field("VmHWM")? })
}

/// Processor time in clock ticks since the start, in user space and in the kernel, threads that ended included.
pub(super) fn processor_ticks(pid: u32) -> Result<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold anything; the state, field 3, follows it.
    let (_, fields) = stat.rsplit_once(") ").context("no name")?;
    let ticks = |field: usize| -> Result<u32> {
        Ok(fields.split(' ').nth(field - 3).context("too few fields")?.parse()?)
    };
    Ok(ticks(14)? + ticks(15)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_has_taken_time() {
        let pid = std::process::id();
        let memory = memory(pid).unwrap();
        assert!(memory.resident > 100 && memory.peak >= memory.resident, "{memory:?}");
        let before = processor_ticks(pid).unwrap();
        let started = std::time::Instant::now();
        while processor_ticks(pid).unwrap() < before + 3 {
            assert!(started.elapsed().as_secs() < 60, "three ticks of spinning were never counted");
        }
    }
}
