//! `verify --open`: what the opened records must say.

use peel_domain::event::{Action, Actor};
use peel_domain::stop::ReceiptChannel;
use peel_ledger::Hash;
use peel_ledger::force_log::Change;

use crate::fixture::{
    audit, body, code, decided, force, officer, received, shift, text, written, written_by, written_of, written_with,
};
use crate::support::Item;

#[test]
fn an_alert_without_end_or_a_shift_left_open_is_incomplete() {
    let mut bodies = shift();
    bodies.remove(4);
    let folder = written(&bodies);
    let output = audit(folder.path(), &["--open", "key"]);
    assert_eq!(code(&output), 3);
    assert!(text(&output).contains("neither a decision nor no_decision"));
    let folder = written(&shift()[..5]);
    let output = audit(folder.path(), &["--open", "key"]);
    assert_eq!(code(&output), 3);
    assert!(text(&output).contains("a shift is not closed"));
}

#[test]
fn a_number_recorded_twice_or_a_decision_out_of_nowhere_is_tampered() {
    let mut bodies = shift();
    bodies[3] = received(3, 2, 1);
    let output = audit(written(&bodies).path(), &["--open", "key"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("recorded twice"));
    let mut bodies = shift();
    bodies.remove(1);
    assert_eq!(code(&audit(written(&bodies).path(), &["--open", "key"])), 1);
    let mut bodies = shift();
    bodies[0] = b"not a record".to_vec();
    assert_eq!(code(&audit(written(&bodies).path(), &["--open", "key"])), 1);
}

#[test]
fn a_decision_that_no_officer_made_is_tampered() {
    let mut bodies = shift();
    bodies[2] = body(2, Actor::Core, Some(1), decided(None));
    let output = audit(written(&bodies).path(), &["--open", "key"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("no officer made"));
}

#[test]
fn a_policy_that_took_effect_is_one_of_the_force_log() {
    let with = |approved: &[u8]| {
        let applied = Action::PolicyApplied { version: 3, sha256: Hash::of(&[b"policy"]).to_bytes() };
        let mut items: Vec<Item> = shift().into_iter().map(Item::Body).collect();
        items.insert(5, Item::Body(body(5, Actor::Core, None, applied)));
        items[6] = Item::Body(body(6, officer(), None, Action::ShiftEnded));
        let mut force = force();
        force.approve(Change::PolicyChange { version: 3, policy: Hash::of(&[approved]) }, 60);
        audit(written_by(&mut force, &items, |_, _| {}).path(), &["--open", "key"])
    };
    let output = with(b"policy");
    assert_eq!(code(&output), 0, "{}", text(&output));
    let output = with(b"another");
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("a policy that is not in the force log took effect"), "{}", text(&output));
}

#[test]
fn what_the_tool_cannot_know_is_said() {
    let items: Vec<Item> = shift().into_iter().map(Item::Body).collect();
    let folder = written_with(&items, |_, trust| {
        trust.root = None;
        trust.recipients.clear();
    });
    let output = text(&audit(folder.path(), &["--open", "key"]));
    assert!(output.contains("carries a signature that was not verified"));
    assert!(output.contains("recipients: the trust file names none"));
    assert!(output.contains("the trust file names no events log"));
}

#[test]
fn s02_without_the_forces_root_key_or_recipients_nothing_is_good() {
    let mut bodies = shift();
    let items = |bodies: &[Vec<u8>]| bodies.iter().cloned().map(Item::Body).collect::<Vec<_>>();
    let sound = items(&bodies);
    bodies[2] = body(2, officer(), Some(1), decided(Some(vec![0; 64])));
    let junk = items(&bodies);
    for (items, root_too) in [(&sound, true), (&junk, true), (&sound, false)] {
        let folder =
            written_with(items, |_, trust| if root_too { trust.root = None } else { trust.recipients.clear() });
        let output = audit(folder.path(), &["--open", "key"]);
        assert_eq!(code(&output), 3, "{}", text(&output));
        let said = if root_too { "no root key of the force" } else { "recipients: the trust file names none" };
        assert!(text(&output).contains(said), "{}", text(&output));
    }
}

#[test]
fn signing_in_again_goes_on_with_the_shift_and_another_officer_cuts_it_off() {
    let start = |index, actor| body(index, actor, None, Action::ShiftStarted { until_ms: 1, certificate: None });
    let end = body(2, officer(), None, Action::ShiftEnded);
    let renewed = [start(0, officer()), start(1, officer()), end.clone()];
    assert_eq!(code(&audit(written(&renewed).path(), &["--open", "key"])), 0);
    let other = Actor::Officer("9999".to_owned().try_into().unwrap());
    let cut_off = [start(0, other), start(1, officer()), end];
    let output = audit(written(&cut_off).path(), &["--open", "key"]);
    assert_eq!(code(&output), 3);
    assert!(text(&output).contains("before another officer's began"));
}

fn offered(index: u64, commitment: Hash) -> Item {
    let reference = "R".to_owned();
    let commitment = commitment.to_bytes();
    let action = Action::ReceiptOffered { reference, channel: ReceiptChannel::Qr, commitment };
    Item::Body(body(index, officer(), Some(1), action))
}

#[test]
fn every_receipt_has_its_commitment_and_every_commitment_its_receipt() {
    let [first, second] = [b"1", b"2"].map(|salt| Hash::of(&[salt]));
    let with = |more: Vec<Item>| {
        let mut items: Vec<Item> = shift()[..3].iter().cloned().map(Item::Body).collect();
        items.extend(more);
        let closing = items.len() as u64;
        items.push(Item::Body(body(closing, officer(), None, Action::ShiftEnded)));
        audit(written_of(&items).path(), &["--open", "key"])
    };
    let output = with(vec![Item::Receipt(first), offered(4, first)]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains("1 receipts offered, each committed to on record"));
    assert!(text(&output).contains("5 records; 1 more are receipts, which lie in the clear"));
    let bad = [
        vec![offered(3, first)],
        vec![Item::Receipt(first), offered(4, second)],
        vec![Item::Receipt(first)],
        vec![Item::Receipt(first), offered(4, first), offered(5, first)],
    ];
    for (number, items) in bad.into_iter().enumerate() {
        let output = with(items);
        assert_eq!(code(&output), 1, "case {number}: {}", text(&output));
    }
}
