//! A graph that was brought up to date is the one that a clean index has, row
//! for row, whatever happened to the files in between.
//!
//! Files are cut and committed as the program does it, with vectors that cost
//! nothing, and the graph is made from what stands: what is compared is every
//! column of the graph's tables but times.

use std::collections::BTreeMap;
use std::path::Path;

use mnemo_index::chunk::{Chunker, CountTokens, Window, Windows};
use mnemo_index::graph::WholeGraph;
use mnemo_index::graph::packages::Packages;
use mnemo_index::language;
use mnemo_index::names::RepositoryName;
use mnemo_index::source::{Digest, Source, SourceFile};
use mnemo_index::store::{Standing, Store};
use tempfile::TempDir;

use crate::cluster::Database;
use crate::program;
use crate::samples::{embedded, path, recipe};

const WIDTH: usize = 3;

/// A token for every four bytes: nothing here is about sizes.
struct Quarter;

impl CountTokens for Quarter {
    fn count(&self, text: &str) -> usize {
        text.len() / 4
    }
}

/// A tree on disk and an index of it that is brought up to date.
struct Repository {
    folder: TempDir,
    files: BTreeMap<String, String>,
    database: Database,
    store: Store,
    /// Where the same tree is indexed anew.
    clean: (Database, Store),
}

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let database = Database::new();
        let store = database.store(WIDTH);
        let other = Database::new();
        let clean = other.store(WIDTH);
        let mut repository = Self {
            clean: (other, clean),
            folder: tempfile::tempdir().unwrap(),
            files: BTreeMap::new(),
            database,
            store,
        };
        for (path, text) in files {
            repository.write(path, text);
        }
        repository.update();
        repository
    }

    fn write(&mut self, path: &str, text: &str) {
        program::write(self.folder.path(), path, text);
        self.files.insert(path.to_owned(), text.to_owned());
        commit(&mut self.store, path, text, (self.folder.path(), WIDTH));
    }

    fn remove(&mut self, path: &str) {
        if self.files.remove(path).is_some() {
            std::fs::remove_file(self.folder.path().join(path)).unwrap();
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        if let Some(text) = self.files.get(from).cloned() {
            self.remove(from);
            self.write(to, &text);
        }
    }

    fn replace(&mut self, path: &str, what: &str, by: &str) {
        let text = self.files[path].replace(what, by);
        self.write(path, &text);
    }

    /// Retires what has gone and makes the graph, as the end of a run does.
    fn update(&mut self) {
        let mut standing = Standing::open(self.database.store(WIDTH), "").unwrap();
        let mut paths: Vec<&String> = self.files.keys().collect();
        paths.sort_by(|a, b| a.split('/').cmp(b.split('/')));
        for name in paths {
            standing.look_up(&path(name)).unwrap();
        }
        standing.retire(true).unwrap();
        make(&mut self.store, self.folder.path());
    }

    fn clean(&mut self) -> Vec<String> {
        let (database, store) = &mut self.clean;
        let empty = "TRUNCATE code_chunks, nodes, indexed_files, file_symbols, file_references, graphs CASCADE";
        database.client().batch_execute(empty).unwrap();
        for (path, text) in &self.files {
            commit(store, path, text, (self.folder.path(), WIDTH));
        }
        make(store, self.folder.path());
        rows(database)
    }

    fn check(&mut self, story: &str) {
        self.update();
        let (found, clean) = (rows(&self.database), self.clean());
        let lost: Vec<_> = clean.iter().filter(|row| !found.contains(row)).collect();
        let extra: Vec<_> = found.iter().filter(|row| !clean.contains(row)).collect();
        assert!(
            lost.is_empty() && extra.is_empty(),
            "{story}\nlost {lost:#?}\nextra {extra:#?}"
        );
    }
}

/// Cuts the file and commits it with vectors of a width.
pub fn commit(store: &mut Store, name: &str, text: &str, (root, width): (&Path, usize)) {
    let name = path(name);
    let Some(language) = language::detect(&name) else {
        return;
    };
    let window = Window {
        counter: &Quarter,
        max_tokens: 10_000,
    };
    let source = Source {
        digest: Digest::of(text.as_bytes()),
        text: text.to_owned(),
        nul_replaced: 0,
        file: SourceFile {
            absolute: root.join(name.as_str()),
            path: name,
            size: text.len() as u64,
            forced: false,
        },
    };
    let windows = Windows {
        text: window,
        code: window,
    };
    let mut file = Chunker::new(windows).chunk(&source, language).unwrap();
    let package = Packages::new(root).of(file.path.as_str());
    file.package = package.map(|package| package.name);
    store.commit(&embedded(file, width), &recipe()).unwrap();
}

pub fn make(store: &mut Store, root: &Path) {
    let name = RepositoryName::new("sample").unwrap();
    let input = store.graph_input().unwrap();
    let graph = WholeGraph::of(&name, root, store.symbols(&input.paths)).unwrap();
    store.write_graph(&graph, &input.with(&[0; 32])).unwrap();
}

/// Every row of the graph as text, times left out and ranks rounded.
fn rows(database: &Database) -> Vec<String> {
    let queries = [
        "SELECT to_jsonb(n) - 'created_at' FROM nodes n",
        "SELECT to_jsonb(e) - 'created_at' FROM edges e",
        "SELECT to_jsonb(r) FROM file_references r",
        "SELECT to_jsonb(m) - 'computed_at' || jsonb_build_object('pagerank_score', round(m.pagerank_score::numeric, 9))
         FROM computed_metrics m",
        "SELECT to_jsonb(w) - 'updated_at' || jsonb_build_object('importance_score', round(w.importance_score::numeric, 9))
         FROM edge_weights w",
        "SELECT to_jsonb(s) FROM file_symbols s",
    ];
    let mut client = database.client();
    let mut rows = Vec::new();
    for query in queries {
        let query = format!("SELECT row::text FROM ({query}) AS q (row)");
        rows.extend(
            client
                .query(&query, &[])
                .unwrap()
                .iter()
                .map(|row| row.get(0)),
        );
    }
    rows.sort_unstable();
    rows
}

/// Both languages, with barrels, bases, aliases and packages.
const TREE: &[(&str, &str)] = &[
    ("package.json", r#"{"name": "all"}"#),
    (
        "tsconfig.json",
        r#"{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}"#,
    ),
    (
        "src/base.ts",
        "export class Base {\n  run() { return this.step(); }\n  step() { return 1; }\n}\n",
    ),
    (
        "src/thing.ts",
        "import { Base } from './base';\nexport class Thing extends Base {\n  step() { return helper(); }\n}\nexport function helper() { return 2; }\n",
    ),
    (
        "src/index.ts",
        "export * from './thing';\nexport { Base } from './base';\n",
    ),
    (
        "src/main.ts",
        "import { Thing, helper } from '@/index';\nconst thing = new Thing();\nexport function main() { thing.run(); thing.step(); helper(); }\nmain();\n",
    ),
    (
        "packages/ui/package.json",
        r#"{"name": "@all/ui", "main": "src/index.ts"}"#,
    ),
    (
        "packages/ui/src/index.ts",
        "export const Button = () => null;\n",
    ),
    (
        "packages/ui/src/page.tsx",
        "import { Button } from '@all/ui';\nexport const Page = () => <Button />;\n",
    ),
    ("shop/__init__.py", "from .cart import Cart\n"),
    (
        "shop/cart.py",
        "from .stock import count\n\nclass Cart:\n    def add(self):\n        self.check()\n        return count()\n    def check(self):\n        pass\n",
    ),
    ("shop/stock.py", "def count():\n    return 1\n"),
    (
        "tool.py",
        "from shop import Cart\n\ndef work():\n    Cart().add()\n\nwork()\n",
    ),
];

type Edit = (&'static str, fn(&mut Repository));

/// What may happen to a tree, one after the other.
const EDITS: &[Edit] = &[
    ("the callee's body changes", |r| {
        r.replace("src/thing.ts", "return 2", "return 22");
    }),
    ("the callee moves down by a line", |r| {
        r.replace("src/thing.ts", "export function", "\nexport function");
    }),
    ("the callee gets another name", |r| {
        r.replace("src/thing.ts", "function helper", "function assist");
    }),
    ("and its old one again", |r| {
        r.replace("src/thing.ts", "function assist", "function helper");
    }),
    ("the callee is deleted", |r| {
        r.replace(
            "src/thing.ts",
            "export function helper() { return 2",
            "function gone() { return 2",
        );
    }),
    ("the callee is made again", |r| {
        r.replace("src/thing.ts", "function gone", "export function helper");
    }),
    ("the caller's body changes", |r| {
        r.replace("src/main.ts", "helper(); }", "helper(); helper(); }");
    }),
    ("the caller moves to another folder", |r| {
        r.rename("src/main.ts", "app/main.ts");
    }),
    ("and back", |r| r.rename("app/main.ts", "src/main.ts")),
    ("the base loses a method", |r| {
        r.replace("src/base.ts", "  step() { return 1; }\n", "");
    }),
    ("the base gets it back, below a new one", |r| {
        r.replace(
            "src/base.ts",
            "export class Base {",
            "export class Base {\n  stop() {}\n  step() { return 1; }",
        );
    }),
    ("the base is renamed", |r| {
        r.replace("src/base.ts", "class Base", "class Root");
    }),
    ("and so are its heirs and the barrel", |r| {
        r.replace("src/thing.ts", "Base", "Root");
        r.replace("src/index.ts", "Base", "Root");
    }),
    ("the base's file is gone", |r| r.remove("src/base.ts")),
    ("the base's file is there again", |r| {
        r.write("src/base.ts", "export class Root { run() {} }\n");
    }),
    ("the barrel names what it passes on", |r| {
        r.write("src/index.ts", "export { Thing } from './thing';\n");
    }),
    ("the barrel passes on another under the name", |r| {
        r.write(
            "src/index.ts",
            "export { Root as Thing } from './base';\nexport { helper } from './thing';\n",
        );
    }),
    ("the barrel is deleted", |r| r.remove("src/index.ts")),
    ("the barrel is a file of its own kind", |r| {
        r.write("src/index.js", "export * from './thing';\n");
    }),
    ("the alias points elsewhere", |r| {
        r.write(
            "tsconfig.json",
            r#"{"compilerOptions": {"paths": {"@/*": ["./lib/*"]}}}"#,
        );
    }),
    ("what it points to appears", |r| {
        r.write(
            "lib/index.ts",
            "export function helper() {}\nexport class Thing {}\n",
        );
    }),
    ("the settings are broken", |r| r.write("tsconfig.json", "{")),
    ("the settings are gone", |r| r.remove("tsconfig.json")),
    ("the settings are as they were", |r| {
        r.write("tsconfig.json", TREE[1].1);
    }),
    ("a package gets another name", |r| {
        r.write(
            "packages/ui/package.json",
            r#"{"name": "@all/kit", "main": "src/index.ts"}"#,
        );
    }),
    ("and those who use it follow", |r| {
        r.replace("packages/ui/src/page.tsx", "@all/ui", "@all/kit");
    }),
    ("the root package loses its name", |r| {
        r.write("package.json", "{}");
    }),
    ("a component becomes a class", |r| {
        r.write(
            "packages/ui/src/index.ts",
            "export class Button { render() {} }\n",
        );
    }),
    ("an overload is added", |r| {
        r.replace(
            "src/thing.ts",
            "export function helper()",
            "export function helper(x: string): number;\nexport function helper(x?: any)",
        );
    }),
    ("a second definition of a name", |r| {
        r.replace(
            "shop/stock.py",
            "def count():",
            "def count():\n    return 0\n\ndef count():",
        );
    }),
    ("a local name shadows the imported one", |r| {
        r.replace(
            "shop/cart.py",
            "return count()",
            "count = len\n        return count()",
        );
    }),
    ("an alias of a function", |r| {
        r.write(
            "tool.py",
            "from shop import Cart as C\n\nmake = C\n\ndef work():\n    make().add()\n\nwork()\n",
        );
    }),
    ("a circular import", |r| {
        r.write(
            "shop/stock.py",
            "from . import cart\n\ndef count():\n    return cart.Cart()\n",
        );
    }),
    ("__init__ passes on more", |r| {
        r.write(
            "shop/__init__.py",
            "from .cart import Cart\nfrom .stock import count\n",
        );
    }),
    ("__init__ is deleted", |r| r.remove("shop/__init__.py")),
    ("__init__ is empty", |r| r.write("shop/__init__.py", "")),
    ("only the case of a name changes", |r| {
        r.rename("shop/cart.py", "shop/Cart.py");
    }),
    ("and back", |r| r.rename("shop/Cart.py", "shop/cart.py")),
    ("a file becomes a test", |r| {
        r.rename("tool.py", "tests/test_tool.py");
    }),
    ("a file becomes empty", |r| r.write("src/main.ts", "")),
    ("a file cannot be parsed", |r| {
        r.write("src/main.ts", "export function ( { class");
    }),
    ("a module becomes a package", |r| {
        r.remove("shop/stock.py");
        r.write("shop/stock/__init__.py", "from .count import count\n");
        r.write("shop/stock/count.py", "def count(): return 3\n");
    }),
    ("all of a folder goes", |r| {
        for path in ["packages/ui/src/index.ts", "packages/ui/src/page.tsx"] {
            r.remove(path);
        }
    }),
    ("a name is longer than any index takes", |r| {
        let name = "long".repeat(150);
        r.write(
            "src/main.ts",
            &format!("function f() {{}}\nexport const o = {{ ['{name}']() {{ f(); }} }};\n"),
        );
    }),
    ("all is as it was", |r| {
        let stale: Vec<String> = r.files.keys().cloned().collect();
        for path in &stale {
            r.remove(path);
        }
        for (path, text) in TREE {
            r.write(path, text);
        }
    }),
];

#[test]
fn after_each_edit_the_graph_is_that_of_a_clean_index() {
    assert!(EDITS.len() >= 30);
    let mut repository = Repository::new(TREE);
    for (story, edit) in EDITS {
        edit(&mut repository);
        repository.check(story);
    }
}

#[test]
fn what_did_not_change_is_not_written() {
    let mut repository = Repository::new(TREE);
    let versions = "SELECT string_agg(xmin::text || id, ',' ORDER BY id) FROM (
        SELECT xmin, edge_id::text AS id FROM edges UNION ALL SELECT xmin, node_id::text FROM nodes
        UNION ALL SELECT xmin, weight_id::text FROM edge_weights UNION ALL SELECT xmin, file_path FROM file_references
        UNION ALL SELECT xmin, metric_id::text FROM computed_metrics) rows";
    let ask = |r: &Repository| {
        r.database
            .client()
            .query_one(versions, &[])
            .unwrap()
            .get::<_, String>(0)
    };
    let before = ask(&repository);
    repository.update();
    assert_eq!(ask(&repository), before);
    let python = "SELECT string_agg(xmin::text || edge_id, ',' ORDER BY edge_id) FROM edges
        WHERE properties ->> 'source_file' LIKE '%.py'";
    let before: String = repository
        .database
        .client()
        .query_one(python, &[])
        .unwrap()
        .get(0);
    repository.replace("src/main.ts", "helper(); }", "}");
    repository.check("a caller in the other language changed");
    let after: String = repository
        .database
        .client()
        .query_one(python, &[])
        .unwrap()
        .get(0);
    assert_eq!(after, before);
}

/// Numbers that are the same in every run (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// Edits that make sense in any state of the tree.
fn random_edit(repository: &mut Repository, dice: &mut Dice) {
    let (path, text) = TREE[dice.roll(TREE.len())];
    let (other, _) = TREE[dice.roll(TREE.len())];
    let names = [
        "run", "step", "helper", "count", "Cart", "Thing", "Base", "Button",
    ];
    let (one, two) = (names[dice.roll(names.len())], names[dice.roll(names.len())]);
    match dice.roll(6) {
        0 => repository.remove(path),
        1 => repository.rename(path, &format!("moved/{other}")),
        2 => repository.write(path, text),
        3 => {
            let text = repository.files.get(path).cloned().unwrap_or_default();
            repository.write(path, &text.replace(one, two));
        }
        4 => {
            let lines: Vec<&str> = text.lines().collect();
            let cut = dice.roll(lines.len());
            repository.write(path, &lines[cut..].join("\n"));
        }
        _ => repository.write(path, &format!("{text}\n{text}")),
    }
}

#[test]
fn after_two_hundred_random_histories_it_is_still_that_of_a_clean_index() {
    let mut dice = Dice(0x005e_ed0f_0091_a9b7);
    let mut repository = Repository::new(TREE);
    for history in 0..200 {
        for _ in 0..=dice.roll(4) {
            random_edit(&mut repository, &mut dice);
            if dice.roll(2) == 0 {
                repository.update();
            }
        }
        repository.check(&format!("history {history}"));
    }
}
