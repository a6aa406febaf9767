//! `models fetch` against a server on this machine that answers as the hub
//! does: large files behind a redirect, digests in the headers, ranges.
#![allow(
    clippy::disallowed_methods,
    reason = "its threads live as long as the test's connections, whose ends nobody waits for"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use mnemo_index::embed::RecordedFile;
use tempfile::TempDir;

use crate::program::{Ended, Program};

const ID: &str = "own-model";

/// How the server behaves.
#[derive(Clone, Copy, Default)]
struct Manners {
    /// Breaks off the first answer with a large file after half of it.
    cuts: bool,
    /// Announces another digest than the file's.
    lies: bool,
    /// Answers only those who show this token.
    token: Option<&'static str>,
}

/// A path, and where its bytes should begin.
type Seen = (String, Option<usize>);

struct Hub {
    port: u16,
    /// What was asked for.
    asked: Arc<Mutex<Vec<Seen>>>,
    models: TempDir,
}

const WEIGHTS: &[u8] = &[7; 300_000];
const TOKENIZER: &[u8] = b"{}";
/// `printf '{}' | git hash-object --stdin`
const TOKENIZER_GIT: &str = "9e26dfeeb6e641a33dae4961196235bdb965b21b";

impl Hub {
    /// With a models' folder in which a manifest names two files and no digest.
    fn new(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let models = tempfile::tempdir().unwrap();
        let own = models.path().join(ID);
        fs::create_dir(&own).unwrap();
        fs::write(own.join("model.toml"), manifest("")).unwrap();
        let seen = Arc::clone(&asked);
        let cut = Arc::new(Mutex::new(manners.cuts));
        thread::spawn(move || {
            for client in listener.incoming().map(Result::unwrap) {
                let (seen, cut) = (Arc::clone(&seen), Arc::clone(&cut));
                thread::spawn(move || serve(&client, manners, (&seen, &cut)));
            }
        });
        Self {
            port,
            asked,
            models,
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn folder(&self) -> std::path::PathBuf {
        self.models.path().join(ID)
    }

    fn program(&self, arguments: &[&str]) -> Program {
        let models = self.models.path().to_str().unwrap();
        Program::new(["models"])
            .args(arguments.iter().copied())
            .args(["--models-dir", models])
            .env("HF_ENDPOINT", self.url())
    }

    fn fetch(&self) -> Ended {
        self.program(&["fetch", ID]).run()
    }

    /// From where on the weights were asked for, of those who wanted more than a byte.
    fn beginnings(&self) -> Vec<usize> {
        let asked = self.asked.lock().unwrap();
        let large = asked.iter().filter(|(path, _)| path.starts_with("/blob"));
        large.filter_map(|(_, from)| *from).collect()
    }
}

fn manifest(digest: &str) -> String {
    format!(
        "id = \"{ID}\"\ndimensions = 4\npooling = \"mean\"\nnormalize = true\nmax_tokens = 8\n\
         [hub]\nrepository = \"someone/own\"\nrevision = \"main\"\n\
         [[files]]\nname = \"model.onnx\"\nsource = \"onnx/model.onnx\"\n{digest}\
         [[files]]\nname = \"tokenizer.json\"\n"
    )
}

fn sha256(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    RecordedFile::of(file.path()).unwrap().sha256
}

struct Asked {
    path: String,
    range: Option<(usize, Option<usize>)>,
    token: Option<String>,
}

fn read(client: &TcpStream) -> Option<Asked> {
    let mut lines = BufReader::new(client).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut asked = Asked {
        path: first.split(' ').nth(1)?.to_owned(),
        range: None,
        token: None,
    };
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ")?;
        if name.eq_ignore_ascii_case("range") {
            let (from, to) = value.strip_prefix("bytes=")?.split_once('-')?;
            asked.range = Some((from.parse().ok()?, to.parse().ok()));
        } else if name.eq_ignore_ascii_case("authorization") {
            asked.token = value.strip_prefix("Bearer ").map(str::to_owned);
        }
    }
    Some(asked)
}

fn serve(mut client: &TcpStream, manners: Manners, (seen, cut): (&Mutex<Vec<Seen>>, &Mutex<bool>)) {
    let Some(asked) = read(client) else { return };
    let is_probe = asked.range == Some((0, Some(0)));
    let from = asked.range.map(|(from, _)| from).filter(|_| !is_probe);
    seen.lock().unwrap().push((asked.path.clone(), from));
    let head = |status: &str, more: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{more}\r\n")
    };
    let denied = manners
        .token
        .is_some_and(|token| asked.token.as_deref() != Some(token));
    let large = asked.path.ends_with("model.onnx") && !asked.path.starts_with("/blob");
    let mut digest = sha256(WEIGHTS);
    if manners.lies {
        digest = digest.replace(|c: char| c.is_ascii_digit(), "0");
    }
    let answer = match asked.path.as_str() {
        _ if denied && !asked.path.starts_with("/blob") => head("401 Unauthorized", "", 0),
        _ if large => head(
            "302 Found",
            &format!(
                "location: http://{}/blob\r\nx-repo-commit: abc\r\nx-linked-etag: \"{digest}\"\r\netag: \"x\"\r\n",
                client.local_addr().unwrap()
            ),
            0,
        ),
        "/blob" => {
            let mut cut = cut.lock().unwrap();
            let (begin, end) = asked.range.unwrap_or((0, None));
            let end = end.map_or(WEIGHTS.len(), |end| end + 1);
            let range = format!(
                "content-range: bytes {begin}-{}/{}\r\n",
                end - 1,
                WEIGHTS.len()
            );
            let text = head("206 Partial Content", &range, end - begin);
            client.write_all(text.as_bytes()).unwrap();
            let breaks = *cut && !is_probe;
            let end = if breaks { WEIGHTS.len() / 2 } else { end };
            *cut &= !breaks;
            let _ = client.write_all(&WEIGHTS[begin..end]);
            return;
        }
        path if path.ends_with("/tokenizer.json") => {
            let more = format!(
                "x-repo-commit: abc\r\netag: \"{TOKENIZER_GIT}\"\r\ncontent-range: bytes 0-1/2\r\n"
            );
            let text = head("206 Partial Content", &more, TOKENIZER.len());
            client.write_all(text.as_bytes()).unwrap();
            let _ = client.write_all(TOKENIZER);
            return;
        }
        _ => head("404 Not Found", "", 0),
    };
    let _ = client.write_all(answer.as_bytes());
}

fn is_whole(folder: &Path) -> bool {
    fs::read(folder.join("model.onnx")).is_ok_and(|bytes| bytes == WEIGHTS)
        && fs::read(folder.join("tokenizer.json")).is_ok_and(|bytes| bytes == TOKENIZER)
}

#[test]
fn a_model_is_fetched_checked_and_recorded() {
    let hub = Hub::new(Manners::default());
    assert_eq!(hub.program(&["path", ID]).run().code(), 6);
    let ended = hub.fetch();
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    assert!(is_whole(&hub.folder()));
    assert_eq!(hub.program(&["verify", ID]).run().code(), 0);
    let told = hub.program(&["path", ID]).run().stdout();
    assert_eq!(Path::new(told.trim()), hub.folder());
    let asked = hub.asked.lock().unwrap().len();
    let again = hub.fetch();
    assert!(
        again.stdout().contains("is there already"),
        "{}",
        again.stdout()
    );
    assert_eq!(hub.asked.lock().unwrap().len(), asked, "it asked again");

    fs::write(hub.folder().join("model.onnx"), "other").unwrap();
    let faults = hub.program(&["verify", "--json"]).run();
    assert_eq!(faults.code(), 5);
    assert!(
        faults.stdout().contains("instead of 300000"),
        "{}",
        faults.stdout()
    );
}

#[test]
fn a_transfer_that_breaks_goes_on_where_it_ended() {
    let hub = Hub::new(Manners {
        cuts: true,
        ..Manners::default()
    });
    let ended = hub.fetch();
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    assert!(is_whole(&hub.folder()));
    assert_eq!(hub.beginnings(), [0, WEIGHTS.len() / 2]);
}

#[test]
fn what_is_not_what_the_hub_announced_is_never_there() {
    let hub = Hub::new(Manners {
        lies: true,
        ..Manners::default()
    });
    let ended = hub.fetch();
    assert_eq!(ended.code(), 1);
    let (error, hint) = ended.complaint();
    assert!(error.contains("has the digest"), "{error}");
    assert!(hint.contains("nothing was changed"), "{hint}");
    assert!(!hub.folder().join("model.onnx").exists());
    assert_eq!(hub.program(&["path", ID]).run().code(), 6);
}

#[test]
fn a_file_that_is_not_what_the_manifest_says_is_never_there() {
    let hub = Hub::new(Manners::default());
    let other = format!("sha256 = \"{}\"\n", sha256(b"other"));
    fs::write(hub.folder().join("model.toml"), manifest(&other)).unwrap();
    let ended = hub.fetch();
    assert_eq!(ended.code(), 1);
    assert!(ended.complaint().0.contains("has sha256"));
    assert!(!hub.folder().join("model.onnx").exists());
}

#[test]
fn a_repository_that_is_not_public_wants_a_token() {
    let hub = Hub::new(Manners {
        token: Some("secret-word"),
        ..Manners::default()
    });
    let (error, hint) = hub.fetch().complaint();
    assert!(
        error.contains("(401)") && hint.contains("HF_TOKEN"),
        "{error} {hint}"
    );
    let ended = hub
        .program(&["fetch", ID])
        .env("HF_TOKEN", "secret-word")
        .run();
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    assert!(!ended.stderr().contains("secret-word"));
}

#[test]
fn what_does_not_exist_and_what_is_not_allowed_say_so() {
    let hub = Hub::new(Manners::default());
    let facts = manifest("").replace("onnx/model.onnx", "onnx/none.bin");
    fs::write(hub.folder().join("model.toml"), facts).unwrap();
    let ended = hub.fetch();
    assert_eq!(ended.code(), 6);
    assert!(ended.complaint().0.contains("404"));
    assert_eq!(hub.program(&["fetch", "no-such-model"]).run().code(), 6);

    let before = hub.asked.lock().unwrap().len();
    for program in [
        hub.program(&["fetch", ID, "--offline"]),
        hub.program(&["fetch", ID]).env("HF_HUB_OFFLINE", "1"),
    ] {
        let ended = program.run();
        assert_eq!(ended.code(), 2);
        assert!(ended.complaint().1.contains("--from"));
    }
    assert_eq!(hub.asked.lock().unwrap().len(), before);
    let ended = hub.program(&["fetch", "all-minilm-l6-v2"]).run();
    assert!(ended.complaint().1.contains("scripts/setup"));
    let ended = hub
        .program(&["fetch", ID, "--mirror", "http://mirror.example"])
        .run();
    assert_eq!(ended.code(), 2);
}

#[test]
fn a_folder_or_a_mirror_will_do() {
    let hub = Hub::new(Manners::default());
    let from = tempfile::tempdir().unwrap();
    fs::write(from.path().join("model.onnx"), WEIGHTS).unwrap();
    fs::write(from.path().join("tokenizer.json"), TOKENIZER).unwrap();
    let folder = from.path().to_str().unwrap();
    let ended = hub
        .program(&["fetch", ID, "--offline", "--from", folder])
        .run();
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    assert!(is_whole(&hub.folder()));
    assert!(hub.asked.lock().unwrap().is_empty());

    let other = Hub::new(Manners::default());
    let (error, hint) = other
        .program(&["fetch", ID, "--mirror", &other.url()])
        .run()
        .complaint();
    assert!(error.contains("SHA256SUMS"), "{error} {hint}");
}
