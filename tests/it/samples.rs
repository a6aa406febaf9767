//! Small files as the stages before the store would hand them over.

use mnemo_index::chunk::{Chunk, ChunkKind, ChunkedFile, Definition, Metadata};
use mnemo_index::embed::{EmbeddedFile, Embedding, RoleVectors};
use mnemo_index::language;
use mnemo_index::names::{NamePath, RelPath};
use mnemo_index::source::{Digest, LineSpan, Recipe};
use mnemo_index::store::{Known, Standing, Store};
use serde_json::json;

pub fn path(text: &str) -> RelPath {
    let root = std::path::Path::new("/repository");
    RelPath::new(root, &root.join(text)).unwrap()
}

/// What the file of this name was made from.
pub fn known(store: Store, name: &str) -> Option<Known> {
    let mut standing = Standing::open(store, "").unwrap();
    standing.look_up(&path(name)).unwrap()?.made_from
}

pub fn recipe() -> Recipe {
    Recipe::of(&["test"])
}

/// A module chunk, a class `Shape` with a method `area`, and a function `main`.
pub fn shapes(name: &str, width: usize) -> EmbeddedFile {
    let file = FileBuilder::new(name)
        .chunk(ChunkKind::Module, "", (1, 2))
        .definition(ChunkKind::Class, "Shape", (3, 9))
        .definition(ChunkKind::Method, "Shape.area", (5, 8))
        .definition(ChunkKind::Function, "main", (11, 20))
        .build();
    embedded(file, width)
}

/// Gives each chunk vectors of `width` that differ from those of the others.
pub fn embedded(file: ChunkedFile, width: usize) -> EmbeddedFile {
    let vectors = (0..file.chunks.len()).map(|index| RoleVectors {
        text: Some(unit(width, index)),
        code: Some(unit(width, index + 1)),
    });
    EmbeddedFile {
        vectors: vectors.collect(),
        file,
    }
}

/// A unit vector along one axis.
pub fn unit(width: usize, axis: usize) -> Embedding {
    let mut values = vec![0.0; width];
    values[axis % width] = 1.0;
    Embedding::new(values)
}

/// Builds a chunked file piece by piece.
pub struct FileBuilder {
    file: ChunkedFile,
}

impl FileBuilder {
    pub fn new(name: &str) -> Self {
        let file = ChunkedFile {
            path: path(name),
            language: language::ALL[0],
            digest: Digest::of(name.as_bytes()),
            lines_of_code: 18,
            definitions: Vec::new(),
            chunks: Vec::new(),
            symbols: mnemo_index::symbols::Symbols::default().to_bytes(),
            package: None,
            notes: Vec::new(),
        };
        Self { file }
    }

    pub fn chunk(mut self, kind: ChunkKind, qualname: &str, (start, end): (u32, u32)) -> Self {
        let same = |chunk: &&Chunk| chunk.kind == kind && chunk.qualname == qualname;
        let ordinal = u32::try_from(self.file.chunks.iter().filter(same).count()).unwrap();
        let name = qualname
            .rsplit('.')
            .next()
            .filter(|name| !name.is_empty())
            .unwrap_or("shapes");
        self.file.chunks.push(Chunk {
            kind,
            name: name.to_owned(),
            qualname: qualname.to_owned(),
            ordinal,
            name_path: NamePath::join(["shapes", qualname]),
            lines: LineSpan { start, end },
            source_code: format!("// source of {qualname}"),
            text_input: String::new(),
            code_input: String::new(),
            metadata: metadata(),
        });
        self
    }

    /// A definition and its only chunk; its parent is the one that it is named below.
    pub fn definition(self, kind: ChunkKind, qualname: &str, lines: (u32, u32)) -> Self {
        let outer = qualname.rsplit_once('.').map(|(outer, _)| outer);
        let is_outer = |found: &Definition| Some(found.qualname.as_str()) == outer;
        let parent = self.file.definitions.iter().position(is_outer);
        let mut with = self.chunk(kind, qualname, lines);
        let index = with.file.chunks.len() - 1;
        let chunk = &with.file.chunks[index];
        let definition = Definition {
            kind,
            name: chunk.name.clone(),
            qualname: qualname.to_owned(),
            ordinal: chunk.ordinal,
            lines: chunk.lines,
            definition_line: lines.0,
            parent,
            chunks: index..index + 1,
        };
        with.file.definitions.push(definition);
        with
    }

    pub fn build(self) -> ChunkedFile {
        self.file
    }
}

fn metadata() -> Metadata {
    let metadata = json!({
        "complexity": {"cyclomatic": 3, "cognitive": 2, "lines_of_code": 7},
        "imports": ["./geometry.Point", "./geometry"],
        "exported": true,
        "is_test": false,
        "return_type": "number",
        "param_types": {"scale": "number"},
        "signature": {"function_name": "area", "parameters": [], "return_type": "number"},
    });
    Metadata::of(metadata.as_object().unwrap())
}
