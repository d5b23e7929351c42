//! Draws topologies: as text for GraphViz and as a picture.

mod dot;
mod svg;

use super::{Device, LinkClass, VertexKind};

/// Fill colour of a vertex, of the colour-blind safe palette of Okabe and Ito.
fn colour(kind: &VertexKind) -> &'static str {
    match kind {
        VertexKind::Processing(processor) => match processor.device {
            Device::Server => "#0072B2",
            Device::Nuc => "#009E73",
            Device::JetsonTx2 => "#D55E00",
            Device::RaspberryPi3 => "#CC79A7",
        },
        VertexKind::Link(link) => match link.class {
            LinkClass::Node => "#BBBBBB",
            LinkClass::Shared => "#F0E442",
            LinkClass::Downlink => "#56B4E9",
            LinkClass::Uplink => "#E69F00",
        },
        VertexKind::Networking => "#000000",
    }
}
