//! `chunk`: shows how files are cut, with the tokenizer but without weights or
//! a database. The tool for whoever adds a language.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::chunk::{Chunker, Window, Windows, to_json, to_text};
use crate::error::Advise;
use crate::exit::Exit;
use crate::language;
use crate::names::RelPath;
use crate::plan::{self, ChunkPlan};
use crate::read::{self, NotRead, ReadOptions};
use crate::report::print;
use crate::source::{Source, SourceFile};

pub(super) fn show(plan: &ChunkPlan) -> anyhow::Result<Exit> {
    let tokenizer = plan::tokenizer(&plan.model)?;
    let window = Window {
        counter: &tokenizer,
        max_tokens: tokenizer.room(),
    };
    let windows = Windows {
        text: window,
        code: window,
    };
    let mut chunker = Chunker::new(windows);
    for path in &plan.files {
        let source = source(path, plan.read)?;
        let language = language::detect(&source.file.path)
            .ok_or_else(|| anyhow!("{} is in no language that can be chunked", path.display()))
            .hint("its ending decides: .ts .tsx .mts .cts .js .jsx .mjs .cjs .py .pyi")?;
        let file = chunker.chunk(&source, language)?;
        print(&if plan.json {
            to_json(&file, windows)
        } else {
            to_text(&file, windows)
        });
    }
    Ok(Exit::Success)
}

fn source(path: &Path, options: ReadOptions) -> anyhow::Result<Source> {
    let shown = path.display();
    let absolute = std::path::absolute(path)?;
    let facts = std::fs::metadata(&absolute)
        .with_context(|| format!("cannot read {shown}"))
        .hint("name a file that exists")?;
    if facts.is_dir() {
        return Err(anyhow!("{shown} is a directory, not a file"))
            .hint("`mnemo-index DIR --dry-run` shows what of a directory would be indexed");
    }
    let path = RelPath::new(&root_of(&absolute)?, &absolute)?;
    let file = SourceFile {
        path,
        absolute,
        size: facts.len(),
        forced: true,
    };
    let read = read::read(file, options).map(|opened| opened.masked().source);
    read.map_err(|not_read| match not_read {
        NotRead::Skipped(reason) => anyhow!("{shown} is not read: {}", reason.as_str()),
        NotRead::Failed(error) => anyhow!("cannot read {shown}: {error}"),
    })
}

/// Paths are shown relative to the working directory, where they are below it.
fn root_of(file: &Path) -> anyhow::Result<PathBuf> {
    let here = std::path::absolute(".")?;
    let root = if file.starts_with(&here) {
        &here
    } else {
        file.parent().unwrap_or(&here)
    };
    Ok(root.to_owned())
}
