//! From the start of the owner's gate to its exit: what every start of the workload pays.

use anyhow::{Result, ensure};

use super::bed::{BEDS, PerBed};
use super::samples::Samples;

/// Starts each gate this often, one process at a time, in turns.
pub(super) fn measure(runs: usize) -> Result<PerBed<Samples>> {
    let stores = BEDS.into_iter().map(|bed| bed.store.open()).collect::<Result<Vec<_>>>()?;
    let mut took = vec![Vec::with_capacity(runs); BEDS.len()];
    for _ in 0..runs {
        for ((bed, store), took) in BEDS.into_iter().zip(&stores).zip(&mut took) {
            let exit = bed.owner(store.as_ref())?.run()?;
            ensure!(exit.code == 0, "the owner's gate ended with {exit}");
            took.push(exit.ran_for);
        }
    }
    Ok(took.into_iter().map(Samples::new).collect())
}
