//! Reads what `cargo metadata` tells of the workspace, as far as the rules need it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::context::Context;
use crate::error::VerifyError;

/// The part of `cargo metadata`'s answer that the rules look at.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    /// Every package, ours and others'.
    pub(crate) packages: Vec<Package>,
    /// The ids of ours.
    pub(crate) workspace_members: Vec<String>,
    /// Who really depends on whom, all features and platforms.
    pub(crate) resolve: Resolve,
}

/// One package.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    /// Cargo's id.
    pub(crate) id: String,
    /// The crate's name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its SPDX expression, when it has one.
    pub(crate) license: Option<String>,
    /// Where it comes from; nothing for ours.
    pub(crate) source: Option<String>,
    /// Its `Cargo.toml`.
    pub(crate) manifest_path: String,
    /// What its `Cargo.toml` names, every kind, optional and for other platforms included.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a package's `Cargo.toml`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dependency {
    /// The package's name, whatever it is renamed to.
    pub(crate) name: String,
    /// Nothing for a normal one, `dev` or `build` otherwise.
    pub(crate) kind: Option<String>,
}

/// The resolved graph.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Resolve {
    /// One node a package.
    pub(crate) nodes: Vec<Node>,
}

/// One package of the resolved graph.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Node {
    /// Cargo's id.
    pub(crate) id: String,
    /// What it depends on.
    pub(crate) deps: Vec<NodeDependency>,
}

/// One edge of the resolved graph.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NodeDependency {
    /// The other package's id.
    pub(crate) pkg: String,
    /// For what it is needed.
    pub(crate) dep_kinds: Vec<DependencyKind>,
}

/// For what a dependency is needed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DependencyKind {
    /// Nothing for a normal one, `dev` or `build` otherwise.
    pub(crate) kind: Option<String>,
}

impl Metadata {
    /// Asks Cargo; the lock file must be up to date.
    pub(crate) fn load(context: &Context) -> Result<Self, VerifyError> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = std::process::Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(context.root())
            .output()
            .map_err(|source| VerifyError::Start { program: "cargo metadata".to_owned(), source })?;
        if !output.status.success() {
            return Err(VerifyError::unreadable("cargo metadata", String::from_utf8_lossy(&output.stderr).trim()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| VerifyError::unreadable("cargo metadata", error))
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The names of all packages that end up in `package`: normal and build dependencies, not tests'.
    pub(crate) fn tree_of(&self, package: &str) -> Vec<&str> {
        let names: BTreeMap<&str, &str> =
            self.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
        let nodes: BTreeMap<&str, &Node> = self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let Some(start) = self.packages.iter().find(|candidate| candidate.name == package) else {
            return Vec::new();
        };
        let mut seen = vec![start.id.as_str()];
        let mut next = 0;
        while let Some(&id) = seen.get(next) {
            next += 1;
            let Some(node) = nodes.get(id) else { continue };
            for dependency in &node.deps {
                let only_tests = dependency.dep_kinds.iter().all(|kind| kind.kind.as_deref() == Some("dev"));
                if !only_tests && !seen.contains(&dependency.pkg.as_str()) {
                    seen.push(&dependency.pkg);
                }
            }
        }
        seen.iter().skip(1).filter_map(|id| names.get(id).copied()).collect()
    }
}

#[cfg(test)]
pub(crate) mod synthetic {
    //! Small made-up workspaces for the rules' tests.

    use super::*;

    /// A workspace of these packages; an edge is `(from, to, kind)`.
    pub(crate) fn workspace(members: &[&str], others: &[&str], edges: &[(&str, &str, &str)]) -> Metadata {
        let package = |name: &&str| Package {
            id: format!("id:{name}"),
            name: (*name).to_owned(),
            version: "1.0.0".to_owned(),
            license: Some("MIT".to_owned()),
            source: None,
            manifest_path: String::new(),
            dependencies: edges
                .iter()
                .filter(|(from, _, _)| from == name)
                .map(|(_, to, kind)| Dependency { name: (*to).to_owned(), kind: kind_of(kind) })
                .collect(),
        };
        let node = |name: &&str| Node {
            id: format!("id:{name}"),
            deps: edges
                .iter()
                .filter(|(from, _, _)| from == name)
                .map(|(_, to, kind)| NodeDependency {
                    pkg: format!("id:{to}"),
                    dep_kinds: vec![DependencyKind { kind: kind_of(kind) }],
                })
                .collect(),
        };
        Metadata {
            packages: members.iter().chain(others).map(package).collect(),
            workspace_members: members.iter().map(|name| format!("id:{name}")).collect(),
            resolve: Resolve { nodes: members.iter().chain(others).map(node).collect() },
        }
    }

    fn kind_of(kind: &str) -> Option<String> {
        (kind != "normal").then(|| kind.to_owned())
    }
}
