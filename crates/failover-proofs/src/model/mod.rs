//! Every schedule of a small world, with the production machines in it.
//!
//! Two clusters, each with a beacon and a guard (its gate inside), one store and an operator live through ticks of
//! one second. All is well at first: cluster A runs the work. Then a few things go wrong, the first of them at once (a
//! steady world looks the same at every tick, so nothing is lost by that): upsets, which last until they are relieved
//! at any later tick or never, and slips of single calls. From a certain tick on nothing more happens, and the rest of
//! the run shows whether the survivors find their way.
//!
//! What must hold is a list of [`Promise`]s; what must break them is a list of [`Ablation`]s, since a check that cannot
//! fail is no check.
//!
//! What makes it small: what a node does within a tick is one step, unless one of its calls slips; nodes take their
//! turns in an order that is fixed for a run (all orders are tried); a call takes no time or a tick, and one at the most
//! slips in a tick; states that differ in counts and in stamps that nobody can read again are one.
//!
//! What it leaves out, and the simulator does not: calls of any length, more than two clusters, several monitors in a
//! cluster, gates without guards, reads of stamps that are damaged now and then, a first record, one that is lost or malformed, maintenance, activation, beacons whose
//! interval is not the poll, and clocks that step.

mod ablation;
mod beacon;
mod call;
mod check;
mod child;
mod clock;
mod ending;
mod journal;
mod node;
mod operator;
mod oracle;
mod place;
mod promise;
mod report;
mod runs;
mod setting;
mod side;
mod slip;
mod store;
mod upset;
mod world;

pub use ablation::Ablation;
pub use check::check;
pub use journal::Happening;
pub use promise::Promise;
pub use report::Report;
pub use setting::Setting;
