//! The order in which the steps of a workflow run.

/// The most steps of a workflow.
const MOST_STEPS: usize = 10_000;

/// Steps and what follows each: step 0 begins, the last one ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Graph {
    successors: Vec<Vec<u32>>,
    predecessors: Vec<Vec<u32>>,
    /// All steps, each after its predecessors.
    order: Vec<u32>,
}

/// Why steps cannot be put in order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A successor that does not exist, or the entry.
    #[error(
        "Invalid successor graph: step {step} has successor {successor}, allowed are steps 1 to \
         {last}"
    )]
    Successor {
        /// The step that is followed.
        step: usize,
        /// What was found.
        successor: u64,
        /// The last step.
        last: usize,
    },
    /// A successor is listed twice.
    #[error("Invalid successor graph: step {step} has successor {successor} twice")]
    Repeated {
        /// The step that is followed.
        step: usize,
        /// What was found twice.
        successor: u32,
    },
    /// Only the last step may end the workflow.
    #[error(
        "Invalid successor graph: step {step} has no successor; only the last step, {last}, may \
         have none"
    )]
    SecondExit {
        /// The other end.
        step: usize,
        /// The last step.
        last: usize,
    },
    /// Only step 0 may begin the workflow.
    #[error("Invalid successor graph: step {step} has no predecessor; only step 0 may have none")]
    SecondEntry {
        /// The other beginning.
        step: usize,
    },
    /// Steps wait for each other.
    #[error("Invalid successor graph: steps {0} form a cycle")]
    Cycle(String),
    /// There are too many steps.
    #[error("{0} steps, at most 10000 are allowed")]
    TooMany(usize),
}

impl Graph {
    /// One step after the other.
    pub(super) fn line(steps: usize) -> Result<Self, GraphError> {
        let successors = (1..steps as u64).map(|next| vec![next]).collect::<Vec<_>>();
        Self::new(&successors)
    }

    /// Step *n* is followed by `successors[n]`; the last step is followed by
    /// nothing and has no list.
    pub(super) fn new(successors: &[Vec<u64>]) -> Result<Self, GraphError> {
        let last = successors.len();
        if last >= MOST_STEPS {
            return Err(GraphError::TooMany(last + 1));
        }
        let mut predecessors = vec![Vec::new(); last + 1];
        let mut checked = vec![Vec::new(); last + 1];
        for (step, list) in successors.iter().enumerate() {
            if list.is_empty() {
                return Err(GraphError::SecondExit { step, last });
            }
            for &successor in list {
                if successor == 0 || successor > last as u64 {
                    return Err(GraphError::Successor {
                        step,
                        successor,
                        last,
                    });
                }
                let successor = successor as u32;
                if checked[step].contains(&successor) {
                    return Err(GraphError::Repeated { step, successor });
                }
                checked[step].push(successor);
                predecessors[successor as usize].push(step as u32);
            }
        }
        let orphan = predecessors.iter().skip(1).position(Vec::is_empty);
        if let Some(step) = orphan {
            return Err(GraphError::SecondEntry { step: step + 1 });
        }
        let order = order(&checked, &predecessors)?;
        Ok(Self {
            successors: checked,
            predecessors,
            order,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.successors.len()
    }

    pub(super) fn successors(&self, step: u32) -> &[u32] {
        self.successors
            .get(step as usize)
            .map_or(&[], Vec::as_slice)
    }

    /// In ascending order.
    pub(super) fn predecessors(&self, step: u32) -> &[u32] {
        self.predecessors
            .get(step as usize)
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }
}

/// Sorts topologically (Kahn), the smallest number first.
fn order(successors: &[Vec<u32>], predecessors: &[Vec<u32>]) -> Result<Vec<u32>, GraphError> {
    let mut missing: Vec<_> = predecessors.iter().map(Vec::len).collect();
    let mut ready = std::collections::BTreeSet::from([0]);
    let mut order = Vec::with_capacity(successors.len());
    while let Some(step) = ready.pop_first() {
        order.push(step);
        for &next in &successors[step as usize] {
            missing[next as usize] -= 1;
            if missing[next as usize] == 0 {
                ready.insert(next);
            }
        }
    }
    if order.len() == successors.len() {
        return Ok(order);
    }
    // Every step that is left waits for another one that is left.
    let left = |step: &u32| missing[*step as usize] > 0;
    let mut path: Vec<u32> = Vec::new();
    let mut step = (0..successors.len() as u32).find(left).unwrap_or_default();
    let start = loop {
        if let Some(start) = path.iter().position(|&passed| passed == step) {
            break start;
        }
        path.push(step);
        let before = predecessors[step as usize].iter().copied().find(left);
        step = before.unwrap_or(step);
    };
    let mut circle: Vec<_> = path[start..].iter().rev().copied().collect();
    let smallest = circle
        .iter()
        .position(|step| circle.iter().min() == Some(step));
    circle.rotate_left(smallest.unwrap_or(0));
    let circle: Vec<_> = circle.iter().map(u32::to_string).collect();
    Err(GraphError::Cycle(circle.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(successors: &[&[u64]]) -> String {
        let successors: Vec<_> = successors.iter().map(|list| list.to_vec()).collect();
        Graph::new(&successors).unwrap_err().to_string()
    }

    #[test]
    fn steps_come_after_their_predecessors() {
        let graph = Graph::new(&[vec![2, 1], vec![3], vec![1, 3]]).unwrap();
        assert_eq!(graph.order(), [0, 2, 1, 3]);
        assert_eq!(graph.predecessors(3), [1, 2]);
        assert_eq!(graph.successors(0), [2, 1]);
        assert!(graph.successors(3).is_empty());
        assert_eq!(Graph::line(3).unwrap().order(), [0, 1, 2]);
        assert_eq!(Graph::line(1).unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_be_put_in_order_is_named() {
        for (successors, line) in [
            (
                &[&[1, 2][..], &[0], &[3]][..],
                "Invalid successor graph: step 1 has successor 0, allowed are steps 1 to 3",
            ),
            (
                &[&[1], &[7]],
                "Invalid successor graph: step 1 has successor 7, allowed are steps 1 to 2",
            ),
            (
                &[&[1, 1]],
                "Invalid successor graph: step 0 has successor 1 twice",
            ),
            (
                &[&[1, 2], &[], &[3]],
                "Invalid successor graph: step 1 has no successor; only the last step, 3, may have \
                 none",
            ),
            (
                &[&[2], &[2]],
                "Invalid successor graph: step 1 has no predecessor; only step 0 may have none",
            ),
            (
                &[&[1], &[2], &[3], &[1, 4]],
                "Invalid successor graph: steps 1, 2, 3 form a cycle",
            ),
            (
                &[&[1], &[1, 2]],
                "Invalid successor graph: steps 1 form a cycle",
            ),
        ] {
            assert_eq!(error(successors), line);
        }
        assert_eq!(
            Graph::line(10_001).unwrap_err().to_string(),
            "10001 steps, at most 10000 are allowed"
        );
    }
}
