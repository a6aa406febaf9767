//! Puts parts behind a plain program: `scripts/package` calls it.
//!
//! usage: pack PROGRAM PARTS OUTPUT [LEVEL]

use std::path::Path;

use anyhow::bail;
use mnemo_index::bundle::{Packing, pack};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, parts, output, level @ ..] = arguments.as_slice() else {
        bail!("usage: pack PROGRAM PARTS OUTPUT [LEVEL]");
    };
    let packing = Packing {
        program: Path::new(program),
        parts: Path::new(parts),
        level: level.first().map_or(Ok(19), |level| level.parse())?,
    };
    Ok(pack(&packing, Path::new(output))?)
}
