//! A file on its way into the index: found ([`SourceFile`]), then read
//! ([`Source`]), with the measures that speak of its bytes and lines.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::names::RelPath;

/// A file that the walk found and that is to be indexed, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it stands below the repository's root: its name in the index.
    pub path: RelPath,
    /// Where to open it on this machine.
    pub absolute: PathBuf,
    /// Its size in bytes when the walk saw it.
    pub size: u64,
    /// Brought in by `--include`: rules about its content do not apply.
    pub forced: bool,
}

/// A file that was read and decoded.
///
/// `text` is what every later byte and line offset speaks of: without a
/// byte-order mark, and with U+FFFD where the file held U+0000, which
/// PostgreSQL's `text` cannot store. `digest` is of the raw bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file it was read from.
    pub file: SourceFile,
    /// The decoded text.
    pub text: String,
    /// BLAKE3 of the bytes on disk.
    pub digest: Digest,
    /// How many U+0000 were replaced.
    pub nul_replaced: usize,
}

/// BLAKE3 hash of a file's raw bytes: same digest, same content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

/// BLAKE3 hash of everything besides a file's bytes that decides what is
/// stored for it: chunker version, query texts, size policy, roles, models.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recipe([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of all that `reader` gives, however much that is.
    ///
    /// # Errors
    /// What the reader failed with.
    pub fn of_all(reader: impl io::Read) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(reader)?;
        Ok(Self(*hasher.finalize().as_bytes()))
    }
}

impl Recipe {
    /// The recipe of the named ingredients; their order counts, and a length
    /// before each keeps `["ab","c"]` apart from `["a","bc"]`.
    #[must_use]
    pub fn of(ingredients: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for ingredient in ingredients {
            hasher.update(&(ingredient.len() as u64).to_le_bytes());
            hasher.update(ingredient.as_bytes());
        }
        Self(*hasher.finalize().as_bytes())
    }
}

/// Everything besides a file's bytes that decides what is stored for it, each
/// by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingredients(Vec<Ingredient>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Ingredient {
    name: String,
    text: String,
    /// The only language whose files it is for; none for all.
    language: Option<&'static str>,
}

impl Ingredients {
    /// Adds what goes into every file.
    pub fn add(&mut self, name: &str, text: String) {
        self.0.push(Ingredient {
            name: name.to_owned(),
            text,
            language: None,
        });
    }

    /// Adds the queries of one language.
    pub fn add_queries(&mut self, language: &'static str, queries: &[&str]) {
        self.0.push(Ingredient {
            name: format!("queries of {language}"),
            text: queries.join("\n"),
            language: Some(language),
        });
    }

    /// The recipe of the files in `language`.
    #[must_use]
    pub fn recipe_of(&self, language: &str) -> Recipe {
        let its = |one: &&Ingredient| one.language.is_none_or(|other| other == language);
        Self::mixed(self.0.iter().filter(its))
    }

    /// The recipe of all files together.
    #[must_use]
    pub fn recipe(&self) -> Recipe {
        Self::mixed(self.0.iter())
    }

    /// The digests of the ingredients, by name.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<String, String> {
        let digest = |text: &str| Digest::of(text.as_bytes()).to_string()[..16].to_owned();
        let all = self.0.iter();
        all.map(|one| (one.name.clone(), digest(&one.text)))
            .collect()
    }

    fn mixed<'a>(ingredients: impl Iterator<Item = &'a Ingredient>) -> Recipe {
        let texts: Vec<&str> = ingredients
            .flat_map(|one| [one.name.as_str(), one.text.as_str()])
            .collect();
        Recipe::of(&texts)
    }
}

macro_rules! thirty_two_bytes {
    ($($name:ident),*) => {$(
        impl $name {
            /// The 32 bytes, as they are stored.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Takes back what [`Self::as_bytes`] gave; `None` if it is not 32 bytes.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    )*};
}
thirty_two_bytes!(Digest, Recipe);

/// A half-open range of byte offsets into [`Source::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteSpan {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// An inclusive range of 1-based line numbers, where a line ends at `\n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct LineSpan {
    /// First line, 1-based.
    pub start: u32,
    /// Last line, inclusive.
    pub end: u32,
}

impl LineSpan {
    /// How many lines the span holds.
    #[must_use]
    pub fn count(self) -> u32 {
        self.end + 1 - self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_knows_where_one_ingredient_ends() {
        assert_ne!(Recipe::of(&["ab", "c"]), Recipe::of(&["a", "bc"]));
        assert_eq!(Recipe::of(&["a"]), Recipe::of(&["a"]));
    }

    #[test]
    fn a_query_concerns_the_files_of_its_language_alone() {
        let with = |python: &str, sizes: &str| {
            let mut all = Ingredients::default();
            all.add("sizes", sizes.to_owned());
            all.add_queries("typescript", &["(a)"]);
            all.add_queries("python", &[python]);
            all
        };
        let (one, other) = (with("(b)", "1"), with("(c)", "1"));
        assert_eq!(one.recipe_of("typescript"), other.recipe_of("typescript"));
        assert_ne!(one.recipe_of("python"), other.recipe_of("python"));
        assert_ne!(one.recipe(), other.recipe());
        let larger = with("(b)", "2");
        assert_ne!(one.recipe_of("typescript"), larger.recipe_of("typescript"));
        let names: Vec<String> = one.digests().into_keys().collect();
        assert_eq!(
            names,
            ["queries of python", "queries of typescript", "sizes"]
        );
    }

    #[test]
    fn a_digest_survives_storage() {
        let digest = Digest::of(b"let x = 1");
        assert_eq!(Digest::from_slice(digest.as_bytes()), Some(digest));
        assert_eq!(Digest::from_slice(b"short"), None);
    }
}
