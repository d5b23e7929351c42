//! The studies that come with the program.

/// A study that is part of the program.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// All of them, by name.
        pub const SHIPPED: &[Shipped] = &[$(Shipped {
            name: $name,
            text: include_str!(concat!("../studies/", $name, ".toml")),
        }),*];
    };
}

shipped![
    "statesim-000",
    "statesim-001",
    "statesim-002",
    "lambdamu-010",
    "lambdamu-011",
    "lambdamu-012",
    "lambdamu-020",
    "lambdamu-021",
    "lambdamu-022",
    "workflow-400",
    "workflow-401",
    "workflow-402",
    "policies",
    "estimators",
    "stale",
    "uncoordinated",
    "control",
    "local-view",
    "herd",
    "bandits",
    "prequal-herding",
    "prequal-vs-wrr",
];

impl Shipped {
    /// The study of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        SHIPPED.iter().copied().find(|study| study.name == name)
    }

    /// What it is about: the first line of its header.
    pub fn about(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        line.trim_start_matches(['#', ' '])
    }
}
