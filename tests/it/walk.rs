//! What belongs into the index, on real folders.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mnemo_index::names::RelPath;
use mnemo_index::outcome::SkipReason::{self, NotAFile, PathNotUtf8, SymbolicLink};
use mnemo_index::walk::{Found, Walk, WalkOptions};
use tempfile::TempDir;

/// A folder with these files, each holding its own path.
fn tree(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        write(folder.path(), file, file);
    }
    folder
}

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn options(root: &Path) -> WalkOptions {
    let root: PathBuf = root.canonicalize().unwrap();
    WalkOptions {
        start: root.clone(),
        root,
        include: Vec::new(),
        exclude: Vec::new(),
        max_file_size: 1 << 20,
        judge: Arc::new(|path: &RelPath| {
            let known = matches!(path.as_str().rsplit('.').next(), Some("ts" | "js"));
            (!known).then_some(SkipReason::UnsupportedLanguage)
        }),
    }
}

fn files(options: &WalkOptions) -> Vec<String> {
    let found = Walk::new(options).unwrap();
    found
        .filter_map(|found| match found {
            Found::File(file) => Some(file.path.to_string()),
            _ => None,
        })
        .collect()
}

fn skipped(options: &WalkOptions) -> Vec<(String, SkipReason)> {
    let found = Walk::new(options).unwrap();
    found
        .filter_map(|found| match found {
            Found::Skipped { path, reason } => Some((path, reason)),
            _ => None,
        })
        .collect()
}

#[test]
fn files_come_in_path_order_whatever_their_folders_are_called() {
    let folder = tree(&[
        "b.ts",
        "a/z.ts",
        "a.ts",
        "layout/x.ts",
        "routes/about/y.ts",
        "out/distance.ts",
        "builders/timeout.ts",
    ]);
    assert_eq!(
        files(&options(folder.path())),
        [
            "a/z.ts",
            "a.ts",
            "b.ts",
            "builders/timeout.ts",
            "layout/x.ts",
            "out/distance.ts",
            "routes/about/y.ts"
        ]
    );
}

#[test]
fn a_checkout_below_a_folder_called_node_modules_is_indexed() {
    let folder = tree(&["node_modules/pkg/src/a.ts"]);
    assert_eq!(
        files(&options(&folder.path().join("node_modules/pkg"))),
        ["src/a.ts"]
    );
}

#[test]
fn what_is_left_out_is_reported_once_with_its_reason() {
    let folder = tree(&[
        "a.ts",
        ".hidden.ts",
        ".github/x.ts",
        "node_modules/m/i.ts",
        "jquery.min.js",
        "yarn.lock",
        "README.md",
    ]);
    let mut found = skipped(&options(folder.path()));
    found.sort();
    let expected = [
        (".github/", SkipReason::Hidden),
        (".hidden.ts", SkipReason::Hidden),
        ("README.md", SkipReason::UnsupportedLanguage),
        ("jquery.min.js", SkipReason::Minified),
        ("node_modules/", SkipReason::Vendored),
        ("yarn.lock", SkipReason::LockFile),
    ];
    assert_eq!(
        found,
        expected.map(|(path, reason)| (path.to_owned(), reason))
    );
}

#[test]
fn ignore_files_work_without_git_nested_and_negated() {
    let folder = tree(&[
        "a.ts",
        "dist/b.ts",
        "sub/c.ts",
        "sub/keep.ts",
        "sub/deep/d.ts",
        "mine/e.ts",
    ]);
    write(folder.path(), ".gitignore", "dist/\n");
    write(folder.path(), "sub/.gitignore", "*.ts\n!keep.ts\n");
    write(folder.path(), ".mnemoignore", "mine/\n");
    assert_eq!(files(&options(folder.path())), ["a.ts", "sub/keep.ts"]);
}

#[test]
fn the_walk_gives_the_answer_that_git_gives() {
    let folder = tree(&[
        "a.ts",
        "build/b.ts",
        "build/keep/c.ts",
        "x/y/z.ts",
        "x/y/w.ts",
        "q.ts",
        "deep/q.ts",
    ]);
    write(
        folder.path(),
        ".gitignore",
        "/q.ts\nbuild/*\n!build/keep\n**/z.ts\n",
    );
    write(folder.path(), "x/.gitignore", "y/w.ts\n");
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(folder.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    let listed = git(&["ls-files", "--others", "--exclude-standard"]);
    let mut expected: Vec<&str> = listed
        .lines()
        .filter(|path| {
            Path::new(path)
                .extension()
                .is_some_and(|ending| ending == "ts")
        })
        .collect();
    expected.sort_unstable();
    let mut found = files(&options(folder.path()));
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn include_brings_back_anything_and_leaves_the_rest() {
    let folder = tree(&[
        "a.ts",
        "z.ts",
        ".env.ts",
        "node_modules/m/i.ts",
        "node_modules/n/i.ts",
        "lib/x.min.js",
        "dist/d.ts",
    ]);
    write(folder.path(), ".gitignore", "dist\n");
    let mut options = options(folder.path());
    options.include = ["node_modules/m/**", "*.min.js", "dist", ".env.ts"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(
        files(&options),
        [
            ".env.ts",
            "a.ts",
            "dist/d.ts",
            "lib/x.min.js",
            "node_modules/m/i.ts",
            "z.ts"
        ]
    );
}

#[test]
fn a_glob_matches_at_any_depth_unless_it_begins_with_a_slash() {
    let folder = tree(&["gen/a.ts", "src/gen/b.ts", "src/gen/deep/c.ts", "src/d.ts"]);
    let mut options = options(folder.path());
    for (glob, left) in [
        ("gen/*.ts", vec!["src/d.ts", "src/gen/deep/c.ts"]),
        (
            "/gen",
            vec!["src/d.ts", "src/gen/b.ts", "src/gen/deep/c.ts"],
        ),
        ("./src/gen", vec!["gen/a.ts", "src/d.ts"]),
        ("**/deep/**", vec!["gen/a.ts", "src/d.ts", "src/gen/b.ts"]),
    ] {
        options.exclude = vec![glob.to_owned()];
        assert_eq!(files(&options), left, "{glob}");
    }
}

#[test]
fn exclude_wins_over_include() {
    let folder = tree(&["a.ts", "gen/b.ts", "gen/c.ts"]);
    let mut options = options(folder.path());
    options.include = vec!["gen/b.ts".to_owned()];
    options.exclude = vec!["gen".to_owned()];
    assert_eq!(files(&options), ["a.ts"]);
    assert!(skipped(&options).contains(&("gen/".to_owned(), SkipReason::Excluded)));
}

#[test]
fn a_glob_that_makes_no_sense_is_an_error() {
    let folder = tree(&[]);
    let mut options = options(folder.path());
    options.exclude = vec!["[z-a].ts".to_owned()];
    assert!(
        Walk::new(&options)
            .err()
            .unwrap()
            .to_string()
            .contains("[z-a].ts")
    );
}

#[test]
fn things_that_are_no_files_are_named_and_never_opened() {
    let folder = tree(&["a.ts"]);
    let root = folder.path();
    let pipe = root.join("pipe.ts");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let _socket = UnixListener::bind(root.join("socket.ts")).unwrap();
    symlink("a.ts", root.join("link.ts")).unwrap();
    symlink(root, root.join("loop")).unwrap();
    symlink("/etc", root.join("outside")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"caf\xE9.ts")), "x").unwrap();

    let options = options(root);
    assert_eq!(files(&options), ["a.ts"]);
    let mut reasons: Vec<_> = skipped(&options)
        .into_iter()
        .map(|(_, reason)| reason)
        .collect();
    reasons.sort();
    assert_eq!(
        reasons,
        [
            PathNotUtf8,
            SymbolicLink,
            SymbolicLink,
            SymbolicLink,
            NotAFile,
            NotAFile
        ]
    );
}

#[test]
fn names_that_look_like_flags_or_hold_a_newline_are_names() {
    let folder = tree(&["--help.ts", "two\nlines.ts", "Case.ts", "case.ts"]);
    assert_eq!(
        files(&options(folder.path())),
        ["--help.ts", "Case.ts", "case.ts", "two\nlines.ts"]
    );
}

#[test]
fn a_file_larger_than_the_limit_is_not_read() {
    let folder = tree(&["a.ts"]);
    let sparse = fs::File::create(folder.path().join("sparse.ts")).unwrap();
    sparse.set_len(8 << 30).unwrap();
    let options = options(folder.path());
    assert_eq!(
        skipped(&options),
        [("sparse.ts".to_owned(), SkipReason::TooLarge)]
    );
}

#[test]
fn a_subfolder_keeps_the_paths_of_its_repository() {
    let folder = tree(&["a.ts", "sub/b.ts"]);
    let mut options = options(folder.path());
    options.start = options.root.join("sub");
    assert_eq!(files(&options), ["sub/b.ts"]);
}
