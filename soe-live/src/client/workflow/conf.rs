//! Options of clients about workflows.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use soe_model::workflow::{Form, JoinRule, Plan, Source as From, Workflow as File, parse_conf};

use super::{Results, Same, Shelf, Workflow};
use crate::States;
use crate::client::call::Caller;
use crate::client::options::Patience;
use crate::command::{Endpoint, Failure, Stop};
use crate::options::MaybeEndpoint;
use crate::security::Security;
use crate::transport::Transport;
use crate::workflow::{Servers, StateService};

/// Options about workflows.
#[derive(Args, Clone, Debug)]
pub struct WorkflowConf {
    /// Call a chain of functions instead of one: type=file,filename=FILE;
    /// type=make-template writes chain-example.json as an example
    #[arg(
        long,
        value_name = "CONF",
        default_value = "",
        hide_default_value = true,
        conflicts_with = "dag_conf"
    )]
    chain_conf: String,

    /// Call a graph of functions: type=file,filename=FILE; type=make-template
    /// writes dag-example.json as an example
    #[arg(
        long,
        value_name = "CONF",
        default_value = "",
        hide_default_value = true
    )]
    dag_conf: String,

    /// Address at which to receive results. Computers then call the next functions
    /// of a chain or graph, and the last one sends the result; otherwise this client
    /// calls one function after the other
    #[arg(
        long,
        value_name = "ENDPOINT",
        default_value = "",
        hide_default_value = true
    )]
    callback_endpoint: MaybeEndpoint,

    /// Keep the states of the chain or graph at a state server in this process, and
    /// send references; otherwise every message contains the states
    #[arg(
        long,
        value_name = "ENDPOINT",
        default_value = "",
        hide_default_value = true
    )]
    state_endpoint: MaybeEndpoint,

    /// The state server is another process; the states are put there at the start
    #[arg(long, requires = "state_endpoint")]
    no_state_server: bool,

    /// Prefix of the names of states: computers distinguish the states of several
    /// clients only by name
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    prefix: String,
}

/// What a client is asked to run.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Nothing but a function.
    Function,
    /// An example to be written to a file.
    Template(Form),
    /// A workflow, and the size of each of its states.
    Workflow(File),
}

impl WorkflowConf {
    /// What is asked for, if `lambda` is the function to call otherwise.
    ///
    /// # Errors
    /// If the options contradict each other, or a file is wrong.
    pub fn asked(&self, lambda: &str) -> Result<Asked, Failure> {
        let sources = [
            ("--chain-conf", &self.chain_conf, Form::Chain),
            ("--dag-conf", &self.dag_conf, Form::Dag),
        ];
        for (option, text, form) in sources {
            let wrong =
                |error: &dyn std::fmt::Display| Failure::input(format!("{option}: {error}"));
            match parse_conf(text).map_err(|error| wrong(&error))? {
                None => {}
                Some(From::Template) => return Ok(Asked::Template(form)),
                Some(From::File(path)) => {
                    let content = soe_model::text::read(&path);
                    let content = content.map_err(|error| wrong(&format!("{path}: {error}")))?;
                    let file = File::parse(form, &content);
                    let file = file.map_err(|error| wrong(&format!("{path}: {error}")))?;
                    return Ok(Asked::Workflow(file));
                }
            }
        }
        if self.callback_endpoint.0.is_none() {
            return Ok(Asked::Function);
        }
        Ok(Asked::Workflow(File {
            plan: Arc::new(Plan::single(lambda)),
            sizes: Default::default(),
        }))
    }

    /// Starts what the workflows of `clients` clients need, and returns a workflow
    /// for each. Servers run until told to stop.
    ///
    /// # Errors
    /// If a server cannot start, or the states cannot be put where they belong.
    pub async fn start(
        &self,
        file: &File,
        (destination, transport, patience): (&str, Transport, &Patience),
        clients: u32,
        stop: &Stop,
    ) -> Result<Vec<Arc<Workflow>>, Failure> {
        let security = patience.security()?;
        for (option, endpoint) in [
            ("--callback-endpoint", &self.callback_endpoint.0),
            ("--state-endpoint", &self.state_endpoint.0),
        ] {
            if endpoint.as_ref().is_some_and(Endpoint::is_wildcard) {
                return Err(Failure::input(format!(
                    "{option} is a wildcard address: give the address at which computers reach \
                     this client"
                )));
            }
        }
        let results = match &self.callback_endpoint.0 {
            None => None,
            Some(endpoint) => Some(Results::listen(endpoint, &security, stop.clone()).await?),
        };
        let shelf = self.shelf(&security, patience, stop).await?;
        let caller = Caller::over(transport, destination, &security, patience.timeout())?;
        let mut all = Vec::new();
        for index in 0..clients {
            let prefix = match clients {
                1 => self.prefix.clone(),
                _ => format!("{}client-{index}/", self.prefix),
            };
            let plan = Arc::new(file.plan.renamed(|state| format!("{prefix}{state}")));
            let mut states = BTreeMap::new();
            for (name, size) in &file.sizes {
                let name = format!("{prefix}{name}");
                let state = shelf.put(&name, *size).await.map_err(Failure::run)?;
                states.insert(name, state);
            }
            all.push(Arc::new(Workflow {
                caller: caller.clone(),
                results: results.clone(),
                join: JoinRule::All,
                deadline: patience.timeout,
                names_last: false,
                source: Box::new(Same::new(plan, states)),
            }));
        }
        Ok(all)
    }

    /// Where the states are put.
    async fn shelf(
        &self,
        security: &Security,
        patience: &Patience,
        stop: &Stop,
    ) -> Result<Shelf, Failure> {
        let Some(endpoint) = &self.state_endpoint.0 else {
            return Ok(Shelf::Messages);
        };
        if self.no_state_server {
            let servers = Servers::new(security.clone(), patience.timeout());
            return Ok(Shelf::Elsewhere(endpoint.to_string(), Arc::new(servers)));
        }
        let states = Arc::new(States::default());
        let listening = StateService::listen(states.clone(), endpoint, security, stop.clone());
        let endpoint = listening.await.map_err(Failure::run)?;
        Ok(Shelf::Own(endpoint.to_string(), states))
    }
}

/// Writes the example of a workflow file into a folder and says its name.
///
/// # Errors
/// If it is there already, or cannot be written.
pub fn write_template(form: Form, folder: &Path) -> Result<&'static str, Failure> {
    let name = File::template_name(form);
    let path = folder.join(name);
    let failed = |error| format!("{name}: cannot write: {error}");
    let file = analysis::WholeFile::create_new(&path);
    let mut file = file.map_err(|error| Failure::input(failed(error)))?;
    let text = File::template(form).print();
    let written = std::io::Write::write_all(&mut file, text.as_bytes());
    let written = written.and_then(|()| file.finish());
    written.map_err(|error| Failure::run(failed(error)))?;
    Ok(name)
}
