//! The arrows between our crates: who may depend on whom.
//!
//! Drone frames must not reach the face check (safeguard S16), so there is no way from `feeds` to
//! `face` or back, not even in a test. The trail must not know what it seals, so `ledger` knows no
//! `domain`. Nothing but the street and the tests knows the gateway. A crate that is not in the table
//! is refused, so a new one needs a line here and with it a thought.

use crate::metadata::{Metadata, Package};

/// What a crate may depend on, apart from what its tests use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("peel-domain", &[]),
    ("peel-ledger", &[]),
    ("peel-journal", &["peel-ledger"]),
    ("peel-picture", &[]),
    ("peel-face", &["peel-domain", "peel-picture"]),
    ("peel-feeds", &["peel-domain"]),
    ("peel-companion", &["peel-domain", "peel-ledger", "peel-journal", "peel-face", "peel-feeds"]),
    ("peel-bindgen", &[]),
    ("peel-gateway", &["peel-domain", "peel-ledger", "peel-feeds", "peel-report"]),
    ("peel-audit", &["peel-domain", "peel-ledger"]),
    ("peel-page", &["peel-ledger"]),
    // Opens what the face check keeps to itself: nothing that runs on a phone, a gateway or at an auditor may know it.
    ("peel-evaluation", &["peel-domain", "peel-face", "peel-sheet"]),
    // Pages and plots for reports: words and numbers in, a text out.
    ("peel-sheet", &[]),
    ("peel-report", &["peel-domain", "peel-sheet"]),
    ("peel-street", EVERYTHING),
    ("peel-e2e", EVERYTHING),
    ("peel-decoders", &["peel-domain", "peel-ledger", "peel-feeds", "peel-picture"]),
    ("peel-faults", &["peel-domain", "peel-ledger", "peel-journal", "peel-gateway", "peel-audit"]),
    ("peel-bench", &["peel-domain", "peel-ledger", "peel-journal", "peel-feeds", "peel-gateway", "peel-audit"]),
    ("peel-bench-face", &["peel-domain", "peel-face"]),
    ("peel-verify", &[]),
];

const EVERYTHING: &[&str] = &[
    "peel-domain",
    "peel-ledger",
    "peel-journal",
    "peel-face",
    "peel-feeds",
    "peel-companion",
    "peel-gateway",
    "peel-audit",
    "peel-report",
    "peel-street",
];

/// Forbidden in every kind of dependency, tests included, directly or through others.
const NEVER: &[(&str, &str, &str)] = &[
    ("peel-feeds", "peel-face", "drone frames must not reach the face check"),
    ("peel-face", "peel-feeds", "drone frames must not reach the face check"),
    ("peel-ledger", "peel-domain", "bodies are opaque bytes to the trail"),
    ("peel-journal", "peel-domain", "bodies are opaque bytes to the trail"),
];

/// Crates that do no input or output: what would let them must not be in their tree.
const PURE: &[&str] = &["peel-domain", "peel-ledger", "peel-feeds", "peel-picture", "peel-sheet", "peel-report"];
const DOES_IO: &[&str] = &["axum", "hyper", "mio", "reqwest", "rusqlite", "socket2", "tokio", "async-std", "ureq"];

/// Every forbidden arrow, in words; nothing when all is well.
pub(crate) fn violations(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    for package in metadata.members() {
        found.extend(outside_the_table(metadata, package));
    }
    for (from, to, why) in NEVER {
        if reaches(metadata, from, to) {
            found.push(format!("{from} -> {to} is never allowed, not even in a test: {why}"));
        }
    }
    found
}

/// Every crate without input and output whose tree holds a crate that does some.
pub(crate) fn impurities(metadata: &Metadata) -> Vec<String> {
    PURE.iter()
        .flat_map(|pure| {
            metadata
                .tree_of(pure)
                .into_iter()
                .filter(|name| DOES_IO.contains(name))
                .map(move |name| format!("{pure} does no input or output, but its tree holds {name}"))
        })
        .collect()
}

fn outside_the_table(metadata: &Metadata, package: &Package) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!("{} is not in the table of arrows", package.name)];
    };
    let ours: Vec<&str> = metadata.members().map(|member| member.name.as_str()).collect();
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
        .filter(|dependency| ours.contains(&dependency.name.as_str()))
        .filter(|dependency| !allowed.contains(&dependency.name.as_str()))
        .map(|dependency| format!("{} -> {} is not an allowed arrow", package.name, dependency.name))
        .collect()
}

/// Direct or not: the first step may be of any kind, the others are what gets built with it.
fn reaches(metadata: &Metadata, from: &str, to: &str) -> bool {
    let Some(start) = metadata.members().find(|package| package.name == from) else { return false };
    start.dependencies.iter().any(|first| first.name == to || metadata.tree_of(&first.name).contains(&to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::synthetic::workspace;

    const OURS: &[&str] = &[
        "peel-domain",
        "peel-ledger",
        "peel-face",
        "peel-feeds",
        "peel-companion",
        "peel-gateway",
        "peel-audit",
        "peel-street",
    ];

    const DRAWN: &[(&str, &str, &str)] = &[
        ("peel-companion", "peel-domain", "normal"),
        ("peel-companion", "peel-ledger", "normal"),
        ("peel-companion", "peel-face", "normal"),
        ("peel-companion", "peel-feeds", "normal"),
        ("peel-face", "peel-domain", "normal"),
        ("peel-feeds", "peel-domain", "normal"),
        ("peel-gateway", "peel-domain", "normal"),
        ("peel-gateway", "peel-ledger", "normal"),
        ("peel-gateway", "peel-feeds", "normal"),
        ("peel-audit", "peel-domain", "normal"),
        ("peel-audit", "peel-ledger", "normal"),
        ("peel-street", "peel-gateway", "normal"),
        ("peel-companion", "peel-gateway", "dev"),
    ];

    fn with(edge: (&str, &str, &str)) -> Vec<String> {
        let mut edges = DRAWN.to_vec();
        edges.push(edge);
        violations(&workspace(OURS, &["tokio"], &edges))
    }

    #[test]
    fn the_drawn_arrows_are_allowed() {
        assert_eq!(violations(&workspace(OURS, &[], DRAWN)), Vec::<String>::new());
    }

    #[test]
    fn s16_feeds_to_face_is_refused_in_every_kind() {
        for kind in ["normal", "build", "dev"] {
            assert!(!with(("peel-feeds", "peel-face", kind)).is_empty(), "{kind}");
        }
    }

    #[test]
    fn s16_face_to_feeds_is_refused_in_every_kind() {
        for kind in ["normal", "build", "dev"] {
            assert!(!with(("peel-face", "peel-feeds", kind)).is_empty(), "{kind}");
        }
    }

    #[test]
    fn s16_a_detour_from_feeds_to_face_is_refused() {
        let found = with(("peel-feeds", "peel-companion", "dev"));
        assert!(found.iter().any(|line| line.starts_with("peel-feeds -> peel-face")), "{found:?}");
    }

    #[test]
    fn the_trail_does_not_know_what_it_seals() {
        assert!(!with(("peel-ledger", "peel-domain", "normal")).is_empty());
        assert!(!with(("peel-ledger", "peel-domain", "dev")).is_empty());
    }

    #[test]
    fn only_the_street_and_tests_know_the_gateway() {
        for from in ["peel-companion", "peel-audit", "peel-face", "peel-feeds", "peel-domain"] {
            for kind in ["normal", "build"] {
                let wanted = format!("{from} -> peel-gateway is not an allowed arrow");
                assert!(with((from, "peel-gateway", kind)).contains(&wanted), "{from} {kind}");
            }
        }
    }

    #[test]
    fn s15_nothing_knows_the_evaluation_which_holds_many_embeddings() {
        let mut ours = OURS.to_vec();
        ours.extend(["peel-evaluation", "peel-e2e"]);
        for from in ours.iter().filter(|from| **from != "peel-evaluation") {
            let mut edges = DRAWN.to_vec();
            edges.push((from, "peel-evaluation", "normal"));
            let wanted = format!("{from} -> peel-evaluation is not an allowed arrow");
            assert!(violations(&workspace(&ours, &["tokio"], &edges)).contains(&wanted), "{from}");
        }
    }

    #[test]
    fn a_crate_without_a_line_in_the_table_is_refused() {
        assert_eq!(violations(&workspace(&["peel-newcomer"], &[], &[])).len(), 1);
    }

    #[test]
    fn io_in_a_pure_crate_is_found_through_others_but_not_in_its_tests() {
        let through = [("peel-feeds", "helper", "normal"), ("helper", "tokio", "normal")];
        assert_eq!(impurities(&workspace(OURS, &["helper", "tokio"], &through)).len(), 1);
        let tests_only = [("peel-feeds", "tokio", "dev")];
        assert!(impurities(&workspace(OURS, &["tokio"], &tests_only)).is_empty());
    }
}
