//! Encryption on the way to the server.
//!
//! The private server is built without TLS, so it stands behind a door that
//! speaks it: PostgreSQL's own `SSLRequest`, then a TLS handshake with a
//! certificate made here, then the server's bytes.
#![allow(
    clippy::disallowed_methods,
    reason = "its threads live as long as the test's connections, whose ends nobody waits for"
)]

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use tempfile::TempDir;

use crate::cluster::Database;
use crate::program::{self, Program};
use crate::proxy;

/// What a client sends to ask for encryption: its length and a number that is
/// no version of the protocol.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

struct Door {
    port: u16,
    folder: TempDir,
}

impl Door {
    /// In front of `database`, with a certificate made out to `localhost`; or
    /// without one, as a server that is not set up for encryption.
    fn before(database: &Database, encrypts: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Arc::new(identity(folder.path()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = proxy::socket_of(database);
        thread::spawn(move || {
            for client in listener.incoming().map(Result::unwrap) {
                let (config, socket) = (Arc::clone(&config), socket.clone());
                thread::spawn(move || {
                    let _ = serve(client, encrypts.then_some(config), &socket);
                });
            }
        });
        Self { port, folder }
    }

    fn url(&self, host: &str, options: &str) -> String {
        format!("postgresql://mnemo@{host}:{}/{options}", self.port)
    }

    fn authority(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }
}

/// An authority, whose certificate is put into `folder`, and a server's
/// certificate that it signed.
fn identity(folder: &Path) -> ServerConfig {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let server_key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&server_key, &issuer)
        .unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key)
        .unwrap()
}

fn serve(
    mut client: TcpStream,
    config: Option<Arc<ServerConfig>>,
    socket: &PathBuf,
) -> io::Result<()> {
    let mut first = [0; 8];
    client.read_exact(&mut first)?;
    let mut server = UnixStream::connect(socket)?;
    if first != SSL_REQUEST {
        server.write_all(&first)?;
        return proxy::pass(client, server);
    }
    let Some(config) = config else {
        client.write_all(b"N")?;
        return proxy::pass(client, server);
    };
    client.write_all(b"S")?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    relay(rustls::StreamOwned::new(connection, client), server)
}

/// Both ways in one thread: a TLS session has one owner.
fn relay(
    mut client: rustls::StreamOwned<ServerConnection, TcpStream>,
    mut server: UnixStream,
) -> io::Result<()> {
    let pause = Some(Duration::from_millis(1));
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock)?;
    }
    client.sock.set_read_timeout(pause)?;
    server.set_read_timeout(pause)?;
    loop {
        let is_open = copy_some(&mut client, &mut server)? && copy_some(&mut server, &mut client)?;
        if !is_open {
            return Ok(());
        }
    }
}

/// What is there now; false at the end.
fn copy_some(from: &mut impl Read, to: &mut impl Write) -> io::Result<bool> {
    let mut buffer = vec![0; 1 << 16];
    match from.read(&mut buffer) {
        Ok(0) => Ok(false),
        Ok(read) => {
            to.write_all(&buffer[..read])?;
            to.flush()?;
            Ok(true)
        }
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ) =>
        {
            Ok(true)
        }
        Err(error) => Err(error),
    }
}

fn run(database: &Database, url: &str) -> program::Ended {
    let shop = program::shop();
    Program::index(shop.path(), database)
        .env("DATABASE_URL", url)
        .run()
}

#[test]
fn what_is_believed_follows_sslmode() {
    let database = Database::new();
    let door = Door::before(&database, true);
    let name = database.url.database();
    let nameless = format!(
        "hostaddr=127.0.0.1 port={} user=mnemo dbname={name}",
        door.port
    );
    assert_eq!(run(&database, &nameless).code(), 0);
    let ca = door.authority();
    for (host, mode, succeeds) in [
        ("localhost", format!("{name}?sslmode=require"), true),
        ("127.0.0.1", format!("{name}?sslmode=require"), true),
        (
            "localhost",
            format!("{name}?sslmode=verify-full&sslrootcert={ca}"),
            true,
        ),
        ("localhost", format!("{name}?sslmode=verify-full"), false),
        (
            "127.0.0.1",
            format!("{name}?sslmode=verify-full&sslrootcert={ca}"),
            false,
        ),
        (
            "127.0.0.1",
            format!("{name}?sslmode=verify-ca&sslrootcert={ca}"),
            true,
        ),
        ("localhost", format!("{name}?sslmode=verify-ca"), false),
        (
            "localhost",
            format!("{name}?sslmode=verify-full&sslrootcert=/nowhere.pem"),
            false,
        ),
    ] {
        let url = door.url(host, &mode);
        let ended = run(&database, &url);
        assert_eq!(
            ended.code(),
            i32::from(!succeeds),
            "{url}: {}",
            ended.stderr()
        );
        if !succeeds {
            let (error, hint) = ended.complaint();
            assert!(error.contains("no encrypted connection"), "{error}");
            assert!(hint.contains("sslrootcert"), "{hint}");
        }
    }
}

#[test]
fn a_server_without_encryption_is_used_only_if_none_is_asked_for() {
    let database = Database::new();
    let door = Door::before(&database, false);
    let name = database.url.database();
    for (mode, code) in [("", 0), ("?sslmode=disable", 0), ("?sslmode=require", 1)] {
        let ended = run(&database, &door.url("localhost", &format!("{name}{mode}")));
        assert_eq!(ended.code(), code, "{mode}: {}", ended.stderr());
    }
}

#[test]
fn nothing_readable_goes_over_an_encrypted_line() {
    let database = Database::new();
    let door = Door::before(&database, true);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, inner) = (listener.local_addr().unwrap().port(), door.port);
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    thread::spawn(move || {
        for client in listener.incoming().map(Result::unwrap) {
            let server = TcpStream::connect(("127.0.0.1", inner)).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let ear = Arc::clone(&ear);
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 14];
                while let Ok(read @ 1..) = from.read(&mut buffer) {
                    ear.lock().unwrap().extend(&buffer[..read]);
                    let _ = to.write_all(&buffer[..read]);
                }
            });
            thread::spawn(move || io::copy(&mut &server, &mut &client));
        }
    });
    let name = database.url.database();
    let url = format!("postgresql://mnemo@localhost:{port}/{name}?sslmode=require");
    assert_eq!(run(&database, &url).code(), 0);
    let heard = heard.lock().unwrap();
    assert!(heard.starts_with(&SSL_REQUEST) && heard.len() > 10_000);
    assert!(!heard.windows(6).any(|bytes| bytes == b"INSERT"));
}
