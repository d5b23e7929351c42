//! A timer of precise time.
//!
//! The timers of the runtime count in milliseconds, so that a task would answer up to
//! one millisecond late. An [`Alarm`] is one thread that sleeps until the next
//! completion, for any number of tasks.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Wakes a machine at the times it requests.
#[derive(Debug)]
pub struct Alarm {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Debug)]
struct Shared {
    setting: Mutex<Setting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    Off,
    At(Instant),
    /// It will not be set again.
    Dropped,
}

impl Alarm {
    /// An alarm that is off. When it goes off, it asks `ring` what time comes next.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn new(
        name: &str,
        mut ring: impl FnMut() -> Option<Instant> + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            setting: Mutex::new(Setting::Off),
        });
        let setting = shared.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while let Some(wait) = setting.due() {
                    match wait {
                        Some(Duration::ZERO) => {
                            if let Some(next) = ring() {
                                setting.earlier(next);
                            }
                        }
                        Some(wait) => std::thread::park_timeout(wait),
                        None => std::thread::park(),
                    }
                }
            })?;
        Ok(Self {
            shared,
            thread: thread.thread().clone(),
        })
    }

    /// Has it go off at `time`, unless it will do so earlier.
    pub fn set(&self, time: Instant) {
        if self.shared.earlier(time) {
            self.thread.unpark();
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        *self.shared.lock() = Setting::Dropped;
        self.thread.unpark();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Setting> {
        self.setting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `time` is earlier than what it was set to.
    fn earlier(&self, time: Instant) -> bool {
        let mut setting = self.lock();
        let earlier = match *setting {
            Setting::Off => true,
            Setting::At(set) => time < set,
            Setting::Dropped => false,
        };
        if earlier {
            *setting = Setting::At(time);
        }
        earlier
    }

    /// How long to sleep, for ever if off; zero, and off, if it is time. `None`
    /// at the end of everything.
    fn due(&self) -> Option<Option<Duration>> {
        let mut setting = self.lock();
        match *setting {
            Setting::Off => Some(None),
            Setting::Dropped => None,
            Setting::At(time) => {
                let wait = time.saturating_duration_since(Instant::now());
                if wait.is_zero() {
                    *setting = Setting::Off;
                }
                Some(Some(wait))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn an_alarm_never_goes_off_early_and_can_be_set_to_an_earlier_time() {
        let (sender, rang) = mpsc::channel();
        let alarm = Alarm::new("alarm", move || {
            // The receiver is gone at the end of the test only.
            let _ = sender.send(Instant::now());
            None
        })
        .unwrap();
        let now = Instant::now();
        let (soon, late) = (Duration::from_millis(5), Duration::from_secs(3600));
        alarm.set(now + late);
        alarm.set(now + soon);
        alarm.set(now + late);
        assert!(rang.recv().unwrap() >= now + soon);
        assert!(rang.try_recv().is_err());
    }

    #[test]
    fn an_alarm_that_is_dropped_ends_its_thread() {
        let (sender, rang) = mpsc::channel::<()>();
        let alarm = Alarm::new("alarm", move || {
            let _ = sender.send(());
            None
        })
        .unwrap();
        drop(alarm);
        // The sender goes with the thread.
        assert!(rang.recv().is_err());
    }
}
