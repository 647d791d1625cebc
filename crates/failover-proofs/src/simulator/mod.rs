//! Many schedules of a large world, on virtual time: the randomised proof.
//!
//! A seed makes a plan (`plan`): two or three clusters with beacons and guards, their settings and clocks, and what
//! befalls them: hearts that stop, cuts, freezes, crashes, handovers. The world (`world`) runs it on virtual time,
//! around the production machines: operations are issued, take effect somewhere in between, and complete, time out
//! or lose their answer. The oracle (`oracle`) knows what truly runs, and says when it must not.
//!
//! What the world assumes: a store's compare-and-swap is linearizable; each stamp lands once; a read shows a state no
//! older than the cache's age, or is damaged at one reader alone: empty or cut, the details beside it too or not; one of each node's two clocks drifts by at
//! most 0.1 %, the other is slewed by up to 10 % on top of that; a timer fires within 0.2 s, and a workload is gone 0.29 s
//! after SIGKILL; a frozen workload does nothing, and whoever thaws kills before the workload gets to run. Where clusters
//! are configured differently, each of them can hold a right under the other's record.

mod clock;
mod dice;
mod fleet;
mod lie;
mod machine;
mod oracle;
mod plan;
mod rule;
mod store;
mod tally;
mod trace;
mod upkeep;
mod weather;
mod world;

pub use fleet::{Failure, retell, run_many, run_one, seed_of};
pub use oracle::Violation;
pub use rule::{Rule, Setting};
pub use tally::Tally;
