//! Stopping an executable by signals.

use std::io;

use tokio_util::sync::CancellationToken;
use tracing::info;

use super::Failure;

/// The exit status after a second signal, as shells expect after Ctrl-C.
const IMPATIENT: i32 = 130;

/// Tells the parts of a process that it is time to stop. Clones are the same
/// switch; it is thrown once.
#[derive(Clone, Debug, Default)]
pub struct Stop(CancellationToken);

impl Stop {
    /// A switch that has not been thrown.
    pub fn new() -> Self {
        Self::default()
    }

    /// Throws the switch.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// Throws the switch when what is returned is dropped.
    #[must_use]
    pub fn on_drop(self) -> impl Drop {
        self.0.drop_guard()
    }

    /// Whether it was thrown.
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is thrown. May be dropped and called again.
    pub async fn wait(&self) {
        self.0.cancelled().await;
    }
}

/// Throws the switch at the first SIGINT or SIGTERM, and ends the process at the
/// second.
pub fn watch(stop: Stop) -> Result<(), Failure> {
    let mut signals = Signals::new().map_err(Failure::run)?;
    tokio::spawn(async move {
        let name = signals.next().await;
        info!("{name}: stopping; a second signal ends the process at once");
        stop.stop();
        signals.next().await;
        std::process::exit(IMPATIENT);
    });
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        // Where Ctrl-C cannot be heard, only the system can end the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
