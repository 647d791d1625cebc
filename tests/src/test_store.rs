//! What every store of a test can do, so that the same test runs on each.

use std::fmt::Debug;

use anyhow::Result;
use serde_json::Value;

use crate::{Program, Ticks};

/// A store that belongs to one test and goes when it is dropped.
pub trait TestStore: Debug {
    /// Where it is, for people: without any secret.
    fn place(&self) -> String;

    /// Tells a program where the store is and how to sign in, the way a deployment would: the place as a flag,
    /// a secret as a variable.
    fn joined_by(&self, program: Program) -> Program;

    /// A cluster's stamp, read without the code under test.
    fn stamp(&self, cluster: &str) -> Result<Ticks>;

    /// The ownership record, read without the code under test; `None` where there is none.
    fn record(&self) -> Result<Option<Value>>;

    /// Puts these bytes where the record of this revision belongs, whatever stands there.
    fn plant_record(&self, revision: u64, text: &str) -> Result<()>;

    /// Makes the ownership record vanish, as a restored backup or an account failover does.
    fn lose_record(&self) -> Result<()>;
}
