//! A computer in front of a serverless platform.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use soe_live::Security;
use soe_live::command::{Endpoint, Stop};
use soe_live::computer::{self, Computer, Executor, Gateway, GatewayConf, Kind};
use soe_live::controller::Controller;
use soe_live::rpc::LambdaRequest;
use soe_live::rpc::edge_controller_server::{EdgeController, EdgeControllerServer};
use soe_live::server::{Server, Services};
use soe_model::controller::InstallerSpec;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::certificates::certificates;
use crate::support::{any, call, callback, computer_options, eventually, request, router};

/// A gateway with a function `upper`; everything else fails.
async fn platform() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket));
        }
    });
    format!("http://{address}/")
}

async fn serve(socket: impl AsyncRead + AsyncWrite + Unpin) {
    let mut socket = BufReader::new(socket);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if socket.read_line(&mut first).await.unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            socket.read_line(&mut line).await.unwrap();
            let line = line.trim().to_ascii_lowercase();
            if let Some(text) = line.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await.unwrap();
        let (status, answer) = match first.split(' ').nth(1).unwrap() {
            "/system/functions" => (
                "200 OK",
                br#"[{"name": "upper"}, {"name": "fail"}]"#.to_vec(),
            ),
            "/function/upper" => ("200 OK", body.to_ascii_uppercase()),
            _ => ("500 Internal Server Error", Vec::new()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&answer).await.unwrap();
    }
}

/// The same over TLS, with the certificate of a server in `folder`.
async fn secure_platform(folder: &std::path::Path) -> String {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let chain = CertificateDer::pem_slice_iter(&read("server.crt"))
        .collect::<Result<Vec<_>, _>>()
        .unwrap();
    let key = PrivateKeyDer::from_pem_slice(&read("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(socket) = acceptor.accept(socket).await {
                    serve(socket).await;
                }
            });
        }
    });
    format!("https://{address}/")
}

#[tokio::test]
async fn a_gateway_with_https_shows_a_certificate_of_an_authority_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let url = secure_platform(folder.path()).await;
    let functions = async |authorities: &str| {
        let file = folder.path().join(authorities);
        let conf = format!("gateway-url={url},gateway-ca={}", file.display());
        let gateway = Gateway::new(conf.parse().unwrap());
        // Twice: the second request goes over the same connection.
        gateway.functions().await?;
        gateway.functions().await
    };
    assert_eq!(functions("ca.crt").await.unwrap(), ["fail", "upper"]);
    // Of somebody else.
    let other = tempfile::tempdir().unwrap();
    certificates(other.path());
    std::fs::copy(other.path().join("ca.crt"), folder.path().join("other.crt")).unwrap();
    let error = functions("other.crt").await.unwrap_err();
    assert!(error.contains("certificate"), "{error}");
    let error = functions("server.key").await.unwrap_err();
    assert!(error.ends_with("no CA certificate"), "{error}");
    let error = functions("none.crt").await.unwrap_err();
    assert!(error.contains("none.crt: cannot read: "), "{error}");
}

async fn conf() -> GatewayConf {
    let url = platform().await;
    format!("gateway-url={url},num-clients=2").parse().unwrap()
}

async fn start(stop: &Stop) -> Endpoint {
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let endpoint = server.endpoint().clone();
    let mut options = computer_options(endpoint.clone());
    options.workflows.asynchronous = true;
    let executor = Executor::Gateway(Gateway::new(conf().await));
    let computer = Computer::new(executor, endpoint.as_str(), &options).unwrap();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {})
        .await
        .unwrap();
    tokio::spawn(server.run(Some(std::sync::Arc::new(computer)), services, stop.clone()));
    endpoint
}

#[tokio::test]
async fn functions_are_executed_by_the_gateway() {
    let stop = Stop::new();
    let computer = start(&stop).await;
    let text = LambdaRequest {
        input: "text".into(),
        ..request("upper", 0)
    };
    let binary = LambdaRequest {
        datain: "binary".into(),
        ..request("upper", 0)
    };
    for _ in 0..3 {
        let served = call(&computer, text.clone()).await;
        assert_eq!((&*served.retcode, &*served.output), ("OK", "TEXT"));
        assert_eq!(call(&computer, binary.clone()).await.output, "BINARY");
    }
    let failed = call(&computer, request("fail", 1)).await;
    assert_eq!(failed.retcode, "error HTTP response received (500)");
    for name in ["", "../system", "a b", "a?b"] {
        let refused = call(&computer, request(name, 1)).await;
        assert!(
            refused.retcode.ends_with("is not a function name"),
            "{refused:?}"
        );
    }
    let dry = LambdaRequest {
        dry: true,
        ..text.clone()
    };
    let estimate = call(&computer, dry).await;
    assert_eq!(
        (&*estimate.retcode, estimate.ptime, estimate.load1),
        ("OK", 0, 0)
    );
    stop.stop();
}

#[tokio::test]
async fn a_failure_behind_the_gateway_reaches_the_callback() {
    let stop = Stop::new();
    let computer = start(&stop).await;
    let (place, mut results) = callback(&any(), &stop).await;
    for (name, retcode) in [
        ("upper", "OK"),
        ("fail", "error HTTP response received (500)"),
    ] {
        let asynchronous = LambdaRequest {
            callback: place.to_string(),
            ..request(name, 1)
        };
        assert!(call(&computer, asynchronous).await.asynchronous);
        assert_eq!(results.recv().await.unwrap().retcode, retcode);
    }
    stop.stop();
}

#[tokio::test]
async fn what_the_gateway_offers_is_announced() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let place = server.endpoint().clone();
    let controller = Controller::new(&InstallerSpec::Flat, 0, Security::Plaintext);
    let services = Services::new(&["uiiit.rpc.EdgeController"], |routes| {
        routes.add_service(EdgeControllerServer::new(controller.clone()));
    });
    let services = services.await.unwrap();
    tokio::spawn(server.run(None, services, stop.clone()));
    let info = soe_live::rpc::RouterInfo {
        edge_server_endpoint: router.endpoint.to_string(),
        forwarding_table_endpoint: router.tables_endpoint.to_string(),
    };
    controller
        .announce_router(tonic::Request::new(info))
        .await
        .unwrap();
    let mut options = computer_options(crate::support::endpoint());
    options.kind = Kind::Gateway(conf().await);
    options.controller_endpoint = Some(place);
    tokio::spawn(computer::run(options, stop.clone()));
    eventually("both functions are known", async || {
        let entries = router.table(0).await.entries;
        let names: Vec<_> = entries.iter().map(|entry| &*entry.lambda).collect();
        names == ["fail", "upper"]
    })
    .await;
    let text = LambdaRequest {
        input: "text".into(),
        ..request("upper", 0)
    };
    assert_eq!(call(&router.endpoint, text).await.output, "TEXT");
    stop.stop();
}
