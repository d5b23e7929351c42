//! Scenario files: the TOML format that describes a deployment and its run, and the
//! shipped scenario and study files.
//!
//! # A guided tour
//!
//! A [scenario](format::Scenario) is a TOML file. It is resolved and checked to a
//! [`Deployment`](soe_model::deployment::Deployment): all clients, brokers, computers and
//! controllers, the network between them, and the length and number of runs. Both drivers
//! start from it, the simulation (`soe-sim`) and the live services (`soe-live`).
//!
//! Every key is declared once, in [`format`](mod@format), with its quantity, its default
//! and its meaning. The [`reader`] works from these declarations: it parses the file,
//! applies changes from the command line (`--set`), fills in defaults, and reports each
//! mistake with its place, what was found and what is allowed. It also reads studies
//! (`soe-study`).
//!
//! # A complete example
//!
//! ```
//! use scenarios::format::Scenario;
//!
//! let text = r#"
//!     version = 1
//!     run = { duration = "10 min", replications = 4 }
//!
//!     [function.resize]
//!     operations = "10 Mop"
//!
//!     [computer.edge]
//!     speed = "1 Gop/s"
//!     functions = ["resize"]
//!
//!     [client.user]
//!     function = "resize"
//!     destination = "edge"
//!     arrivals = { type = "poisson", rate = 50 }
//! "#;
//! let scenario = Scenario::parse(text, "queue.toml")?;
//! let deployment = scenario.resolve()?;
//! assert_eq!(deployment.computers[0].name, "edge");
//!
//! // One line for each mistake: place, what was found, what is allowed.
//! let wrong = Scenario::parse(&text.replace("10 Mop", "10 MB"), "queue.toml")?;
//! let message = wrong.resolve().unwrap_err().to_string();
//! assert!(message.starts_with("queue.toml:6:"), "{message}");
//! assert!(message.contains("operations: found"), "{message}");
//! # Ok::<(), scenarios::reader::Diagnostics>(())
//! ```

pub mod format;
pub mod reader;
pub mod shipped;
