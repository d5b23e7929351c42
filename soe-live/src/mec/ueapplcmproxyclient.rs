//! `ueapplcmproxyclient`: shows and changes the tables of a proxy.

use std::io::{self, BufRead, Read};

use clap::Parser;
use tokio::sync::mpsc;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::client::describe;
use crate::command::{Endpoint, Failure, Stop, print};
use crate::connection::connect_lazily;
use crate::limits::{MEC_BODY, MEC_REQUEST, MEC_TABLES};
use crate::rpc::mec::ue_app_lcm_proxy_client::UeAppLcmProxyClient;
use crate::rpc::mec::{AddressTuple, Lambda, Void};
use crate::security::Security;

/// Shows and changes the tables of ueapplcmproxy, with commands from standard input.
///
/// The command `help` lists the commands.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "ueapplcmproxyclient",
    after_help = "\
Example:
  printf 'add-lambda clambda0\\nassociate * clambda0 127.0.0.1:6473\\ntable\\n' | \\
    ueapplcmproxyclient --server 127.0.0.1:6477"
)]
pub struct Options {
    /// Address of the service that fills the tables, HOST:PORT (also --server)
    #[arg(long, value_name = "ENDPOINT", default_value = "127.0.0.1:6477")]
    server_endpoint: Endpoint,

    /// Use TLS with certificates on both sides (see CERT_DIR below)
    #[arg(long)]
    secure: bool,
}

/// The text of the original.
const HELP: &str = "\
Commands are read sequentially from standard input until closed. Available commands:
- help: prints the help
- associate C A S: associates the address of the edge client C (* means \"any\") and the application name A to the end-point of the edge router S
- remove C A: removes the association of edge client C (* means \"any\") and application name A, if present
- add-lambda X: adds a lambda function to the list of applications
- del-lambda X: removes from the list of applications the given lambda
- num-contexts: returns the number of active UE application contexts
- table: returns a space-separate table of the address associations
- contexts: returns a space-separate table of the active contexts associations
- quit: exits from the application
Every command is given a response on standard output.
All the set commands return the string OK if the command was accepted.
the string Invalid command if the command is not well-formed.

";

/// Carries out commands until the input ends.
///
/// # Errors
/// If the proxy cannot be reached, or refuses a command.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    let security = Security::from_environment(options.secure).map_err(Failure::input)?;
    let channel = connect_lazily(options.server_endpoint.as_str(), &security);
    let channel = channel.map_err(Failure::input)?;
    let mut tables =
        Tables(UeAppLcmProxyClient::new(channel).max_decoding_message_size(MEC_TABLES));
    let mut lines = lines();
    loop {
        let line = tokio::select! {
            () = stop.wait() => return Ok(()),
            line = lines.recv() => line,
        };
        let Some(line) = line else {
            return Ok(());
        };
        let line = line.map_err(|error| Failure::Input(format!("standard input: {error}")))?;
        let line = String::from_utf8_lossy(&line);
        let words: Vec<_> = line.split_whitespace().collect();
        match tables.command(&words).await {
            Ok(None) => return Ok(()),
            Ok(Some(text)) => print(&text)?,
            Err(status) => {
                let text = describe(&status);
                return Err(Failure::run(format!("{}: {text}", options.server_endpoint)));
            }
        }
    }
}

/// The lines of standard input, each with its end, read by a thread of its own.
fn lines() -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let most = MEC_BODY as u64;
            let read = input.by_ref().take(most).read_until(b'\n', &mut line);
            let next = match read {
                Ok(0) => return,
                Ok(_) if line.len() == MEC_BODY => {
                    Err(io::Error::other(format!("a line of {most} bytes or more")))
                }
                Ok(_) => Ok(line),
                Err(error) => Err(error),
            };
            let is_last = next.is_err();
            if sender.blocking_send(next).is_err() || is_last {
                return;
            }
        }
    });
    lines
}

struct Tables(UeAppLcmProxyClient<Channel>);

impl Tables {
    /// Carries out a command; returns what it prints, or nothing at the end.
    async fn command(&mut self, words: &[&str]) -> Result<Option<String>, Status> {
        let proxy = &mut self.0;
        let text = match *words {
            [] => String::new(),
            ["help"] => HELP.to_owned(),
            ["quit"] => return Ok(None),
            ["associate", client, application, server] => {
                let row = tuple(client, application, server);
                proxy.associate_address(row).await?;
                "OK\n".to_owned()
            }
            ["remove", client, application] => {
                let row = tuple(client, application, "");
                proxy.remove_address(row).await?;
                "OK\n".to_owned()
            }
            ["add-lambda", name] => {
                proxy.add_lambda(lambda(name)).await?;
                "OK\n".to_owned()
            }
            ["del-lambda", name] => {
                proxy.del_lambda(lambda(name)).await?;
                "OK\n".to_owned()
            }
            ["num-contexts"] => {
                let number = proxy.num_contexts(bounded(Void {})).await?;
                format!("{}\n", number.into_inner().value)
            }
            ["table"] => {
                let table = proxy.table(bounded(Void {})).await?.into_inner().table;
                let line = |row: &AddressTuple| {
                    let client = match row.client.as_str() {
                        "" => "*",
                        client => client,
                    };
                    format!("{client} {} {}\n", row.app_name, row.server)
                };
                table.iter().map(line).collect()
            }
            ["contexts"] => {
                let contexts = proxy.contexts(bounded(Void {})).await?.into_inner();
                let contexts = contexts.contexts.iter();
                let line = contexts
                    .map(|it| format!("{} {} {}\n", it.address, it.app_name, it.edge_router));
                line.collect()
            }
            _ => "Invalid command\n".to_owned(),
        };
        Ok(Some(text))
    }
}

fn tuple(client: &str, application: &str, server: &str) -> Request<AddressTuple> {
    let client = if client == "*" { "" } else { client };
    bounded(AddressTuple {
        client: client.to_owned(),
        app_name: application.to_owned(),
        server: server.to_owned(),
    })
}

fn lambda(name: &str) -> Request<Lambda> {
    bounded(Lambda {
        value: name.to_owned(),
    })
}

fn bounded<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(MEC_REQUEST);
    request
}
