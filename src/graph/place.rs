//! Where a file stands among its folders, as the readers group by it.

use crate::names::RelPath;

/// The folder names under which sources begin.
const SOURCE_ROOTS: [&str; 2] = ["src", "lib"];

/// What a file's path says about where it belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The package: the folder below `packages`, else the first one that is
    /// not only a place for sources.
    pub package: Option<String>,
    /// The folders below the source root, joined by dots.
    pub module: Option<String>,
    /// The folder, empty for the repository's root.
    pub folder: String,
}

impl Place {
    /// Where the file at `path` stands, by its folders alone.
    #[must_use]
    pub fn of(path: &RelPath) -> Self {
        let folders: Vec<&str> = path.folders().collect();
        Self {
            package: package(&folders),
            module: module(&folders),
            folder: folders.join("/"),
        }
    }
}

fn package(folders: &[&str]) -> Option<String> {
    let workspace = folders.iter().position(|folder| *folder == "packages");
    let named = workspace.and_then(|index| folders.get(index + 1));
    let first = || {
        folders
            .iter()
            .find(|folder| !SOURCE_ROOTS.contains(folder))
            .or(folders.first())
    };
    named.or_else(first).map(|folder| (*folder).to_owned())
}

fn module(folders: &[&str]) -> Option<String> {
    let root = folders
        .iter()
        .rposition(|folder| SOURCE_ROOTS.contains(folder));
    let below = root.map_or(folders, |index| &folders[index + 1..]);
    let shown = if below.is_empty() { folders } else { below };
    (!shown.is_empty()).then(|| shown.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> (Option<String>, Option<String>) {
        let root = std::path::Path::new("/r");
        let place = Place::of(&RelPath::new(root, &root.join(path)).unwrap());
        (place.package, place.module)
    }

    fn some(package: &str, module: &str) -> (Option<String>, Option<String>) {
        (Some(package.to_owned()), Some(module.to_owned()))
    }

    #[test]
    fn a_workspace_names_its_packages() {
        assert_eq!(place("packages/core/src/ui/button.ts"), some("core", "ui"));
    }

    #[test]
    fn the_first_folder_is_the_package_of_a_plain_tree() {
        assert_eq!(place("rxjs/internal/map.ts"), some("rxjs", "rxjs.internal"));
        assert_eq!(
            place("src/celery/app/base.py"),
            some("celery", "celery.app")
        );
    }

    #[test]
    fn both_are_set_for_each_file_that_is_not_at_the_root() {
        assert_eq!(place("src/main.ts"), some("src", "src"));
        assert_eq!(place("main.ts"), (None, None));
    }
}
