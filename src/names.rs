//! Names that were checked once: each has a private field and one constructor
//! that can refuse, so a value of the type is always fit for use.

use std::fmt;
use std::path::{Component, Path};

use thiserror::Error;

/// Why a name was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// The name has no characters, or only blanks.
    #[error("{what} is empty")]
    Empty {
        /// Which kind of name.
        what: &'static str,
    },
    /// The name is longer than the readers' columns allow.
    #[error("{what} has {length} bytes, more than the {max} that fit")]
    TooLong {
        /// Which kind of name.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The longest that is allowed, in bytes.
        max: usize,
    },
    /// A character that cannot be stored, printed or used in a path.
    #[error("{what} {name:?} holds the character {character:?}")]
    Character {
        /// Which kind of name.
        what: &'static str,
        /// The name as it was given.
        name: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// The path leaves its root, is absolute, or is not UTF-8.
    #[error("{0:?} is not a path inside the repository")]
    NotInside(String),
    /// The path holds bytes that are not UTF-8, which `text` cannot store.
    #[error("{0:?} is not valid UTF-8")]
    NotUtf8(String),
}

/// The name under which a code base is stored: 1 to 255 bytes, no control
/// characters (`indexing_errors.repository` is a `varchar(255)`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(String);

impl RepositoryName {
    /// The longest name that fits the readers' columns, in bytes.
    pub const MAX_BYTES: usize = 255;

    /// Checks `name`, with blanks at both ends removed.
    ///
    /// # Errors
    /// [`NameError`] if it is empty, too long, or holds a control character.
    pub fn new(name: &str) -> Result<Self, NameError> {
        const WHAT: &str = "the repository name";
        let name = name.trim();
        if name.is_empty() {
            return Err(NameError::Empty { what: WHAT });
        }
        if name.len() > Self::MAX_BYTES {
            return Err(NameError::TooLong {
                what: WHAT,
                length: name.len(),
                max: Self::MAX_BYTES,
            });
        }
        refuse_character(WHAT, name, char::is_control)?;
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A file's path relative to the repository root, with `/` between components,
/// so that an index moves between machines and checkouts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelPath(String);

impl RelPath {
    /// Takes `path`, which must lie below `root`.
    ///
    /// # Errors
    /// [`NameError::NotInside`] if it does not, [`NameError::NotUtf8`] if it
    /// cannot be stored as text.
    pub fn new(root: &Path, path: &Path) -> Result<Self, NameError> {
        let shown = || path.to_string_lossy().into_owned();
        let relative = path
            .strip_prefix(root)
            .map_err(|_| NameError::NotInside(shown()))?;
        let mut parts = Vec::new();
        for component in relative.components() {
            let Component::Normal(part) = component else {
                return Err(NameError::NotInside(shown()));
            };
            parts.push(part.to_str().ok_or_else(|| NameError::NotUtf8(shown()))?);
        }
        if parts.is_empty() {
            return Err(NameError::Empty { what: "the path" });
        }
        Ok(Self(parts.join("/")))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The components above the file name, outermost first.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let count = self.0.matches('/').count();
        self.0.split('/').take(count)
    }
}

/// The dotted name of a chunk within its repository: module path and qualname
/// (`components.Button.Button.render`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamePath(String);

impl NamePath {
    /// Joins the parts that are not empty with dots; nothing left gives `root`.
    pub fn join<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            return Self("root".to_owned());
        }
        Self(parts.join("."))
    }

    /// The name path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a model: the name of its folder, so letters, digits, `-`, `_`, `.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(String);

impl ModelId {
    /// Checks `id`.
    ///
    /// # Errors
    /// [`NameError`] if it is empty or could leave the models' folder.
    pub fn new(id: &str) -> Result<Self, NameError> {
        const WHAT: &str = "the model id";
        if id.is_empty() || id.starts_with('.') {
            return Err(NameError::Empty { what: WHAT });
        }
        refuse_character(WHAT, id, |c| {
            !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        })?;
        Ok(Self(id.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn refuse_character(
    what: &'static str,
    name: &str,
    refused: impl Fn(char) -> bool,
) -> Result<(), NameError> {
    match name.chars().find(|c| refused(*c)) {
        None => Ok(()),
        Some(character) => Err(NameError::Character {
            what,
            name: name.to_owned(),
            character,
        }),
    }
}

macro_rules! display_as_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )*};
}
display_as_text!(RepositoryName, RelPath, NamePath, ModelId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_name_is_trimmed_and_refuses_what_readers_cannot_hold() {
        assert_eq!(
            RepositoryName::new("  my repo ").unwrap().as_str(),
            "my repo"
        );
        assert_eq!(
            RepositoryName::new(" "),
            Err(NameError::Empty {
                what: "the repository name"
            })
        );
        assert!(RepositoryName::new(&"x".repeat(256)).is_err());
        assert!(RepositoryName::new("a\nb").is_err());
    }

    #[test]
    fn a_quote_in_a_repository_name_is_only_a_character() {
        assert_eq!(
            RepositoryName::new("o'brien; --").unwrap().as_str(),
            "o'brien; --"
        );
    }

    #[test]
    fn a_path_is_relative_and_stays_inside() {
        let root = Path::new("/code/repo");
        let path = RelPath::new(root, Path::new("/code/repo/src/a.ts")).unwrap();
        assert_eq!(path.as_str(), "src/a.ts");
        assert_eq!(path.file_name(), "a.ts");
        assert_eq!(path.folders().collect::<Vec<_>>(), ["src"]);
        assert!(RelPath::new(root, Path::new("/code/other/a.ts")).is_err());
        assert!(RelPath::new(root, Path::new("/code/repo/../a.ts")).is_err());
        assert!(RelPath::new(root, root).is_err());
    }

    #[test]
    fn a_name_path_is_never_empty() {
        assert_eq!(NamePath::join(["a", "", "b"]).as_str(), "a.b");
        assert_eq!(NamePath::join([""]).as_str(), "root");
    }

    #[test]
    fn a_model_id_cannot_leave_the_models_folder() {
        assert!(ModelId::new("all-minilm-l6-v2").is_ok());
        assert!(ModelId::new("../etc").is_err());
        assert!(ModelId::new("a/b").is_err());
    }
}
