//! Services to talk to, and processes that talk to them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::executables::path;
use socket2::{Domain, Socket, Type};
use soe_live::rpc::edge_computer_server::{EdgeComputer, EdgeComputerServer};
use soe_live::rpc::edge_router_conf::Action;
use soe_live::rpc::edge_router_server::{EdgeRouter, EdgeRouterServer};
use soe_live::rpc::edge_server_server::{EdgeServer, EdgeServerServer};
use soe_live::rpc::{
    EdgeRouterConf, EdgeRouterConfs, ForwardingTable, LambdaRequest, LambdaResponse, NumTables,
    Return, TableId, Utilization, Void, forwarding_table,
};
use tokio::runtime::Runtime;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::Server;
use tonic::transport::server::Router;
use tonic::{Request, Response, Status, async_trait};

/// Runs an executable to its end.
pub fn run(program: &str, args: &[&str]) -> Output {
    command(program, args).output().unwrap()
}

/// An executable with its arguments, its output to be read.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(path(program));
    command
        .args(args)
        .env_remove("RUST_LOG")
        .env_remove("GLOG_v");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The fields of each line.
pub fn fields(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(' ').collect()).collect()
}

/// An endpoint at which nobody listens, nor will: the port stays taken.
pub fn nobody() -> String {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(&any.into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    std::mem::forget(socket);
    address.to_string()
}

/// A service on the loopback interface, gone when dropped.
pub struct Service {
    pub endpoint: String,
    _runtime: Runtime,
}

impl Service {
    fn start(router: impl FnOnce(Server) -> Router) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        let router = router(Server::builder());
        runtime.spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
        Self {
            endpoint,
            _runtime: runtime,
        }
    }
}

/// How a scripted service answers.
pub enum Answer {
    With(LambdaResponse),
    Fail(Status),
    Never,
}

type Script = Box<dyn Fn(usize, &LambdaRequest) -> Answer + Send + Sync>;

/// A service that executes functions as a script says, and remembers requests.
pub struct Computer {
    pub service: Service,
    seen: Arc<Mutex<Vec<LambdaRequest>>>,
}

struct Scripted {
    script: Script,
    seen: Arc<Mutex<Vec<LambdaRequest>>>,
}

impl Computer {
    /// Answers request number n, counted from 0, as `script` says.
    pub fn scripted(
        script: impl Fn(usize, &LambdaRequest) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let scripted = Scripted {
            script: Box::new(script),
            seen: seen.clone(),
        };
        let service = EdgeServerServer::new(scripted);
        Self {
            service: Service::start(|mut server| server.add_service(service)),
            seen,
        }
    }

    /// Echoes the input as if it had been executed in 100 ms elsewhere.
    pub fn echo() -> Self {
        Self::scripted(|_, request| Answer::With(executed(request)))
    }

    pub fn endpoint(&self) -> &str {
        &self.service.endpoint
    }

    pub fn seen(&self) -> Vec<LambdaRequest> {
        self.seen.lock().unwrap().clone()
    }
}

/// The answer of a computer behind a broker.
pub fn executed(request: &LambdaRequest) -> LambdaResponse {
    LambdaResponse {
        retcode: "OK".to_owned(),
        output: request.input.clone(),
        responder: "10.0.0.1:10000".to_owned(),
        ptime: 100,
        load1: 7,
        hops: 2,
        ..Default::default()
    }
}

/// A refusal with this text.
pub fn refused(text: &str) -> Answer {
    Answer::With(LambdaResponse {
        retcode: text.to_owned(),
        ..Default::default()
    })
}

#[async_trait]
impl EdgeServer for Scripted {
    async fn run_lambda(
        &self,
        request: Request<LambdaRequest>,
    ) -> Result<Response<LambdaResponse>, Status> {
        let request = request.into_inner();
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        match (self.script)(number, &request) {
            Answer::With(response) => Ok(Response::new(response)),
            Answer::Fail(status) => Err(status),
            Answer::Never => std::future::pending().await,
        }
    }
}

/// A broker's tables; refuses changes without destination or weight.
pub struct Broker {
    pub service: Service,
    commands: Arc<Mutex<Vec<EdgeRouterConf>>>,
}

struct Tables {
    tables: Vec<ForwardingTable>,
    commands: Arc<Mutex<Vec<EdgeRouterConf>>>,
}

impl Broker {
    pub fn with(tables: Vec<Vec<(&str, f32, &str, bool)>>) -> Self {
        let entry = |(lambda, weight, destination, is_final): (&str, f32, &str, bool)| {
            forwarding_table::Entry {
                lambda: lambda.to_owned(),
                destination: destination.to_owned(),
                weight,
                r#final: is_final,
            }
        };
        let commands = Arc::new(Mutex::new(Vec::new()));
        let tables = Tables {
            tables: tables
                .into_iter()
                .map(|entries| ForwardingTable {
                    entries: entries.into_iter().map(entry).collect(),
                })
                .collect(),
            commands: commands.clone(),
        };
        let service = EdgeRouterServer::new(tables);
        Self {
            service: Service::start(|mut server| server.add_service(service)),
            commands,
        }
    }

    pub fn commands(&self) -> Vec<EdgeRouterConf> {
        self.commands.lock().unwrap().clone()
    }
}

#[async_trait]
impl EdgeRouter for Tables {
    async fn configure(
        &self,
        request: Request<EdgeRouterConf>,
    ) -> Result<Response<Return>, Status> {
        let change = request.into_inner();
        let wrong = change.action() == Action::Change && change.weight <= 0.0;
        self.commands.lock().unwrap().push(change);
        let msg = if wrong { "Error: invalid weight" } else { "OK" };
        Ok(Response::new(Return {
            msg: msg.to_owned(),
        }))
    }

    async fn configure_all(&self, _: Request<EdgeRouterConfs>) -> Result<Response<Return>, Status> {
        Err(Status::unimplemented("as the original"))
    }

    async fn get_table(
        &self,
        request: Request<TableId>,
    ) -> Result<Response<ForwardingTable>, Status> {
        let number = request.into_inner().value as usize;
        let table = self.tables.get(number).cloned();
        Ok(Response::new(table.unwrap_or_default()))
    }

    async fn get_num_tables(&self, _: Request<Void>) -> Result<Response<NumTables>, Status> {
        Ok(Response::new(NumTables {
            value: self.tables.len() as u32,
        }))
    }
}

/// A computer that tells how busy it is, `messages` times, and then closes the
/// stream.
pub fn busy(messages: usize) -> Service {
    let service = EdgeComputerServer::new(Busy(messages));
    Service::start(|mut server| server.add_service(service))
}

struct Busy(usize);

#[async_trait]
impl EdgeComputer for Busy {
    type StreamUtilStream = ReceiverStream<Result<Utilization, Status>>;

    async fn stream_util(
        &self,
        _: Request<Void>,
    ) -> Result<Response<Self::StreamUtilStream>, Status> {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let messages = self.0;
        tokio::spawn(async move {
            for number in 0..messages {
                let used = number as f32 / 4.0;
                let values = [("arm", used), ("bm2837", 0.0)];
                let values: BTreeMap<_, _> =
                    values.map(|(name, used)| (name.to_owned(), used)).into();
                if sender
                    .send(Ok(Utilization {
                        values,
                        ..Utilization::default()
                    }))
                    .await
                    .is_err()
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}
