//! Imports of TypeScript and JavaScript.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use oxc_resolver::{ResolveOptions, ResolverGeneric, TsconfigDiscovery};

use super::Target;
use super::links::Linked;
use crate::graph::packages::{Packages, ancestors};
use crate::graph::resolve::value::FileId;
use crate::graph::resolve::world::World;

/// Endings that need not be written, those of one platform last.
const EXTENSIONS: [&str; 18] = [
    ".ts",
    ".tsx",
    ".d.ts",
    ".js",
    ".jsx",
    ".mts",
    ".cts",
    ".mjs",
    ".cjs",
    ".json",
    ".native.ts",
    ".native.tsx",
    ".native.js",
    ".ios.ts",
    ".ios.tsx",
    ".ios.js",
    ".web.ts",
    ".web.tsx",
];

/// Folders that a package is built into, from its sources.
const BUILT: [&str; 7] = ["dist", "lib", "build", "out", "es", "esm", "cjs"];

/// Resolves as the TypeScript compiler and bundlers do.
pub(super) struct Ecma {
    root: PathBuf,
    links: Linked,
    /// By the settings nearest to the importing file.
    configured: ResolverGeneric<Linked>,
    /// Where those settings cannot be read.
    plain: ResolverGeneric<Linked>,
    packages: HashMap<String, String>,
}

impl Ecma {
    pub fn new(root: &Path, packages: &Packages, world: &World) -> Self {
        let folders: BTreeSet<&str> = world.paths().flat_map(ancestors).collect();
        let named: HashMap<String, String> = folders
            .iter()
            .rev()
            .filter_map(|folder| Some((packages.npm(folder)?, (*folder).to_owned())))
            .collect();
        let linked = named
            .iter()
            .map(|(name, folder)| (name.clone(), root.join(folder)));
        let links = Linked::of(root, linked.collect());
        let plain = ResolverGeneric::new_with_file_system(links.clone(), options());
        let configured = ResolverGeneric::new_with_file_system(
            links.clone(),
            ResolveOptions {
                tsconfig: Some(TsconfigDiscovery::Auto),
                ..options()
            },
        );
        Self {
            root: root.to_owned(),
            links,
            configured,
            plain,
            packages: named,
        }
    }

    pub fn target(&self, world: &mut World, id: FileId, source: &str) -> Target {
        let path = self.root.join(world.path(id));
        // `./a.svg?url` asks a bundler for another form of it.
        let source = source.split(['?', '!']).next().unwrap_or(source);
        if let Some(found) = self.resolved(&path, source) {
            return self.inside(world, &found, source);
        }
        if let Some(target) = self.unbuilt(world, &path, source) {
            return target;
        }
        match package_of(source) {
            Some(package) => Target::External(world.text(package)),
            None => Target::Missing,
        }
    }

    fn resolved(&self, importer: &Path, source: &str) -> Option<PathBuf> {
        let found = self.configured.resolve_file(importer, source).or_else(|_| {
            let folder = importer.parent().unwrap_or(&self.root);
            self.plain.resolve(folder, source)
        });
        found
            .ok()
            .map(|found| self.links.real(found.path()).into_owned())
    }

    fn inside(&self, world: &mut World, found: &Path, source: &str) -> Target {
        let below = found.strip_prefix(&self.root).ok().and_then(Path::to_str);
        if let Some(file) = below.and_then(|below| world.at_path(below)) {
            return Target::File(file);
        }
        let is_installed = below.is_none_or(|below| below.contains("node_modules/"));
        match package_of(source).filter(|_| is_installed) {
            Some(package) => Target::External(world.text(package)),
            None => below
                .and_then(|below| Self::source_of(world, below))
                .map_or(Target::Missing, Target::File),
        }
    }

    /// A package of the repository that is not built: its manifest points to
    /// files that come out of its sources.
    fn unbuilt(&self, world: &mut World, importer: &Path, source: &str) -> Option<Target> {
        let package = package_of(source)?;
        let folder = self.packages.get(package)?;
        let rest = source[package.len()..].trim_start_matches('/');
        let inside = [format!("./src/{rest}"), format!("./{rest}")];
        let at = self.root.join(folder);
        let found = inside.iter().find_map(|inside| {
            let found = self.plain.resolve(&at, inside.trim_end_matches('/')).ok()?;
            (found.path() != importer).then(|| found.path().to_owned())
        })?;
        Some(self.inside(world, &found, source))
    }

    /// The source that a file outside the index was built from.
    fn source_of(world: &World, built: &str) -> Option<FileId> {
        let (start, name) = built.rsplit_once('/')?;
        let stem = name.split('.').next().unwrap_or(name);
        let folders: Vec<&str> = start.split('/').collect();
        let at = folders.iter().position(|folder| BUILT.contains(folder))?;
        for skipped in 1..=2 {
            let mut path: Vec<&str> = folders[..at].to_vec();
            path.push("src");
            path.extend(folders.iter().skip(at + skipped));
            let folder = path.join("/");
            let found = ["ts", "tsx", "js", "jsx"]
                .iter()
                .find_map(|ending| world.at_path(&format!("{folder}/{stem}.{ending}")));
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

fn options() -> ResolveOptions {
    let alias = |from: &str, to: &[&str]| {
        let to = to.iter().map(|to| (*to).to_owned()).collect();
        (from.to_owned(), to)
    };
    ResolveOptions {
        extensions: EXTENSIONS.map(str::to_owned).to_vec(),
        extension_alias: vec![
            alias(".js", &[".ts", ".tsx", ".d.ts", ".js", ".jsx"]),
            alias(".jsx", &[".tsx", ".jsx"]),
            alias(".mjs", &[".mts", ".mjs"]),
            alias(".cjs", &[".cts", ".cjs"]),
        ],
        condition_names: [
            "source", "types", "import", "module", "require", "node", "default",
        ]
        .map(str::to_owned)
        .to_vec(),
        main_fields: ["source", "types", "typings", "module", "main"]
            .map(str::to_owned)
            .to_vec(),
        symlinks: false,
        ..ResolveOptions::default()
    }
}

/// The package that a bare specifier names; none for a path or an alias.
fn package_of(source: &str) -> Option<&str> {
    let is_path = source.starts_with(['.', '/', '#', '~']) || source.starts_with("@/");
    if source.is_empty() || is_path {
        return None;
    }
    let parts = if source.starts_with('@') { 2 } else { 1 };
    let end = source.match_indices('/').nth(parts - 1);
    Some(end.map_or(source, |(at, _)| &source[..at]))
}

#[cfg(test)]
mod tests {
    use super::package_of;

    #[test]
    fn a_bare_specifier_names_a_package() {
        assert_eq!(package_of("rxjs/operators"), Some("rxjs"));
        assert_eq!(package_of("@scope/a/b"), Some("@scope/a"));
        assert_eq!(package_of("node:fs"), Some("node:fs"));
        assert_eq!(package_of("./a"), None);
        assert_eq!(package_of("@/components"), None);
    }
}
