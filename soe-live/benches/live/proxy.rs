//! HAProxy and nginx in front of a server, where they are installed.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

pub struct Proxy {
    pub name: String,
    pub address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Proxy {
    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Each proxy that is installed, before each server.
pub fn all(servers: &[(&str, SocketAddr)]) -> Vec<Proxy> {
    let mut proxies = Vec::new();
    for (name, start) in [
        ("haproxy", haproxy as fn(SocketAddr, SocketAddr) -> String),
        ("nginx", nginx),
    ] {
        let Some(program) = installed(name) else {
            println!("{name} is not installed");
            continue;
        };
        for (server, to) in servers {
            let folder = tempfile::tempdir().unwrap();
            let address = free();
            let conf = folder.path().join("conf");
            std::fs::write(&conf, start(address, *to)).unwrap();
            let mut command = Command::new(&program);
            match name {
                "haproxy" => command.arg("-f").arg(&conf),
                _ => command.arg("-p").arg(folder.path()).arg("-c").arg(&conf),
            };
            let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            proxies.push(Proxy {
                name: format!("{name} > {server}"),
                address,
                child: child.unwrap(),
                _folder: folder,
            });
            while TcpStream::connect(address).is_err() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    proxies
}

fn installed(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let mut paths = folders
        .iter()
        .map(|folder| PathBuf::from(folder).join(name));
    paths.find(|path| path.exists())
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn haproxy(at: SocketAddr, to: SocketAddr) -> String {
    format!(
        "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  \
         timeout server 60s\n  http-reuse always\nfrontend f\n  bind {at} proto h2\n  \
         default_backend b\nbackend b\n  server s {to} proto h2\n"
    )
}

fn nginx(at: SocketAddr, to: SocketAddr) -> String {
    format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\n\
         events {{ worker_connections 1024; }}\nhttp {{ access_log off;\n\
         upstream s {{ server {to}; keepalive 64; }}\n\
         server {{ listen {at} http2; keepalive_requests 100000000;\n\
         client_max_body_size 0; location / {{ grpc_pass grpc://s; }} }} }}\n"
    )
}
