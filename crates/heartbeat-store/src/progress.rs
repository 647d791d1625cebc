//! What an operation waits for, so that one that runs out of time can say where it stood.
//!
//! The deadline and the place are those of the task that runs the operation, since several run on one store at a
//! time and each stands somewhere else.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static OPERATION: Operation;
}

/// Something that takes its time and can say what it is at, such as `still looking up acc.example (for 0.84s)`.
pub(crate) trait Standing: Send + Sync {
    fn told(&self, now: Instant) -> String;
}

/// One operation on a store, or one part of it that has a deadline of its own.
#[derive(Clone)]
pub(crate) struct Operation {
    /// How long it may take as a whole, and until when that is.
    span: Duration,
    deadline: Instant,
    waits_for: Arc<Mutex<Option<Arc<dyn Standing>>>>,
}

/// The operation took longer than it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overrun {
    after: Duration,
    stood: Option<String>,
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer within {:?}", self.after)?;
        self.stood.as_ref().map_or(Ok(()), |stood| write!(f, ": {stood}"))
    }
}

impl Operation {
    /// An operation that ends this much later, as a part of the one that this task runs, if any.
    pub(crate) fn lasting(span: Duration) -> Self {
        let alone = Self::alone(span);
        let within = |outer: &Self| {
            let waits_for = Arc::clone(&outer.waits_for);
            let first = if alone.deadline < outer.deadline { &alone } else { outer };
            Self { waits_for, ..first.clone() }
        };
        OPERATION.try_with(within).unwrap_or_else(|_| alone.clone())
    }

    /// An operation of its own, whichever runs now.
    pub(crate) fn alone(span: Duration) -> Self {
        Self { span, deadline: Instant::now() + span, waits_for: Arc::default() }
    }

    /// Runs it, and drops it at its deadline.
    pub(crate) async fn run<F: Future>(self, work: F) -> Result<F::Output, Overrun> {
        let outcome = tokio::time::timeout_at(self.deadline, OPERATION.scope(self.clone(), work)).await;
        outcome.map_err(|_| Overrun { after: self.span, stood: self.told() })
    }

    /// What it waits for now.
    pub(crate) fn told(&self) -> Option<String> {
        let waits_for = self.waits_for.lock().unwrap_or_else(PoisonError::into_inner).clone();
        waits_for.map(|standing| standing.told(Instant::now()))
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// Notes what the operation that this task runs waits for from now on; nothing where it runs none.
pub(crate) fn waits_for(standing: Arc<dyn Standing>) {
    let _ = OPERATION.try_with(|operation| {
        *operation.waits_for.lock().unwrap_or_else(PoisonError::into_inner) = Some(standing);
    });
}

/// When the operation that this task runs has to be over; `None` where it runs none.
pub(crate) fn deadline() -> Option<Instant> {
    OPERATION.try_with(|operation| operation.deadline).ok()
}

/// A duration for people: seconds with two digits.
pub(crate) fn seconds(span: Duration) -> String {
    format!("{:.2}s", span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Digging(Instant);

    impl Standing for Digging {
        fn told(&self, now: Instant) -> String {
            format!("still digging (for {})", seconds(now.duration_since(self.0)))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_runs_out_of_time_says_where_it_stood() {
        let second = Duration::from_secs(1);
        let silent = Operation::lasting(second).run(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!(silent.to_string(), "no answer within 1s");
        let digs = async {
            tokio::time::sleep(Duration::from_millis(250)).await;
            waits_for(Arc::new(Digging(Instant::now())));
            std::future::pending::<()>().await;
        };
        let dug = Operation::lasting(second).run(digs).await.unwrap_err();
        assert_eq!(dug.to_string(), "no answer within 1s: still digging (for 0.75s)");
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_ends_with_the_whole_and_tells_where_the_whole_stands() {
        let part = async {
            let longer = Operation::lasting(Duration::from_mins(1));
            longer
                .run(async {
                    waits_for(Arc::new(Digging(Instant::now())));
                    std::future::pending::<()>().await;
                })
                .await
        };
        let started = Instant::now();
        let outcome = Operation::lasting(Duration::from_secs(1)).run(part).await;
        let text = outcome.map_or_else(|overrun| overrun.to_string(), |part| part.unwrap_err().to_string());
        assert_eq!(text, "no answer within 1s: still digging (for 1.00s)");
        assert_eq!(started.elapsed(), Duration::from_secs(1));
        assert_eq!(deadline(), None, "nothing of it is left behind");
    }
}
