//! Whatever change of the tables of a proxy is asked for, it is made or refused, and the
//! tables stay readable.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use soe_live::mec::{Proxy, ProxyOptions};
use soe_live::rpc::mec::ue_app_lcm_proxy_server::UeAppLcmProxy;
use soe_live::rpc::mec::{Lambda, Table, Void};
use tonic::Request;

fuzz_target!(|message: &[u8]| {
    let Ok(table) = Table::decode(message) else {
        return;
    };
    soe_live_fuzz::runtime().block_on(async {
        let proxy = Proxy::new(&ProxyOptions::default()).expect("a proxy");
        let mut accepted = 0;
        for row in &table.table {
            let value = row.app_name.clone();
            let _ = proxy.add_lambda(Request::new(Lambda { value })).await;
            let set = proxy.associate_address(Request::new(row.clone())).await;
            accepted += usize::from(set.is_ok());
        }
        let shown = proxy.table(Request::new(Void {})).await.expect("a table");
        assert!(shown.into_inner().table.len() <= accepted);
        for row in table.table {
            let removed = proxy.remove_address(Request::new(row)).await;
            assert!(removed.is_ok());
        }
        let shown = proxy.table(Request::new(Void {})).await.expect("a table");
        assert!(shown.into_inner().table.is_empty());
    });
});
