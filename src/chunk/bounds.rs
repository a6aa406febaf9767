//! The bounds that keep memory and time in hand, whatever a file holds, each
//! with its reason. What a bound cuts is said in the file's notes.

/// Number of the chunker: raised whenever it cuts or describes a file in
/// another way, so that files are indexed anew.
pub(super) const VERSION: u32 = 4;

/// Larger files are cut line-wise: a syntax tree takes ten to forty times the
/// memory of its text.
pub const MAX_PARSED_BYTES: usize = 2 << 20;

/// Words and signs of a file that is parsed. A tree takes some 150 bytes for
/// each; code of 2 MiB has about 400,000, a file of `a;a;a;` three times that.
pub(super) const MAX_PARSED_WORDS: usize = 600_000;

/// Texts that are longer are taken not to fit, without counting.
pub(super) const MAX_BYTES_PER_TOKEN: usize = 32;

/// How many steps of 100 operations the parser may take for each KiB of text,
/// on top of [`PARSE_STEPS_BASE`]. Real files need about 3; error recovery on
/// hostile ones has no bound of its own. Steps and not seconds: a busy machine
/// must not give another result.
pub(super) const PARSE_STEPS_PER_KIB: usize = 100;

/// Steps that any file may take.
pub(super) const PARSE_STEPS_BASE: usize = 10_000;

/// Brackets inside brackets; each level is several of the tree.
pub(super) const MAX_TREE_DEPTH: usize = 5_000;

/// Definitions of one file; later ones stay in the text around them. Each
/// becomes a node and at least one chunk, some 3 KiB in memory.
pub(super) const MAX_DEFINITIONS: usize = 10_000;

/// Definitions inside definitions; deeper ones stay in the text around them.
/// A qualname repeats the names of all that enclose it, so ten thousand nested
/// functions would have names of a gigabyte in all.
pub(super) const MAX_NESTING: usize = 32;

/// Bytes of a name; computed property names can be whole expressions.
pub(super) const MAX_NAME_BYTES: usize = 200;

/// Up to this length a line that a definition shares with other code stands
/// whole in both chunks; of a longer one the outer chunk leaves out the inner.
pub(super) const MAX_SHARED_LINE_BYTES: usize = 400;

/// How much of a file's text may stand twice, since classes show the signatures
/// of their members.
pub(super) const SIGNATURE_PERCENT: usize = 12;

/// Of a longer line only this much is kept: it is data, not code, and at 250
/// tokens a piece it already is some 300 chunks.
pub(super) const MAX_LINE_BYTES: usize = 256 << 10;

/// Bytes of a qualname; what is nested under longer ones stays in the text
/// around it, since each definition repeats the names of all that hold it.
pub(super) const MAX_QUALNAME_BYTES: usize = 1_000;

/// Bytes of one text in the metadata (a default value, a type, a signature);
/// the whole stands in the source.
pub(super) const MAX_METADATA_TEXT: usize = 2_000;

/// Bytes of a doc comment in the metadata.
pub(super) const MAX_METADATA_DOC: usize = 8_000;

/// Calls of one file that are described one by one, about a KiB each in
/// memory; of further ones only the names are kept. The largest real test
/// files have some 5,000.
pub(super) const MAX_DESCRIBED_CALLS: usize = 20_000;

/// Calls, parameters or names that one chunk lists in its metadata.
pub(super) const MAX_LISTED: usize = 1_000;

/// Tokens of a signature in the header line of a piece: enough for the name and
/// the first parameters, and paid for again in each piece.
pub(super) const HEADER_SIGNATURE_TOKENS: usize = 40;

/// The size policy in words, for the recipe.
pub(super) fn policy() -> String {
    format!(
        "parsed {MAX_PARSED_BYTES} words {MAX_PARSED_WORDS} ratio {MAX_BYTES_PER_TOKEN} steps {PARSE_STEPS_PER_KIB}+{PARSE_STEPS_BASE} depth {MAX_TREE_DEPTH} \
         definitions {MAX_DEFINITIONS} nesting {MAX_NESTING} name {MAX_NAME_BYTES} \
         qualname {MAX_QUALNAME_BYTES} shared {MAX_SHARED_LINE_BYTES} signatures {SIGNATURE_PERCENT} line {MAX_LINE_BYTES} text {MAX_METADATA_TEXT} \
         doc {MAX_METADATA_DOC} calls {MAX_DESCRIBED_CALLS} listed {MAX_LISTED} signature {HEADER_SIGNATURE_TOKENS}"
    )
}
