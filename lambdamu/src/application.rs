//! What applications are like: their rates and sizes, and how these are drawn.

use std::fmt;
use std::str::FromStr;

use sim_core::libstdcxx::Mt19937;

use crate::Error;

/// The parameters of one application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppParams {
    /// Requests per unit of time; at least 1.
    pub rate: u64,
    /// Data that one request exchanges with its broker.
    pub exchange: u64,
    /// Data that one request exchanges with the storage of state, in the lambda phase.
    pub storage: u64,
}

/// How the parameters of applications are drawn.
///
/// It is written as in the original: `constant,R,M,D` or `classes,W,R,M,D[,W,R,M,D...]`
/// with the weight W, the rate R and the sizes of exchange M and storage D.
#[derive(Clone, Debug, PartialEq)]
pub struct AppModel {
    text: String,
    /// In ascending order of their weights, which are here added up.
    classes: Vec<(f64, AppParams)>,
    is_constant: bool,
}

/// Greater rates and sizes are a slip of the keyboard.
const MOST: u64 = 1_000_000;
const MOST_CLASSES: usize = 1000;

impl Default for AppModel {
    fn default() -> Self {
        let params = AppParams {
            rate: 1,
            exchange: 1,
            storage: 1,
        };
        Self {
            text: "constant,1,1,1".into(),
            classes: vec![(1.0, params)],
            is_constant: true,
        }
    }
}

impl fmt::Display for AppModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for AppModel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |what: &str| {
            Error::Parameter(format!(
                "application model is `{text}`: {what}, expected constant,R,M,D or \
                 classes,W,R,M,D[,W,R,M,D...] with positive weights W, whole numbers R of 1 to \
                 {MOST} and M, D of 0 to {MOST}"
            ))
        };
        let (kind, rest) = text.split_once(',').ok_or_else(|| wrong("no comma"))?;
        let fields: Vec<&str> = rest.split(',').collect();
        let is_constant = kind == "constant";
        let width = match kind {
            "constant" => 3,
            "classes" => 4,
            _ => return Err(wrong(&format!("`{kind}` is unknown"))),
        };
        if !fields.len().is_multiple_of(width) || (is_constant && fields.len() != width) {
            return Err(wrong(&format!("{} numbers", fields.len())));
        }
        if fields.len() / width > MOST_CLASSES {
            return Err(wrong(&format!("more than {MOST_CLASSES} classes")));
        }
        let whole = |field: &str, least: u64| {
            let number: Option<u64> = field.trim().parse().ok();
            number
                .filter(|number| (least..=MOST).contains(number))
                .ok_or_else(|| wrong(&format!("`{field}` is out of range")))
        };
        let class = |fields: &[&str]| -> Result<(f64, AppParams), Error> {
            let (weight, fields) = match fields {
                [weight, rest @ ..] if !is_constant => {
                    let number: Option<f64> = weight.trim().parse().ok();
                    let number = number.filter(|number| number.is_finite() && *number > 0.0);
                    let number = number.ok_or_else(|| wrong(&format!("weight `{weight}`")))?;
                    (number, rest)
                }
                all => (1.0, all),
            };
            let params = AppParams {
                rate: whole(fields[0], 1)?,
                exchange: whole(fields[1], 0)?,
                storage: whole(fields[2], 0)?,
            };
            Ok((weight, params))
        };
        let mut classes: Vec<_> = fields
            .chunks(width)
            .map(class)
            .collect::<Result<_, Error>>()?;
        classes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut sum = 0.0;
        for (weight, _) in &mut classes {
            sum += *weight;
            *weight = sum;
        }
        if !f64::is_finite(sum) {
            return Err(wrong("the sum of the weights is infinite"));
        }
        Ok(Self {
            text: text.to_owned(),
            classes,
            is_constant,
        })
    }
}

/// Draws the parameters of one application after the other.
#[derive(Debug)]
pub(crate) struct Sampler<'a> {
    model: &'a AppModel,
    generator: Option<Mt19937>,
}

impl AppModel {
    /// A source of parameters that draws from a copy of `generator`, if it has to draw.
    pub(crate) fn sampler(&self, generator: &Mt19937) -> Sampler<'_> {
        Sampler {
            model: self,
            generator: (!self.is_constant).then(|| generator.clone()),
        }
    }
}

impl Sampler<'_> {
    pub(crate) fn next(&mut self) -> AppParams {
        let classes = &self.model.classes;
        let (sum, last) = classes[classes.len() - 1];
        let Some(generator) = &mut self.generator else {
            return last;
        };
        let draw = generator.uniform() * sum;
        let found = classes.iter().find(|(until, _)| *until >= draw);
        found.map_or(last, |(_, params)| *params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_read_and_drawn_in_proportion_to_their_weights() {
        let model: AppModel = "classes,3,1,100,10,1,10,2,0".parse().unwrap();
        let mut sampler = model.sampler(&Mt19937::from_seed_seq(&[1, 0, 0]));
        let rare = (0..10_000).filter(|_| sampler.next().rate == 10).count();
        assert!((2350..2650).contains(&rare), "{rare}");
        let model: AppModel = "constant,2,3,4".parse().unwrap();
        let mut sampler = model.sampler(&Mt19937::from_seed_seq(&[1, 0, 0]));
        let params = sampler.next();
        assert_eq!((params.rate, params.exchange, params.storage), (2, 3, 4));
        assert_eq!(model.to_string(), "constant,2,3,4");
        assert_eq!(AppModel::default(), "constant,1,1,1".parse().unwrap());
    }

    #[test]
    fn wrong_models_are_refused_with_the_reason() {
        for (text, expected) in [
            ("", "no comma"),
            ("constant", "no comma"),
            ("constants,1,1,1", "`constants` is unknown"),
            ("constant,1,1", "2 numbers"),
            ("constant,1,1,1,1,1,1", "6 numbers"),
            ("constant,0,1,1", "`0` is out of range"),
            ("constant,1,-1,1", "`-1` is out of range"),
            ("constant,1,1,1000001", "`1000001` is out of range"),
            ("constant,1,1.5,1", "`1.5` is out of range"),
            ("classes,1,1,1", "3 numbers"),
            ("classes,0,1,1,1", "weight `0`"),
            ("classes,nan,1,1,1", "weight `nan`"),
            ("classes,1e308,1,1,1,1e308,1,1,1", "is infinite"),
        ] {
            let message = text.parse::<AppModel>().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
