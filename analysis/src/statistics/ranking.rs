//! Several alternatives at once: which differences are significant.

use super::{CONFIDENCE, Difference, Interval};

/// Several p-values adjusted so that, if all of them are compared with one bound, the probability of even one false
/// alarm stays below that bound, however the tests depend on each other (Holm, 1979).
///
/// ```
/// assert_eq!(analysis::holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        let factor = (p_values.len() - rank) as f64;
        largest = largest.max((p_values[index] * factor).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

/// Alternatives in the order of their means, and which of them differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The alternatives, smallest mean first.
    pub places: Vec<Place>,
    /// Every pair of alternatives.
    pub pairs: Vec<Pair>,
}

/// One alternative of a ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its index among the alternatives given.
    pub alternative: usize,
    /// Mean with its own 95 % interval.
    pub interval: Interval,
    /// The groups that it belongs to, from 0. Alternatives that share a group cannot be told apart; two that share none
    /// differ.
    pub groups: Vec<usize>,
}

/// Two alternatives of a ranking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Index of the alternative with the smaller mean.
    pub first: usize,
    /// Index of the other.
    pub second: usize,
    /// Second minus first; all these intervals hold at once with 95 % (Bonferroni).
    pub difference: Difference,
    /// The p-value after [`holm`].
    pub p_value: Option<f64>,
}

impl Pair {
    /// Whether the two alternatives differ: by Holm's procedure, at 5 % for all pairs together.
    pub fn is_real(&self) -> bool {
        self.p_value.is_some_and(|p| p < 1.0 - CONFIDENCE)
    }
}

impl Ranking {
    /// Ranks alternatives, each given by one value per replication (NaN where missing).
    ///
    /// With `paired`, the same place in each list is the same replication on common random numbers. Alternatives
    /// without any value are left out.
    ///
    /// ```
    /// use analysis::Ranking;
    /// let slow = vec![10.0, 12.0, 14.0, 16.0];
    /// let fast = vec![5.0, 7.1, 9.0, 10.9];
    /// let same = vec![5.0, 6.9, 9.1, 10.7];
    /// let ranking = Ranking::of(&[slow, fast, same], true);
    /// let order: Vec<usize> = ranking.places.iter().map(|place| place.alternative).collect();
    /// assert_eq!(order, [2, 1, 0]);
    /// let real: Vec<_> = ranking.pairs.iter().filter(|pair| pair.is_real()).map(|pair| (pair.first, pair.second)).collect();
    /// assert_eq!(real, [(2, 0), (1, 0)]);
    /// assert_eq!(ranking.places[2].groups, [1]);
    /// ```
    pub fn of(alternatives: &[Vec<f64>], paired: bool) -> Self {
        let finite = |values: &Vec<f64>| -> Vec<f64> {
            let values = values.iter().copied();
            values.filter(|value| value.is_finite()).collect()
        };
        let mut places: Vec<Place> = alternatives
            .iter()
            .enumerate()
            .filter_map(|(alternative, values)| {
                Some(Place {
                    alternative,
                    interval: Interval::of(&finite(values))?,
                    groups: Vec::new(),
                })
            })
            .collect();
        places.sort_by(|a, b| a.interval.mean.total_cmp(&b.interval.mean));

        let mut pairs = Vec::new();
        for (rank, first) in places.iter().enumerate() {
            for second in &places[rank + 1..] {
                let (first, second) = (first.alternative, second.alternative);
                let (a, b) = (&alternatives[first], &alternatives[second]);
                let difference = if paired {
                    let pairs: Vec<_> = a.iter().copied().zip(b.iter().copied()).collect();
                    Difference::paired(&pairs)
                } else {
                    Difference::independent(a, b)
                };
                pairs.extend(difference.map(|difference| Pair {
                    first,
                    second,
                    difference,
                    p_value: difference.p_value,
                }));
            }
        }
        let confidence = 1.0 - (1.0 - CONFIDENCE) / pairs.len().max(1) as f64;
        let tested: Vec<usize> = (0..pairs.len())
            .filter(|&index| pairs[index].p_value.is_some())
            .collect();
        let p_values: Vec<f64> = tested.iter().filter_map(|&i| pairs[i].p_value).collect();
        for (&index, p_value) in tested.iter().zip(holm(&p_values)) {
            pairs[index].p_value = Some(p_value);
        }
        for pair in &mut pairs {
            pair.difference = pair.difference.with_confidence(confidence);
        }
        for (group, members) in groups(&places, &pairs).iter().enumerate() {
            for place in &mut places {
                if members.contains(&place.alternative) {
                    place.groups.push(group);
                }
            }
        }
        Self { places, pairs }
    }

    /// Whether the alternatives at two places of the ranking differ.
    pub fn differ(&self, one: usize, other: usize) -> bool {
        let groups = |place: usize| self.places.get(place).map_or(&[][..], |it| &it.groups);
        !groups(one)
            .iter()
            .any(|group| groups(other).contains(group))
    }
}

/// The largest sets of alternatives none of which differs from another of the set, by insertion and absorption (Piepho,
/// 2004), in the order of their smallest mean.
fn groups(places: &[Place], pairs: &[Pair]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = vec![places.iter().map(|place| place.alternative).collect()];
    for pair in pairs.iter().filter(|pair| pair.is_real()) {
        let (split, mut kept): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .partition(|group| group.contains(&pair.first) && group.contains(&pair.second));
        for group in split {
            for without in [pair.second, pair.first] {
                let rest: Vec<usize> = group.iter().copied().filter(|&it| it != without).collect();
                let covered = |other: &Vec<usize>| rest.iter().all(|it| other.contains(it));
                if !kept.iter().any(covered) {
                    kept.push(rest);
                }
            }
        }
        groups = kept;
    }
    // What was kept first may be part of what came later.
    let all = groups.clone();
    let within = |group: &Vec<usize>, other: &Vec<usize>| group.iter().all(|it| other.contains(it));
    groups.retain(|group| {
        !all.iter()
            .any(|other| other != group && within(group, other))
    });
    let rank = |alternative: usize| places.iter().position(|it| it.alternative == alternative);
    groups.sort_by_key(|group| group.iter().map(|&it| rank(it)).collect::<Vec<_>>());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn adjusted_p_values_equal_those_of_r() {
        // R: p.adjust(c(0.001, 0.008, 0.039, 0.041, 0.042, 0.06), "holm")
        let found = holm(&[0.001, 0.008, 0.039, 0.041, 0.042, 0.06]);
        let expected = [0.006, 0.04, 0.156, 0.156, 0.156, 0.156];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert_eq!(holm(&[0.6, 0.9]), [1.0, 1.0]);
    }

    #[test]
    fn a_single_replication_tells_nothing_apart() {
        let ranking = Ranking::of(&[vec![2.0], vec![1.0], vec![f64::NAN]], true);
        assert_eq!(ranking.places.len(), 2);
        assert_eq!(ranking.places[0].alternative, 1);
        assert!(!ranking.differ(0, 1));
        assert_eq!(ranking.pairs[0].p_value, None);
    }

    proptest! {
        #[test]
        fn two_alternatives_share_a_group_exactly_if_they_do_not_differ(
            shifts in prop::collection::vec(0.0..3.0_f64, 2..8),
            noise in prop::collection::vec(prop::collection::vec(0.0..1.0_f64, 5), 8),
        ) {
            let alternatives: Vec<Vec<f64>> = shifts
                .iter()
                .zip(&noise)
                .map(|(shift, noise)| noise.iter().map(|value| value + shift).collect())
                .collect();
            let ranking = Ranking::of(&alternatives, true);
            let rank = |alternative| {
                ranking.places.iter().position(|place| place.alternative == alternative).unwrap()
            };
            for pair in &ranking.pairs {
                prop_assert!(rank(pair.first) < rank(pair.second));
                prop_assert_eq!(ranking.differ(rank(pair.first), rank(pair.second)), pair.is_real());
            }
        }
    }
}
