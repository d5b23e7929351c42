//! Numbers with units, in the notation of study parameters: `10 ms`, `2 Gop/s`, `0.5`.

/// Values of an axis as numbers of one unit: the unit that all of them have, or the base unit if they differ only in
/// their scale. `None` if any is not a number, or they measure different things.
pub(super) fn numbers(texts: &[String]) -> Option<(Vec<f64>, String)> {
    let split: Vec<(f64, &str)> = texts
        .iter()
        .map(|text| split(text))
        .collect::<Option<_>>()?;
    let unit = split.first()?.1;
    if split.iter().all(|(_, other)| *other == unit) {
        let numbers = split.iter().map(|(number, _)| *number).collect();
        return Some((numbers, unit.to_owned()));
    }
    let base = scaled(unit)?.1;
    let numbers = split.iter().map(|(number, unit)| {
        let (factor, of) = scaled(unit)?;
        (of == base).then_some(number * factor)
    });
    Some((numbers.collect::<Option<_>>()?, base.to_owned()))
}

/// The number at the beginning of a text, and the unit after it.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return number.is_finite().then_some((number, ""));
    }
    // The longest beginning that is a number: `1e3 s` has an e, `2 e` has a unit.
    let ends = text.char_indices().map(|(at, _)| at).rev();
    ends.filter_map(|end| {
        let (number, unit) = text.split_at(end);
        let number = number.trim_end();
        let number: f64 = number
            .ends_with(|last: char| last.is_ascii_digit() || last == '.')
            .then(|| number.parse().ok())??;
        let unit = unit.trim_start();
        let possible = unit.starts_with(|first: char| first.is_alphabetic() || first == '%');
        (possible && unit.chars().count() <= 6 && number.is_finite()).then_some((number, unit))
    })
    .next()
}

/// A unit as a multiple of its base unit.
fn scaled(unit: &str) -> Option<(f64, &str)> {
    let time = [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("min", 60.0),
        ("h", 3600.0),
        ("d", 86_400.0),
    ];
    if let Some((_, factor)) = time.iter().find(|(name, _)| *name == unit) {
        return Some((*factor, "s"));
    }
    let prefixes = [
        ("Ki", 1024.0),
        ("Mi", 1024.0 * 1024.0),
        ("Gi", 1024.0 * 1024.0 * 1024.0),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("", 1.0),
    ];
    prefixes.iter().find_map(|(prefix, factor)| {
        let base = unit.strip_prefix(prefix)?;
        ["B", "b/s", "op", "op/s"]
            .contains(&base)
            .then_some((*factor, base))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Option<(Vec<f64>, String)> {
        numbers(
            &texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn numbers_of_one_unit_keep_it() {
        assert_eq!(
            of(&["1", "2.5", "1e3"]),
            Some((vec![1.0, 2.5, 1e3], String::new()))
        );
        assert_eq!(
            of(&["10 ms", "20ms"]),
            Some((vec![10.0, 20.0], "ms".to_owned()))
        );
        assert_eq!(of(&["5 %"]), Some((vec![5.0], "%".to_owned())));
    }

    #[test]
    fn units_of_several_scales_become_the_base_unit() {
        assert_eq!(
            of(&["500 ms", "1 s", "2 min"]),
            Some((vec![0.5, 1.0, 120.0], "s".to_owned()))
        );
        assert_eq!(
            of(&["1 kB", "2 MiB"]),
            Some((vec![1e3, 2_097_152.0], "B".to_owned()))
        );
        assert_eq!(
            of(&["1 Gop/s", "500 Mop/s"]),
            Some((vec![1e9, 5e8], "op/s".to_owned()))
        );
    }

    #[test]
    fn names_and_mixtures_are_no_numbers() {
        for texts in [
            &["random", "round-robin"][..],
            &["1", "off"],
            &["1 s", "1 B"],
            &["1", "1 s"],
            &["computer-1"],
            &["inf"],
            &["NaN"],
            &["4 something long"],
            &[""],
            &[],
        ] {
            assert_eq!(of(texts), None, "{texts:?}");
        }
    }
}
