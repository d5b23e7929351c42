//! `forwardingtableclient`: shows and changes the tables of a broker.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use soe_model::broker::table::{PrintedEntry, print_entries};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use super::call::describe;
use super::options::Patience;
use crate::command::{Endpoint, Failure, Output, Stop};
use crate::connection::connect_lazily;
use crate::rpc::edge_router_client::EdgeRouterClient;
use crate::rpc::edge_router_conf::Action;
use crate::rpc::{self, EdgeRouterConf, ForwardingTable, TableId, Void};

/// Shows and changes the forwarding tables of a router or dispatcher.
///
/// A dump lists, for each table, function, weight in brackets and destination; (F) marks
/// final destinations, that is, computers. Table#0 has all destinations, Table#1
/// the final ones, which are used for calls that another broker sent.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "forwardingtableclient",
    after_help = "\
Examples:
  forwardingtableclient --server 127.0.0.1:6474
  forwardingtableclient --action change --lambda f --destination 127.0.0.1:10000 \\
                        --weight 0.25 --final
  forwardingtableclient --action remove --lambda f --destination 127.0.0.1:10000"
)]
pub struct Options {
    /// Address of the table service of the broker
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:6474")]
    server_endpoint: Endpoint,

    /// Action
    #[arg(long, value_enum, default_value_t = Task::Dump)]
    action: Task,

    /// The function whose entry is changed or removed
    #[arg(long, default_value = "clambda0")]
    lambda: String,

    /// The destination whose entry is changed or removed
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:6473")]
    destination: Endpoint,

    /// The new weight, more than 0; lower is better
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    weight: f32,

    /// The destination is final
    #[arg(long = "final")]
    is_final: bool,

    #[command(flatten)]
    patience: Patience,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Task {
    /// Print all tables.
    Dump,
    /// Set all weights to 1.
    Reset,
    /// Remove all entries.
    Flush,
    /// Add an entry, or change its weight.
    Change,
    /// Remove an entry.
    Remove,
}

/// Runs the executable.
///
/// # Errors
/// If the broker cannot be reached, or refuses.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    let security = options.patience.security()?;
    let channel = connect_lazily(options.server_endpoint.as_str(), &security);
    let client = EdgeRouterClient::new(channel.map_err(Failure::input)?);
    let tables = Tables {
        client: client.max_decoding_message_size(usize::MAX),
        timeout: options.patience.timeout(),
    };
    let done = tokio::select! {
        text = perform(&options, tables) => text?,
        () = stop.wait() => return Err(Failure::Run("interrupted".to_owned())),
    };
    Output::open("/dev/stdout", true)?
        .line(done.trim_end())
        .map(drop)
}

/// Does what the options say, and returns what to print.
async fn perform(options: &Options, mut tables: Tables) -> Result<String, Failure> {
    let entry = |action: Action| EdgeRouterConf {
        action: action.into(),
        lambda: options.lambda.clone(),
        destination: options.destination.to_string(),
        ..Default::default()
    };
    match options.action {
        Task::Dump => return tables.dump().await,
        Task::Reset => tables.reset().await?,
        Task::Flush => tables.configure(EdgeRouterConf::default()).await?,
        Task::Remove => tables.configure(entry(Action::Remove)).await?,
        Task::Change => {
            let change = EdgeRouterConf {
                weight: options.weight,
                r#final: options.is_final,
                ..entry(Action::Change)
            };
            tables.configure(change).await?;
        }
    }
    Ok(rpc::OK.to_owned())
}

/// The tables of a broker.
struct Tables {
    client: EdgeRouterClient<Channel>,
    timeout: Duration,
}

impl Tables {
    async fn dump(&mut self) -> Result<String, Failure> {
        let mut text = String::new();
        for (number, table) in self.all().await?.iter().enumerate() {
            let entries = table.entries.iter().map(|entry| PrintedEntry {
                function: &entry.lambda,
                destination: &entry.destination,
                weight: entry.weight,
                is_final: entry.r#final,
            });
            // Writing to a string cannot fail.
            let _ = write!(text, "Table#{number}\n{}", print_entries(entries));
        }
        Ok(text)
    }

    /// Sets all weights to 1.
    async fn reset(&mut self) -> Result<(), Failure> {
        let mut pairs = BTreeMap::new();
        for entry in self
            .all()
            .await?
            .into_iter()
            .flat_map(|table| table.entries)
        {
            pairs.insert((entry.lambda, entry.destination), entry.r#final);
        }
        for ((lambda, destination), is_final) in pairs {
            self.configure(EdgeRouterConf {
                action: Action::Change.into(),
                lambda,
                destination,
                weight: 1.0,
                r#final: is_final,
            })
            .await?;
        }
        Ok(())
    }

    async fn all(&mut self) -> Result<Vec<ForwardingTable>, Failure> {
        let number = Self::ask(self.client.get_num_tables(self.request(Void {})));
        let number = number.await?.value;
        let mut tables = Vec::new();
        for value in 0..number {
            let table = self.request(TableId { value });
            tables.push(Self::ask(self.client.get_table(table)).await?);
        }
        Ok(tables)
    }

    async fn configure(&mut self, change: EdgeRouterConf) -> Result<(), Failure> {
        let request = self.request(change);
        let done = Self::ask(self.client.configure(request)).await?;
        match done.msg.as_str() {
            rpc::OK => Ok(()),
            _ => Err(Failure::Run(done.msg)),
        }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        request
    }

    async fn ask<T>(
        answer: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Failure> {
        let answer = answer.await.map(Response::into_inner);
        answer.map_err(|status| Failure::Run(format!("RPC failed: {}", describe(&status))))
    }
}
