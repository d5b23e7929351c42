//! The executor of sweeps, with experiments that cost nothing.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use analysis::{Metric, Unit};
use proptest::prelude::*;
use soe_sim::Progress;
use soe_study::{Column, Layout, PointDone, Replications, Report, Runner, Shard, Study, Sweep};

static VALUE: Metric = Metric::new("value", Unit::Count, "A value");
static METRICS: &[&Metric] = &[&VALUE];

/// Reports a number that depends on point and replication.
struct Toy {
    points: usize,
    /// How much the numbers of a point vary.
    noise: fn(usize) -> f64,
    fails: fn(usize, u32) -> bool,
    panics: fn(usize, u32) -> bool,
    /// How many replications were run.
    runs: AtomicU32,
}

impl Toy {
    fn new(points: usize) -> Self {
        Self {
            points,
            noise: |_| 1.0,
            fails: |_, _| false,
            panics: |_, _| false,
            runs: AtomicU32::new(0),
        }
    }

    fn value(&self, point: usize, replication: u32) -> f64 {
        // Some digits of a hash: as good as random.
        let hash = (point as u64 * 1_000_003 + u64::from(replication) + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let uniform = (hash >> 40) as f64 / (1_u64 << 24) as f64;
        10.0 + (self.noise)(point) * (uniform - 0.5)
    }
}

impl Runner for Toy {
    type Worker = Option<Arc<Layout>>;

    fn points(&self) -> usize {
        self.points
    }

    fn identity(&self, point: usize) -> String {
        format!("toy {point}")
    }

    fn replicate(
        &self,
        point: usize,
        replication: u32,
        worker: &mut Self::Worker,
        _: &Progress,
    ) -> Result<Option<Report>, String> {
        self.runs.fetch_add(1, Relaxed);
        if (self.fails)(point, replication) {
            return Err("it does not work".to_owned());
        }
        assert!(!(self.panics)(point, replication), "out of luck");
        let layout = worker.get_or_insert_with(|| {
            Arc::new(Layout {
                columns: vec![Column::number(&VALUE, "all")],
            })
        });
        Ok(Some(Report {
            layout: Arc::clone(layout),
            values: vec![self.value(point, replication)],
            fingerprint: 0,
        }))
    }
}

fn until_precise(min: u32, max: u32, precision: f64) -> Replications {
    let text = format!(
        "version = 1\nkind = \"statesim\"\nreplications = {{ min = {min}, max = {max}, \
         precision = {precision:?}, metrics = \"jobs\" }}\n"
    );
    let mut replications = Study::parse(&text, "x")
        .unwrap()
        .resolve()
        .unwrap()
        .replications;
    replications.of[0].metric = "value".to_owned();
    replications
}

/// Runs a sweep and returns how many replications each point got, in the order of points.
fn run(
    toy: &Toy,
    replications: &Replications,
    folder: &Path,
    threads: usize,
    shard: Option<Shard>,
) -> Vec<(usize, u32)> {
    let mut sweep = Sweep::open(toy, METRICS, replications, folder, shard).unwrap();
    let done = std::sync::Mutex::new(Vec::new());
    let note = |point: PointDone| done.lock().unwrap().push((point.point, point.replications));
    assert!(
        !sweep
            .run(Some(threads), &Progress::default(), |_| {}, note)
            .unwrap()
    );
    let mut done = done.into_inner().unwrap();
    done.sort_unstable();
    done
}

#[test]
fn finished_replications_are_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let toy = Toy::new(7);
    run(&toy, &Replications::fixed(20), folder.path(), 2, None);
    assert_eq!(toy.runs.load(Relaxed), 140);
    run(&toy, &Replications::fixed(20), folder.path(), 2, None);
    assert_eq!(toy.runs.load(Relaxed), 140);
    // More replications and more points run what is new.
    let more = Toy::new(9);
    run(&more, &Replications::fixed(25), folder.path(), 3, None);
    assert_eq!(more.runs.load(Relaxed), 9 * 25 - 140);
}

#[test]
fn points_are_repeated_until_they_are_precise() {
    let folder = tempfile::tempdir().unwrap();
    let toy = Toy {
        // The first is certain, the last hopeless.
        noise: |point| [0.0, 1.0, 4.0, 1e6][point],
        ..Toy::new(4)
    };
    let done = run(&toy, &until_precise(5, 200, 0.02), folder.path(), 2, None);
    let counts: Vec<_> = done.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts[0], 5);
    assert!(5 < counts[2] && counts[2] < 200, "{counts:?}");
    assert!(
        counts[0] <= counts[1] && counts[1] <= counts[2],
        "{counts:?}"
    );
    assert_eq!(counts[3], 200);
    assert_eq!(toy.runs.load(Relaxed), counts.iter().sum::<u32>());

    let status = |folder: &Path| {
        let replications = until_precise(5, 200, 0.02);
        Sweep::open(&toy, METRICS, &replications, folder, None)
            .unwrap()
            .status()
            .unwrap()
    };
    assert_eq!(status(folder.path()).missing, 0);
    assert_eq!(
        status(folder.path()).finished,
        u64::from(counts.iter().sum::<u32>())
    );
    for threads in [1, 3] {
        let other = tempfile::tempdir().unwrap();
        let again = run(
            &toy,
            &until_precise(5, 200, 0.02),
            other.path(),
            threads,
            None,
        );
        assert_eq!(done, again);
    }
}

#[test]
fn a_failed_replication_is_noted_and_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let toy = Toy {
        fails: |point, replication| point == 1 && replication == 3,
        panics: |point, replication| point == 2 && replication % 5 == 4,
        ..Toy::new(4)
    };
    // The panics are meant: their reports only disturb.
    std::panic::set_hook(Box::new(|_| {}));
    let mut sweep =
        Sweep::open(&toy, METRICS, &Replications::fixed(10), folder.path(), None).unwrap();
    let interrupted = sweep
        .run(Some(2), &Progress::default(), |_| {}, |_| {})
        .unwrap();
    let _ = std::panic::take_hook();
    assert!(!interrupted);
    let failures: Vec<_> = sweep
        .failures
        .iter()
        .map(|failed| (failed.point, failed.replication, failed.reason.as_str()))
        .collect();
    let expected = [
        (1, 3, "it does not work"),
        (2, 4, "panicked: out of luck"),
        (2, 9, "panicked: out of luck"),
    ];
    assert_eq!(failures, expected);
    // Only they are tried again.
    drop(sweep);
    let runs = toy.runs.load(Relaxed);
    assert_eq!(runs, 40);
    let fixed = Toy::new(4);
    run(&fixed, &Replications::fixed(10), folder.path(), 2, None);
    assert_eq!(fixed.runs.load(Relaxed), 3);
}

/// Where each record of a journal ends, and how many replications are in it.
fn records(journal: &[u8]) -> Vec<(usize, usize)> {
    let number = |at: usize| u32::from_le_bytes(journal[at..at + 4].try_into().unwrap()) as usize;
    let first = journal.iter().position(|&byte| byte == b'\n');
    let mut at = first.map_or(journal.len(), |at| at + 1);
    let mut records = Vec::new();
    // Mark, kind, length, content, checksum.
    while at + 8 <= journal.len() && at + 12 + number(at + 4) <= journal.len() {
        let end = at + 8 + number(at + 4);
        let (is_finished, mut content) = (journal[at + 3] == b'r', at + 8);
        let mut count = 0;
        while is_finished && content < end {
            // The number of values is the last before them.
            content += 28 + 8 * number(content + 24);
            count += 1;
        }
        at = end + 4;
        records.push((at, count));
    }
    records
}

/// How many replications are in the records that are whole.
fn finished(journal: &[u8]) -> usize {
    records(journal).iter().map(|(_, count)| count).sum()
}

/// How many of 5 points with 8 replications are run if this is the journal.
fn runs_after(folder: &Path, journal: &[u8]) -> usize {
    std::fs::write(folder.join("journal"), journal).unwrap();
    let toy = Toy::new(5);
    run(&toy, &Replications::fixed(8), folder, 2, None);
    let again = Toy::new(5);
    run(&again, &Replications::fixed(8), folder, 1, None);
    assert_eq!(again.runs.load(Relaxed), 0);
    toy.runs.load(Relaxed) as usize
}

#[test]
fn what_is_torn_is_run_again_and_everything_else_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    run(
        &Toy::new(5),
        &Replications::fixed(8),
        folder.path(),
        2,
        None,
    );
    let whole = std::fs::read(folder.path().join("journal")).unwrap();
    assert_eq!(finished(&whole), 40);
    for cut in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        let runs = runs_after(folder.path(), &whole[..cut]);
        assert_eq!(runs, 40 - finished(&whole[..cut]), "cut at {cut}");
    }
}

#[test]
fn what_is_damaged_is_run_again_and_everything_behind_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    // A millisecond each, so that each has a record of its own.
    run_before(folder.path(), 8, |_, _| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        Ok(())
    });
    let whole = std::fs::read(folder.path().join("journal")).unwrap();
    let records = records(&whole);
    assert_eq!(records.len(), 1 + 1 + 8);
    // A byte of a replication's record, or one that looks like the beginning of another.
    let toy = Toy::new(1);
    let mut start = records[1].0;
    for &(end, _) in &records[2..] {
        for at in (start..end).step_by(3).chain([end - 1]) {
            for change in [1, 0xf5] {
                let mut damaged = whole.clone();
                damaged[at] ^= change;
                std::fs::write(folder.path().join("journal"), &damaged).unwrap();
                let fixed = Replications::fixed(8);
                let sweep = Sweep::open(&toy, METRICS, &fixed, folder.path(), None);
                let status = sweep.unwrap().status().unwrap();
                assert_eq!((status.finished, status.missing), (7, 1), "byte {at}");
                // At the end it looks like a record that was not written to its end.
                assert_eq!(status.damaged, u64::from(end < whole.len()), "byte {at}");
            }
        }
        start = end;
    }
}

/// The toy, but for what happens before each replication.
struct Before<F> {
    toy: Toy,
    happens: F,
}

impl<F: Fn(u32, &Progress) -> Result<(), String> + Sync> Runner for Before<F> {
    type Worker = Option<Arc<Layout>>;

    fn points(&self) -> usize {
        self.toy.points()
    }

    fn identity(&self, point: usize) -> String {
        self.toy.identity(point)
    }

    fn replicate(
        &self,
        point: usize,
        replication: u32,
        worker: &mut Self::Worker,
        progress: &Progress,
    ) -> Result<Option<Report>, String> {
        (self.happens)(replication, progress)?;
        self.toy.replicate(point, replication, worker, progress)
    }
}

/// Runs some replications of the toy, on one thread.
fn run_before(
    folder: &Path,
    replications: u32,
    happens: impl Fn(u32, &Progress) -> Result<(), String> + Sync,
) {
    let toy = Toy::new(1);
    let experiment = Before { toy, happens };
    let replications = Replications::fixed(replications);
    let mut sweep = Sweep::open(&experiment, METRICS, &replications, folder, None).unwrap();
    let interrupted = sweep.run(Some(1), &Progress::default(), |_| {}, |_| {});
    assert!(!interrupted.unwrap());
    assert_eq!(sweep.failures, []);
}

/// How many replications are in the journal.
fn written(folder: &Path) -> usize {
    finished(&std::fs::read(folder.join("journal")).unwrap_or_default())
}

#[test]
fn what_is_finished_is_written_while_a_long_replication_runs() {
    let folder = tempfile::tempdir().unwrap();
    // The third replication does not begin before the others are in the journal.
    run_before(folder.path(), 3, |replication, _| {
        for _ in 0..20_000 {
            if replication < 2 || written(folder.path()) >= 2 {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Err("nothing was written".to_owned())
    });
}

#[test]
fn a_replication_that_takes_a_while_is_written_before_the_next_begins() {
    let folder = tempfile::tempdir().unwrap();
    run_before(folder.path(), 20, |replication, _| {
        let found = written(folder.path());
        // Longer than what is written together with others.
        std::thread::sleep(std::time::Duration::from_millis(1));
        match found == replication as usize {
            true => Ok(()),
            false => Err(format!(
                "found {found} replications, expected {replication}"
            )),
        }
    });
}

#[test]
fn a_journal_of_an_earlier_format_is_begun_anew() {
    for version in 1..=2 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let earlier = format!("soe sweep journal {version}\nr 0 0 1 2 3ff 0123456789abcdef\n");
        std::fs::write(&path, earlier).unwrap();
        let toy = Toy::new(2);
        assert_eq!(
            run(&toy, &Replications::fixed(3), folder.path(), 1, None),
            [(0, 3), (1, 3)]
        );
        let journal = std::fs::read(&path).unwrap();
        assert!(journal.starts_with(b"soe sweep journal 3\n"));
        assert_eq!(finished(&journal), 6);
    }
}

#[test]
fn a_journal_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let toy = Toy::new(1);
    run_before(folder.path(), 1, |_, progress| {
        let fixed = Replications::fixed(1);
        let mut other = Sweep::open(&toy, METRICS, &fixed, folder.path(), None).unwrap();
        let wrong = other.run(Some(1), progress, |_| {}, |_| {}).unwrap_err();
        assert!(
            wrong.to_string().contains("another sweep is writing"),
            "{wrong}"
        );
        Ok(())
    });
}

#[test]
fn a_file_that_is_no_journal_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    std::fs::write(&file, "my diary\n").unwrap();
    let toy = Toy::new(1);
    let mut sweep =
        Sweep::open(&toy, METRICS, &Replications::fixed(1), folder.path(), None).unwrap();
    let wrong = sweep
        .run(Some(1), &Progress::default(), |_| {}, |_| {})
        .unwrap_err();
    assert!(
        wrong
            .to_string()
            .ends_with("this is not the journal of a sweep; move it away to start again"),
        "{wrong}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "my diary\n");
}

#[test]
fn merging_notices_what_is_missing_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let toy = Toy::new(6);
    let fixed = Replications::fixed(5);
    let part = |number: u32| folder.path().join(format!("part-{number}"));
    for number in 1..=3 {
        run(
            &toy,
            &fixed,
            &part(number),
            1,
            Some(Shard { number, of: 3 }),
        );
    }
    assert_eq!(toy.runs.load(Relaxed), 30);
    let merge = |parts: &[u32]| {
        let parts: Vec<_> = parts.iter().map(|&number| part(number)).collect();
        Sweep::merge(&toy, METRICS, &fixed, &parts)
            .map(|_| ())
            .map_err(|wrong| wrong.to_string())
    };
    assert_eq!(merge(&[1, 2, 3]), Ok(()));
    assert_eq!(merge(&[3, 1, 2]), Ok(()));
    let missing = merge(&[1, 3]).unwrap_err();
    assert_eq!(
        missing,
        "point 0, replication 1 is missing (and 9 more): it was not run or it failed"
    );
    let doubled = merge(&[1, 2, 3, 2]).unwrap_err();
    assert!(
        doubled.starts_with("point 0, replication 1 is in both "),
        "{doubled}"
    );
    // One working folder for all of them is complete, too.
    for number in 2..=3 {
        let journal = format!("journal-{number}-of-3");
        std::fs::copy(part(number).join(&journal), part(1).join(&journal)).unwrap();
    }
    run(&toy, &fixed, &part(1), 2, None);
    assert_eq!(toy.runs.load(Relaxed), 30);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn shards_are_all_of_a_sweep_and_nothing_twice(points in 1..12_usize, replications in 1..9_u32, of in 1..6_u32, precise: bool) {
        let folder = tempfile::tempdir().unwrap();
        let toy = Toy::new(points);
        let wanted = match precise {
            true => until_precise(2, 2 + replications, 0.001),
            false => Replications::fixed(replications),
        };
        let parts: Vec<_> = (1..=of).map(|number| folder.path().join(number.to_string())).collect();
        for (number, part) in (1..).zip(&parts) {
            run(&toy, &wanted, part, 1, Some(Shard { number, of }));
        }
        let shards = toy.runs.load(Relaxed);
        prop_assert!(Sweep::merge(&toy, METRICS, &wanted, &parts).is_ok());
        run(&toy, &wanted, &folder.path().join("alone"), 2, None);
        prop_assert_eq!(toy.runs.load(Relaxed), 2 * shards);
    }
}
