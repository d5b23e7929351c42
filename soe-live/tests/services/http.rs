//! HTTP servers and clients, against each other and against peers that misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use soe_live::command::{Endpoint, Stop};
use soe_live::http::{Answer, Client, ClientError, Handler, Request, Server, Trust, empty, text};
use soe_live::limits::HttpLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::certificates::certificates;
use crate::support::{LONG, any, eventually};

/// Answers with what it was asked, except at paths with another meaning.
#[derive(Debug, Default)]
struct Echo {
    answered: AtomicUsize,
    begun: AtomicUsize,
}

impl Handler for Echo {
    fn refuse(&self, head: &http::request::Parts, _: std::net::SocketAddr) -> Option<Answer> {
        (head.uri.path() == "/forbidden").then(|| empty(StatusCode::FORBIDDEN))
    }

    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        self.begun.fetch_add(1, Ordering::Relaxed);
        match request.path() {
            "/never" => std::future::pending().await,
            "/large" => text(StatusCode::OK, vec![b'x'; 3 << 20]),
            "/twice" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                text(StatusCode::OK, request.body)
            }
            _ => {
                self.answered.fetch_add(1, Ordering::Relaxed);
                let about = format!("{} {} ", request.method(), request.target());
                let mut answer = text(StatusCode::OK, [about.as_bytes(), &request.body].concat());
                let length = request.body.len().into();
                answer.headers_mut().insert("x-length", length);
                answer
            }
        }
    }
}

async fn serve(limits: HttpLimits, stop: &Stop) -> (Endpoint, Arc<Echo>) {
    let server = Server::bind(&any()).await.unwrap().with_limits(limits);
    let endpoint = server.endpoint().clone();
    let echo = Arc::new(Echo::default());
    tokio::spawn(server.run(echo.clone(), stop.clone()));
    (endpoint, echo)
}

fn post(url: String, body: impl Into<Bytes>) -> http::Request<Bytes> {
    http::Request::post(url).body(body.into()).unwrap()
}

async fn send(
    client: &Client,
    url: String,
    body: impl Into<Bytes>,
) -> Result<Response<Bytes>, ClientError> {
    client.send(post(url, body), LONG).await
}

/// Everything that a server sends in answer to some bytes, until it closes.
async fn raw(endpoint: &Endpoint, bytes: &[u8]) -> String {
    let talk = async {
        let mut socket = TcpStream::connect(endpoint.as_str()).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    tokio::time::timeout(LONG, talk).await.unwrap()
}

#[tokio::test]
async fn requests_are_answered_over_kept_connections() {
    let stop = Stop::new();
    let (endpoint, echo) = serve(HttpLimits::default(), &stop).await;
    let client = Client::new(Trust::System);
    for number in 0..5 {
        let url = format!("http://{endpoint}/a%20b?n={number}");
        let answer = send(&client, url, vec![b'z'; 100_000]).await.unwrap();
        assert_eq!(answer.headers()["x-length"], "100000");
        let start = format!("POST /a%20b?n={number} zzz");
        assert!(answer.body().starts_with(start.as_bytes()));
    }
    assert_eq!(echo.answered.load(Ordering::Relaxed), 5);
    let refused = send(
        &client,
        format!("http://{endpoint}/forbidden"),
        vec![0; 1 << 20],
    );
    assert_eq!(refused.await.unwrap().status(), 403);
    let large = send(&client, format!("http://{endpoint}/large"), "").await;
    assert_eq!(large.unwrap().body().len(), 3 << 20);
    let small = Client::new(Trust::System).with_most(1000);
    let large = send(&small, format!("http://{endpoint}/large"), "").await;
    assert_eq!(large.unwrap_err(), ClientError::TooLarge(1000));
    for wrong in ["/path", "ftp://host/", "*"] {
        let error = send(&client, wrong.to_owned(), "").await.unwrap_err();
        assert_eq!(error, ClientError::Address(wrong.to_owned()));
    }
    stop.stop();
}

#[tokio::test]
async fn a_client_tells_not_delivered_from_not_answered() {
    let stop = Stop::new();
    let (endpoint, _) = serve(HttpLimits::default(), &stop).await;
    let client = Client::new(Trust::System);
    let never = post(format!("http://{endpoint}/never"), "");
    let late = client.send(never, Duration::from_millis(50)).await;
    assert_eq!(late.unwrap_err(), ClientError::Timeout);
    let free = crate::support::endpoint();
    let refused = send(&client, format!("http://{free}/"), "").await;
    assert!(
        matches!(refused, Err(ClientError::Connect(_))),
        "{refused:?}"
    );
    // One that takes the request and closes.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = taken.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = [0; 1000];
            let _ = socket.read(&mut buffer).await;
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let lost = send(&client, url, "").await;
    assert!(matches!(lost, Err(ClientError::Lost(_))), "{lost:?}");
    assert_eq!(taken.load(Ordering::Relaxed), 1, "sent once, not twice");
    stop.stop();
}

#[tokio::test]
async fn a_server_that_was_restarted_is_called_again_at_once() {
    let client = Client::new(Trust::System);
    let place = crate::support::endpoint();
    for _ in 0..3 {
        let stop = Stop::new();
        let server = Server::bind(&place).await.unwrap();
        let serving = tokio::spawn(server.run(Arc::new(Echo::default()), stop.clone()));
        for _ in 0..3 {
            let answer = send(&client, format!("http://{place}/"), "x")
                .await
                .unwrap();
            assert_eq!(answer.status(), 200);
        }
        stop.stop();
        serving.await.unwrap();
    }
}

#[tokio::test]
async fn http_2_is_spoken_on_the_same_port() {
    let stop = Stop::new();
    let (endpoint, _) = serve(HttpLimits::default(), &stop).await;
    let socket = TcpStream::connect(endpoint.as_str()).await.unwrap();
    let (send, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
            .await
            .unwrap();
    tokio::spawn(connection);
    let calls = (0..50).map(|number| {
        let mut send = send.clone();
        let body = vec![b'0' + number % 10; 50_000];
        let request = http::Request::post(format!("http://{endpoint}/twice"))
            .body(Full::new(Bytes::from(body.clone())))
            .unwrap();
        async move {
            let answer = send.send_request(request).await.unwrap();
            assert_eq!(answer.collect().await.unwrap().to_bytes(), body);
        }
    });
    let all = futures_util::future::join_all(calls);
    tokio::time::timeout(LONG, all).await.unwrap();
    stop.stop();
}

#[tokio::test]
async fn tls_is_verified_unless_anyone_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let file = |name: &str| folder.path().join(name);
    let tls = soe_live::http::certificate(&file("server.crt"), &file("server.key")).unwrap();
    let stop = Stop::new();
    let server = Server::bind(&any()).await.unwrap().with_tls(Some(tls));
    let url = format!("https://{}/", server.endpoint());
    tokio::spawn(server.run(Arc::new(Echo::default()), stop.clone()));
    let status = async |trust: Trust| {
        let answer = send(&Client::new(trust), url.clone(), "").await;
        answer.map(|answer| answer.status().as_u16())
    };
    assert_eq!(status(Trust::File(file("ca.crt"))).await, Ok(200));
    assert_eq!(status(Trust::Anyone).await, Ok(200));
    let other = tempfile::tempdir().unwrap();
    certificates(other.path());
    let refused = status(Trust::File(other.path().join("ca.crt"))).await;
    assert!(
        matches!(refused, Err(ClientError::Connect(_))),
        "{refused:?}"
    );
    for (certificate, key, part) in [
        ("none.crt", "server.key", "none.crt: cannot read"),
        ("server.key", "server.key", "server.key: no certificate"),
        ("server.crt", "server.crt", "server.crt: "),
        ("server.crt", "client.key", "client.key: "),
    ] {
        let wrong = soe_live::http::certificate(&file(certificate), &file(key));
        let error = wrong.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    stop.stop();
}

#[tokio::test]
async fn what_is_too_large_or_malformed_is_refused_with_a_status() {
    let stop = Stop::new();
    let limits = HttpLimits {
        body: 1000,
        body_time: Duration::from_millis(100),
        idle: Duration::from_millis(500),
        ..HttpLimits::default()
    };
    let (endpoint, echo) = serve(limits, &stop).await;
    let status = async |bytes: &str| {
        let answer = raw(&endpoint, bytes.as_bytes()).await;
        let first = answer.lines().next().unwrap_or_default().to_owned();
        first.get(9..12).unwrap_or_default().to_owned()
    };
    let head = "POST / HTTP/1.1\r\nhost: a\r\n";
    for (request, expected) in [
        (
            format!("{head}content-length: 1001\r\n\r\n{}", "x".repeat(1001)),
            "413",
        ),
        (
            format!("{head}content-length: 99999999999999\r\nexpect: 100-continue\r\n\r\n"),
            "413",
        ),
        (
            format!(
                "{head}transfer-encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
                "x".repeat(1001)
            ),
            "413",
        ),
        (format!("{head}content-length: 10\r\n\r\nxxx"), "408"),
        (
            format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n"),
            "400",
        ),
        (format!("{head}content-length: x\r\n\r\n"), "400"),
        (format!("{head}x: {}\r\n\r\n", "y".repeat(100_000)), "431"),
        (format!("{head}{}\r\n", "x: y\r\n".repeat(101)), "431"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/3.7\r\n\r\n".to_owned(), "400"),
        // Silence, half a request, and half of what begins HTTP/2 end without an answer.
        (String::new(), ""),
        ("GET / HT".to_owned(), ""),
        ("PRI * HTTP/2.0\r\n\r\n".to_owned(), ""),
    ] {
        assert_eq!(
            status(&request).await,
            expected,
            "{}",
            request.split_at(request.len().min(80)).0
        );
    }
    assert_eq!(
        echo.begun.load(Ordering::Relaxed),
        0,
        "no request was whole"
    );
    // And it still serves.
    let client = Client::new(Trust::System);
    let answer = send(&client, format!("http://{endpoint}/"), vec![0; 1000]).await;
    assert_eq!(answer.unwrap().status(), 200);
    stop.stop();
}

#[tokio::test]
async fn connections_are_bounded_in_all_and_for_each_address() {
    let stop = Stop::new();
    let limits = HttpLimits {
        connections: 8,
        peer_connections: 4,
        ..HttpLimits::default()
    };
    let (endpoint, echo) = serve(limits, &stop).await;
    let request = "GET /never HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut busy = Vec::new();
    for number in 1..=4 {
        let mut socket = TcpStream::connect(endpoint.as_str()).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        busy.push(socket);
        eventually("the request is in progress", async || {
            echo.begun.load(Ordering::Relaxed) == number
        })
        .await;
    }
    // The fifth is closed at once.
    assert_eq!(raw(&endpoint, b"").await, "");
    drop(busy);
    let client = Client::new(Trust::System);
    eventually("there is room again", async || {
        send(&client, format!("http://{endpoint}/"), "")
            .await
            .is_ok()
    })
    .await;
    stop.stop();
}

#[tokio::test]
async fn bodies_that_are_held_are_bounded() {
    let stop = Stop::new();
    let limits = HttpLimits {
        body: 1000,
        held: 1500,
        ..HttpLimits::default()
    };
    let (endpoint, echo) = serve(limits, &stop).await;
    let client = Arc::new(Client::new(Trust::System));
    let never = post(format!("http://{endpoint}/never"), vec![0; 1000]);
    let holder = client.clone();
    let holding = tokio::spawn(async move { holder.send(never, LONG).await });
    eventually("a body is held", async || {
        echo.begun.load(Ordering::Relaxed) == 1
    })
    .await;
    let url = format!("http://{endpoint}/");
    let refused = send(&client, url.clone(), vec![0; 1000]).await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(
        send(&client, url.clone(), vec![0; 100])
            .await
            .unwrap()
            .status(),
        200
    );
    holding.abort();
    eventually("the memory is given back", async || {
        let answer = send(&client, url.clone(), vec![0; 1000]).await;
        answer.unwrap().status() == 200
    })
    .await;
    stop.stop();
}

#[tokio::test]
async fn a_server_that_stops_ends_what_runs_and_takes_nothing_new() {
    let stop = Stop::new();
    let server = Server::bind(&any()).await.unwrap();
    let endpoint = server.endpoint().clone();
    let echo = Arc::new(Echo::default());
    let serving = tokio::spawn(server.run(echo.clone(), stop.clone()));
    let client = Client::new(Trust::System);
    let url = format!("http://{endpoint}/twice");
    let running = send(&client, url.clone(), "body");
    let stopping = async {
        eventually("the request is in progress", async || {
            echo.begun.load(Ordering::Relaxed) == 1
        })
        .await;
        stop.stop();
    };
    let (answer, ()) = tokio::join!(running, stopping);
    assert_eq!(answer.unwrap().body(), "body");
    serving.await.unwrap();
    let refused = send(&client, url, "").await;
    assert!(
        matches!(refused, Err(ClientError::Connect(_))),
        "{refused:?}"
    );
}
