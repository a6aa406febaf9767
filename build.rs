//! Bundles the graph page from `web/` into the program. Where npm cannot be run
//! the program is built without it, and `graph --html` says so.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a bundle is made of, besides what npm brings.
const INPUTS: [&str; 4] = [
    "web/src",
    "web/build.mjs",
    "web/package.json",
    "web/package-lock.json",
];

/// What the program includes.
const OUTPUTS: [&str; 2] = ["graph.js", "graph.css"];

fn main() -> Result<(), Box<dyn Error>> {
    for input in INPUTS {
        println!("cargo::rerun-if-changed={input}");
    }
    let out = PathBuf::from(variable("OUT_DIR")?);
    let web = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("web");
    if let Err(reason) = packages(&web, &out).and_then(|packages| bundle(&web, &packages, &out)) {
        println!("cargo::warning=built without the graph page: {reason}");
        // A path that never is: the next build tries again.
        println!("cargo::rerun-if-changed={}", out.join("never").display());
        for output in OUTPUTS {
            fs::write(out.join(output), "")?;
        }
    }
    Ok(())
}

/// The folder with the packages of the lock file, brought there unless they are.
fn packages(web: &Path, out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let folder = out.join("web");
    let (packages, done) = (folder.join("node_modules"), folder.join("brought"));
    let lock = fs::read(web.join("package-lock.json"))?;
    if fs::read(&done).is_ok_and(|brought| brought == lock) {
        return Ok(packages);
    }
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(web.join(file), folder.join(file))?;
    }
    let options = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=1",
    ];
    let mut npm = Command::new("npm");
    run(npm.args(options).current_dir(&folder), "npm ci")?;
    fs::write(done, lock)?;
    Ok(packages)
}

fn bundle(web: &Path, packages: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut node = Command::new("node");
    node.arg(web.join("build.mjs")).arg(packages).arg(out);
    run(&mut node, "node web/build.mjs")
}

fn run(command: &mut Command, name: &str) -> Result<(), Box<dyn Error>> {
    let output = command
        .output()
        .map_err(|error| format!("{name} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = text.lines().find(|line| !line.trim().is_empty());
    Err(format!("{name} failed: {}", first.unwrap_or("it said nothing")).into())
}

#[allow(clippy::disallowed_methods, reason = "cargo tells a build script so")]
fn variable(name: &str) -> Result<String, std::env::VarError> {
    std::env::var(name)
}
