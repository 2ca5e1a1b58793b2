//! The published description and the router say the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

use std::collections::BTreeSet;

use peel_gateway::server::{Access, routes};
use peel_gateway::storage::ApiKeyKind;

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// Method, path and security of every operation, read line by line: the file keeps to two spaces a level.
fn described() -> BTreeSet<(String, String, String)> {
    let text = include_str!("../openapi.yaml");
    let paths = text.split("\npaths:\n").nth(1).unwrap().split("\ncomponents:\n").next().unwrap();
    let (mut path, mut operations): (String, Vec<(String, String, String)>) = (String::new(), Vec::new());
    for line in paths.lines() {
        let depth = line.len() - line.trim_start().len();
        let word = line.trim().trim_end_matches(':');
        if depth == 2 && word.starts_with('/') {
            word.clone_into(&mut path);
        } else if depth == 4 && METHODS.contains(&word) {
            operations.push((word.to_uppercase(), path.clone(), "open".to_owned()));
        } else if depth == 6
            && let Some(scheme) = word.strip_prefix("security: [{ ")
        {
            scheme.split(':').next().unwrap().clone_into(&mut operations.last_mut().unwrap().2);
        }
    }
    operations.into_iter().collect()
}

#[test]
fn every_route_is_described_with_the_access_it_asks_for() {
    let routed: BTreeSet<_> = routes::table()
        .into_iter()
        .map(|route| {
            let access = match route.access {
                Access::Open => "open",
                Access::Proof => "proof",
                Access::Device => "device",
                Access::Key(ApiKeyKind::Ingest) => "ingest",
                Access::Key(ApiKeyKind::Operator) => "operator",
                Access::Key(ApiKeyKind::Desk) => "desk",
            };
            // The router marks a parameter that takes the rest of the path.
            (route.method.to_owned(), route.path.replace("{*", "{"), access.to_owned())
        })
        .collect();
    assert_eq!(described(), routed);
}

#[test]
fn every_operation_that_asks_for_something_says_that_it_may_refuse() {
    let text = include_str!("../openapi.yaml");
    let paths = text.split("\npaths:\n").nth(1).unwrap().split("\ncomponents:\n").next().unwrap();
    let asking: Vec<&str> = paths.split("\n      summary:").filter(|part| part.contains("\n      security:")).collect();
    assert_eq!(asking.len(), described().iter().filter(|(_, _, access)| access != "open").count());
    for operation in asking {
        assert!(operation.contains("\n        \"401\":"), "{operation}");
    }
}

#[test]
fn the_description_never_offers_a_list_of_the_watchlist() {
    // S13: no message carries more than one entry of a watchlist.
    let text = include_str!("../openapi.yaml");
    assert!(!text.contains("watchlist_entries"));
    assert!(text.contains("watchlist_entry_ref"));
}
