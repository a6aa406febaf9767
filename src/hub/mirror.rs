//! From a server that offers a folder for each model: `URL/<id>/<file>`.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::{FetchError, Tell, disk};
use crate::embed::ModelFile;

/// Beside the files: digests of those whose manifest has none.
const SUMS: &str = "SHA256SUMS";
const BLOCK: usize = 1 << 16;

pub(super) struct Mirror {
    agent: Agent,
    folder: String,
}

impl Mirror {
    pub fn open(url: &str, id: &str) -> Self {
        let tls = TlsConfig::builder().root_certs(roots()).build();
        Self {
            agent: Agent::config_builder().tls_config(tls).build().into(),
            folder: format!("{}/{id}", url.trim_end_matches('/')),
        }
    }

    /// Brings `files` into `folder`, each checked against a digest.
    pub fn fetch(&self, files: &[&ModelFile], folder: &Path, tell: Tell) -> Result<(), FetchError> {
        let unknown = files.iter().any(|file| file.sha256.is_none());
        let sums = if unknown { self.sums()? } else { String::new() };
        for file in files {
            let sum = file.sha256.clone().or_else(|| sum_of(&sums, &file.name));
            let sha256 = sum.ok_or_else(|| FetchError::Unknown(file.name.clone()))?;
            let file = ModelFile {
                sha256: Some(sha256),
                ..(*file).clone()
            };
            if file.verify(folder).is_err() {
                self.file(&file.name, folder, tell)?;
                if let Err(error) = file.verify(folder) {
                    let _ = fs::remove_file(folder.join(&file.name));
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    fn sums(&self) -> Result<String, FetchError> {
        let place = format!("{}/{SUMS}", self.folder);
        let answer = self.agent.get(&place).call();
        let mut answer = answer.map_err(|error| of_request(place.clone(), &error))?;
        let text = answer.body_mut().read_to_string();
        text.map_err(|error| of_request(place, &error))
    }

    /// Goes on where an earlier try ended, if the server can.
    fn file(&self, name: &str, folder: &Path, tell: Tell) -> Result<(), FetchError> {
        let (place, path) = (format!("{}/{name}", self.folder), folder.join(name));
        let part = folder.with_file_name(format!("{name}.part"));
        let begun = fs::metadata(&part).map_or(0, |part| part.len());
        let mut request = self.agent.get(&place);
        if begun > 0 {
            request = request.header("Range", format!("bytes={begun}-"));
        }
        let answer = request.call().map_err(|error| {
            // A beginning that the server does not know is none.
            let _ = matches!(error, ureq::Error::StatusCode(416)).then(|| fs::remove_file(&part));
            of_request(place.clone(), &error)
        })?;
        let goes_on = answer.status() == 206;
        let length = answer.body().content_length().unwrap_or(0);
        let begun = if goes_on { begun } else { 0 };
        let mut options = OpenOptions::new();
        options
            .create(true)
            .append(goes_on)
            .write(true)
            .truncate(!goes_on);
        let mut file = options.open(&part).map_err(disk(&part))?;
        let mut body = answer.into_body().into_reader();
        let copied = copy(&mut body, &mut file, &mut |done| {
            tell(name, begun + done, begun + length);
        });
        copied.map_err(|cause| FetchError::Broken {
            place,
            cause: cause.to_string(),
        })?;
        fs::rename(&part, &path).map_err(disk(&path))
    }
}

fn copy(from: &mut impl Read, to: &mut File, tell: &mut dyn FnMut(u64)) -> std::io::Result<()> {
    let (mut block, mut done) = (vec![0; BLOCK], 0);
    loop {
        let count = from.read(&mut block)?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&block[..count])?;
        done += count as u64;
        tell(done);
    }
}

/// The digest of `name` in the form that `sha256sum` writes.
fn sum_of(sums: &str, name: &str) -> Option<String> {
    sums.lines().find_map(|line| {
        let (sum, file) = line.split_once(' ')?;
        (file.trim_start_matches([' ', '*']) == name).then(|| sum.to_owned())
    })
}

/// The system's, as an authority of one's own stands there; else Mozilla's.
fn roots() -> RootCerts {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return RootCerts::WebPki;
    }
    let certificates: Vec<_> = found
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    RootCerts::new_with_certs(&certificates)
}

pub(super) fn of_request(place: String, error: &ureq::Error) -> FetchError {
    match error {
        ureq::Error::StatusCode(404) => FetchError::Absent(place),
        ureq::Error::StatusCode(status @ (401 | 403)) => FetchError::Denied {
            place,
            status: *status,
        },
        other => FetchError::Broken {
            place,
            cause: other.to_string(),
        },
    }
}
