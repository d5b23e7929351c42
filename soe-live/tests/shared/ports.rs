//! Free ports.

#![allow(dead_code, reason = "not all tests that share this need all of it")]

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

/// A free endpoint of this machine, outside of what the system hands out by itself.
pub fn port() -> String {
    port_of(Ipv4Addr::LOCALHOST)
}

/// The same at one of the loopback addresses.
pub fn port_of(address: Ipv4Addr) -> String {
    static NEXT: Mutex<u16> = Mutex::new(0);
    let mut next = NEXT.lock().unwrap();
    loop {
        let port = 12_000 + (std::process::id() % 150) as u16 * 120 + *next;
        *next += 1;
        if TcpListener::bind((address, port)).is_ok() {
            return format!("{address}:{port}");
        }
    }
}
