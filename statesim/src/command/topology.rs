//! Generates and shows topologies.

use std::io::Write;
use std::path::{Path, PathBuf};

use analysis::WholeFile;
use sim_core::SimDuration;
use soe_model::topology::generate::{Iiot, LinkSpec, UrbanSensing};
use soe_model::topology::{Inventory, Topology};

use super::distances::{DistancesArgs, distances};
use super::{CommandError, print};

/// Generates or shows the topology of an edge network.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum TopologyCommand {
    /// Generate a topology with the structure of a published one
    #[command(subcommand)]
    Generate(Generate),
    /// Count the parts of a topology, and draw it
    Show(Show),
    /// Make a table of distances from coordinates
    Distances(DistancesArgs),
}

/// The kinds of topologies that can be made.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Generate {
    /// Factory premises, each with its own sensors, gateways and cloudlet
    Iiot(IiotArgs),
    /// Cells of a city with sensors and cameras, and one cloudlet for all
    UrbanSensing(UrbanArgs),
}

/// Where the files of a topology go.
#[derive(Clone, Debug, clap::Args)]
pub struct Target {
    /// Seed of the random parts of the structure
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Prefix of the files PREFIX.nodes, PREFIX.links, PREFIX.edges
    #[arg(long, value_name = "PREFIX", default_value = "topology")]
    pub output: PathBuf,
    #[command(flatten)]
    drawings: Drawings,
}

/// Pictures of a topology.
#[derive(Clone, Debug, clap::Args)]
pub struct Drawings {
    /// Also draw it, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Also write it as a graph for GraphViz
    #[arg(long, value_name = "FILE")]
    pub dot: Option<PathBuf>,
}

/// Rates and latencies of links.
#[derive(Clone, Debug, clap::Args)]
pub struct Links {
    /// Rate between a node and its switch, in Mb/s
    #[arg(long, value_name = "MBPS", default_value_t = 1000.0)]
    pub node_rate: f64,
    /// Latency of links between a node and its switch, in ms
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    pub node_latency: f64,
    /// Latency of a shared medium, in ms
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    pub shared_latency: f64,
    /// Latency of uplinks and downlinks, in ms
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    pub access_latency: f64,
    /// Latency of links to a cloudlet, in ms
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    pub cloudlet_latency: f64,
}

/// Sizes and rates of an industrial network.
#[derive(Clone, Debug, clap::Args)]
pub struct IiotArgs {
    /// Number of premises
    #[arg(long, default_value_t = 4)]
    pub premises: usize,
    /// Sensors (Raspberry Pi 3) of each premises
    #[arg(long, default_value_t = 3)]
    pub sensors: usize,
    /// Gateways (NUC) of each premises
    #[arg(long, default_value_t = 1)]
    pub gateways: usize,
    /// Boards with a GPU (Jetson TX2) of each premises
    #[arg(long, default_value_t = 1)]
    pub accelerators: usize,
    /// Racks of each cloudlet
    #[arg(long, default_value_t = 3)]
    pub racks: usize,
    /// Servers of each rack
    #[arg(long, default_value_t = 5)]
    pub servers: usize,
    /// Exchange points, all joined
    #[arg(long, default_value_t = 2)]
    pub exchange_points: usize,
    /// Rate of the wireless medium of the sensors, in Mb/s
    #[arg(long, value_name = "MBPS", default_value_t = 300.0)]
    pub shared_rate: f64,
    /// Rate from the premises, in Mb/s
    #[arg(long, value_name = "MBPS", default_value_t = 50.0)]
    pub up_rate: f64,
    /// Rate to the premises, in Mb/s
    #[arg(long, value_name = "MBPS", default_value_t = 500.0)]
    pub down_rate: f64,
    /// Rate between premises and cloudlet, in Mb/s
    #[arg(long, value_name = "MBPS", default_value_t = 10_000.0)]
    pub cloudlet_rate: f64,
    #[command(flatten)]
    links: Links,
    #[command(flatten)]
    target: Target,
}

/// Sizes and rates of a network of urban sensing.
#[derive(Clone, Debug, clap::Args)]
pub struct UrbanArgs {
    /// Number of cells
    #[arg(long, default_value_t = 5)]
    pub cells: usize,
    /// Median number of neighbourhoods of a cell
    #[arg(long, default_value_t = 4.5)]
    pub neighbourhoods: f64,
    /// Sensors (Raspberry Pi 3) of each neighbourhood
    #[arg(long, default_value_t = 2)]
    pub sensors: usize,
    /// Cameras (Jetson TX2) for each neighbourhood
    #[arg(long, default_value_t = 2)]
    pub cameras: usize,
    /// Gateways (NUC) of each cell
    #[arg(long, default_value_t = 1)]
    pub gateways: usize,
    /// Racks of the cloudlet
    #[arg(long, default_value_t = 2)]
    pub racks: usize,
    /// Servers of each rack
    #[arg(long, default_value_t = 5)]
    pub servers: usize,
    /// Rate of the medium that joins the switches of a cell, in Mb/s
    #[arg(long, value_name = "MBPS", default_value_t = 500.0)]
    pub shared_rate: f64,
    /// Rate from a cell, in Mb/s
    #[arg(long, value_name = "MBPS", default_value_t = 25.0)]
    pub up_rate: f64,
    /// Rate to a cell, in Mb/s
    #[arg(long, value_name = "MBPS", default_value_t = 125.0)]
    pub down_rate: f64,
    /// Rate to and from the cloudlet, in Mb/s
    #[arg(long, value_name = "MBPS", default_value_t = 1000.0)]
    pub cloudlet_rate: f64,
    #[command(flatten)]
    links: Links,
    #[command(flatten)]
    target: Target,
}

/// The files of a topology to look at.
#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// Nodes, links and edges file; or the common prefix of their names, before
    /// `.nodes`, `.links`, `.edges`
    #[arg(value_name = "FILE", num_args = 1..=3, required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    drawings: Drawings,
}

/// Makes or shows a topology.
///
/// # Errors
/// If sizes or rates make no sense, or files cannot be read or written.
pub fn topology(command: &TopologyCommand) -> Result<(), CommandError> {
    match command {
        TopologyCommand::Generate(Generate::Iiot(args)) => {
            let topology = args.parameters()?.generate(args.target.seed)?;
            write(&topology, &args.target)
        }
        TopologyCommand::Generate(Generate::UrbanSensing(args)) => {
            let topology = args.parameters()?.generate(args.target.seed)?;
            write(&topology, &args.target)
        }
        TopologyCommand::Show(args) => {
            let topology = args.read()?;
            print(&Inventory::of(&topology).to_string())?;
            draw(&topology, &args.drawings)
        }
        TopologyCommand::Distances(args) => distances(args),
    }
}

impl IiotArgs {
    fn parameters(&self) -> Result<Iiot, CommandError> {
        Ok(Iiot {
            premises: self.premises,
            sensors: self.sensors,
            gateways: self.gateways,
            accelerators: self.accelerators,
            racks: self.racks,
            servers: self.servers,
            exchange_points: self.exchange_points,
            node: link(self.links.node_rate, self.links.node_latency)?,
            shared: link(self.shared_rate, self.links.shared_latency)?,
            up: link(self.up_rate, self.links.access_latency)?,
            down: link(self.down_rate, self.links.access_latency)?,
            cloudlet: link(self.cloudlet_rate, self.links.cloudlet_latency)?,
        })
    }
}

impl UrbanArgs {
    fn parameters(&self) -> Result<UrbanSensing, CommandError> {
        Ok(UrbanSensing {
            cells: self.cells,
            neighbourhoods: self.neighbourhoods,
            sensors: self.sensors,
            cameras: self.cameras,
            gateways: self.gateways,
            racks: self.racks,
            servers: self.servers,
            node: link(self.links.node_rate, self.links.node_latency)?,
            shared: link(self.shared_rate, self.links.shared_latency)?,
            up: link(self.up_rate, self.links.access_latency)?,
            down: link(self.down_rate, self.links.access_latency)?,
            cloudlet: link(self.cloudlet_rate, self.links.cloudlet_latency)?,
        })
    }
}

fn link(rate_mbps: f64, latency_ms: f64) -> Result<LinkSpec, CommandError> {
    let latency = SimDuration::try_from_secs_f64(latency_ms / 1e3).ok_or_else(|| {
        CommandError::Usage(format!("a latency is {latency_ms} ms, expected 0 or more"))
    })?;
    Ok(LinkSpec { rate_mbps, latency })
}

impl Show {
    fn read(&self) -> Result<Topology, CommandError> {
        match &self.files[..] {
            [nodes, links, edges] => Ok(Topology::read(nodes, links, edges)?),
            [prefix] => {
                let [nodes, links, edges] = files(prefix);
                Ok(Topology::read(nodes, links, edges)?)
            }
            _ => Err(CommandError::Usage(
                "found two files, expected nodes, links and edges, or one prefix".into(),
            )),
        }
    }
}

fn files(prefix: &Path) -> [PathBuf; 3] {
    ["nodes", "links", "edges"].map(|kind| {
        let mut file = prefix.as_os_str().to_owned();
        file.push(format!(".{kind}"));
        PathBuf::from(file)
    })
}

fn write(topology: &Topology, target: &Target) -> Result<(), CommandError> {
    // All are written before the first takes its name.
    let mut complete = Vec::new();
    for (path, text) in files(&target.output).into_iter().zip(topology.to_files()) {
        let written = WholeFile::create(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.flush()?;
            Ok(file)
        });
        match written {
            Ok(file) => complete.push((path, file)),
            Err(cause) => return Err(CommandError::File { path, cause }),
        }
    }
    for (path, file) in complete {
        file.finish()
            .map_err(|cause| CommandError::File { path, cause })?;
    }
    print(&Inventory::of(topology).to_string())?;
    draw(topology, &target.drawings)
}

fn draw(topology: &Topology, drawings: &Drawings) -> Result<(), CommandError> {
    if let Some(path) = &drawings.svg {
        write_file(path, &topology.to_svg())?;
    }
    if let Some(path) = &drawings.dot {
        write_file(path, &topology.to_dot())?;
    }
    Ok(())
}

pub(super) fn write_file(path: &Path, text: &str) -> Result<(), CommandError> {
    WholeFile::write(path, text).map_err(|cause| CommandError::File {
        path: path.to_owned(),
        cause,
    })
}
