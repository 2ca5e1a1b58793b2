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

/// Every text in quotes that follows `before` in the service's and the server's sources, or in `files`.
fn codes(before: &str, files: &[&str]) -> BTreeSet<String> {
    let sources = ["src/service", "src/server", "src/server/routes"].into_iter().flat_map(|folder| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file())
    });
    let read = |path| std::fs::read_to_string(path).unwrap();
    let texts = sources.map(read).chain(files.iter().map(|file| (*file).to_owned()));
    let found = texts.flat_map(|text| {
        text.split(before)
            .skip(1)
            .filter_map(|rest| rest.split_once('"'))
            .map(|(code, _)| code.to_owned())
            .collect::<Vec<_>>()
    });
    found.filter(|code| !code.contains(' ')).collect()
}

/// What only commands refuse with, in words.
fn of_commands(code: &str) -> bool {
    let begins = ["change.", "bundle.", "policy.", "evidence.", "deployment.", "enrolment.url"];
    let alone = ["exercise_clock", "force", "busy", "test_walk"];
    let api = ["deployment.not_live", "deployment.state_order"];
    (begins.iter().any(|start| code.starts_with(start)) || alone.contains(&code)) && !api.contains(&code)
}

#[test]
fn every_refusal_of_the_api_is_described_and_every_malformed_field_has_words() {
    let text = include_str!("../openapi.yaml");
    let alerts = include_str!("../../core/domain/src/wire/alert.rs");
    let fields = codes("Invalid(\"", &[]);
    let error = include_str!("../src/service/error.rs");
    let arms = error.split("pub fn code(&self)").nth(1).unwrap().split("pub fn retry_after_s").next().unwrap();
    let named = [arms, alerts].into_iter().flat_map(|text| {
        let found = text.split("=> \"").skip(1).filter_map(|rest| rest.split_once('"'));
        found.map(|(code, _)| code.to_owned()).filter(|code| !code.contains(' ')).collect::<Vec<_>>()
    });
    let all: BTreeSet<String> = named.chain(fields.iter().cloned()).collect();
    assert!(all.len() > 60 && fields.len() > 30, "the sources are read: {} {}", all.len(), fields.len());
    let missing: Vec<_> =
        all.iter().filter(|code| !of_commands(code) && !text.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "not in openapi.yaml: {missing:?}");
    for code in fields {
        let words = peel_gateway::service::ServiceError::Invalid(code.clone().leak()).to_string();
        assert!(!words.ends_with(&code), "{code} is not said in words");
    }
}
