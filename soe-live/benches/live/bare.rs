//! The least that tonic needs: raw bytes, answered at once or passed on to one
//! fixed destination.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use soe_live::rpc::LambdaResponse;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tower_service::Service;

use crate::load::on_thread;

#[derive(Clone, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[derive(Clone)]
enum Bare {
    Answer(Bytes),
    Forward(Channel),
}

impl UnaryService<Bytes> for Bare {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            match this {
                Self::Answer(answer) => Ok(Response::new(answer)),
                Self::Forward(channel) => {
                    let mut client = tonic::client::Grpc::new(channel);
                    client
                        .ready()
                        .await
                        .map_err(|_| Status::unavailable("gone"))?;
                    let path = PathAndQuery::from_static("/uiiit.rpc.EdgeServer/RunLambda");
                    let request = Request::new(request.into_inner());
                    client.unary(request, path, Raw).await
                }
            }
        })
    }
}

impl Service<http::Request<Body>> for Bare {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(Grpc::new(Raw).unary(this, request).await) })
    }
}

impl NamedService for Bare {
    const NAME: &'static str = "uiiit.rpc.EdgeServer";
}

fn serve(bare: impl FnOnce() -> Bare + Send + 'static) -> SocketAddr {
    on_thread(|started| async move {
        let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        started
            .send(SocketAddr::from(([127, 0, 0, 1], port)))
            .unwrap();
        let incoming = TcpListenerStream::new(listener);
        let server = Server::builder().tcp_nodelay(true).add_service(bare());
        server.serve_with_incoming(incoming).await.unwrap();
    })
}

/// Answers at once.
pub fn server() -> SocketAddr {
    let answer = LambdaResponse {
        retcode: "OK".into(),
        output: "A".repeat(64),
        hops: 1,
        ..LambdaResponse::default()
    };
    let answer = Bytes::from(answer.encode_to_vec());
    serve(|| Bare::Answer(answer))
}

/// Passes everything on.
pub fn forwarder(to: SocketAddr) -> SocketAddr {
    serve(move || {
        let endpoint = Endpoint::from_shared(format!("http://{to}")).unwrap();
        Bare::Forward(endpoint.tcp_nodelay(true).connect_lazy())
    })
}
