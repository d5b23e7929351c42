//! Cells of a city with sensors and cameras, and one cloudlet for all.

use sim_core::Streams;

use super::{
    AT_LEAST_ONE, Draft, GenerateError, LinkSpec, MAX_NODES, SIZES, check_rate, check_size,
};
use crate::topology::{Device, LinkClass, Topology};

/// Parameters of a network of urban sensing. The defaults are the sizes and rates of
/// the published `urban_sensing.0`: 5 cells, about 100 processing nodes.
///
/// ```text
/// rpi3 ─┐
/// rpi3 ─┴─ switch_lan ─┐
///  ...                 ├─ link (shared) ─ up/down_shared ─┐
/// nuc ─┐               │                                  │
/// tx2 ─┼─ switch_lan ──┘                               internet
/// tx2 ─┘                                                  │
/// server ── switch_lan ── switch_cloudlet ─ up/down_cloudlet
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UrbanSensing {
    /// Number of cells.
    pub cells: usize,
    /// Median number of neighbourhoods of a cell; their number is log-normal with a
    /// deviation of 0.5 in the logarithm, as in the published topologies, at least 1.
    pub neighbourhoods: f64,
    /// Sensors (Raspberry Pi 3) of each neighbourhood.
    pub sensors: usize,
    /// Cameras (Jetson TX2) for each neighbourhood, at the cell's own switch.
    pub cameras: usize,
    /// Gateways (NUC) of each cell.
    pub gateways: usize,
    /// Racks of the cloudlet.
    pub racks: usize,
    /// Servers of each rack.
    pub servers: usize,
    /// Link between a node and its switch.
    pub node: LinkSpec,
    /// Medium that joins the switches of a cell.
    pub shared: LinkSpec,
    /// From a cell to the exchange point.
    pub up: LinkSpec,
    /// From the exchange point to a cell.
    pub down: LinkSpec,
    /// Between the exchange point and the cloudlet, either way.
    pub cloudlet: LinkSpec,
}

impl Default for UrbanSensing {
    fn default() -> Self {
        Self {
            cells: 5,
            neighbourhoods: 4.5,
            sensors: 2,
            cameras: 2,
            gateways: 1,
            racks: 2,
            servers: 5,
            node: LinkSpec::new(1000.0),
            shared: LinkSpec::new(500.0),
            up: LinkSpec::new(25.0),
            down: LinkSpec::new(125.0),
            cloudlet: LinkSpec::new(1000.0),
        }
    }
}

const NEIGHBOURHOODS_DEVIATION: f64 = 0.5;
const MAX_NEIGHBOURHOODS: f64 = 10_000.0;

impl UrbanSensing {
    /// Makes the network. The seed decides how many neighbourhoods each cell has.
    ///
    /// # Errors
    /// If a size or a rate makes no sense.
    pub fn generate(&self, seed: u64) -> Result<Topology, GenerateError> {
        self.check()?;
        let mut sizes = Streams::new(seed, 0).stream("urban sensing", "neighbourhoods");
        let mut draft = Draft::default();
        let exchange = draft.name("internet");
        for _ in 0..self.cells {
            let size = self.neighbourhoods * libm::exp(NEIGHBOURHOODS_DEVIATION * sizes.normal());
            self.add_cell(&mut draft, libm::round(size).max(1.0) as usize, &exchange);
            if draft.nodes.len() > MAX_NODES {
                break;
            }
        }
        let cloudlet = draft.cloudlet(self.racks, self.servers, self.node);
        let number = cloudlet.trim_start_matches("switch_");
        draft.line(number, &cloudlet, &exchange, self.cloudlet, self.cloudlet);
        draft.finish()
    }

    fn add_cell(&self, draft: &mut Draft, neighbourhoods: usize, exchange: &str) {
        let medium = draft.name("link");
        for _ in 0..neighbourhoods {
            let switch = draft.name("switch_lan");
            for _ in 0..self.sensors {
                draft.node(Device::RaspberryPi3, self.node, &switch);
            }
            draft.join(&switch, &medium);
        }
        let switch = draft.name("switch_lan");
        for _ in 0..self.gateways {
            draft.node(Device::Nuc, self.node, &switch);
        }
        for _ in 0..neighbourhoods * self.cameras {
            draft.node(Device::JetsonTx2, self.node, &switch);
        }
        draft.join(&switch, &medium);
        draft.link(&medium, LinkClass::Shared, self.shared);
        let line = draft.name("shared");
        draft.line(&line, &medium, exchange, self.up, self.down);
    }

    fn check(&self) -> Result<(), GenerateError> {
        check_size("cells", self.cells, &AT_LEAST_ONE)?;
        if !(1.0..=MAX_NEIGHBOURHOODS).contains(&self.neighbourhoods) {
            return Err(GenerateError {
                parameter: "neighbourhoods",
                found: self.neighbourhoods.to_string(),
                allowed: format!("1 to {MAX_NEIGHBOURHOODS}"),
            });
        }
        for (name, size) in [
            ("sensors", self.sensors),
            ("cameras", self.cameras),
            ("gateways", self.gateways),
            ("racks", self.racks),
            ("servers", self.servers),
        ] {
            check_size(name, size, &SIZES)?;
        }
        let devices = (self.sensors + self.cameras) as f64 * self.neighbourhoods;
        let expected = self.cells as f64 * (devices + self.gateways as f64)
            + self.racks as f64 * self.servers as f64;
        check_size(
            "the number of processing nodes",
            expected as usize,
            &(1..=MAX_NODES),
        )?;
        check_rate("the rate of node links", &self.node)?;
        check_rate("the rate of the shared medium", &self.shared)?;
        check_rate("the uplink rate", &self.up)?;
        check_rate("the downlink rate", &self.down)?;
        check_rate("the cloudlet rate", &self.cloudlet)
    }
}
