//! A program of 64 bytes with small parts: packed, unpacked, damaged.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::error::KnowsAdvice;

/// An ELF header that says that the file ends with it.
fn program() -> [u8; 64] {
    let mut head = [0; 64];
    head[..6].copy_from_slice(b"\x7fELF\x02\x01");
    head[0x28] = 64;
    head
}

/// A packed program, and a home for what is in it.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parts = folder.path().join("parts/models/small");
        fs::create_dir_all(parts.join("sub")).unwrap();
        fs::write(parts.join("a"), "first").unwrap();
        fs::write(parts.join("sub/run"), "second ".repeat(1000)).unwrap();
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(parts.join("sub/run"), mode).unwrap();
        symlink("sub/run", parts.join("link")).unwrap();
        fs::write(folder.path().join("plain"), program()).unwrap();
        let scene = Self { folder };
        scene.pack("packed");
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pack(&self, name: &str) {
        let packing = Packing {
            program: &self.path("plain"),
            parts: &self.path("parts"),
            level: 1,
        };
        pack(&packing, &self.path(name)).unwrap();
    }

    fn bundle(&self) -> Bundle {
        Bundle::of(&self.path("packed")).unwrap().unwrap()
    }

    fn unpack(&self) -> Result<PathBuf, BundleError> {
        self.bundle().unpack("models/small", &self.path("home"))
    }

    /// Writes the packed program anew, changed.
    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.path("packed")).unwrap();
        change(&mut bytes);
        fs::write(self.path("packed"), bytes).unwrap();
    }
}

fn left_over(home: &Path) -> Vec<String> {
    let names = fs::read_dir(home).unwrap().map(|e| e.unwrap().file_name());
    let mut names: Vec<_> = names.map(|n| n.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_comes_out_is_what_went_in() {
    let scene = Scene::new();
    let folder = scene.unpack().unwrap();
    assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "first");
    let run = fs::metadata(folder.join("link")).unwrap();
    assert_eq!((run.len(), run.permissions().mode() & 0o777), (7000, 0o755));
    assert_eq!(left_over(&scene.path("home")), [".setup.lock", "models"]);
    assert_eq!(
        scene.bundle().contents("models/small", "a").unwrap(),
        b"first"
    );
    assert!(scene.bundle().contents("models/small", "b").is_err());
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    let scene = Scene::new();
    scene.pack("again");
    let [one, two] = ["packed", "again"].map(|name| fs::read(scene.path(name)).unwrap());
    assert_eq!(one, two);
}

#[test]
fn a_plain_program_carries_nothing_and_a_packed_one_is_not_packed_again() {
    let scene = Scene::new();
    assert!(Bundle::of(&scene.path("plain")).unwrap().is_none());
    fs::write(scene.path("script"), "#!/bin/sh\n").unwrap();
    assert!(Bundle::of(&scene.path("script")).unwrap().is_none());
    let packing = Packing {
        program: &scene.path("packed"),
        parts: &scene.path("parts"),
        level: 1,
    };
    let refused = pack(&packing, &scene.path("twice")).unwrap_err();
    assert!(
        refused.to_string().contains("behind it already"),
        "{refused}"
    );
}

#[test]
fn what_was_damaged_in_the_home_is_unpacked_anew() {
    let scene = Scene::new();
    let folder = scene.unpack().unwrap();
    fs::write(folder.join("a"), "worse").unwrap();
    fs::remove_file(folder.join("link")).unwrap();
    scene.unpack().unwrap();
    assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "first");
    assert!(folder.join("link").is_symlink());
}

#[test]
fn what_somebody_else_put_there_is_left_alone() {
    let scene = Scene::new();
    let folder = scene.path("home/models/small");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a"), "mine").unwrap();
    assert_eq!(scene.unpack().unwrap(), folder);
    assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "mine");
}

#[test]
fn the_rest_of_an_unpacking_that_was_killed_goes_with_the_next() {
    let scene = Scene::new();
    let half = scene.path("home/.unpacking/new/sub");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("run"), "sec").unwrap();
    scene.unpack().unwrap();
    assert_eq!(left_over(&scene.path("home")), [".setup.lock", "models"]);
}

#[test]
fn many_at_once_find_one_whole_part() {
    let scene = Scene::new();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| scene.unpack())).collect();
        for run in runs {
            let folder = run.join().unwrap().unwrap();
            assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "first");
        }
    });
    assert_eq!(left_over(&scene.path("home")), [".setup.lock", "models"]);
}

#[test]
fn a_copy_that_was_cut_short_says_so() {
    let scene = Scene::new();
    scene.change(|bytes| bytes.truncate(bytes.len() - 1));
    let error = Bundle::of(&scene.path("packed")).unwrap_err();
    assert!(error.to_string().contains("and should have"), "{error}");
    assert!(error.advice().unwrap().contains("copy the program again"));
    scene.change(|bytes| bytes.truncate(64 + 30));
    let error = Bundle::of(&scene.path("packed")).unwrap_err();
    assert!(error.to_string().contains("not whole"), "{error}");
}

#[test]
fn a_changed_byte_changes_nothing_or_is_noticed_wherever_it_is() {
    let whole = fs::read(Scene::new().path("packed")).unwrap();
    for at in 64 + 16..whole.len() {
        let scene = Scene::new();
        scene.change(|bytes| bytes[at] ^= 0x20);
        let found = Bundle::of(&scene.path("packed"));
        let found = found.and_then(|bundle| {
            let bundle = bundle.expect("its beginning is untouched");
            bundle.unpack("models/small", &scene.path("home"))
        });
        match found {
            Err(BundleError::Damaged { .. }) => assert!(!scene.path("home/models").exists()),
            // As in what a frame says of the memory it takes.
            Ok(folder) => assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "first"),
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
}

#[test]
fn a_home_that_cannot_be_written_is_named_with_what_it_takes() {
    let scene = Scene::new();
    fs::write(scene.path("home"), "a file").unwrap();
    let error = scene.unpack().unwrap_err();
    let home = scene.path("home").display().to_string();
    assert!(error.to_string().contains(&home), "{error}");
    assert!(error.advice().unwrap().contains("MNEMO_HOME"));
}

#[test]
fn a_library_is_found_in_memory_and_on_disk_with_what_it_needs() {
    let scene = Scene::new();
    for (part, file) in [("onnx", "lib.so"), ("gcc", "libstdc++.so.6")] {
        let folder = scene.path("parts/runtime").join(part);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), format!("this is {file}")).unwrap();
    }
    scene.pack("packed");
    let library = Library::Packed {
        bundle: std::sync::Arc::new(scene.bundle()),
        part: "runtime/onnx".to_owned(),
        file: "lib.so".to_owned(),
        home: scene.path("home"),
    };
    let holds = |loadable: &Loadable| {
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!(read(&loadable.path), "this is lib.so");
        let [(name, companion)] = loadable.companions.as_slice() else {
            panic!("{loadable:?}");
        };
        assert_eq!(*name, "libstdc++.so.6");
        assert_eq!(read(companion), "this is libstdc++.so.6");
    };
    holds(&library.in_memory().unwrap().unwrap());
    assert!(!scene.path("home").exists());
    holds(&library.on_disk().unwrap());
    assert!(scene.path("home/runtime/onnx/lib.so").exists());
}
