//! From the hub, through its own client.

use std::fs;
use std::path::{Path, PathBuf};

use hf_hub::api::Progress;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use sha1::{Digest as _, Sha1};

use super::{FetchError, Tell, disk};
use crate::embed::{Hub, ModelFile, RecordedFile};

/// How often a broken transfer goes on by itself.
const RETRIES: usize = 3;

/// A repository on the hub.
pub(super) struct Remote {
    api: Api,
    repo: ApiRepo,
    named: Repo,
    cache: Cache,
}

impl Remote {
    pub fn open(
        hub: &Hub,
        (endpoint, token): (&Option<String>, &Option<String>),
        folder: &Path,
    ) -> Result<Self, FetchError> {
        let cache = Cache::new(folder.join("hub"));
        let mut builder = ApiBuilder::from_cache(cache.clone())
            .with_token(token.clone())
            .with_retries(RETRIES);
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/').to_owned());
        }
        let api = builder.build().map_err(said(&hub.repository))?;
        let (name, revision) = (hub.repository.clone(), hub.revision.clone());
        let named = Repo::with_revision(name, RepoType::Model, revision);
        let repo = api.repo(named.clone());
        Ok(Self {
            api,
            repo,
            named,
            cache,
        })
    }

    /// Brings one file into `folder`, unless it is there already from an
    /// earlier try; compares it with the digest that the hub names.
    pub fn fetch(&self, file: &ModelFile, folder: &Path, tell: Tell) -> Result<(), FetchError> {
        let url = self.repo.url(file.source());
        let metadata = self.api.metadata(&url).map_err(said(&url))?;
        let announced = Announced::new(metadata.etag(), &url)?;
        let target = folder.join(&file.name);
        if target.exists() && announced.digest_of(&target)? == announced.0 {
            return Ok(());
        }
        self.forget_overlong(&announced, metadata.size());
        let told = Told {
            tell,
            name: &file.name,
            done: 0,
            total: 0,
        };
        let link = self.repo.download_with_progress(file.source(), told);
        let link = link.map_err(said(&url))?;
        let blob = fs::canonicalize(&link).map_err(disk(&link))?;
        fs::rename(&blob, &target).map_err(disk(&target))?;
        fs::remove_file(&link).map_err(disk(&link))?;
        announced.check(&target, &file.name)
    }

    /// A beginning that is as long as the whole or longer cannot be gone on with.
    fn forget_overlong(&self, announced: &Announced, size: usize) {
        let blob = self.cache.repo(self.named.clone());
        let part: PathBuf = blob.blob_path(&announced.0).with_extension("part");
        if fs::metadata(&part).is_ok_and(|part| part.len() >= size as u64) {
            let _ = fs::remove_file(part);
        }
    }
}

/// The digest that the hub names: SHA-256 of large files, git's of others.
struct Announced(String);

impl Announced {
    fn new(etag: &str, url: &str) -> Result<Self, FetchError> {
        let etag = etag.trim_start_matches("W/");
        // The client makes a path of it.
        let is_digest =
            matches!(etag.len(), 40 | 64) && etag.bytes().all(|c| c.is_ascii_hexdigit());
        if is_digest {
            return Ok(Self(etag.to_owned()));
        }
        Err(FetchError::Broken {
            place: url.to_owned(),
            cause: "its etag is no digest, so it cannot be checked".to_owned(),
        })
    }

    fn digest_of(&self, path: &Path) -> Result<String, FetchError> {
        if self.0.len() == 64 {
            return Ok(RecordedFile::of(path).map_err(disk(path))?.sha256);
        }
        let bytes = fs::read(path).map_err(disk(path))?;
        let mut hasher = Sha1::new();
        hasher.update(format!("blob {}\0", bytes.len()));
        hasher.update(&bytes);
        Ok(format!("{:x}", hasher.finalize()))
    }

    fn check(self, path: &Path, name: &str) -> Result<(), FetchError> {
        let found = self.digest_of(path)?;
        if found == self.0 {
            return Ok(());
        }
        let _ = fs::remove_file(path);
        Err(FetchError::Digest {
            file: name.to_owned(),
            found,
            expected: self.0,
        })
    }
}

/// Passes progress on.
struct Told<'a> {
    tell: Tell<'a>,
    name: &'a str,
    done: u64,
    total: u64,
}

impl Progress for Told<'_> {
    fn init(&mut self, size: usize, _filename: &str) {
        (self.done, self.total) = (0, size as u64);
    }

    fn update(&mut self, size: usize) {
        self.done += size as u64;
        (self.tell)(self.name, self.done, self.total);
    }

    fn finish(&mut self) {}
}

fn said(place: &str) -> impl FnOnce(ApiError) -> FetchError {
    let place = place.to_owned();
    move |error| of_client(place, error)
}

fn of_client(place: String, error: ApiError) -> FetchError {
    match error {
        ApiError::TooManyRetries(inner) => of_client(place, *inner),
        ApiError::RequestError(error) => super::mirror::of_request(place, &error),
        other => FetchError::Broken {
            place,
            cause: other.to_string(),
        },
    }
}
