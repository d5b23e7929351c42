//! Closed forms for the instances of one function whose calls arrive as a Poisson process.
//!
//! Times are in seconds, rates per second. Tests and the command `soe validate theory`
//! compare simulations with them.

/// What is known about a pool without a limit, in which a call takes the instance that
/// became free last.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// The probability that a call causes a start.
    pub cold: f64,
    /// The mean number of instances.
    pub instances: f64,
    /// The probability of at most 0, 1, 2, ... instances.
    pub at_most: Vec<f64>,
}

impl Pool {
    /// The mean time between the creation of an instance and its removal, for calls at this
    /// rate (Little's law).
    pub fn life(&self, rate: f64) -> f64 {
        self.instances / (rate * self.cold)
    }
}

/// The pool of calls at `rate` with exponential service of this mean, including a start,
/// in which idle instances expire after `ttl`.
///
/// The instances are a stack. The one at depth *h* stays untouched exactly while fewer than
/// *h* are busy, so that the number of instances is the greatest number of busy ones during
/// the last `ttl`. With the stationary distribution *π* of M/M/∞ and its generator *Q_m*
/// killed above *m*, P(cold) = Σ *π_n* (exp(*Q_n* ttl) 1)_*n* and P(at most *m*) =
/// Σ *π_n* (exp(*Q_m* ttl) 1)_*n*.
pub fn most_recently_used(rate: f64, service: f64, ttl: f64) -> Pool {
    let load = rate * service;
    let most = (load + 12.0 * load.sqrt() + 12.0) as usize;
    let mut busy = vec![libm::exp(-load)];
    for n in 1..=most {
        busy.push(busy[n - 1] * load / n as f64);
    }
    let mut cold = 0.0;
    let mut at_most = Vec::new();
    for m in 0..=most {
        let stays = stays_below(m, rate, 1.0 / service, ttl);
        cold += busy[m] * stays[m];
        let within = busy.iter().zip(&stays).map(|(p, stays)| p * stays);
        let within: f64 = within.sum();
        at_most.push(within);
        if 1.0 - within < 1e-13 && m as f64 > load {
            break;
        }
    }
    Pool {
        cold,
        instances: at_most.iter().map(|within| 1.0 - within).sum(),
        at_most,
    }
}

/// The probability that M/M/∞ stays at or below `most` for `time`, by the number at the
/// start: uniformization (Jensen, 1953).
fn stays_below(most: usize, rate: f64, service_rate: f64, time: f64) -> Vec<f64> {
    let fastest = rate + most as f64 * service_rate;
    let steps = fastest * time;
    let mut stays = vec![1.0; most + 1];
    let mut sum = vec![0.0; most + 1];
    let last = (steps + 12.0 * steps.sqrt() + 40.0) as usize;
    for step in 0..=last {
        let number = step as f64;
        let weight =
            libm::exp(number * libm::log(steps.max(1e-300)) - steps - libm::lgamma(number + 1.0));
        for (sum, stays) in sum.iter_mut().zip(&stays) {
            *sum += weight * stays;
        }
        let mut below = 0.0;
        for n in 0..=most {
            let here = stays[n];
            let above = stays.get(n + 1).copied().unwrap_or(0.0);
            let down = n as f64 * service_rate / fastest;
            let up = rate / fastest;
            stays[n] = up * above + down * below + (1.0 - up - down) * here;
            below = here;
        }
    }
    sum
}

/// The probability that a call is rejected, with at most so many instances and this load in
/// Erlang: Erlang's B formula. It depends neither on the distribution of the service nor on
/// keep-alive, as long as cold and warm calls take the same time.
pub fn erlang_b(instances: u32, load: f64) -> f64 {
    (1..=instances).fold(1.0, |blocked, n| {
        let carried = load * blocked;
        carried / (f64::from(n) + carried)
    })
}

/// The only instance of a function, which rejects calls while it is busy: the probability
/// that an accepted call is cold, and that a call is rejected. `warm` and `cold` are the
/// mean times of such calls, whatever their distribution.
pub fn single_instance_loss(rate: f64, warm: f64, cold: f64, ttl: f64) -> (f64, f64) {
    let expired = libm::exp(-rate * ttl);
    let load = rate * (expired * cold + (1.0 - expired) * warm);
    (expired, load / (1.0 + load))
}

/// What is known about the only instance of a function, in front of which calls wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SingleQueue {
    /// The share of calls that cause a start.
    pub cause: f64,
    /// The share that arrives while the instance starts, or causes the start.
    pub direct: f64,
    /// The share that comes in a busy period that began with a start.
    pub delayed: f64,
    /// The mean time from arrival to completion.
    pub response: f64,
}

/// The only instance of a function, with exponential service of this mean and a constant
/// start time when it has expired: M/G/1 with exceptional first service (Welch, 1964).
pub fn single_instance_queue(rate: f64, service: f64, start: f64, ttl: f64) -> SingleQueue {
    let busy = rate * service;
    let expired = libm::exp(-rate * ttl);
    let cause = expired * (1.0 - busy) / (1.0 + rate * expired * start);
    let second = 2.0 * service * service;
    let first = service + expired * start;
    let more = expired * (2.0 * service * start + start * start);
    let wait =
        rate * second / (2.0 * (1.0 - busy)) + rate * more / (2.0 * (1.0 - busy + rate * first));
    SingleQueue {
        cause,
        direct: cause * (1.0 + rate * start),
        delayed: cause * (1.0 + rate * (service + start) / (1.0 - busy)),
        response: wait + service + cause * start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found} {expected}");
    }

    #[test]
    fn the_pool_has_the_published_values() {
        for (rate, service, ttl, cold, instances) in [
            (1.0, 1.0, 2.0, 0.323_377_70, 2.090_663),
            (2.0, 1.0, 1.0, 0.350_128_83, 3.115_719),
            (1.0, 1.0, 10.0, 0.077_373_83, 3.278_075),
            (5.0, 1.0, 5.0, 0.058_285_95, 9.086_102),
            (0.01, 2.0, 100.0, 0.379_657_74, 0.658_856),
            (0.9, 1.991, 600.0, 0.001_329_31, 7.691_934),
        ] {
            let pool = most_recently_used(rate, service, ttl);
            close(pool.cold, cold, 6e-9);
            close(pool.instances, instances, 6e-7);
        }
        let pool = most_recently_used(0.9, 1.991, 600.0);
        close(pool.life(0.9), 6429.36, 0.01);
        let exactly = |m: usize| pool.at_most[m] - pool.at_most[m - 1];
        for (m, expected) in (6..).zip([0.05765, 0.40359, 0.37250, 0.12933, 0.02993, 0.00574]) {
            close(exactly(m), expected, 6e-6);
        }
    }

    #[test]
    fn without_a_window_every_call_is_cold_and_rare_calls_find_what_has_not_expired() {
        let pool = most_recently_used(3.0, 0.5, 0.0);
        close(pool.cold, 1.0, 1e-12);
        close(pool.instances, 1.5, 1e-9);
        let pool = most_recently_used(1e-4, 1.0, 1e4);
        close(pool.cold, libm::exp(-1.0), 0.01 * libm::exp(-1.0));
    }

    #[test]
    fn erlang_b_has_its_known_values() {
        close(erlang_b(3, 2.0), 0.210_526, 1e-6);
        close(erlang_b(10, 8.0), 0.121_661, 1e-6);
        close(erlang_b(1, 1.0), 0.5, 1e-12);
        close(erlang_b(1000, 2016.0), 0.504_455, 1e-6);
    }

    #[test]
    fn single_instances_have_the_published_values() {
        let (cold, rejected) = single_instance_loss(0.5, 1.0, 3.0, 2.0);
        close(cold, 0.367_879, 1e-6);
        close(rejected, 0.464_634, 1e-6);
        let (cold, rejected) = single_instance_loss(0.1, 1.0, 2.0, 10.0);
        close(cold, 0.367_879, 1e-6);
        close(rejected, 0.120_328, 1e-6);
        for (rate, service, start, ttl, expected) in [
            (
                0.5,
                1.0,
                2.0,
                1.0,
                [0.188_770, 0.377_541, 0.755_082, 3.132_622],
            ),
            (
                0.5,
                1.0,
                2.0,
                4.0,
                [0.059_601, 0.119_203, 0.238_406, 2.357_609],
            ),
            (
                0.8,
                1.0,
                5.0,
                2.0,
                [0.022_339, 0.111_694, 0.558_47, 6.675_410],
            ),
        ] {
            let queue = single_instance_queue(rate, service, start, ttl);
            let found = [queue.cause, queue.direct, queue.delayed, queue.response];
            for (found, expected) in found.into_iter().zip(expected) {
                close(found, expected, 2e-6);
            }
        }
    }
}
