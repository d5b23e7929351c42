//! Instances that an autoscaler creates and removes.

use sim_core::SimTime;

use super::Instances;
use super::life::Reason;
use super::timer::Due;

impl Instances {
    /// A call has arrived and begun or waits: the autoscaler learns of it.
    #[inline]
    pub(super) fn arrived(&mut self, now: SimTime, function: u32) {
        let known = &mut self.functions[function as usize];
        let Some(scaler) = &mut known.scaler else {
            return;
        };
        scaler.arrived(now);
        let pokes = scaler.pokes() && known.alive.all == 0;
        known.report(now);
        if pokes {
            known.wanted = known.wanted.max(1);
            self.scale(now, function);
        }
        self.start_ticking(now, function);
    }

    /// The autoscaler decides at the next multiple of its period, unless that is settled.
    pub(super) fn start_ticking(&mut self, now: SimTime, function: u32) {
        let known = &mut self.functions[function as usize];
        let Some(scaler) = &known.scaler else {
            return;
        };
        if known.tick == SimTime::MAX {
            let period = scaler.period();
            let ticks = now.as_nanos() / period.as_nanos();
            known.tick = SimTime::ZERO + period * (ticks + 1);
            self.timers.set(known.tick, Due::Tick { function });
        }
    }

    /// The autoscaler decides.
    pub(super) fn tick(&mut self, now: SimTime, function: u32) {
        let known = &mut self.functions[function as usize];
        if known.tick != now {
            return;
        }
        known.tick = SimTime::MAX;
        let Some(scaler) = &mut known.scaler else {
            return;
        };
        let ready = known.alive.all - known.alive.starting;
        known.wanted = scaler.decide(now, ready);
        self.scale(now, function);
        let known = &self.functions[function as usize];
        let is_settled = known.scaler.as_ref().is_some_and(|it| it.is_settled());
        if !is_settled || known.alive.all != known.wanted.max(known.spec.min) {
            self.start_ticking(now, function);
        }
    }

    /// Creates instances that are missing, or removes idle ones, those that are idle
    /// longest first.
    fn scale(&mut self, now: SimTime, function: u32) {
        loop {
            let known = &self.functions[function as usize];
            let wanted = known.wanted.max(known.spec.min);
            if known.alive.all >= wanted || !known.may_grow() {
                break;
            }
            if !self.make_room(now, function) {
                break;
            }
            let slot = self.create(now, function);
            self.ready_if_due(now, slot);
        }
        let known = &self.functions[function as usize];
        let wanted = known.wanted.max(known.spec.min);
        let surplus = known.alive.all.saturating_sub(wanted) as usize;
        let idle = known.available.iter().copied();
        let idle = idle.filter(|&slot| self.slots[slot as usize].is_idle());
        let mut idle: Vec<_> = idle.collect();
        idle.sort_by_key(|&slot| {
            let instance = &self.slots[slot as usize];
            (instance.idle_since, instance.number)
        });
        idle.truncate(surplus);
        for slot in idle {
            // The memory of one may have been given to a call that evicted the next.
            if !self.slots[slot as usize].is_idle() {
                continue;
            }
            self.remove(now, slot, Reason::ScaledDown);
        }
    }
}
