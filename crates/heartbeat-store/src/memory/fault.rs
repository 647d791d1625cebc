//! The faults that a memory store can be made to show.

use std::time::Duration;

use tokio::sync::watch;

use crate::StoreError;

/// A kind of operation that a fault can be laid on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Reading anything: stamps, details, the list of clusters, records, maintenance.
    Read,
    /// Writing a beat.
    Beat,
    /// Creating, swapping or removing a record, and writing maintenance.
    Swap,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Beat, Self::Swap];

    pub(super) fn writes(self) -> bool {
        match self {
            Self::Read => false,
            Self::Beat | Self::Swap => true,
        }
    }

    fn attempt(self, place: &str) -> String {
        let verb = if self.writes() { "write to" } else { "read" };
        format!("{verb} {place}")
    }
}

/// What happens to an operation instead of its success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The root does not exist: [`StoreError::NoStore`] at once.
    NoStore,
    /// The store refuses: [`StoreError::Denied`] at once.
    Denied,
    /// The store is away: [`StoreError::Unreachable`] at once.
    Unreachable,
    /// The store is full: [`StoreError::NoSpace`] at once.
    NoSpace,
    /// No answer until the fault is healed or replaced; then the operation is carried out, even if its caller
    /// has given up on a write.
    Hang,
    /// The operation is carried out after this time.
    Delay(Duration),
}

/// One fault per kind of operation, and one answer to lose.
#[derive(Debug)]
pub(super) struct Switchboard(watch::Sender<Switches>);

#[derive(Debug, Clone, Copy, Default)]
struct Switches {
    read: Option<Fault>,
    beat: Option<Fault>,
    swap: Option<Fault>,
    loses_next_answer: bool,
}

impl Default for Switchboard {
    fn default() -> Self {
        Self(watch::Sender::new(Switches::default()))
    }
}

impl Switchboard {
    pub(super) fn set(&self, operations: &[Operation], fault: Option<Fault>) {
        self.0.send_modify(|switches| {
            for operation in operations {
                *switches.of_mut(*operation) = fault;
            }
        });
    }

    pub(super) fn lose_next_answer(&self) {
        self.0.send_modify(|switches| switches.loses_next_answer = true);
    }

    /// Whether this operation's answer is the one to lose; asked once the operation has been carried out.
    pub(super) fn loses_answer(&self, operation: Operation) -> bool {
        operation.writes()
            && self.0.send_if_modified(|switches| std::mem::take(&mut switches.loses_next_answer))
    }

    /// Waits or fails as the fault of this kind of operation demands.
    pub(super) async fn pass(&self, operation: Operation, place: &str) -> Result<(), StoreError> {
        let mut switches = self.0.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail; if it did, nothing would hang.
        let fault = match switches.wait_for(|now| now.of(operation) != Some(Fault::Hang)).await {
            Ok(now) => now.of(operation),
            Err(_) => None,
        };
        let attempt = operation.attempt(place);
        let detail = "the test says so".to_owned();
        let hint = detail.clone();
        match fault {
            None | Some(Fault::Hang) => Ok(()),
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Some(Fault::NoStore) => Err(StoreError::NoStore { place: place.to_owned(), hint }),
            Some(Fault::Denied) => Err(StoreError::Denied { attempt, detail, hint }),
            Some(Fault::Unreachable) => Err(StoreError::Unreachable { attempt, detail }),
            Some(Fault::NoSpace) => Err(StoreError::NoSpace { attempt, detail }),
        }
    }
}

impl Switches {
    fn of(&self, operation: Operation) -> Option<Fault> {
        match operation {
            Operation::Read => self.read,
            Operation::Beat => self.beat,
            Operation::Swap => self.swap,
        }
    }

    fn of_mut(&mut self, operation: Operation) -> &mut Option<Fault> {
        match operation {
            Operation::Read => &mut self.read,
            Operation::Beat => &mut self.beat,
            Operation::Swap => &mut self.swap,
        }
    }
}

/// The answer that nobody hears.
pub(super) fn no_answer(operation: Operation, place: &str) -> StoreError {
    StoreError::Unreachable { attempt: operation.attempt(place), detail: "the answer was lost".to_owned() }
}

/// What a record that is locked answers.
pub(super) fn locked(place: &str) -> StoreError {
    StoreError::Denied {
        attempt: Operation::Swap.attempt(place),
        detail: "somebody holds a lease on it".to_owned(),
        hint: "break the lease".to_owned(),
    }
}
