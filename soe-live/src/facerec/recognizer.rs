//! Workers that search pictures.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tracing::warn;

use super::detector::{Detector, to_json};
use super::models::{Models, ModelsError};
use super::picture::{self, Gray};
use super::usage::ProcessUsage;

/// What a recognizer is made of.
#[derive(Clone, Debug)]
pub struct RecognizerOptions {
    /// The functions and their models.
    pub models: Models,
    /// A function that does nothing, if there is one.
    pub dummy: Option<String>,
    /// Pictures that are searched at a time.
    pub workers: usize,
    /// By how much a picture is made smaller before it is searched, at least 1.
    pub scale: f64,
}

/// Finds objects in pictures.
pub struct Recognizer {
    functions: BTreeMap<String, Function>,
    dummy: Option<String>,
    workers: usize,
    scale: f64,
    /// Workers without a picture.
    free: Arc<Semaphore>,
    /// Pixels of the pictures that are searched, or wait for it.
    pending: AtomicU64,
    usage: Arc<ProcessUsage>,
}

struct Function {
    /// Those that no worker uses.
    detectors: Arc<Mutex<Vec<Box<dyn Detector>>>>,
    pace: Arc<Mutex<Pace>>,
}

/// What an execution came to.
pub struct Found {
    /// The objects, as JSON.
    pub output: String,
    /// From submission to the end.
    pub processing: Duration,
}

impl Recognizer {
    /// With a detector for each function and worker. Each function is tried once, so that
    /// its pace is known.
    ///
    /// # Errors
    /// If a model cannot be used.
    pub fn new(options: &RecognizerOptions) -> Result<Self, ModelsError> {
        let workers = options.workers.max(1);
        let mut functions = BTreeMap::new();
        for name in options.models.functions() {
            let function = Function {
                detectors: Arc::default(),
                pace: Arc::default(),
            };
            functions.insert(name.to_owned(), function);
        }
        for _ in 0..workers {
            let detectors = options.models.detectors()?;
            for (name, detector) in options.models.functions().zip(detectors) {
                if let Some(function) = functions.get(name) {
                    lock(&function.detectors).push(detector);
                }
            }
        }
        let sample = sample();
        for function in functions.values() {
            let begun = Instant::now();
            if let Some(detector) = lock(&function.detectors).first_mut() {
                // What is found in it does not matter.
                let _ = detector.detect(&sample);
            }
            lock(&function.pace).note(pixels(&sample), begun.elapsed());
        }
        Ok(Self {
            functions,
            dummy: options.dummy.clone(),
            workers,
            scale: options.scale.max(1.0),
            free: Arc::new(Semaphore::new(workers)),
            pending: AtomicU64::new(0),
            usage: ProcessUsage::new(workers),
        })
    }

    /// The functions, the one that does nothing included.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        let functions = self.functions.keys().map(String::as_str);
        functions.chain(self.dummy.as_deref())
    }

    /// Pictures that are searched at a time.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// The use of the processors.
    pub fn usage(&self) -> &Arc<ProcessUsage> {
        &self.usage
    }

    /// Searches a picture when a worker is free. A caller that leaves gives up its turn;
    /// what a worker has begun it finishes.
    ///
    /// # Errors
    /// If there is no such function, or no readable picture.
    pub async fn execute(&self, function: &str, bytes: Bytes) -> Result<Found, String> {
        let submitted = Instant::now();
        if self.is_dummy(function) {
            return Ok(Found {
                output: String::new(),
                processing: Duration::ZERO,
            });
        }
        let Function { detectors, pace } = self.known(function)?;
        let (width, height) = picture::dimensions(&bytes)?;
        let _pending = Pending::new(&self.pending, u64::from(width) * u64::from(height));
        let closed = |_| "no more pictures are searched".to_owned();
        let turn = self.free.clone().acquire_owned().await.map_err(closed)?;
        let (detectors, pace, scale) = (detectors.clone(), pace.clone(), self.scale);
        let searched = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let begun = Instant::now();
            let picture = picture::gray(&bytes, scale)?;
            let found = search(&detectors, &picture)?;
            let all = u64::from(width) * u64::from(height);
            lock(&pace).note(all, begun.elapsed());
            let found: Vec<_> = found.into_iter().map(|it| it.scaled(scale)).collect();
            Ok(to_json(&found))
        });
        let output: Result<String, String> = searched.await.map_err(|error| error.to_string())?;
        Ok(Found {
            output: output?,
            processing: submitted.elapsed(),
        })
    }

    /// How long a picture would take, from its size and the pace of the pictures before.
    ///
    /// # Errors
    /// If there is no such function, or no readable picture.
    pub fn estimate(&self, function: &str, bytes: &[u8]) -> Result<Duration, String> {
        if self.is_dummy(function) {
            return Ok(Duration::ZERO);
        }
        let function = self.known(function)?;
        let (width, height) = picture::dimensions(bytes)?;
        let pixels = u64::from(width) * u64::from(height);
        // With a free worker it begins at once; otherwise after its share of the others.
        let before = match self.free.available_permits() {
            0 => self.pending.load(Ordering::Relaxed) / self.workers as u64,
            _ => 0,
        };
        Ok(lock(&function.pace).of(before.saturating_add(pixels)))
    }

    fn is_dummy(&self, function: &str) -> bool {
        self.dummy.as_deref() == Some(function)
    }

    fn known(&self, function: &str) -> Result<&Function, String> {
        let unknown = || format!("No model for lambda {function:.60}");
        self.functions.get(function).ok_or_else(unknown)
    }
}

/// Has a detector search a picture. If it panics, the call fails and nothing else.
fn search(
    detectors: &Mutex<Vec<Box<dyn Detector>>>,
    picture: &Gray,
) -> Result<Vec<super::detector::Object>, String> {
    let detector = lock(detectors).pop();
    let mut detector = detector.ok_or("there is no detector")?;
    // It keeps nothing from one picture to the next.
    let found = catch_unwind(AssertUnwindSafe(|| detector.detect(picture)));
    lock(detectors).push(detector);
    found.unwrap_or_else(|_| {
        warn!("a detector has failed at a picture");
        Err("the detector has failed at this picture".to_owned())
    })
}

/// The time that a picture takes, linear in its pixels: the mean of the latest.
#[derive(Debug, Default)]
struct Pace {
    nanos_per_pixel: Option<f64>,
}

/// The weight of the latest picture in the mean.
const LATEST: f64 = 0.1;

impl Pace {
    fn note(&mut self, pixels: u64, time: Duration) {
        let pace = time.as_nanos() as f64 / pixels.max(1) as f64;
        let mean = self.nanos_per_pixel;
        self.nanos_per_pixel = Some(mean.map_or(pace, |mean| mean + LATEST * (pace - mean)));
    }

    fn of(&self, pixels: u64) -> Duration {
        let pace = self.nanos_per_pixel.unwrap_or_default();
        Duration::from_nanos((pace * pixels as f64) as u64)
    }
}

/// Pixels that are pending, until it is dropped.
struct Pending<'a>(&'a AtomicU64, u64);

impl<'a> Pending<'a> {
    fn new(pending: &'a AtomicU64, pixels: u64) -> Self {
        pending.fetch_add(pixels, Ordering::Relaxed);
        Self(pending, pixels)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// A picture without content.
fn sample() -> Gray {
    let (width, height) = (320u32, 240u32);
    let noise = (0..width * height).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
    Gray::new(width, height, noise.collect())
}

fn pixels(picture: &Gray) -> u64 {
    u64::from(picture.width()) * u64::from(picture.height())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Recognizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let functions: Vec<_> = self.functions().collect();
        f.debug_struct("Recognizer")
            .field("functions", &functions)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_linear_in_the_pixels_and_follows_what_is_measured() {
        let mut pace = Pace::default();
        assert_eq!(pace.of(1000), Duration::ZERO);
        pace.note(1000, Duration::from_micros(10));
        assert_eq!(pace.of(5000), Duration::from_micros(50));
        for _ in 0..200 {
            pace.note(100, Duration::from_micros(2));
        }
        assert!(pace.of(1000).abs_diff(Duration::from_micros(20)) < Duration::from_nanos(10));
    }

    /// Fails at each picture.
    struct Broken;

    impl Detector for Broken {
        fn detect(&mut self, _: &Gray) -> Result<Vec<super::super::detector::Object>, String> {
            panic!("broken")
        }
    }

    #[test]
    fn a_detector_that_panics_costs_one_call() {
        let detectors: Mutex<Vec<Box<dyn Detector>>> = Mutex::new(vec![Box::new(Broken)]);
        for _ in 0..3 {
            let error = search(&detectors, &sample()).unwrap_err();
            assert!(error.contains("failed at this picture"), "{error}");
        }
    }
}
