//! The algorithms for the two phases, by name.

use std::fmt;
use std::str::FromStr;

use crate::Error;

macro_rules! algorithms {
    ($(#[$doc:meta])* $kind:ident, $called:literal: $($(#[$variant_doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $kind {
            $($(#[$variant_doc])* $variant),*
        }

        impl $kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name on the command line and in results.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $kind {
            type Err = Error;

            fn from_str(name: &str) -> Result<Self, Error> {
                let found = Self::ALL.iter().find(|one| one.name() == name);
                found.copied().ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|one| one.name()).collect();
                    Error::Parameter(format!(
                        "{} is `{name}`, expected one of {}",
                        $called,
                        names.join(", ")
                    ))
                })
            }
        }
    };
}

algorithms! {
    /// How applications in their mu phase get their containers.
    MuAlgorithm, "mu algorithm":
        /// Any container.
        Random = "random",
        /// One application after the other takes the cheapest container that is free.
        Greedy = "greedy",
        /// The least total cost, by the Hungarian method.
        #[default]
        Hungarian = "hungarian",
}

algorithms! {
    /// How the requests of applications in their lambda phase are spread over containers.
    LambdaAlgorithm, "lambda algorithm":
        /// Each request to any container.
        Random = "random",
        /// One request after the other goes to the cheapest container with free capacity.
        Greedy = "greedy",
        /// The least total cost, as a flow of minimum cost.
        #[default]
        MinCostFlow = "mcfp",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_algorithms() {
        for &one in MuAlgorithm::ALL {
            assert_eq!(one.name().parse::<MuAlgorithm>().unwrap(), one);
        }
        for &one in LambdaAlgorithm::ALL {
            assert_eq!(one.name().parse::<LambdaAlgorithm>().unwrap(), one);
        }
        let message = "best".parse::<MuAlgorithm>().unwrap_err().to_string();
        assert_eq!(
            message,
            "mu algorithm is `best`, expected one of random, greedy, hungarian"
        );
    }
}
