//! What a file's name says of it. Whole components are compared, never parts
//! of a path: `distance.ts` is no `dist`, `layout/` no `out`.

use super::ChunkKind;
use crate::names::RelPath;

/// Folders whose files are tests.
const TEST_FOLDERS: [&str; 6] = ["__tests__", "__mocks__", "tests", "test", "spec", "e2e"];

/// Tools whose `<tool>.config.<ext>` configures a project.
const TOOLS: [&str; 19] = [
    "vite",
    "vitest",
    "tailwind",
    "webpack",
    "rollup",
    "esbuild",
    "babel",
    "prettier",
    "jest",
    "eslint",
    "postcss",
    "next",
    "nuxt",
    "svelte",
    "astro",
    "playwright",
    "cypress",
    "tsup",
    "metro",
];

/// Files of the form `.<tool>rc.<ext>`.
const RC_FILES: [&str; 4] = [".eslintrc", ".prettierrc", ".babelrc", ".stylelintrc"];

/// Whether the file at `path` is a test, by its folders or its name.
#[must_use]
pub fn is_test(path: &RelPath) -> bool {
    path.folders().any(|folder| TEST_FOLDERS.contains(&folder)) || is_test_name(path.file_name())
}

fn is_test_name(name: &str) -> bool {
    if let Some(stem) = name
        .strip_suffix(".py")
        .or_else(|| name.strip_suffix(".pyi"))
    {
        return stem.starts_with("test_")
            || stem.ends_with("_test")
            || matches!(stem, "test" | "tests" | "conftest");
    }
    let mut parts = name.rsplit('.').skip(1);
    parts.any(|part| matches!(part, "test" | "spec" | "cy")) && name.matches('.').count() >= 2
}

/// Whether the file at `path` configures a tool.
pub(super) fn is_config(path: &RelPath) -> bool {
    let Some((stem, _)) = path.file_name().rsplit_once('.') else {
        return false;
    };
    RC_FILES.contains(&stem)
        || stem
            .strip_suffix(".config")
            .is_some_and(|tool| TOOLS.contains(&tool))
}

/// Whether the file at `path` stands for its folder and may be a barrel.
pub(super) fn may_be_barrel(path: &RelPath) -> bool {
    matches!(path.file_name().split_once('.'), Some(("index", extension)) if !extension.starts_with("d."))
}

/// The name of a barrel: the package's folder below `packages`, else its own.
pub(super) fn barrel_name(path: &RelPath) -> String {
    let folders: Vec<&str> = path.folders().collect();
    let package = folders.iter().position(|folder| *folder == "packages");
    package
        .and_then(|at| folders.get(at + 1))
        .or(folders.last())
        .map_or_else(|| "root".to_owned(), |name| (*name).to_owned())
}

/// The name of the module chunk of `path`: its stem.
pub(super) fn module_name(path: &RelPath, kind: ChunkKind) -> String {
    if kind == ChunkKind::Barrel {
        return barrel_name(path);
    }
    let name = path.file_name();
    name.rsplit_once('.')
        .map_or(name, |(stem, _)| stem)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::new(Path::new(""), Path::new(text)).unwrap()
    }

    #[test]
    fn a_test_is_known_by_whole_components() {
        for test in [
            "src/a.test.ts",
            "a.spec.jsx",
            "pkg/__tests__/a.js",
            "tests/x.py",
            "test_a.py",
            "a_test.py",
            "conftest.py",
        ] {
            assert!(is_test(&path(test)), "{test}");
        }
        for product in [
            "src/testing/a.ts",
            "src/latest.ts",
            "contest.py",
            "spec.ts",
            "test.ts",
            "src/attest/a.py",
        ] {
            assert!(!is_test(&path(product)), "{product}");
        }
    }

    #[test]
    fn a_config_is_known_by_its_whole_name() {
        assert!(is_config(&path("vite.config.ts")));
        assert!(is_config(&path("web/.eslintrc.cjs")));
        assert!(!is_config(&path("src/tsconfigReader.ts")));
        assert!(!is_config(&path("src/invite.config.ts")));
    }

    #[test]
    fn a_barrel_is_named_after_its_package() {
        assert_eq!(barrel_name(&path("packages/core/src/index.ts")), "core");
        assert_eq!(barrel_name(&path("src/components/index.ts")), "components");
        assert_eq!(barrel_name(&path("index.ts")), "root");
        assert!(may_be_barrel(&path("a/index.tsx")));
        assert!(!may_be_barrel(&path("a/reindex.tsx")));
        assert!(!may_be_barrel(&path("a/index.d.ts")));
    }
}
