//! `facerecclient`: sends pictures, and shows what was found in them.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Parser;
use image::RgbImage;
use sim_core::libstdcxx::general;
use sim_core::{SimDuration, SimTime, Streams};
use soe_model::catalogue::Value;
use soe_model::client::size::SIZES;
use soe_model::client::{Client, ClientSpec, Generator, Protocol};
use tokio::time::{Duration, Instant, sleep_until};
use tracing::warn;
use uuid::Uuid;

use super::detector::{Object, from_json};
use super::picture;
use crate::client::{CallError, Caller, Interval, Patience, Statistics, report};
use crate::command::{ClientConf, Endpoint, Failure, Output, Stop, seconds};
use crate::mec::{EtsiOptions, Follower};
use crate::rpc::LambdaRequest;

/// Sends a picture to be searched for faces, once or repeatedly, and optionally each
/// face to be searched for eyes.
///
/// Each executed call becomes a line: time of the response, latency, both in seconds,
/// load of the processor in percent, computer, function, hops. What was found goes to
/// the log, and with --save into a picture.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "facerecclient",
    after_help = "\
Examples:
  facerecclient --server 127.0.0.1:6473 --image portrait.png --save found.png
  facerecclient --server 127.0.0.1:6473 --image portrait.png --eyes --lambda-eyes eyerec0
  facerecclient --image portrait.png --loop --loop-delay 0.5 --loop-type poisson --duration 60"
)]
pub struct Options {
    /// The broker or computer to call
    #[arg(long, value_name = "ENDPOINT", default_value = "localhost:6473")]
    server_endpoint: Endpoint,

    /// Transport of calls, see edgeclient
    #[arg(long, value_name = "CONF", default_value = "type=grpc")]
    client_conf: ClientConf,

    #[command(flatten)]
    patience: Patience,

    #[command(flatten)]
    etsi: EtsiOptions,

    /// The function that finds faces
    #[arg(long, value_name = "FUNCTION", default_value = "facerec0")]
    lambda_faces: String,

    /// The function that finds eyes in a face
    #[arg(long, value_name = "FUNCTION", default_value = "eyerec0")]
    lambda_eyes: String,

    /// Also find the eyes of each face
    #[arg(long)]
    eyes: bool,

    /// The picture, PNG or JPEG
    #[arg(
        long,
        value_name = "FILE",
        default_value = "",
        hide_default_value = true
    )]
    image: String,

    /// Take pictures from the camera, instead of --image (with OpenCV)
    #[arg(long, conflicts_with = "image")]
    camera: bool,

    /// Write the last picture with frames around what was found, as PNG or JPEG
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Show each picture with frames around what was found (with OpenCV and a display)
    #[arg(long)]
    show: bool,

    /// Only estimate the processing time, without searching
    #[arg(long)]
    dry: bool,

    /// Send pictures until --duration or --max-requests or a signal
    #[arg(long = "loop")]
    again: bool,

    /// Mean time from one picture to the next, in seconds; 0 sends each when the previous
    /// one was answered
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    loop_delay: SimDuration,

    /// Distribution of the times between pictures
    #[arg(long, value_name = "TYPE", value_enum, default_value_t = Interval::Constant)]
    loop_type: Interval,

    /// Stop after this time, in seconds; 0 is no limit
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    duration: SimDuration,

    /// Stop after this number of pictures [default: no limit]
    #[arg(long, value_name = "PICTURES")]
    max_requests: Option<u64>,

    /// Output file; none if empty
    #[arg(long, value_name = "FILE", default_value = "")]
    output_file: String,

    /// Append to the output file instead of replacing it
    #[arg(long)]
    output_append: bool,

    /// Added to the times in the output file, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    output_time_offset: SimDuration,

    /// Seed of all random draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

const FACE: [u8; 3] = [255, 0, 0];
const EYE: [u8; 3] = [0, 255, 0];

/// Runs the executable.
///
/// # Errors
/// If an option is impossible, a file cannot be read or written, or a call failed.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    let checked = options.client_conf.check(options.patience.secure);
    checked.map_err(|error| Failure::Input(format!("--client-conf: {error}")))?;
    let mut source = Source::open(&options)?;
    let security = options.patience.security()?;
    let (transport, timeout) = (options.client_conf.transport, options.patience.timeout());
    let endpoint = options.server_endpoint.as_str();
    let machine = Client::new(&options.client()?, &Streams::new(options.seed, 0));
    let mut machine = machine.map_err(Failure::input)?;
    // What serves the notifications has to outlive the calls.
    let close = Stop::new();
    let device = options.etsi.start(&close).await?;
    let whom = match &device {
        None => Whom::Endpoint(Caller::over(transport, endpoint, &security, timeout)?),
        Some(device) => {
            let follower = Follower::new(device.clone(), security, timeout);
            Whom::Context(follower.over(transport))
        }
    };
    let mut session = Session {
        whom,
        output: match options.output_file.as_str() {
            "" => None,
            path => Some(Output::open(path, options.output_append)?),
        },
        statistics: Statistics::new(),
        origin: Instant::now(),
        options: &options,
    };
    let mut last = None;
    let searched = search_all(&mut session, &mut source, &mut machine, &mut last, &stop).await;
    if let Some(device) = device {
        device.close().await;
    }
    close.stop();
    searched?;
    if let (Some(path), Some((picture, found))) = (&options.save, &last) {
        save(path, picture, found)?;
    }
    report(&session.statistics);
    session.statistics.verdict()
}

/// Has pictures searched until there are enough, or it is told to stop; `last` gets the
/// last one.
async fn search_all(
    session: &mut Session<'_>,
    source: &mut Source,
    machine: &mut Client,
    last: &mut Option<(Bytes, Found)>,
    stop: &Stop,
) -> Result<(), Failure> {
    let origin = session.origin;
    let now = || SimTime::from_nanos(origin.elapsed().as_nanos() as u64);
    loop {
        while let Some(call) = machine.wake(now()) {
            let picture = source.next()?;
            tokio::select! {
                searched = session.search(&picture) => {
                    let found = searched?;
                    machine.answered(now(), call.number, 0, found.is_some());
                    if let Some(found) = found {
                        source.show(&picture, &found)?;
                        *last = Some((picture, found));
                    }
                }
                () = stop.wait() => return Ok(()),
            }
        }
        let Some(due) = machine.next_wake() else {
            return Ok(());
        };
        tokio::select! {
            () = sleep_until(origin + Duration::from_nanos(due.as_nanos())) => {}
            () = stop.wait() => return Ok(()),
        }
    }
}

/// Whom the client calls.
enum Whom {
    Endpoint(Caller),
    /// The endpoint of the context of each function.
    Context(Follower),
}

/// What was found in a picture.
#[derive(Clone, Debug, Default)]
struct Found {
    faces: Vec<Object>,
    eyes: Vec<Object>,
}

/// The calls of one run.
struct Session<'a> {
    whom: Whom,
    output: Option<Output>,
    statistics: Statistics,
    origin: Instant,
    options: &'a Options,
}

impl Session<'_> {
    /// Has a picture searched; `None` if a call failed.
    async fn search(&mut self, picture: &Bytes) -> Result<Option<Found>, Failure> {
        let options = self.options;
        let Some(faces) = self.call(&options.lambda_faces, picture.clone()).await? else {
            return Ok(None);
        };
        let mut found = Found {
            faces,
            eyes: Vec::new(),
        };
        if options.eyes && !found.faces.is_empty() {
            let whole = picture::colour(picture).map_err(Failure::Input)?;
            for face in &found.faces {
                let part = match picture::part(&whole, *face) {
                    Ok(part) => part,
                    Err(error) => {
                        self.failed(&options.lambda_faces, &error);
                        return Ok(None);
                    }
                };
                let Some(eyes) = self.call(&options.lambda_eyes, part.into()).await? else {
                    return Ok(None);
                };
                found
                    .eyes
                    .extend(eyes.into_iter().map(|eye| eye.inside(*face)));
            }
        }
        for (what, objects) in [("face", &found.faces), ("eye", &found.eyes)] {
            for Object {
                x,
                y,
                width,
                height,
            } in objects
            {
                tracing::info!("{what} of {width} x {height} at ({x}, {y})");
            }
        }
        Ok(Some(found))
    }

    /// The objects that one function finds.
    async fn call(
        &mut self,
        function: &str,
        picture: Bytes,
    ) -> Result<Option<Vec<Object>>, Failure> {
        let request = LambdaRequest {
            name: function.to_owned(),
            datain: picture,
            dry: self.options.dry,
            uuid: Uuid::new_v4().to_string(),
            ..LambdaRequest::default()
        };
        let sent = Instant::now();
        let answer = match &self.whom {
            Whom::Endpoint(caller) => caller.call(request).await,
            Whom::Context(follower) => follower.call(request).await,
        };
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                self.failed(function, &error.to_string());
                return match error {
                    CallError::Refused(_)
                    | CallError::Status(_)
                    | CallError::Timeout(_)
                    | CallError::Transport(_) => Ok(None),
                    error => Err(Failure::run(error)),
                };
            }
        };
        let latency = sent.elapsed().as_secs_f64();
        let processing = f64::from(response.ptime) / 1e3;
        self.statistics.executed(latency, processing);
        if let Some(output) = &mut self.output {
            let offset = self.options.output_time_offset.as_secs_f64();
            let line = format!(
                "{} {} {} {} {function} {}",
                general(offset + self.origin.elapsed().as_secs_f64()),
                general(if self.options.dry {
                    processing
                } else {
                    latency
                }),
                response.load1,
                response.responder,
                response.hops
            );
            output.line(line)?;
        }
        if self.options.dry || response.output.is_empty() {
            return Ok(Some(Vec::new()));
        }
        match from_json(&response.output) {
            Ok(objects) => Ok(Some(objects)),
            Err(error) => {
                self.failed(function, &error);
                Ok(None)
            }
        }
    }

    fn failed(&mut self, function: &str, error: &str) {
        if self.statistics.failed(error) {
            warn!("{function}: {error}");
        }
    }
}

/// Writes a picture with frames around what was found.
fn save(path: &Path, picture: &[u8], found: &Found) -> Result<(), Failure> {
    let framed = framed(picture, found)?;
    let failed = |error: image::ImageError| {
        Failure::Run(format!("{}: cannot write: {error}", path.display()))
    };
    framed.save(path).map_err(failed)
}

fn framed(picture: &[u8], found: &Found) -> Result<RgbImage, Failure> {
    let mut framed = picture::colour(picture).map_err(Failure::Input)?;
    for face in &found.faces {
        picture::frame(&mut framed, *face, FACE);
    }
    for eye in &found.eyes {
        picture::frame(&mut framed, *eye, EYE);
    }
    Ok(framed)
}

/// Where pictures come from, and are shown.
struct Source {
    image: Option<Bytes>,
    #[cfg(feature = "opencv")]
    camera: Option<super::opencv::Camera>,
    show: bool,
}

impl Source {
    fn open(options: &Options) -> Result<Self, Failure> {
        #[cfg(not(feature = "opencv"))]
        for (option, given) in [("--camera", options.camera), ("--show", options.show)] {
            if given {
                return Err(Failure::Input(format!(
                    "{option} is not part of this build: build with `--features opencv`"
                )));
            }
        }
        let image = match options.image.as_str() {
            "" if !options.camera => {
                return Err(Failure::Input(
                    "there is no picture: give --image FILE or --camera".to_owned(),
                ));
            }
            "" => None,
            path => {
                let read = std::fs::read(path);
                let read =
                    read.map_err(|error| Failure::Input(format!("{path}: cannot read: {error}")))?;
                Some(Bytes::from(read))
            }
        };
        Ok(Self {
            #[cfg(feature = "opencv")]
            camera: match image {
                Some(_) => None,
                None => Some(super::opencv::Camera::open().map_err(Failure::Run)?),
            },
            image,
            show: options.show,
        })
    }

    /// The next picture.
    fn next(&mut self) -> Result<Bytes, Failure> {
        #[cfg(feature = "opencv")]
        if let Some(camera) = &mut self.camera {
            return camera.picture().map(Bytes::from).map_err(Failure::Run);
        }
        Ok(self.image.clone().unwrap_or_default())
    }

    fn show(&self, picture: &[u8], found: &Found) -> Result<(), Failure> {
        if !self.show {
            return Ok(());
        }
        let framed = framed(picture, found)?;
        #[cfg(feature = "opencv")]
        super::opencv::show(&framed).map_err(Failure::Run)?;
        drop(framed);
        Ok(())
    }
}

impl Options {
    /// The client of the model.
    fn client(&self) -> Result<ClientSpec, Failure> {
        let sizes = Value::ByteList([soe_model::units::Bytes(1)].into());
        let sizes = SIZES.configure("list", vec![("sizes".into(), sizes)]);
        Ok(ClientSpec {
            name: "client".to_owned(),
            node: String::new(),
            function: self.lambda_faces.clone(),
            destinations: vec![self.server_endpoint.to_string()],
            context: None,
            persistence: 0.0,
            arrivals: self.loop_type.arrivals(self.loop_delay)?,
            sizes: sizes.map_err(Failure::input)?,
            start: SimTime::ZERO,
            stop: (!self.duration.is_zero()).then(|| SimTime::ZERO + self.duration),
            max_calls: match self.again {
                true => self.max_requests,
                false => Some(self.max_requests.unwrap_or(1)),
            },
            generator: Generator::Original { index: 0 },
            protocol: Protocol::Grpc,
        })
    }
}
