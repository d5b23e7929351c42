//! What a study comes to when it is read and complete.

use super::axis::Axis;
use super::figure::FigureSpec;
use super::finding::FindingSpec;
use super::replications::Replications;
use super::selector::Selector;
use super::subject::Subject;

/// A study, checked and complete.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The title, in one line.
    pub title: String,
    /// The root of all random draws: replication `i` of every point draws from the
    /// streams of this seed and `i`.
    pub seed: u64,
    /// How often each point is repeated.
    pub replications: Replications,
    /// What is varied.
    pub subject: Subject,
    /// The axes of the grid.
    pub axes: Vec<Axis>,
    /// The points of the grid that no filter drops: one item of each axis, the last
    /// axis varying fastest.
    pub points: Vec<Vec<usize>>,
    /// The filters, as they were written.
    pub filters: Vec<String>,
    /// The metrics that are kept; all if empty.
    pub metrics: Vec<Selector>,
    /// The figures.
    pub figures: Vec<FigureSpec>,
    /// Its findings.
    pub findings: Vec<FindingSpec>,
}

impl Plan {
    /// A point in words: `jobs = 50, network = iiot`.
    pub fn describe(&self, point: usize) -> String {
        let items = self.axes.iter().zip(&self.points[point]);
        let items: Vec<_> = items
            .map(|(axis, &item)| format!("{} = {}", axis.name, axis.items[item].label))
            .collect();
        if items.is_empty() {
            "the only point".to_owned()
        } else {
            items.join(", ")
        }
    }

    /// All metrics that it names.
    pub(super) fn named(&self) -> impl Iterator<Item = &Selector> {
        let kept = self.metrics.iter().chain(&self.replications.of);
        let figures = self.figures.iter().map(|figure| &figure.metric);
        kept.chain(figures)
            .chain(self.findings.iter().map(|finding| &finding.metric))
    }
}
