//! From the start of the owner's gate to its exit: what every start of the workload pays.

use anyhow::{Result, ensure};
use flatline_tests::{Program, TestStore};

use super::bed::{BEDS, Bed, Ownership, PerBed, Role, Subject};
use super::samples::Samples;

/// Starts each gate this often, one process at a time, in turns. Those that obey the record find one.
pub(super) fn measure(runs: usize) -> Result<PerBed<Samples>> {
    let stores = BEDS.into_iter().map(with_record).collect::<Result<Vec<_>>>()?;
    let mut took = vec![Vec::with_capacity(runs); BEDS.len()];
    for _ in 0..runs {
        for ((bed, store), took) in BEDS.into_iter().zip(&stores).zip(&mut took) {
            let exit = bed.owner(Role::Gate(Ownership::Prefer), store.as_ref())?.run()?;
            ensure!(exit.code == 0, "the owner's gate ended with {exit}");
            took.push(exit.ran_for);
        }
    }
    Ok(took.into_iter().map(Samples::new).collect())
}

fn with_record(bed: Bed) -> Result<Box<dyn TestStore>> {
    let store = bed.store.open()?;
    if bed.subject == Subject::Flatline {
        let activate = Program::monitor()?.args(["activate", "--cluster", "a", "--term", "2", "--yes"]);
        let exit = store.joined_by(activate).run()?;
        ensure!(exit.code == 0, "no record could be made: {exit}");
    }
    Ok(store)
}
