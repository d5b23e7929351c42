//! Figures as PNG.
//!
//! Text is drawn in Ubuntu Light, which comes with this program, so that the picture does not depend on installed
//! fonts.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Most pixels along a side.
const LARGEST: f64 = 16_384.0;

/// Why a picture cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The document is not SVG.
    #[error("not an SVG document: {0}")]
    Svg(String),
    /// The picture has no pixels, or too many.
    #[error("a picture of {0} by {1} pixels cannot be drawn")]
    Size(u64, u64),
    /// The picture cannot be encoded.
    #[error("cannot encode the picture: {0}")]
    Encode(String),
}

/// Draws an SVG document with so many dots per inch (its points are 1/72 inch) and returns it as PNG.
///
/// # Errors
/// If the document is no SVG, or the picture would have no pixels or too many.
///
/// ```
/// use analysis::{Axis, Chart, Series, svg_to_png};
/// let svg = Chart::new(Axis::linear("x", ""), Axis::linear("y", "")).series(Series::line("", [(0.0, 1.0), (1.0, 2.0)])).to_svg();
/// let png = svg_to_png(&svg, 144.0)?;
/// assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), analysis::PngError>(())
/// ```
pub fn svg_to_png(svg: &str, dots_per_inch: f64) -> Result<Vec<u8>, PngError> {
    let options = Options {
        fontdb: fonts(),
        font_family: FONT.to_owned(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| PngError::Svg(error.to_string()))?;
    // The library counts in pixels of 1/96 inch.
    let scale = dots_per_inch / 96.0;
    let size = tree.size();
    let (width, height) = (
        (f64::from(size.width()) * scale).round(),
        (f64::from(size.height()) * scale).round(),
    );
    let wrong = || PngError::Size(width as u64, height as u64);
    if !(width >= 1.0 && height >= 1.0 && width <= LARGEST && height <= LARGEST) {
        return Err(wrong());
    }
    let mut picture = Pixmap::new(width as u32, height as u32).ok_or_else(wrong)?;
    let transform = Transform::from_scale(scale as f32, scale as f32);
    resvg::render(&tree, transform, &mut picture.as_mut());
    picture
        .encode_png()
        .map_err(|error| PngError::Encode(error.to_string()))
}

/// The characters in the texts of an SVG document that the font of [`svg_to_png`] does not have: the picture shows boxes
/// in their place.
///
/// ```
/// let svg = "<svg xmlns='http://www.w3.org/2000/svg'><text>Zürich → 東京</text></svg>";
/// assert_eq!(analysis::without_glyph(svg).into_iter().collect::<String>(), "→京東");
/// ```
pub fn without_glyph(svg: &str) -> BTreeSet<char> {
    // Of a font that cannot be read no text is drawn at all.
    let Ok(face) = ttf_parser::Face::parse(epaint_default_fonts::UBUNTU_LIGHT, 0) else {
        return BTreeSet::new();
    };
    let mut in_tag = false;
    let in_texts = svg.chars().filter(|&c| {
        let is_text = !in_tag && c != '<';
        in_tag = (in_tag || c == '<') && c != '>';
        is_text
    });
    in_texts
        .filter(|c| !c.is_control() && !c.is_whitespace() && face.glyph_index(*c).is_none())
        .collect()
}

/// The name of the font that comes with the program.
const FONT: &str = "Ubuntu";

fn fonts() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    let load = || {
        let mut fonts = Database::new();
        fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
        let family = fonts.faces().next().and_then(|face| face.families.first());
        let family = family.map_or_else(|| FONT.to_owned(), |family| family.0.clone());
        fonts.set_sans_serif_family(family);
        Arc::new(fonts)
    };
    Arc::clone(FONTS.get_or_init(load))
}
