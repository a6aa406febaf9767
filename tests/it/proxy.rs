//! A door to the database that can be shut: TCP in, the server's socket out.
#![allow(
    clippy::disallowed_methods,
    reason = "its threads live as long as the test's connections, whose ends nobody waits for"
)]

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use postgres::Config;
use postgres::config::Host;

use crate::cluster::Database;

pub struct Proxy {
    port: u16,
    shut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    config: Config,
}

impl Proxy {
    pub fn before(database: &Database) -> Self {
        let config: Config = database.url.expose().parse().unwrap();
        let socket = socket_of(database);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            shut: Arc::default(),
            open: Arc::default(),
            config,
        };
        let (shut, open) = (Arc::clone(&proxy.shut), Arc::clone(&proxy.open));
        thread::spawn(move || {
            for client in listener.incoming().map(Result::unwrap) {
                // Dropped, a connection is one that the server closed at once.
                if !shut.load(Ordering::SeqCst) {
                    open.lock().unwrap().push(client.try_clone().unwrap());
                    pass(client, UnixStream::connect(&socket).unwrap()).unwrap();
                }
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        let (user, database) = (
            self.config.get_user().unwrap(),
            self.config.get_dbname().unwrap(),
        );
        format!("postgresql://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// Breaks every connection; new ones are let in.
    pub fn cut(&self) {
        for client in self.open.lock().unwrap().drain(..) {
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// Breaks every connection and lets none in.
    pub fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
        self.cut();
    }

    /// Lets connections in again.
    pub fn reopen(&self) {
        self.shut.store(false, Ordering::SeqCst);
    }
}

/// Where the tests' server listens.
pub fn socket_of(database: &Database) -> PathBuf {
    let config: Config = database.url.expose().parse().unwrap();
    let [Host::Unix(folder)] = config.get_hosts() else {
        panic!("the tests' server listens on a socket");
    };
    folder.join(format!(".s.PGSQL.{}", config.get_ports()[0]))
}

/// Hands on what either side says, until one of them ends.
pub fn pass(client: TcpStream, server: UnixStream) -> io::Result<()> {
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let (mut from_server, mut to_client) = (server, client);
    thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    Ok(())
}
