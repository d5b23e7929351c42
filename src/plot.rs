//! `soe plot`: the figures of a result folder.

use std::collections::BTreeSet;
use std::path::PathBuf;

use analysis::{
    FigureKind, FigureOptions, GroupBy, ResultSet, Selection, Stems, figures, svg_to_png,
    without_glyph,
};

use crate::cli::{By, Kind, Picture, PlotArgs};
use crate::declared::{Declared, asks_for_nothing};
use crate::failure::{Failure, print, tell, write_whole};

/// The least and the most points of a side of a figure, dots per inch, and calls of a timeline.
const WIDTHS: (f64, f64) = (160.0, 2880.0);
const HEIGHTS: (f64, f64) = (90.0, 2880.0);
const RESOLUTIONS: (f64, f64) = (10.0, 2400.0);
const CALLS: (f64, f64) = (1.0, 10_000.0);
/// No more characters than this are named that the font of PNG figures does not have.
const SHOWN: usize = 20;

/// Runs the command.
pub fn run(args: &PlotArgs) -> Result<(), Failure> {
    let results = ResultSet::read(&args.folder).map_err(Failure::input)?;
    check(args, &results)?;
    let pictures = pictures(args, &results)?;
    if pictures.is_empty() {
        return Err(nothing(args, &results));
    }
    let folder = args.output.clone();
    let folder = folder.unwrap_or_else(|| PathBuf::from(format!("{}-plots", results.name())));
    std::fs::create_dir_all(&folder).map_err(|error| {
        Failure::input(format!("{}: cannot be created: {error}", folder.display()))
    })?;
    let mut written = String::new();
    let mut boxes = BTreeSet::new();
    // Names may collide where only characters differ that a file cannot have.
    let mut stems = Stems::default();
    for (name, svg) in &pictures {
        let stem = stems.take(name);
        if args.format != Picture::Png {
            let path = folder.join(format!("{stem}.svg"));
            write_whole(&path, || Ok(svg))?;
            written += &format!("{}\n", path.display());
        }
        if args.format != Picture::Svg {
            boxes.extend(without_glyph(svg));
            let path = folder.join(format!("{stem}.png"));
            write_whole(&path, || {
                let png = svg_to_png(svg, args.dpi);
                png.map_err(|error| Failure::input(format!("{}: {error}", path.display())))
            })?;
            written += &format!("{}\n", path.display());
        }
    }
    if !boxes.is_empty() {
        let boxes: String = boxes.into_iter().take(SHOWN).collect();
        tell(format_args!(
            "soe: note: the font of PNG figures has no glyphs for `{boxes}` and shows boxes \
             instead; SVG figures (--format svg) use the fonts of the viewer"
        ));
    }
    print(&written)
}

/// Refuses what no figure could be drawn with.
fn check(args: &PlotArgs, results: &ResultSet) -> Result<(), Failure> {
    for (option, value, (low, high), unit) in [
        ("--width", args.width, WIDTHS, " points"),
        ("--height", args.height, HEIGHTS, " points"),
        ("--dpi", args.dpi, RESOLUTIONS, ""),
        ("--calls", args.calls as f64, CALLS, ""),
    ] {
        if !(low..=high).contains(&value) {
            return Err(Failure::input(format!(
                "{option}: found {value}, expected {low} to {high}{unit}"
            )));
        }
    }
    let selection = selection(args);
    let selected = selection.check_with_samples(results);
    selected.map_err(Failure::input)?;
    let all = results.metrics.iter().flat_map(|it| &it.values);
    let known: BTreeSet<u32> = all.map(|it| it.0).collect();
    if results.points.are_many() || known.contains(&args.replication) {
        return Ok(());
    }
    let there_are = match (known.first(), known.last()) {
        (None, _) => "metrics.csv has no rows".to_owned(),
        (Some(first), Some(last)) if first == last => format!("there is only {first}"),
        (Some(first), Some(last)) if (last - first) as usize + 1 == known.len() => {
            format!("there are {first} to {last}")
        }
        _ => {
            let numbers: Vec<String> = known.iter().map(u32::to_string).collect();
            format!("there are {}", numbers.join(", "))
        }
    };
    Err(Failure::input(format!(
        "{}: no replication {}; {there_are}",
        results.path.display(),
        args.replication
    )))
}

/// The error for a selection without figures.
fn nothing(args: &PlotArgs, results: &ResultSet) -> Failure {
    let path = results.path.display();
    let Selection { metrics, entities } = selection(args);
    let among = |names: &[String], all: &str| match names {
        [] => all.to_owned(),
        names => names.join(", "),
    };
    let selected = match metrics.is_empty() && entities.is_empty() {
        true => String::new(),
        false => format!(
            " of {} of {}",
            among(&metrics, "the metrics"),
            among(&entities, "all entities")
        ),
    };
    let more = match results.points.are_many() {
        true => "for a sweep there are lines, bars and heat maps of metrics",
        false => "`soe run --calls --samples \"1 s\"` records more",
    };
    Failure::input(format!(
        "{path}: no data{selected} for such a figure; {more}"
    ))
}

/// The metrics and entities that are asked for.
fn selection(args: &PlotArgs) -> Selection {
    Selection {
        metrics: args.metric.clone(),
        entities: args.entity.clone(),
    }
}

/// The figures as SVG with the stems of their files.
///
/// Of a sweep, where nothing else is asked for, those that its study declares.
fn pictures(args: &PlotArgs, results: &ResultSet) -> Result<Vec<(String, String)>, Failure> {
    let declared = Declared::of(results)?;
    let asked = FigureOptions {
        kinds: args.kind.iter().map(|kind| kind.of()).collect(),
        selection: selection(args),
        x: args.x.clone(),
        by: args.by.clone(),
        axes: Vec::new(),
        group: args.group.map(By::of),
        log_x: args.log_x,
        log_y: args.log_y,
        size: (args.width, args.height),
        replication: args.replication,
        calls: args.calls,
        metrics: declared.metrics.clone(),
    };
    let is_as_declared = asked.size == FigureOptions::default().size && !asked.log_x;
    if asks_for_nothing(&asked) && is_as_declared && !asked.log_y {
        let drawn = declared.drawn(results)?;
        if !drawn.is_empty() {
            return Ok(drawn);
        }
    }
    let mut pictures = Vec::new();
    for options in declared.complete(asked) {
        let figures = figures(results, &options).map_err(Failure::input)?;
        pictures.extend(figures.into_iter().map(|figure| {
            let svg = figure.to_svg();
            (figure.name, svg)
        }));
    }
    Ok(pictures)
}

impl Kind {
    fn of(self) -> FigureKind {
        match self {
            Self::Lines => FigureKind::Lines,
            Self::Bars => FigureKind::Bars,
            Self::Heat => FigureKind::Heat,
            Self::Cdf => FigureKind::Cdf,
            Self::Box => FigureKind::Box,
            Self::Timeline => FigureKind::Timeline,
            Self::Series => FigureKind::Series,
            Self::Stacked => FigureKind::Stacked,
            Self::Parts => FigureKind::Parts,
            Self::WarmUp => FigureKind::WarmUp,
        }
    }
}

impl By {
    /// The same in the words of the library.
    pub fn of(self) -> GroupBy {
        match self {
            Self::Function => GroupBy::Function,
            Self::Client => GroupBy::Client,
            Self::Computer => GroupBy::Computer,
            Self::Path => GroupBy::Path,
        }
    }
}
