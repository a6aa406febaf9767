//! Ids that follow from what they name, so that indexing the same content
//! again, on any machine, gives the same rows.

use uuid::Uuid;

use super::packages::Package;
use crate::chunk::{Chunk, Definition};
use crate::names::{RelPath, RepositoryName};

/// Drawn once at random; every id of ours is below it.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f0d_2b1e_93c5_4a77_8d64_51c7_0e2a_b98f);

/// The ids of what one file holds.
#[derive(Debug, Clone, Copy)]
pub struct FileIds<'a> {
    /// The repository's name.
    pub repository: &'a RepositoryName,
    /// The file's path below its root.
    pub path: &'a RelPath,
}

impl FileIds<'_> {
    /// The id of a chunk.
    #[must_use]
    pub fn chunk(&self, chunk: &Chunk) -> Uuid {
        let ordinal = chunk.ordinal.to_string();
        self.below("chunk", &[chunk.kind.as_str(), &chunk.qualname, &ordinal])
    }

    /// The id of a definition's node.
    #[must_use]
    pub fn definition(&self, definition: &Definition) -> Uuid {
        let ordinal = definition.ordinal.to_string();
        self.below(
            "node",
            &[definition.kind.as_str(), &definition.qualname, &ordinal],
        )
    }

    /// The id of the node of the file itself.
    #[must_use]
    pub fn module(&self) -> Uuid {
        self.below("module", &[])
    }

    /// The id of the node of the settings in a configuration file.
    #[must_use]
    pub fn config(&self) -> Uuid {
        self.below("config", &[])
    }

    fn below(&self, family: &str, name: &[&str]) -> Uuid {
        let file = [family, self.repository.as_str(), self.path.as_str()];
        id(&[&file, name].concat())
    }
}

/// The id of the node of a definition by kind, qualname and ordinal, or of the
/// file itself: the same as [`FileIds`] gives.
#[must_use]
pub fn node(
    repository: &RepositoryName,
    path: &str,
    definition: Option<(&str, &str, u32)>,
) -> Uuid {
    match definition {
        None => id(&["module", repository.as_str(), path]),
        Some((kind, qualname, ordinal)) => {
            let ordinal = ordinal.to_string();
            id(&["node", repository.as_str(), path, kind, qualname, &ordinal])
        }
    }
}

/// The id of the node of a package.
#[must_use]
pub fn package(repository: &RepositoryName, package: &Package) -> Uuid {
    let name = [
        "package",
        repository.as_str(),
        &package.folder,
        &package.name,
    ];
    id(&name)
}

/// The id of the edge of `relation` between two nodes; there is one at most.
#[must_use]
pub fn edge(source: Uuid, target: Uuid, relation: &str) -> Uuid {
    id(&["edge", &source.to_string(), &target.to_string(), relation])
}

/// The id of the row that tells something about a node: `what` names the table.
#[must_use]
pub fn about_node(what: &str, node: Uuid) -> Uuid {
    id(&[what, &node.to_string()])
}

/// A length before each part keeps `["ab","c"]` apart from `["a","bc"]`.
fn id(parts: &[&str]) -> Uuid {
    let mut name = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_le_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_id_do_not_run_together() {
        assert_ne!(id(&["ab", "c"]), id(&["a", "bc"]));
        assert_eq!(id(&["a", "b"]), id(&["a", "b"]));
    }

    #[test]
    fn an_id_never_changes() {
        // A changed id would orphan every index that exists.
        assert_eq!(
            id(&["chunk", "r"]).to_string(),
            "c240d62f-7c59-53b0-8e88-489924e23974"
        );
    }

    #[test]
    fn equal_paths_of_two_repositories_are_two_files() {
        let path = RelPath::new("/r".as_ref(), "/r/a.ts".as_ref()).unwrap();
        let [one, two] = ["one", "two"].map(|name| RepositoryName::new(name).unwrap());
        let first = FileIds {
            repository: &one,
            path: &path,
        };
        let second = FileIds {
            repository: &two,
            path: &path,
        };
        assert_eq!(node(&one, "a.ts", None), first.module());
        assert_ne!(first.module(), second.module());
        assert_ne!(first.module(), first.config());
    }
}
