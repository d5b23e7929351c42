//! `soe plot`: the figures of a result folder.

use std::path::{Path, PathBuf};

use analysis::{FigureKind, FigureOptions, GroupBy, ResultSet, Selection, figures, svg_to_png};

use crate::cli::{By, Kind, Picture, PlotArgs};
use crate::failure::{Failure, print};

/// Runs the command.
pub fn run(args: &PlotArgs) -> Result<(), Failure> {
    let results = ResultSet::read(&args.folder).map_err(Failure::input)?;
    let selection = Selection {
        metrics: args.metric.clone(),
        entities: args.entity.clone(),
    };
    let options = FigureOptions {
        kinds: args.kind.iter().map(|kind| kind.of()).collect(),
        selection,
        x: args.x.clone(),
        by: args.by.clone(),
        group: args.group.map(By::of),
        log_x: args.log_x,
        log_y: args.log_y,
        size: (args.width, args.height),
        replication: args.replication,
        calls: args.calls,
    };
    let figures = figures(&results, &options).map_err(Failure::input)?;
    if figures.is_empty() {
        return Err(Failure::input(format!(
            "{}: holds nothing that such a figure could show; `soe run --calls --samples \"1 s\"` records more",
            results.path.display()
        )));
    }
    let folder = args.output.clone();
    let folder = folder.unwrap_or_else(|| PathBuf::from(format!("{}-plots", results.name())));
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::input(format!("{}: cannot write: {error}", path.display()))
    };
    std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    let mut written = String::new();
    // Names may collide where only characters differ that a file cannot have.
    let mut taken = std::collections::BTreeSet::new();
    for figure in &figures {
        let mut stem = figure.name.clone();
        for number in 2.. {
            if taken.insert(stem.clone()) {
                break;
            }
            stem = format!("{}-{number}", figure.name);
        }
        let svg = figure.to_svg();
        if args.format != Picture::Png {
            let path = folder.join(format!("{stem}.svg"));
            std::fs::write(&path, &svg).map_err(|error| failed(&path, &error))?;
            written += &format!("{}\n", path.display());
        }
        if args.format != Picture::Svg {
            let path = folder.join(format!("{stem}.png"));
            let png = svg_to_png(&svg, args.dpi).map_err(|error| failed(&path, &error))?;
            std::fs::write(&path, png).map_err(|error| failed(&path, &error))?;
            written += &format!("{}\n", path.display());
        }
    }
    print(&written)
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
