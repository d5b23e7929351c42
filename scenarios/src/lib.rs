//! Scenario files: the TOML format that describes a deployment and its run, and the
//! scenario and study files that are shipped.
//!
//! # A guided tour
//!
//! A [scenario](format::Scenario) is a TOML file. Resolved and checked, it is a
//! [`Deployment`](soe_model::deployment::Deployment): all clients, brokers, computers and
//! controllers, the network between them, and how long and how often the whole is run.
//! Both drivers start from it, the simulation (`soe-sim`) and the live services
//! (`soe-live`).
//!
//! Every key is declared once, in [`format`](mod@format), with its quantity, its default and its meaning.
//! The [`reader`] takes these declarations and does the rest: it parses the file, applies
//! changes from outside (`--set`), fills in defaults, and reports each mistake with its
//! place, what was found and what is allowed. Studies (`soe-study`) are read with it as well.
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
