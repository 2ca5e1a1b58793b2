//! The rules of `deny.toml` and of the house, checked on the whole dependency graph.
//!
//! `deny.toml` is the only list of licences and banned crates; `cargo-deny` reads the same file.

use std::path::Path;

use serde::Deserialize;

use crate::context::Context;
use crate::error::VerifyError;
use crate::licences;
use crate::metadata::{Metadata, Package};

/// What `deny.toml` says, as far as it is enforced here.
#[derive(Debug, Deserialize)]
pub(crate) struct Policy {
    licenses: Licences,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Debug, Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

impl Policy {
    /// Reads `deny.toml` at the root.
    pub(crate) fn load(context: &Context) -> Result<Self, VerifyError> {
        let path = context.root().join("deny.toml");
        let text = std::fs::read_to_string(&path).map_err(VerifyError::file(path))?;
        toml::from_str(&text).map_err(|error| VerifyError::unreadable("deny.toml", error))
    }

    /// Every package whose licence is not allowed.
    pub(crate) fn licence_violations(&self, metadata: &Metadata) -> Result<Vec<String>, VerifyError> {
        let mut found = Vec::new();
        for package in &metadata.packages {
            let Some(expression) = &package.license else {
                found.push(format!("{} {} names no licence", package.name, package.version));
                continue;
            };
            let mut allow = self.licenses.allow.clone();
            let exceptions = self.licenses.exceptions.iter();
            for exception in exceptions.filter(|exception| exception.name == package.name) {
                allow.extend(exception.allow.iter().cloned());
            }
            if !licences::allowed(expression, &allow)? {
                found.push(format!("{} {} is under {expression}", package.name, package.version));
            }
        }
        Ok(found)
    }

    /// Every banned crate that is in the graph, for any platform.
    pub(crate) fn banned(&self, metadata: &Metadata) -> Vec<String> {
        metadata
            .packages
            .iter()
            .filter(|package| self.bans.deny.iter().any(|banned| banned.name == package.name))
            .map(|package| format!("{} {} is banned", package.name, package.version))
            .collect()
    }
}

/// Every package that comes neither from us nor from the registry.
pub(crate) fn foreign_sources(metadata: &Metadata) -> Vec<String> {
    metadata
        .packages
        .iter()
        .filter(|package| package.source.as_ref().is_some_and(|source| !source.starts_with("registry+")))
        .map(|package| format!("{} {} does not come from the registry", package.name, package.version))
        .collect()
}

/// Every crate of ours that does not take the workspace's lints (and with them `unsafe_code = "forbid"`).
pub(crate) fn without_lints(metadata: &Metadata) -> Result<Vec<String>, VerifyError> {
    let mut found = Vec::new();
    for package in metadata.members() {
        let text =
            std::fs::read_to_string(&package.manifest_path).map_err(VerifyError::file(&package.manifest_path))?;
        let manifest: toml::Table =
            toml::from_str(&text).map_err(|error| VerifyError::unreadable("a manifest", error))?;
        let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        if inherited.and_then(toml::Value::as_bool) != Some(true) {
            found.push(format!("{} does not take the workspace's lints", package.name));
        }
    }
    Ok(found)
}

/// Every file outside the companion's `ffi` folder that exports to the shells: it is the only door.
pub(crate) fn exports_outside_the_door(metadata: &Metadata) -> Result<Vec<String>, VerifyError> {
    let mut found = Vec::new();
    let products = metadata.members().filter(|package| package.name != "peel-verify");
    for package in products {
        for file in rust_files(&sources_of(package))? {
            let text = std::fs::read_to_string(&file).map_err(VerifyError::file(&file))?;
            let shown = file.to_string_lossy();
            let is_door = package.name == "peel-companion" && shown.contains("/src/ffi");
            if !is_door && text.lines().any(exports) {
                found.push(format!("{shown} exports to the shells, which only the companion's ffi may"));
            }
        }
    }
    Ok(found)
}

fn exports(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#[") && (line.contains("uniffi::") || line.contains("derive(uniffi"))
}

fn sources_of(package: &Package) -> std::path::PathBuf {
    Path::new(&package.manifest_path).with_file_name("src")
}

fn rust_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, VerifyError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(VerifyError::file(&folder))?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::synthetic::workspace;

    fn policy() -> Policy {
        toml::from_str(
            r#"
            [licenses]
            allow = ["MIT"]
            exceptions = [{ crate = "generator", allow = ["MPL-2.0"] }]
            [bans]
            deny = [{ crate = "openssl-sys" }]
            "#,
        )
        .expect("a policy")
    }

    #[test]
    fn an_exception_is_for_its_crate_alone() {
        let mut metadata = workspace(&["generator", "other"], &[], &[]);
        for package in &mut metadata.packages {
            package.license = Some("MPL-2.0".to_owned());
        }
        let found = policy().licence_violations(&metadata).expect("readable");
        assert_eq!(found, ["other 1.0.0 is under MPL-2.0"]);
    }

    #[test]
    fn a_crate_without_a_licence_is_refused() {
        let mut metadata = workspace(&["silent"], &[], &[]);
        for package in &mut metadata.packages {
            package.license = None;
        }
        assert_eq!(policy().licence_violations(&metadata).expect("readable").len(), 1);
    }

    #[test]
    fn a_banned_crate_is_found() {
        let clean = workspace(&["a"], &["ring"], &[]);
        assert!(policy().banned(&clean).is_empty());
        let dirty = workspace(&["a"], &["openssl-sys"], &[]);
        assert_eq!(policy().banned(&dirty).len(), 1);
    }

    #[test]
    fn a_crate_from_elsewhere_is_found() {
        let mut metadata = workspace(&["a"], &["b"], &[]);
        for package in metadata.packages.iter_mut().filter(|package| package.name == "b") {
            package.source = Some("git+ssh://somewhere".to_owned());
        }
        assert_eq!(foreign_sources(&metadata).len(), 1);
    }

    #[test]
    fn an_export_is_recognised() {
        assert!(exports("    #[uniffi::export]"));
        assert!(exports("#[derive(uniffi::Record)]"));
        assert!(!exports("// #[uniffi::export] stands only in the door"));
    }
}
