//! Beacons: a stamp every `i`, in flight for a while, and perhaps landing late.

use failover_policy::Stamp;

use super::{Event, World};
use crate::simulator::clock::nanos;

impl World {
    /// A beacon's tick: it writes, and ticks again an interval later.
    pub(super) fn beat(&mut self, index: usize) {
        let weather = self.weather();
        let Some(beacon) = self.plan.beacons.get(index) else { return };
        let Some(site) = self.plan.sites.get(beacon.site) else { return };
        let next =
            beacon.clocks.reaches_hold(beacon.clocks.at(self.now).hold.after(site.timing.interval.get()));
        if self.silenced.get(index) == Some(&0) {
            let deadline = nanos(site.timing.write_deadline.get());
            let trip = weather.send(&mut self.dice, &beacon.cuts, self.now, deadline);
            let lands =
                Event::StampLands { site: beacon.site, stamp: Stamp::new(beacon.clocks.at(self.now).wall) };
            if let Some(effect) = trip.effect {
                let id = &site.id;
                self.trace.note(self.now, || {
                    format!(
                        "beacon {index} of {id} beats, landing {} ms later",
                        (effect - self.now) / 1_000_000
                    )
                });
                self.at(effect, lands);
            }
        }
        self.at(next, Event::Beat(index));
    }
}
