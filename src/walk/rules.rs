//! What is left out by its name. A rule looks at one component of a path,
//! never at a part of a name and never at folders above the root: a folder
//! called `layout` or a file called `distance.ts` is like any other.

use std::path::Path;

use crate::outcome::SkipReason;

/// Folders that package managers fill.
const VENDORED: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "__pycache__",
];

/// Every virtual environment has this file at its top (PEP 405).
const VIRTUAL_ENVIRONMENT: &str = "pyvenv.cfg";

/// Lock files of the package managers of the languages we know.
const LOCK_FILES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "poetry.lock",
    "Pipfile.lock",
    "pdm.lock",
    "uv.lock",
    "pixi.lock",
    "pylock.toml",
];

/// Files in which programs keep passwords and keys.
const CREDENTIALS: &[&str] = &[
    ".git-credentials",
    ".htpasswd",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".yarnrc.yml",
    "credentials.json",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "service-account.json",
];

/// Endings of key files and key stores.
const KEY_FILES: &[&str] = &["jks", "kdbx", "key", "keystore", "p12", "pem", "pfx", "ppk"];

/// Templates of `.env` files hold no secrets: that is what they are for.
const TEMPLATES: &[&str] = &["dist", "example", "sample", "template"];

/// Why a folder is not entered, if so.
pub(super) fn folder(path: &Path) -> Option<SkipReason> {
    let name = path.file_name()?.to_string_lossy();
    if VENDORED.contains(&name.as_ref()) || path.join(VIRTUAL_ENVIRONMENT).is_file() {
        Some(SkipReason::Vendored)
    } else if name.starts_with('.') {
        Some(SkipReason::Hidden)
    } else {
        None
    }
}

/// Why a file of this name is left out, if so.
pub(super) fn file(name: &str) -> Option<SkipReason> {
    if is_credentials(name) {
        Some(SkipReason::Credentials)
    } else if LOCK_FILES.contains(&name) {
        Some(SkipReason::LockFile)
    } else if name.starts_with('.') {
        Some(SkipReason::Hidden)
    } else if is_minified(name) {
        Some(SkipReason::Minified)
    } else {
        None
    }
}

fn is_credentials(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_environment =
        name == ".env" || (name.starts_with(".env.") && !TEMPLATES.contains(&ending));
    is_environment || CREDENTIALS.contains(&name) || KEY_FILES.contains(&ending)
}

/// `jquery.min.js`, `app.min.mjs`: `min` as the last part before the ending.
fn is_minified(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let (Some(ending), Some("min"), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    matches!(ending, "js" | "mjs" | "cjs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_only_contain_a_rule_are_kept() {
        for name in [
            "distance.ts",
            "timeout.ts",
            "buildout.py",
            "admin.js",
            "min.js",
            "lock.py",
            "env.ts",
            "pem.ts",
            "keystore.ts",
            "id_rsa.pub.ts",
        ] {
            assert_eq!(file(name), None, "{name}");
        }
        for name in ["layout", "routes", "builders", "out", "dist", "environment"] {
            assert_eq!(folder(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn what_tools_write_is_left_out_with_its_reason() {
        assert_eq!(file("jquery.min.js"), Some(SkipReason::Minified));
        assert_eq!(file("poetry.lock"), Some(SkipReason::LockFile));
        assert_eq!(file(".eslintrc.js"), Some(SkipReason::Hidden));
        for name in [
            ".env",
            ".env.production",
            ".env.ts",
            "server.pem",
            "id_rsa",
            ".npmrc",
        ] {
            assert_eq!(file(name), Some(SkipReason::Credentials), "{name}");
        }
        assert_eq!(
            folder(Path::new("a/node_modules")),
            Some(SkipReason::Vendored)
        );
        assert_eq!(folder(Path::new(".github")), Some(SkipReason::Hidden));
    }
}
