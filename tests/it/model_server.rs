//! A model server on this machine that computes with the real model and
//! misbehaves on purpose.
#![allow(
    clippy::disallowed_methods,
    reason = "its threads live as long as the test's connections, whose ends nobody waits for"
)]

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::installed;

/// Which of the two languages it speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    TextEmbeddingsInference,
    OpenAi,
}

/// What goes wrong with an answer.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    Slow(Duration),
    /// A status, and what `Retry-After` says, in seconds.
    Status(u16, Option<u32>),
    /// Half of the body.
    Truncated,
    /// The connection ends without a word.
    Cut,
    /// Vectors that are too short.
    Narrow,
    /// A vector with a NaN.
    NotANumber,
    /// One vector too few.
    TooFew,
}

/// A server's nature.
pub struct Nature {
    pub speaks: Speaks,
    pub model: &'static str,
    /// The only key that it lets in.
    pub key: Option<&'static str>,
    /// What happens to the n-th request for vectors, the first being 0.
    pub fault: fn(usize) -> Option<Fault>,
    /// Longer texts are refused, in bytes.
    pub max_bytes: usize,
}

impl Default for Nature {
    fn default() -> Self {
        Self {
            speaks: Speaks::TextEmbeddingsInference,
            model: "sentence-transformers/all-MiniLM-L6-v2",
            key: None,
            fault: |_| None,
            max_bytes: usize::MAX,
        }
    }
}

/// The server; it ends with the tests.
pub struct ModelServer {
    port: u16,
    inner: Arc<Inner>,
}

struct Inner {
    nature: Nature,
    requests: AtomicUsize,
    longest: AtomicUsize,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    heard: Mutex<Vec<String>>,
}

struct Request {
    line: String,
    authorization: Option<String>,
    body: Vec<u8>,
}

impl ModelServer {
    pub fn start(nature: Nature) -> Self {
        installed::embedder(); // loaded before anyone waits for it
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inner = Arc::new(Inner {
            nature,
            requests: AtomicUsize::new(0),
            longest: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
            heard: Mutex::default(),
        });
        let serving = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let inner = Arc::clone(&serving);
                // A client that goes away in mid-request is its own affair.
                thread::spawn(move || drop(inner.serve(stream)));
            }
        });
        Self { port, inner }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Requests for vectors.
    pub fn requests(&self) -> usize {
        self.inner.requests.load(Ordering::SeqCst)
    }

    /// The longest text that came, in bytes.
    pub fn longest(&self) -> usize {
        self.inner.longest.load(Ordering::SeqCst)
    }

    /// The most requests that were under way at once.
    pub fn most_under_way(&self) -> usize {
        self.inner.most_under_way.load(Ordering::SeqCst)
    }
}

impl Inner {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        while let Some(request) = read_request(&mut reader)? {
            let expected = self.nature.key.map(|key| format!("Bearer {key}"));
            if expected.is_some() && request.authorization != expected {
                write(&mut stream, 401, "", br#"{"error":"no"}"#)?;
            } else if request.line.starts_with("GET") {
                self.introduce(&mut stream, &request.line)?;
            } else if !self.embed(&mut stream, &request)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn introduce(&self, stream: &mut TcpStream, line: &str) -> io::Result<()> {
        let answer = match self.nature.speaks {
            Speaks::TextEmbeddingsInference if line.contains(" /info ") => json!({
                "model_id": self.nature.model, "model_sha": "c0ffee", "model_dtype": "float32",
                "max_input_length": 256, "max_client_batch_size": 8, "version": "1"
            }),
            Speaks::OpenAi if line.contains(" /v1/models ") => {
                json!({"object": "list", "data": [{"id": self.nature.model, "object": "model"}]})
            }
            _ => return write(stream, 404, "", b"Not Found"),
        };
        write(stream, 200, "", answer.to_string().as_bytes())
    }

    /// Whether the connection goes on.
    fn embed(&self, stream: &mut TcpStream, request: &Request) -> io::Result<bool> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_under_way.fetch_max(now, Ordering::SeqCst);
        let fault = (self.nature.fault)(number);
        let goes_on = self.answer(stream, request, fault);
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        goes_on
    }

    fn answer(
        &self,
        stream: &mut TcpStream,
        request: &Request,
        fault: Option<Fault>,
    ) -> io::Result<bool> {
        match fault {
            Some(Fault::Slow(time)) => thread::sleep(time),
            Some(Fault::Cut) => return Ok(false),
            Some(Fault::Status(status, after)) => {
                let header = after.map(|seconds| format!("Retry-After: {seconds}\r\n"));
                write(
                    stream,
                    status,
                    &header.unwrap_or_default(),
                    b"{\"error\":\"on purpose\"}",
                )?;
                return Ok(true);
            }
            _ => {}
        }
        let question: Value = serde_json::from_slice(&request.body)?;
        let inputs = question
            .get("inputs")
            .or_else(|| question.get("input"))
            .unwrap();
        let texts: Vec<&str> = inputs
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        self.longest.fetch_max(longest, Ordering::SeqCst);
        if longest > self.nature.max_bytes {
            write(stream, 413, "", b"{\"error\":\"too long\"}")?;
            return Ok(true);
        }
        self.heard
            .lock()
            .unwrap()
            .extend(texts.iter().map(|text| (*text).to_owned()));
        let body = spoiled(self.body(&vectors(&texts)), fault);
        if matches!(fault, Some(Fault::Truncated)) {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body.as_bytes()[..body.len() / 2])?;
            return Ok(false);
        }
        write(stream, 200, "", body.as_bytes())?;
        Ok(true)
    }

    fn body(&self, vectors: &[Vec<f32>]) -> Value {
        match self.nature.speaks {
            Speaks::TextEmbeddingsInference => json!(vectors),
            Speaks::OpenAi => {
                let rows = vectors.iter().enumerate().rev();
                let data: Vec<_> = rows
                    .map(|(index, vector)| json!({"index": index, "embedding": vector}))
                    .collect();
                json!({"object": "list", "data": data})
            }
        }
    }
}

/// Of the real model.
fn vectors(texts: &[&str]) -> Vec<Vec<f32>> {
    let embedder = installed::embedder();
    let tokens: Vec<_> = texts
        .iter()
        .map(|text| embedder.tokenizer().encode(text).unwrap())
        .collect();
    let vectors = embedder.embed(&tokens).unwrap();
    vectors
        .iter()
        .map(|vector| vector.as_slice().to_vec())
        .collect()
}

/// The body of a server that answers in plain arrays, with its fault.
fn spoiled(mut body: Value, fault: Option<Fault>) -> String {
    let Some(rows) = body.as_array_mut() else {
        return body.to_string();
    };
    match fault {
        Some(Fault::TooFew) => drop(rows.pop()),
        Some(Fault::Narrow) => rows[0] = json!([1.0, 2.0]),
        Some(Fault::NotANumber) => {
            rows[0][0] = json!("NaN");
            return body.to_string().replace("\"NaN\"", "NaN");
        }
        _ => {}
    }
    body.to_string()
}

fn write(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} Some\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request {
        line,
        authorization,
        body,
    }))
}
