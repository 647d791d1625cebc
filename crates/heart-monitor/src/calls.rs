//! What a machine has under way at the store.

use failover_policy::{ClusterId, Step, UnderWay};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use heartbeat_store::BeatDetails;

use crate::carrier::Carrier;
use crate::errand::Errand;
use crate::ownership::chronicle::Chronicle;
use crate::strangers::Stranger;

/// The calls of one machine: at most one of each lane, so that a slow answer holds up nothing but the next call of its
/// own kind, and one for the log.
#[derive(Debug)]
pub(crate) struct Calls {
    carrier: Carrier,
    this: ClusterId,
    under_way: UnderWay,
    reads_for_log: bool,
    answers: FuturesUnordered<BoxFuture<'static, Option<Answer>>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Answer {
    /// For the machine.
    Errand(Errand),
    /// For the log: the details of that cluster's beats.
    Details(ClusterId, Option<BeatDetails>),
    /// For the log: what there is beside that cluster, which never beat.
    Stranger(ClusterId, Stranger),
}

impl Calls {
    /// Nothing is under way yet. `this` is the cluster of the machine.
    pub(crate) fn new(carrier: Carrier, this: ClusterId) -> Self {
        let (under_way, answers) = (UnderWay::NOTHING, FuturesUnordered::new());
        Self { carrier, this, under_way, reads_for_log: false, answers }
    }

    /// For whoever has a call of its own to make while the record's lane is free.
    pub(crate) fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    pub(crate) fn under_way(&self) -> UnderWay {
        self.under_way
    }

    /// Begins to carry a step out; one that asks nothing of the store is none.
    pub(crate) fn begin(&mut self, step: Step) {
        let Some(lane) = step.lane() else { return };
        self.under_way.set(lane, true);
        let (carrier, this) = (self.carrier.clone(), self.this.clone());
        self.answers.push(Box::pin(async move { carrier.run(step, &this).await.map(Answer::Errand) }));
    }

    /// Begins to read what the log wants, unless something is read for it already.
    pub(crate) fn serve(&mut self, log: &Chronicle) {
        if self.reads_for_log {
            return;
        }
        let store = self.carrier.store().clone();
        if let Some(cluster) = log.wants_details() {
            self.reads_for_log = true;
            self.answers.push(Box::pin(async move {
                let details = store.read_details(&cluster).await.ok().flatten();
                Some(Answer::Details(cluster, details))
            }));
        } else if let Some(cluster) = log.wants_clusters() {
            self.reads_for_log = true;
            self.answers.push(Box::pin(async move {
                let stranger = Stranger::now(&store, &cluster).await;
                Some(Answer::Stranger(cluster, stranger))
            }));
        }
    }

    /// The next answer; waits for ever where nothing is under way. May be dropped and asked again.
    pub(crate) async fn next(&mut self) -> Answer {
        loop {
            match self.answers.next().await {
                Some(Some(answer)) => {
                    match &answer {
                        Answer::Errand(errand) => self.under_way.set(errand.lane(), false),
                        Answer::Details(..) | Answer::Stranger(..) => self.reads_for_log = false,
                    }
                    return answer;
                }
                Some(None) => {}
                None => std::future::pending().await,
            }
        }
    }
}
