//! The process itself, with the names that Prometheus recommends. Linux only; elsewhere there
//! are no values.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntGauge};

use super::whole;

/// Ticks of the processor time in `/proc`, per second.
const TICKS: f64 = 100.0;

/// Reads `/proc/self` when it is collected.
pub struct Process {
    resident: IntGauge,
    virtual_size: IntGauge,
    threads: IntGauge,
    descriptors: IntGauge,
    processor: Counter,
    start: Gauge,
}

impl Process {
    /// What is known of this process.
    ///
    /// # Errors
    /// If a name is not valid, which is a mistake in this crate.
    pub fn new() -> prometheus::Result<Self> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let start = Gauge::new(
            "process_start_time_seconds",
            "When the process began, in seconds since 1970",
        )?;
        start.set(since.unwrap_or_default().as_secs_f64());
        Ok(Self {
            resident: IntGauge::new("process_resident_memory_bytes", "Memory in use")?,
            virtual_size: IntGauge::new("process_virtual_memory_bytes", "Memory that is mapped")?,
            threads: IntGauge::new("process_threads", "Threads")?,
            descriptors: IntGauge::new("process_open_fds", "Descriptors that are open")?,
            processor: Counter::new(
                "process_cpu_seconds_total",
                "Processor time of user and system",
            )?,
            start,
        })
    }

    fn parts(&self) -> [&dyn Collector; 6] {
        [
            &self.resident,
            &self.virtual_size,
            &self.threads,
            &self.descriptors,
            &self.processor,
            &self.start,
        ]
    }

    fn refresh(&self) {
        if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
            self.resident.set(field(&status, "VmRSS:") * 1024);
            self.virtual_size.set(field(&status, "VmSize:") * 1024);
            self.threads.set(field(&status, "Threads:"));
        }
        if let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") {
            // One of them is that of the folder.
            self.descriptors.set(whole(descriptors.count()) - 1);
        }
        if let Ok(stat) = std::fs::read_to_string("/proc/self/stat") {
            let seconds = processor_ticks(&stat) / TICKS;
            let more = seconds - self.processor.get();
            if more > 0.0 {
                self.processor.inc_by(more);
            }
        }
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.refresh();
        let parts = self.parts().into_iter();
        parts.flat_map(Collector::collect).collect()
    }
}

/// The number after a word at the beginning of a line.
fn field(status: &str, word: &str) -> i64 {
    let line = status.lines().find_map(|line| line.strip_prefix(word));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The fields `utime` and `stime`. The second field, a name in brackets, may have blanks.
fn processor_ticks(stat: &str) -> f64 {
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = rest.split_whitespace().skip(11).take(2);
    ticks.filter_map(|it| it.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_are_found() {
        let status = "Name:\tx\nVmSize:\t  2000 kB\nVmRSS:\t    10 kB\nThreads:\t3\n";
        assert_eq!(field(status, "VmRSS:"), 10);
        assert_eq!(field(status, "Threads:"), 3);
        assert_eq!(field(status, "VmSwap:"), 0);
        let stat = "7 (a) b c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert_eq!(processor_ticks(stat), 200.0);
        assert_eq!(processor_ticks(""), 0.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_memory() {
        let process = Process::new().unwrap();
        process.refresh();
        assert!(process.resident.get() > 1 << 20);
        assert!(process.descriptors.get() > 2 && process.threads.get() > 0);
    }
}
