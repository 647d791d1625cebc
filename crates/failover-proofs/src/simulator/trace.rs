//! What happened, for a person who looks into a failure.

use super::clock::{MILLI, Nanos, SECOND};

/// Events in order of time; nothing is kept, or even put into words, unless somebody asked for it.
#[derive(Debug, Default)]
pub(super) struct Trace(Option<Vec<(Nanos, String)>>);

impl Trace {
    pub(super) fn kept(kept: bool) -> Self {
        Self(kept.then(Vec::new))
    }

    pub(super) fn note(&mut self, now: Nanos, event: impl FnOnce() -> String) {
        if let Some(events) = &mut self.0 {
            events.push((now, event()));
        }
    }

    /// The last `span` of it as text, a line for each event.
    pub(super) fn last(&self, span: Nanos) -> String {
        let events = self.0.as_deref().unwrap_or_default();
        let from = events.last().map_or(0, |(time, _)| *time - span);
        events
            .iter()
            .filter(|(time, _)| *time >= from)
            .map(|(time, event)| {
                let (seconds, millis) = (time / SECOND, time % SECOND / MILLI);
                format!("{seconds:>4}.{millis:03}  {event}\n")
            })
            .collect()
    }
}
