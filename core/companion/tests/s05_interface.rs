//! The exported interface, read from its source: nothing that is gated can leave before the blind judgement.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use quote::ToTokens as _;
use syn::{Fields, File, ImplItem, Item, ReturnType, TraitItem};

/// Everything that crosses the border: per record or enum variant, its fields with the types that they name.
#[derive(Default)]
struct Interface {
    /// Fields by owner; an enum's variant is `Enum::Variant`.
    fields: BTreeMap<String, Vec<(String, BTreeSet<String>)>>,
    /// What functions return and what listeners are called with.
    outgoing: BTreeMap<String, BTreeSet<String>>,
}

fn manifest() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn parse(path: &Path) -> File {
    syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap()
}

fn names(tokens: &impl quote::ToTokens) -> BTreeSet<String> {
    let text = tokens.to_token_stream().to_string();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with(char::is_uppercase)).map(str::to_owned).collect()
}

fn field_list(fields: &Fields) -> Vec<(String, BTreeSet<String>)> {
    let name = |index: usize, field: &syn::Field| field.ident.as_ref().map_or(index.to_string(), ToString::to_string);
    fields.iter().enumerate().map(|(index, field)| (name(index, field), names(&field.ty))).collect()
}

fn has_uniffi(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.to_token_stream().to_string().contains("uniffi"))
}

impl Interface {
    fn read() -> Self {
        let mut interface = Self::default();
        for entry in fs::read_dir(manifest().join("src/ffi")).unwrap() {
            for item in parse(&entry.unwrap().path()).items {
                interface.take(&item);
            }
        }
        interface
    }

    fn take(&mut self, item: &Item) {
        match item {
            Item::Struct(record) if has_uniffi(&record.attrs) => {
                let fields = if record.ident == "OfficerCore" { Vec::new() } else { field_list(&record.fields) };
                self.fields.insert(record.ident.to_string(), fields);
            }
            Item::Enum(list) if has_uniffi(&list.attrs) => {
                for variant in &list.variants {
                    self.fields.insert(format!("{}::{}", list.ident, variant.ident), field_list(&variant.fields));
                }
            }
            Item::Impl(methods) if has_uniffi(&methods.attrs) => {
                for method in &methods.items {
                    if let ImplItem::Fn(method) = method {
                        self.take_signature(&method.sig);
                    }
                }
            }
            Item::Trait(list) if has_uniffi(&list.attrs) => {
                for method in &list.items {
                    if let TraitItem::Fn(method) = method {
                        // A listener's arguments go out as a function's result does.
                        self.outgoing.insert(method.sig.ident.to_string(), names(&method.sig.inputs));
                    }
                }
            }
            Item::Fn(function) if has_uniffi(&function.attrs) => self.take_signature(&function.sig),
            _ => {}
        }
    }

    fn take_signature(&mut self, signature: &syn::Signature) {
        if let ReturnType::Type(_, result) = &signature.output {
            self.outgoing.insert(signature.ident.to_string(), names(result));
        }
    }

    /// Owners reachable from some types, without going through `barred`.
    fn reach(&self, from: &BTreeSet<String>, barred: &str) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = BTreeSet::new();
        let mut open: Vec<String> = from.iter().cloned().collect();
        while let Some(name) = open.pop() {
            for (owner, fields) in &self.fields {
                let belongs = *owner == name || owner.split("::").next() == Some(name.as_str());
                if belongs && owner != barred && found.insert(owner.clone()) {
                    open.extend(fields.iter().flat_map(|(_, types)| types.iter().cloned()));
                }
            }
        }
        found
    }
}

/// The fields of the domain's gated part, which the border may word a little differently.
fn gated_fields() -> BTreeSet<String> {
    let domain = parse(&manifest().join("../domain/src/alert.rs"));
    let gated = domain.items.iter().find_map(|item| match item {
        Item::Struct(record) if record.ident == "GatedPart" => Some(field_list(&record.fields)),
        _ => None,
    });
    let gated = gated.expect("the domain has a gated part").into_iter().map(|(name, _)| name);
    gated.map(|name| name.trim_end_matches("_ms").to_owned()).collect()
}

fn is_gated(field: &str, gated: &BTreeSet<String>) -> bool {
    let stem = field.trim_end_matches("_ms").trim_end_matches("_thousandths");
    gated.contains(stem) || matches!(stem, "known_error_rate" | "blind_judgement" | "entry_may_be_out_of_date")
}

#[test]
fn s05_the_gated_fields_of_an_alert_are_in_the_revealed_alert_alone() {
    let (interface, gated) = (Interface::read(), gated_fields());
    assert!(gated.contains("score") && gated.contains("operator_judgement"), "{gated:?}");
    let mut in_revealed = 0;
    for (owner, fields) in &interface.fields {
        for (field, _) in fields {
            // A deployment's threshold is on its public card (S43).
            if owner == "DeploymentView" && field == "threshold_thousandths" || !is_gated(field, &gated) {
                continue;
            }
            assert_eq!(owner, "RevealedAlert", "{owner} has the gated field {field}");
            in_revealed += 1;
        }
    }
    assert!(in_revealed >= 14, "only {in_revealed} gated fields were recognised");
}

#[test]
fn s05_a_revealed_alert_leaves_in_one_variant_only() {
    let interface = Interface::read();
    for (name, types) in &interface.outgoing {
        let without = interface.reach(types, "AlertView::Revealed");
        assert!(!without.contains("RevealedAlert"), "{name} gives a revealed alert by another way");
    }
    let with = interface.reach(&interface.outgoing["alert"], "");
    assert!(with.contains("RevealedAlert"), "the walk finds nothing at all");
}

#[test]
fn s13_no_function_gives_or_takes_a_list_of_faces_or_a_watchlist() {
    let interface = Interface::read();
    let bad = |name: &str, words: &[&str]| words.iter().any(|word| name.to_lowercase().contains(word));
    for owner in interface.fields.keys().chain(interface.outgoing.keys()) {
        assert!(!bad(owner, &["watchlistentr", "gallery", "embedding", "candidates"]), "{owner}");
    }
    // "Stop and search" is a legal footing, so only what can be called is looked at.
    for function in interface.outgoing.keys() {
        assert!(!bad(function, &["search", "identify", "enrol_face", "match"]), "{function}");
    }
}

#[test]
fn s10_no_form_or_view_suggests_a_decision() {
    let interface = Interface::read();
    for (owner, fields) in &interface.fields {
        for (field, _) in fields {
            let bad = ["suggest", "recommend", "preselect", "default"].iter().any(|word| field.contains(word));
            assert!(!bad, "{owner}.{field}");
        }
    }
    for entry in fs::read_dir(manifest().join("src/ffi")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("Default"), "a type of the border has a default (S01)");
    }
}
