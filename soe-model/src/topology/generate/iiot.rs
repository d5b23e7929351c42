//! Factory premises, each with its own sensors, gateways and cloudlet.

use sim_core::Streams;

use super::{
    AT_LEAST_ONE, Draft, GenerateError, LinkSpec, MAX_NODES, SIZES, check_rate, check_size,
};
use crate::topology::{Device, LinkClass, Topology};

/// Parameters of an industrial network. The defaults are the sizes and rates of the
/// published `iiot.0`: 4 premises, 80 processing nodes, 100 links.
///
/// ```text
/// rpi3 ..┐                   server ..┐
/// rpi3 ──┴─ link (shared) ─┐ server ──┴─ switch_lan ┐
///                          │                        ├─ switch_cloudlet
/// nuc ─┐                   │      up/down_cloudlet ─┘
/// tx2 ─┴─ switch_lan ── switch_lan ─┘
///                          └─ up/down_lan ── internet
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Iiot {
    /// Number of premises.
    pub premises: usize,
    /// Sensors (Raspberry Pi 3) of each premises, which share a wireless medium.
    pub sensors: usize,
    /// Gateways (NUC) of each premises.
    pub gateways: usize,
    /// Boards with a GPU (Jetson TX2) of each premises.
    pub accelerators: usize,
    /// Racks of each premises' cloudlet.
    pub racks: usize,
    /// Servers of each rack.
    pub servers: usize,
    /// Exchange points, all joined; each premises is attached to one at random.
    pub exchange_points: usize,
    /// Link between a node and its switch.
    pub node: LinkSpec,
    /// Wireless medium of the sensors.
    pub shared: LinkSpec,
    /// From the premises to the exchange point.
    pub up: LinkSpec,
    /// From the exchange point to the premises.
    pub down: LinkSpec,
    /// Between premises and cloudlet, either way.
    pub cloudlet: LinkSpec,
}

impl Default for Iiot {
    fn default() -> Self {
        Self {
            premises: 4,
            sensors: 3,
            gateways: 1,
            accelerators: 1,
            racks: 3,
            servers: 5,
            exchange_points: 2,
            node: LinkSpec::new(1000.0),
            shared: LinkSpec::new(300.0),
            up: LinkSpec::new(50.0),
            down: LinkSpec::new(500.0),
            cloudlet: LinkSpec::new(10_000.0),
        }
    }
}

impl Iiot {
    /// Makes the network. The seed decides at which exchange point each premises is.
    ///
    /// # Errors
    /// If a size or a rate makes no sense.
    pub fn generate(&self, seed: u64) -> Result<Topology, GenerateError> {
        self.check()?;
        let mut attachment = Streams::new(seed, 0).stream("iiot", "exchange points");
        let mut draft = Draft::default();
        let exchanges: Vec<String> = (0..self.exchange_points)
            .map(|_| draft.name("internet"))
            .collect();
        for _ in 0..self.premises {
            let at = (attachment.uniform() * exchanges.len() as f64) as usize;
            self.add_premises(&mut draft, &exchanges[at]);
        }
        for (i, one) in exchanges.iter().enumerate() {
            for other in &exchanges[i + 1..] {
                draft.join(one, other);
            }
        }
        draft.finish()
    }

    fn add_premises(&self, draft: &mut Draft, exchange: &str) {
        let site = draft.name("switch_lan");
        let machines = draft.name("switch_lan");
        for _ in 0..self.gateways {
            draft.node(Device::Nuc, self.node, &machines);
        }
        for _ in 0..self.accelerators {
            draft.node(Device::JetsonTx2, self.node, &machines);
        }
        draft.join(&machines, &site);
        let medium = draft.name("link");
        for _ in 0..self.sensors {
            draft.node(Device::RaspberryPi3, self.node, &medium);
        }
        draft.link(&medium, LinkClass::Shared, self.shared);
        draft.join(&medium, &site);
        let number = site.trim_start_matches("switch_");
        draft.line(number, &site, exchange, self.up, self.down);
        let cloudlet = draft.cloudlet(self.racks, self.servers, self.node);
        let number = cloudlet.trim_start_matches("switch_");
        draft.line(number, &cloudlet, &site, self.cloudlet, self.cloudlet);
    }

    fn check(&self) -> Result<(), GenerateError> {
        check_size("premises", self.premises, &AT_LEAST_ONE)?;
        check_size("exchange points", self.exchange_points, &(1..=1000))?;
        for (name, size) in [
            ("sensors", self.sensors),
            ("gateways", self.gateways),
            ("accelerators", self.accelerators),
            ("racks", self.racks),
            ("servers", self.servers),
        ] {
            check_size(name, size, &SIZES)?;
        }
        let cloudlet = self.racks.saturating_mul(self.servers);
        let each = self.sensors + self.gateways + self.accelerators;
        let all = self.premises.saturating_mul(cloudlet.saturating_add(each));
        check_size("the number of processing nodes", all, &(1..=MAX_NODES))?;
        check_rate("the rate of node links", &self.node)?;
        check_rate("the rate of the shared medium", &self.shared)?;
        check_rate("the uplink rate", &self.up)?;
        check_rate("the downlink rate", &self.down)?;
        check_rate("the cloudlet rate", &self.cloudlet)
    }
}
