//! The points of a study: all combinations of the values of its axes that no filter drops.

use scenarios::reader::diagnostic::{Place, Report};

use super::axis::Axis;
use super::filter::Filter;

/// The most points of a grid.
const MOST_POINTS: usize = 100_000;

/// All combinations that no filter drops.
pub(super) fn points(
    axes: &[Axis],
    filters: &[Filter],
    report: &mut Report<'_>,
) -> Option<Vec<Vec<usize>>> {
    let sizes: Vec<usize> = axes.iter().map(|axis| axis.items.len()).collect();
    let count = sizes
        .iter()
        .try_fold(1_usize, |count, &size| count.checked_mul(size));
    let Some(count) = count.filter(|&count| count <= 100 * MOST_POINTS) else {
        let place = axes.last().map_or(Place::File(0), |axis| axis.place);
        report.wrong(
            place,
            format!("the axes have more than {MOST_POINTS} combinations"),
        );
        return None;
    };
    let point = |mut number: usize| {
        let mut point = vec![0; sizes.len()];
        for (item, &size) in point.iter_mut().zip(&sizes).rev() {
            (*item, number) = (number % size, number / size);
        }
        point
    };
    let kept = |point: &Vec<usize>| filters.iter().all(|filter| filter.keeps(axes, point));
    let points: Vec<_> = (0..count).map(point).filter(kept).collect();
    if points.is_empty() && count > 0 {
        let place = filters.last().map_or(Place::File(0), |filter| filter.place);
        report.wrong(place, "the filters exclude all points");
    }
    if points.len() > MOST_POINTS {
        let place = axes.last().map_or(Place::File(0), |axis| axis.place);
        report.wrong(
            place,
            format!(
                "there are {} points, at most {MOST_POINTS} are possible",
                points.len()
            ),
        );
        return None;
    }
    Some(points)
}
