//! How exactly our computer keeps the time that a task needs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::load::{call, connect, frame};
use crate::ours;

/// Prints by how much answers come later than the model says, at the client:
/// with the way there and back.
pub fn lateness() {
    let computer = ours::computer(ours::EXACT);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    println!("answers later than a task of 50 to 149 ms takes, in ms: least, median, 99 %, most");
    for (rounds, at_once) in [(30, 1), (10, 100), (5, 1000)] {
        let mut late: Vec<f64> = Vec::new();
        for _ in 0..rounds {
            late.extend(runtime.block_on(round(computer, at_once)));
        }
        late.sort_by(f64::total_cmp);
        let quantile = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
        println!(
            "{:10.3} {:8.3} {:8.3} {:8.3}  {at_once} at once",
            quantile(0.0),
            quantile(0.5),
            quantile(0.99),
            quantile(1.0)
        );
    }
}

/// Calls tasks of different lengths at the same time; says by how many
/// milliseconds each answer is late.
async fn round(computer: SocketAddr, at_once: usize) -> Vec<f64> {
    let send = connect(computer).await;
    let calls: Vec<_> = (0..at_once)
        .map(|number| {
            let mut send = send.clone();
            let milliseconds = 50 + (number * 37) % 100;
            tokio::spawn(async move {
                let frame = frame(milliseconds);
                let begun = Instant::now();
                call(&mut send, computer, frame).await;
                let needed = Duration::from_millis(milliseconds as u64);
                begun.elapsed().as_secs_f64() * 1e3 - needed.as_secs_f64() * 1e3
            })
        })
        .collect();
    let mut late = Vec::with_capacity(at_once);
    for call in calls {
        late.push(call.await.unwrap());
    }
    late
}
