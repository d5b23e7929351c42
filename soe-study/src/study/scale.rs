//! Scales of numbers.

use scenarios::reader::section::Form;

/// The word for a logarithmic scale.
pub(super) const LOGARITHMIC: &str = "logarithmic";
/// What keys take that say how numbers are spaced.
pub(super) const SCALE: Form = Form::Word(&["linear", LOGARITHMIC]);
