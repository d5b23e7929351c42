//! A computer that recognizes faces, called as any other.

use std::sync::Arc;

use bytes::Bytes;
use soe_live::Security;
use soe_live::command::{Endpoint, Stop};
use soe_live::computer::{Computer, Executor};
use soe_live::facerec::{Recognizer, RecognizerOptions};
use soe_live::rpc::LambdaRequest;
use soe_live::server::{Server, Services};

use crate::support::{any, call, computer_options, router};

async fn computer(stop: &Stop) -> Endpoint {
    let options = RecognizerOptions {
        models: "facerec0=rustface".parse().unwrap(),
        dummy: Some("clambda0".to_owned()),
        workers: 2,
        scale: 1.0,
    };
    let recognizer = Arc::new(Recognizer::new(&options).unwrap());
    let executor = Executor::Faces(recognizer);
    let computer = Computer::new(executor, "faces", &computer_options(any())).unwrap();
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let endpoint = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {}).await;
    tokio::spawn(server.run(Some(Arc::new(computer)), services.unwrap(), stop.clone()));
    endpoint
}

fn request(function: &str, picture: Vec<u8>, dry: bool) -> LambdaRequest {
    LambdaRequest {
        name: function.into(),
        datain: Bytes::from(picture),
        dry,
        ..LambdaRequest::default()
    }
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = image::GrayImage::from_fn(width, height, |x, y| {
        image::Luma([(x.wrapping_mul(31) ^ y.wrapping_mul(17)) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    let format = image::ImageFormat::Png;
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn pictures_are_searched_behind_a_router_and_wrong_ones_condemn_nobody() {
    let stop = Stop::new();
    let place = computer(&stop).await;
    let mut router = router(&stop).await;
    for function in ["facerec0", "clambda0"] {
        assert_eq!(router.change(function, place.as_str(), 1.0).await, "OK");
    }
    // Larger than the file says, and as the header of a picture of 50 megapixels.
    for (picture, says) in [
        (Vec::new(), "no picture"),
        (b"GIF89a".to_vec(), "PNG or JPEG"),
        (png(300, 300)[..200].to_vec(), "cannot read the picture"),
        (png(17_000, 1), "at most 16777216"),
    ] {
        let answer = call(&router.endpoint, request("facerec0", picture, false)).await;
        assert!(answer.retcode.contains(says), "{says}: {answer:?}");
    }
    for (width, height) in [(1, 1), (64, 48)] {
        let answer = call(
            &router.endpoint,
            request("facerec0", png(width, height), false),
        )
        .await;
        assert_eq!(answer.retcode, "OK");
        assert_eq!(answer.output, r#"{"objects":[]}"#);
        assert_eq!(
            (answer.hops, answer.responder.as_str()),
            (2, place.as_str())
        );
    }
    let nothing = call(&router.endpoint, request("clambda0", Vec::new(), false)).await;
    assert_eq!(
        (nothing.retcode.as_str(), nothing.output.as_str()),
        ("OK", "")
    );
    stop.stop();
}

#[tokio::test]
async fn the_estimate_grows_with_the_pixels() {
    let stop = Stop::new();
    let place = computer(&stop).await;
    let estimate = async |side: u32| {
        let answer = call(&place, request("facerec0", png(side, side), true)).await;
        assert_eq!(
            (answer.retcode.as_str(), answer.output.as_str()),
            ("OK", "")
        );
        f64::from(answer.ptime)
    };
    let (one, four) = (estimate(1000).await, estimate(2000).await);
    // In whole milliseconds.
    assert!((four - 4.0 * one).abs() <= 4.0, "{one} {four}");
    let wrong = call(&place, request("facerec0", b"nothing".to_vec(), true)).await;
    assert!(wrong.retcode.contains("PNG or JPEG"));
    let unknown = call(&place, request("eyerec0", png(1, 1), true)).await;
    assert!(unknown.retcode.contains("No model for lambda eyerec0"));
    stop.stop();
}

#[tokio::test]
async fn a_client_gets_its_computer_from_a_proxy_of_etsi_mec() {
    use clap::Parser;
    use soe_live::facerec::client::{Options, run};

    let stop = Stop::new();
    let place = computer(&stop).await;
    let mut bench = crate::mec::Bench::start().await;
    bench.add("facerec0").await;
    bench.associate("", "facerec0", place.as_str()).await;
    let folder = tempfile::tempdir().unwrap();
    let (picture, output) = (folder.path().join("a.png"), folder.path().join("out"));
    std::fs::write(&picture, png(64, 48)).unwrap();
    let words = [
        "facerecclient".to_owned(),
        format!("--image={}", picture.display()),
        format!("--output-file={}", output.display()),
        format!("--etsi-api-root={}", bench.root),
        "--etsi-notification-uri=http://127.0.0.1:0".to_owned(),
        "--loop".to_owned(),
        "--max-requests=3".to_owned(),
    ];
    let options = Options::try_parse_from(words).unwrap();
    run(options, stop.clone()).await.unwrap();
    let lines = std::fs::read_to_string(&output).unwrap();
    assert_eq!(lines.lines().count(), 3, "{lines}");
    // Its context is gone with it.
    assert_eq!(bench.count().await, 0);
    stop.stop();
}
