//! Whatever a device application sends, it gets an answer that is not an error of the proxy.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use soe_live::http::Request;
use soe_live::mec::{Proxy, ProxyOptions};
use soe_live::rpc::mec::ue_app_lcm_proxy_server::UeAppLcmProxy;
use soe_live::rpc::mec::{AddressTuple, Lambda};

const TARGETS: [(&str, &str); 8] = [
    ("GET", "/dev_app/v1/app_list"),
    ("POST", "/mx2/v1/app_contexts"),
    ("PUT", "/mx2/v1/app_contexts/x"),
    ("POST", "/dev_app/v1/app_contexts"),
    ("PUT", "/dev_app/v1/app_contexts/00000000000000000000000000000000"),
    ("POST", "/dev_app/v1/obtain_app_loc_availability"),
    ("DELETE", "/mx2/v1/app_contexts/"),
    ("DELETE", "/dev_app/v1/app_contexts/"),
];

// The first byte chooses the resource; what follows is the query, the end of the path or
// the body.
fuzz_target!(|input: &[u8]| {
    let Some((&first, rest)) = input.split_first() else {
        return;
    };
    let (method, path) = TARGETS[usize::from(first) % TARGETS.len()];
    let text = String::from_utf8_lossy(rest);
    let (uri, body) = match method {
        "GET" => (format!("{path}?{text}"), Bytes::new()),
        "DELETE" => (format!("{path}{text}"), Bytes::new()),
        _ => (path.to_owned(), Bytes::copy_from_slice(rest)),
    };
    let request = http::Request::builder().method(method).uri(uri);
    let Ok(request) = request.header("content-type", "application/json").body(()) else {
        return;
    };
    soe_live_fuzz::runtime().block_on(async {
        let proxy = Proxy::new(&ProxyOptions::default()).expect("a proxy");
        let value = "f".to_owned();
        let added = proxy.add_lambda(tonic::Request::new(Lambda { value })).await;
        added.expect("an application");
        let row = AddressTuple {
            client: String::new(),
            app_name: "f".to_owned(),
            server: "e:1".to_owned(),
        };
        let set = proxy.associate_address(tonic::Request::new(row)).await;
        set.expect("an association");
        let root = "http://127.0.0.1:6500".parse().expect("a root");
        let request = Request {
            head: request.into_parts().0,
            body,
            peer: "127.0.0.1:1".parse().expect("an address"),
        };
        let answer = proxy.answer(&root, request).await;
        assert!(answer.status().as_u16() < 500, "{answer:?}");
    });
});
