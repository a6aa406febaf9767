//! The reading thread: takes what the walk finds, reads, asks what is known,
//! chunks, tokenizes, and fills jobs for the embedders.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use crossbeam_channel::{Receiver, Sender};

use crate::chunk::{ChunkedFile, Chunker};
use crate::embed::{Embedding, Roles, TextTokenizer, Tokens};
use crate::error::AdviseItself;
use crate::graph::packages::Packages;
use crate::language::{self, Language};
use crate::names::RelPath;
use crate::outcome::{FailedStage, FileFailure, FileOutcome, SkipReason, Why};
use crate::read::{self, NotRead, Reading};
use crate::source::{Digest, Source, SourceFile};
use crate::store::{self, Entered, Standing, Store};
use crate::walk::{Found, Walk};

use super::Run;
use super::clock::Stage;
use super::contained::contained;
use super::embedder::Job;
use super::flight::{Done, Flight, Item, Load, Role, Text};
use super::freight::{Freight, Hold};

/// The ends of the channels that the reader holds.
pub(super) struct Doors {
    pub to_embedders: Sender<Job>,
    pub to_writer: Sender<Done>,
    /// With `--sequential`: the writer is done with the file.
    pub turn: Receiver<()>,
}

/// The writer or the embedders are gone: there is nobody to read for.
struct Hung;

/// A file that is cut, with what is told of it besides.
struct Prepared {
    file: ChunkedFile,
    masked: u64,
    why: Why,
    bytes: u64,
    freight: Freight,
}

/// Texts whose vectors are there, and texts to embed.
type Parted = (Vec<(Text, Embedding)>, Vec<Text>);

pub(super) struct Reader<'a> {
    run: &'a Run<'a>,
    standing: Standing,
    doors: Doors,
    chunker: Chunker<'a>,
    hold: Arc<Hold>,
    packages: Packages,
    text: Job,
    code: Job,
}

impl<'a> Reader<'a> {
    pub fn new(run: &'a Run<'a>, store: Store, doors: Doors) -> anyhow::Result<Self> {
        let windows = run
            .models
            .windows()
            .ok_or_else(|| anyhow!("no role is turned on"))?;
        let chunker = Chunker::new(windows);
        let standing =
            Standing::of_shard(store, &run.plan.walk.folder(), run.plan.shard).advise()?;
        Ok(Self {
            run,
            standing,
            doors,
            chunker,
            hold: Arc::default(),
            packages: Packages::new(&run.plan.walk.root),
            text: Job::new(),
            code: Job::new(),
        })
    }

    /// Reads until the walk ends, the user interrupts, or nobody listens. Gives
    /// what stands in the index, compared with the walk, if that saw everything.
    pub fn read_all(mut self, walk: Walk) -> anyhow::Result<Option<Standing>> {
        for found in walk {
            if self.run.is_to_stop() {
                let _ = self.flush();
                return Ok(None);
            }
            let ended = match found {
                found if !self.run.plan.holds(found.path()) => {
                    self.of_others(&found)?;
                    continue;
                }
                Found::File(file) => self.file(file)?,
                Found::Skipped { path, reason } => {
                    self.ended(path, FileOutcome::Skipped(reason), Instant::now())
                }
                Found::Unreadable { path, cause } => {
                    self.standing.spare(&path).advise()?;
                    let failure = FileFailure {
                        stage: FailedStage::Read,
                        cause,
                    };
                    self.ended(path, FileOutcome::Failed(failure), Instant::now())
                }
            };
            if ended.is_err() {
                return Ok(None);
            }
        }
        Ok(self.flush().ok().map(|()| self.standing))
    }

    /// What could not be looked at may hold files of this shard all the same.
    fn of_others(&mut self, found: &Found) -> anyhow::Result<()> {
        if let Found::Unreadable { path, .. } = found {
            self.standing.spare(path).advise()?;
        }
        Ok(())
    }

    fn file(&mut self, file: SourceFile) -> anyhow::Result<Result<(), Hung>> {
        let began = Instant::now();
        let path = file.path.clone();
        let outcome = match self.prepare(file)? {
            Ok(prepared) => return self.send(prepared, began),
            Err(outcome) => outcome,
        };
        Ok(self.ended(path.to_string(), outcome, began))
    }

    /// The chunks of a file; or how it ended before it came to that.
    fn prepare(&mut self, file: SourceFile) -> anyhow::Result<Result<Prepared, FileOutcome>> {
        let run = self.run;
        let options = run.plan.reading();
        let path = file.path.clone();
        let entered = self.standing.look_up(&path).advise()?;
        let opened = match run.clock.time(Stage::Read, || read::read(file, options)) {
            Ok(opened) => opened,
            Err(NotRead::Skipped(reason)) => {
                entered
                    .map_or(Ok(()), |_| self.standing.leave_out(&path))
                    .advise()?;
                return Ok(Err(FileOutcome::Skipped(reason)));
            }
            Err(NotRead::Failed(error)) => {
                let failure = failed(FailedStage::Read, &error);
                return Ok(Err(FileOutcome::Failed(failure)));
            }
        };
        let Some(language) = language::detect(&path) else {
            return Ok(Err(FileOutcome::Skipped(SkipReason::UnsupportedLanguage)));
        };
        let known = entered.map(|entered| (entered, opened.digest()));
        let Some(why) = self.why(&path, known, language)? else {
            return Ok(Err(FileOutcome::Unchanged));
        };
        let Reading { source, masked } = run.clock.time(Stage::Read, || opened.masked());
        let freight = self.room_for(&source);
        let is_large = freight.is_alone();
        if is_large {
            // Nothing is embedded now: a large tree may have that memory.
            run.models.shrink();
        }
        let chunked = run
            .clock
            .time(Stage::Chunk, || self.chunk(&source, language));
        if is_large {
            // And the tree's memory is for what comes after it.
            run.models.shrink();
        }
        let prepared = chunked.map(|mut file| {
            let package = self.packages.of(file.path.as_str());
            file.package = package.map(|package| package.name);
            Prepared {
                file,
                masked: masked as u64,
                why,
                bytes: source.file.size,
                freight,
            }
        });
        Ok(prepared.map_err(FileOutcome::Failed))
    }

    /// Waits until there is room for a file.
    fn room_for(&mut self, source: &Source) -> Freight {
        let bytes = source.text.len() as u64;
        self.hold.try_take(bytes).unwrap_or_else(|| {
            // What waits here for company would wait for ever. If nobody takes
            // it any more, the next one who sends notices.
            let _ = self.flush();
            self.hold.take(bytes)
        })
    }

    /// Why the file is to be done; none if it is as it was.
    fn why(
        &mut self,
        path: &RelPath,
        known: Option<(Entered, Digest)>,
        language: &Language,
    ) -> anyhow::Result<Option<Why>> {
        let Some((entered, found)) = known else {
            return Ok(Some(Why::New));
        };
        Ok(match entered.made_from {
            None => Some(Why::Failed),
            Some((digest, _)) if digest != found => Some(Why::Changed),
            Some((_, recipe)) if recipe != self.run.recipes[language.name()] => Some(Why::Recipe),
            Some(_) if self.run.plan.full => Some(Why::Full),
            Some(_) => {
                if entered.has_error {
                    self.standing.forgive(path).advise()?;
                }
                None
            }
        })
    }

    fn chunk(
        &mut self,
        source: &Source,
        language: &'static Language,
    ) -> Result<ChunkedFile, FileFailure> {
        let chunker = &mut self.chunker;
        contained(|| chunker.chunk(source, language))
            .map_err(|panic| failed(FailedStage::Chunk, &panic))?
            .map_err(|error| failed(FailedStage::Chunk, &error))
    }

    fn send(&mut self, prepared: Prepared, began: Instant) -> anyhow::Result<Result<(), Hung>> {
        let Prepared {
            file,
            masked,
            why,
            bytes,
            freight,
        } = prepared;
        let texts = self.run.clock.time(Stage::Chunk, || self.tokenize(&file));
        let texts = match texts {
            Ok(texts) => texts,
            Err(failure) => {
                let outcome = FileOutcome::Failed(failure);
                return Ok(self.ended(file.path.to_string(), outcome, began));
            }
        };
        let (known, texts) = self.reuse(&file, texts)?;
        let load = Load {
            texts: texts.len(),
            tokens: texts.iter().map(|text| text.tokens.len() as u64).sum(),
            reused: known.len() as u64,
            masked,
            why,
            bytes,
        };
        let flight = Arc::new(Flight::new((file, freight), began, load));
        for (text, vector) in &known {
            flight.give(text, vector);
        }
        if texts.is_empty() {
            return Ok(self.done(flight.finish_empty()));
        }
        self.run.models.ready()?;
        Ok(self.queue(&flight, texts))
    }

    /// Parts the texts whose vectors are in the index from those to embed.
    fn reuse(&mut self, file: &ChunkedFile, texts: Vec<Text>) -> anyhow::Result<Parted> {
        let mut parted = Parted::default();
        if self.run.plan.full {
            parted.1 = texts;
            return Ok(parted);
        }
        let (text, code): (Vec<Text>, Vec<Text>) =
            texts.into_iter().partition(|text| text.role == Role::Text);
        for (role, texts) in [(store::Role::Text, text), (store::Role::Code, code)] {
            let inputs: Vec<&str> = texts.iter().map(|text| text.input(file)).collect();
            let vectors = self.standing.vectors(role, &inputs).advise()?;
            for (text, vector) in texts.into_iter().zip(vectors) {
                match vector {
                    Some(vector) => parted.0.push((text, vector)),
                    None => parted.1.push(text),
                }
            }
        }
        Ok(parted)
    }

    /// The texts of a file, equal ones once.
    fn tokenize(&self, file: &ChunkedFile) -> Result<Vec<Text>, FileFailure> {
        let Roles { text, code } = self.run.models.tokenizers();
        let mut chunks_of = HashMap::<(Role, &str), Vec<usize>>::new();
        for (index, chunk) in file.chunks.iter().enumerate() {
            for (role, input) in [
                (Role::Text, &chunk.text_input),
                (Role::Code, &chunk.code_input),
            ] {
                chunks_of.entry((role, input)).or_default().push(index);
            }
        }
        let mut texts = Vec::new();
        for ((role, input), chunks) in chunks_of {
            let tokenizer = if role == Role::Text { text } else { code };
            if let Some(tokenizer) = tokenizer {
                texts.push(Text {
                    role,
                    tokens: encode(tokenizer, input)?,
                    chunks,
                });
            }
        }
        // The longest first, so that no thread begins it when the others are done.
        texts.sort_by_key(|text| std::cmp::Reverse((text.tokens.len(), text.chunks[0])));
        Ok(texts)
    }

    fn queue(&mut self, flight: &Arc<Flight>, texts: Vec<Text>) -> Result<(), Hung> {
        for text in texts {
            let role = text.role;
            let per_job = self.run.models.texts_per_job(role);
            let item = Item {
                flight: Arc::clone(flight),
                text,
            };
            let job = self.job(role);
            job.push(item);
            if job.len() >= per_job {
                let job = std::mem::take(job);
                self.doors.to_embedders.send(job).map_err(|_| Hung)?;
            }
        }
        if self.run.plan.sequential {
            self.flush()?;
        }
        self.wait()
    }

    fn job(&mut self, role: Role) -> &mut Job {
        match role {
            Role::Text => &mut self.text,
            Role::Code => &mut self.code,
        }
    }

    /// Sends what does not fill a job.
    fn flush(&mut self) -> Result<(), Hung> {
        for job in [
            std::mem::take(&mut self.text),
            std::mem::take(&mut self.code),
        ] {
            if !job.is_empty() {
                self.doors.to_embedders.send(job).map_err(|_| Hung)?;
            }
        }
        Ok(())
    }

    fn ended(&self, path: String, outcome: FileOutcome, began: Instant) -> Result<(), Hung> {
        self.done(Done::Ended {
            path,
            outcome,
            began,
        })
    }

    fn done(&self, done: Done) -> Result<(), Hung> {
        self.doors.to_writer.send(done).map_err(|_| Hung)?;
        self.wait()
    }

    /// With `--sequential`, waits until the writer is done with the path.
    fn wait(&self) -> Result<(), Hung> {
        if self.run.plan.sequential {
            self.doors.turn.recv().map_err(|_| Hung)?;
        }
        Ok(())
    }
}

fn encode(tokenizer: &TextTokenizer, text: &str) -> Result<Tokens, FileFailure> {
    contained(|| tokenizer.encode(text))
        .map_err(|panic| failed(FailedStage::Embed, &panic))?
        .map_err(|error| failed(FailedStage::Embed, &error))
}

fn failed(stage: FailedStage, cause: &impl ToString) -> FileFailure {
    FileFailure {
        stage,
        cause: cause.to_string(),
    }
}
