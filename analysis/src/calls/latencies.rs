//! Distributions of the latency of calls, all replications together.

use super::GroupBy;
use crate::results::CallRow;
use crate::statistics::Sorted;
use std::collections::{BTreeMap, HashMap};

/// Gathers the latencies of completed calls by what tells most: by function, or by computer if there is only one
/// function, or all together if there is only one computer.
///
/// The first groups by name are kept, eight bytes for each of their calls; of others nothing but that they exist.
pub(crate) struct Latencies {
    by: GroupBy,
    choice: Choice,
    /// Most groups that are kept.
    most: usize,
    /// By name; `None` of those that are not kept.
    numbers: HashMap<Box<str>, Option<usize>>,
    kept: BTreeMap<Box<str>, usize>,
    groups: Vec<Vec<f64>>,
}

/// How it is known what to group by.
enum Choice {
    /// It was asked for, or there are several functions.
    Made,
    /// All calls so far are of one function (`None` before the first); it is the computers then.
    Open(Option<Box<str>>),
    /// There are several functions, which was known only after calls of the first had been dropped.
    Late,
}

impl Latencies {
    /// Of no calls yet.
    pub(crate) fn new(by: Option<GroupBy>, most: usize) -> Self {
        Self {
            by: by.unwrap_or(GroupBy::Computer),
            choice: match by {
                Some(_) => Choice::Made,
                None => Choice::Open(None),
            },
            most,
            numbers: HashMap::new(),
            kept: BTreeMap::new(),
            groups: Vec::new(),
        }
    }

    /// Takes a call if it was completed.
    pub(crate) fn add(&mut self, row: &CallRow<'_>) {
        let Some(latency_ns) = row.completed_in() else {
            return;
        };
        match &mut self.choice {
            Choice::Made => {}
            Choice::Late => return,
            Choice::Open(Some(function)) if **function == *row.function => {}
            Choice::Open(function @ None) => *function = Some(row.function.into()),
            Choice::Open(Some(_)) => self.choose_functions(),
        }
        let name = self.by.of(row).unwrap_or_default();
        let number = match self.numbers.get(name) {
            Some(&number) => number,
            None => self.begin(name),
        };
        if let Some(group) = number.and_then(|number| self.groups.get_mut(number)) {
            group.push(latency_ns as f64);
        }
    }

    /// Begins a group, which may push another out.
    fn begin(&mut self, name: &str) -> Option<usize> {
        let number = match self.kept.last_key_value() {
            Some((last, _)) if self.kept.len() >= self.most && **last < *name => None,
            Some(_) if self.kept.len() >= self.most => {
                let (last, number) = self.kept.pop_last()?;
                self.numbers.insert(last, None);
                self.groups[number] = Vec::new();
                Some(number)
            }
            _ => {
                self.groups.push(Vec::new());
                Some(self.groups.len() - 1)
            }
        };
        self.numbers.insert(name.into(), number);
        if let Some(number) = number {
            self.kept.insert(name.into(), number);
        }
        number
    }

    /// There is a second function: all so far were of the first.
    fn choose_functions(&mut self) {
        let complete = self.kept.len() == self.numbers.len();
        let choice = match complete {
            true => Choice::Made,
            false => Choice::Late,
        };
        let first = match std::mem::replace(&mut self.choice, choice) {
            Choice::Open(Some(first)) if complete => first,
            _ => return,
        };
        let groups = std::mem::take(&mut self.groups);
        let all = groups.into_iter().reduce(|mut all, mut group| {
            all.append(&mut group);
            all
        });
        self.by = GroupBy::Function;
        self.groups.extend(all);
        self.numbers = HashMap::from([(first.clone(), Some(0))]);
        self.kept = BTreeMap::from([(first, 0)]);
    }

    /// Whether the calls must be read again, [by function](GroupBy::Function).
    pub(crate) fn is_late(&self) -> bool {
        matches!(self.choice, Choice::Late)
    }

    /// The groups that were kept, by name, and how many there are with those that were not.
    pub(crate) fn found(mut self) -> (Vec<(String, Sorted)>, usize) {
        let alone = matches!(self.choice, Choice::Open(_)) && self.numbers.len() == 1;
        let mut groups = Vec::with_capacity(self.kept.len());
        for (name, number) in self.kept {
            let name = match alone {
                true => "all".to_owned(),
                false => name.into_string(),
            };
            let latencies = std::mem::take(&mut self.groups[number]);
            groups.push((name, Sorted::new(latencies)));
        }
        (groups, self.numbers.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call<'a>(function: &'a str, computer: &'a str, latency_ns: u64) -> CallRow<'a> {
        CallRow {
            replication: 0,
            call: 0,
            client: "user",
            function,
            path: "",
            computer,
            input_bytes: 0,
            output_bytes: None,
            sent_ns: 0,
            latency_ns: Some(latency_ns),
            processing_ns: None,
            load1_percent: None,
            hops: 0,
            outcome: "ok",
            error: "",
        }
    }

    #[test]
    fn only_the_calls_of_the_first_groups_by_name_are_kept() {
        let mut latencies = Latencies::new(None, 3);
        // Names come in an order in which each pushes another out.
        for round in 0..10 {
            for computer in (0..100).rev() {
                latencies.add(&call("f", &format!("c{computer:02}"), round));
                let kept: usize = latencies.groups.iter().map(Vec::len).sum();
                assert!(kept <= 3 * (round as usize + 1), "{kept}");
            }
        }
        let (groups, all) = latencies.found();
        let found: Vec<_> = groups
            .iter()
            .map(|(name, it)| (name.as_str(), it.len()))
            .collect();
        assert_eq!(
            (found, all),
            (vec![("c00", 10), ("c01", 10), ("c02", 10)], 100)
        );
    }

    #[test]
    fn several_functions_tell_more_than_computers_and_these_more_than_all_calls() {
        let names = |calls: &[(&str, &str)]| {
            let mut latencies = Latencies::new(None, 3);
            for (function, computer) in calls {
                latencies.add(&call(function, computer, 1));
            }
            assert!(!latencies.is_late());
            let found = latencies.found().0.into_iter();
            found
                .map(|(name, it)| format!("{name} {}", it.len()))
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&[("f", "c"), ("f", "c")]), ["all 2"]);
        assert_eq!(names(&[("f", "d"), ("f", "c"), ("f", "d")]), ["c 1", "d 2"]);
        assert_eq!(names(&[("f", "d"), ("f", "c"), ("a", "d")]), ["a 1", "f 2"]);
        assert_eq!(names(&[]), [""; 0]);
    }

    #[test]
    fn calls_must_be_read_again_if_some_of_a_function_were_dropped_before_the_second() {
        let mut latencies = Latencies::new(None, 1);
        latencies.add(&call("f", "c", 1));
        latencies.add(&call("f", "d", 1));
        assert!(!latencies.is_late());
        latencies.add(&call("g", "c", 1));
        assert!(latencies.is_late());
    }
}
