//! Closed forms of queueing theory, as functions.
//!
//! Rates and times have any unit, the same in one call. Sources: Kleinrock, *Queueing
//! Systems*, volumes 1 and 2 (1975, 1976); Mitzenmacher, IEEE TPDS 12(10), 2001.

use soe_model::instances::theory::erlang_b;

/// The probability that a call waits in an M/M/c queue: Erlang C. The load per server must be
/// below 1.
///
/// ```
/// // One server: a call waits if that is busy.
/// assert!((soe_study::theory::erlang_c(1, 0.8) - 0.8).abs() < 1e-12);
/// ```
pub fn erlang_c(servers: u32, offered: f64) -> f64 {
    let blocked = erlang_b(servers, offered);
    let load = offered / f64::from(servers);
    blocked / (1.0 - load + load * blocked)
}

/// The mean wait in an M/M/c queue with this arrival rate and this mean service time.
pub fn mean_wait_of_many_servers(servers: u32, rate: f64, service: f64) -> f64 {
    let offered = rate * service;
    erlang_c(servers, offered) * service / (f64::from(servers) - offered)
}

/// The mean wait in an M/G/1 queue in order of arrival: Pollaczek and Khinchine. `second` is
/// the mean of the square of the service time.
///
/// ```
/// // Exponential service: twice the wait of constant service.
/// let (rate, service) = (0.5, 1.0);
/// let constant = soe_study::theory::pollaczek_khinchine(rate, service, 1.0);
/// let exponential = soe_study::theory::pollaczek_khinchine(rate, service, 2.0);
/// assert_eq!(exponential, 2.0 * constant);
/// ```
pub fn pollaczek_khinchine(rate: f64, service: f64, second: f64) -> f64 {
    rate * second / (2.0 * (1.0 - rate * service))
}

/// The `q` quantile of the response time of an M/M/1 queue, which is exponential.
pub fn quantile_of_one_server(rate: f64, service: f64, q: f64) -> f64 {
    -libm::log1p(-q) / (1.0 / service - rate)
}

/// The mean response time, in service times, of a call that joins the shorter of `choices`
/// random queues of infinitely many.
///
/// The share of queues with at least k calls is `load^((d^k - 1) / (d - 1))`; their sum is the
/// number of calls per server, and Little's law makes a time of it.
pub fn mean_field_of_choices(choices: u32, load: f64) -> f64 {
    let (mut calls, mut share) = (0.0, load);
    while share > 1e-18 {
        calls += share;
        share = load * libm::pow(share, f64::from(choices));
    }
    calls / load
}
