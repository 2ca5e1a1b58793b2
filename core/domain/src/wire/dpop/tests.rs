//! Proofs: the published examples, one proof's way, and everything that must be refused.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// RFC 9449 section 4.1: a proof for a token request.
const RFC_TOKEN_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMz\
    R0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSI\
    sImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUu\
    Y29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nf\
    bV37xRZT3Lg";
/// RFC 9449 section 7.1: a proof for a protected resource, and the token that it is bound to.
const RFC_RESOURCE_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgt\
    MzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQ\
    SIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcG\
    xlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NB\
    cWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const RFC_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
/// RFC 9449 section 6.1.
const RFC_THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

const ADDRESS: &str = "https://gateway.example/v1/policy";

fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn spki(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec()
}

fn request() -> DpopRequest<'static> {
    DpopRequest { method: "GET", address: ADDRESS, token: Some("the token") }
}

fn made(request: DpopRequest<'_>, nonce: Option<&str>) -> String {
    let draft = ProofDraft::new(&spki(&key()), request, [3; 16], -5, nonce).unwrap();
    let signature: Signature = key().sign(draft.signing_input());
    draft.finish(signature.to_der().as_bytes()).unwrap()
}

/// A proof of any header and claims, rightly signed.
fn signed(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", part(header), part(claims));
    let signature: Signature = key().sign(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn sound() -> (Value, Value) {
    let PublicJwk { x, y } = PublicJwk::of_spki(&spki(&key())).unwrap();
    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": { "kty": "EC", "crv": "P-256", "x": x, "y": y } });
    (header, json!({ "jti": "one", "htm": "GET", "htu": ADDRESS, "iat": 0, "nonce": "n" }))
}

#[test]
fn the_published_proofs_verify_for_their_requests_and_their_key() {
    let proof = DpopProof::parse(RFC_TOKEN_PROOF).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(proof.thumbprint().0), RFC_THUMBPRINT);
    assert_eq!((proof.jti(), proof.nonce()), ("-BwC3ESc6acc2lTc", None));
    let request = DpopRequest { method: "POST", address: "https://server.example.com/token", token: None };
    assert_eq!(proof.check(request), Ok(()));

    let proof = DpopProof::parse(RFC_RESOURCE_PROOF).unwrap();
    let address = "https://resource.example.org/protectedresource";
    let request = DpopRequest { method: "GET", address, token: Some(RFC_TOKEN) };
    assert_eq!(proof.check(request), Ok(()));
    assert_eq!(proof.check(DpopRequest { token: Some("another"), ..request }), Err(DpopError::Token));
    assert_eq!(proof.check(DpopRequest { method: "POST", ..request }), Err(DpopError::Method));
}

#[test]
fn a_proof_that_the_phone_makes_is_one_that_the_gateway_takes_whatever_the_phones_clock_says() {
    let proof = DpopProof::parse(&made(request(), Some("from the server"))).unwrap_err();
    assert_eq!(proof, DpopError::Malformed, "a nonce with white space is none");
    let proof = DpopProof::parse(&made(request(), Some("from-the-server"))).unwrap();
    assert_eq!(proof.check(request()), Ok(()));
    assert_eq!(proof.nonce(), Some("from-the-server"));
    assert_eq!(proof.thumbprint(), Thumbprint::of_spki(&spki(&key())).unwrap());
}

#[test]
fn a_proof_is_for_one_method_one_address_and_one_token() {
    let proof = DpopProof::parse(&made(request(), None)).unwrap();
    assert_eq!(proof.check(DpopRequest { method: "POST", ..request() }), Err(DpopError::Method));
    for address in ["https://gateway.example/v1/deployments", "https://other.example/v1/policy", "nothing"] {
        assert_eq!(proof.check(DpopRequest { address, ..request() }), Err(DpopError::Address), "{address}");
    }
    assert_eq!(proof.check(DpopRequest { token: Some("stolen"), ..request() }), Err(DpopError::Token));
    let without_token = DpopProof::parse(&made(DpopRequest { token: None, ..request() }, None)).unwrap();
    assert_eq!(without_token.check(request()), Err(DpopError::Token));
}

#[test]
fn other_types_algorithms_and_keys_are_refused() {
    let (header, claims) = sound();
    assert!(DpopProof::parse(&signed(&header, &claims)).is_ok());
    let changed = |pointer: &str, value: Value| {
        let mut header = header.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        header.pointer_mut(parent).unwrap()[member] = value;
        DpopProof::parse(&signed(&header, &claims)).unwrap_err()
    };
    assert_eq!(changed("/typ", json!("JWT")), DpopError::Type);
    for algorithm in ["none", "HS256", "ES384", "es256"] {
        assert_eq!(changed("/alg", json!(algorithm)), DpopError::Type);
    }
    assert_eq!(changed("/crit", json!(["b64"])), DpopError::Type);
    assert_eq!(changed("/jwk/kty", json!("RSA")), DpopError::Key);
    assert_eq!(changed("/jwk/crv", json!("P-384")), DpopError::Key);
    for private in ["d", "k", "p"] {
        assert_eq!(changed(&format!("/jwk/{private}"), Value::Null), DpopError::Key, "{private}");
    }
    assert_eq!(changed("/jwk/x", json!("AAAA")), DpopError::Key);
    assert_eq!(changed("/jwk/x", json!(URL_SAFE_NO_PAD.encode([1; 32]))), DpopError::Key, "not on the curve");
    let other = PublicJwk::of_spki(&spki(&SigningKey::from_slice(&[8; 32]).unwrap())).unwrap();
    let foreign = json!({ "kty": "EC", "crv": "P-256", "x": other.x, "y": other.y });
    assert_eq!(changed("/jwk", foreign), DpopError::Signature);
}

#[test]
fn claims_that_must_be_there_are_asked_for() {
    let (header, claims) = sound();
    for member in ["jti", "htm", "htu", "iat"] {
        let mut without = claims.clone();
        without.as_object_mut().unwrap().remove(member);
        assert_eq!(DpopProof::parse(&signed(&header, &without)), Err(DpopError::Malformed), "{member}");
    }
    for (member, value) in [
        ("jti", json!("")),
        ("jti", json!("x".repeat(MAX_ID_BYTES + 1))),
        ("iat", json!("yesterday")),
        ("ath", json!("AAAA")),
        ("nonce", json!(7)),
    ] {
        let mut other = claims.clone();
        other[member] = value;
        assert_eq!(DpopProof::parse(&signed(&header, &other)), Err(DpopError::Malformed), "{member}");
    }
    let doubled = claims.to_string().replacen('{', "{\"htm\":\"POST\",", 1);
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(doubled));
    let signature: Signature = key().sign(input.as_bytes());
    let text = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    assert_eq!(DpopProof::parse(&text), Err(DpopError::Malformed));
    let mut more = claims.clone();
    more["client"] = json!({ "anything": [1, 2] });
    assert!(DpopProof::parse(&signed(&header, &more)).is_ok(), "section 4.2 allows more claims");
}

#[test]
fn the_compact_form_has_three_parts_of_strict_base64url_and_an_end() {
    let text = made(request(), None);
    for bad in [
        String::new(),
        "..".to_owned(),
        text.replacen('.', "", 1),
        format!("{text}."),
        format!("{text}="),
        format!("{text}\n"),
        format!("a.{text}"),
        "a".repeat(MAX_PROOF_BYTES + 1),
    ] {
        assert!(DpopProof::parse(&bad).is_err(), "{bad}");
    }
}

#[test]
fn addresses_are_compared_in_their_normal_form() {
    let same = |address: &str| assert_eq!(normalised_htu(address).unwrap(), "https://gateway.example/v1/a~b");
    same("https://gateway.example/v1/a~b");
    same("HTTPS://Gateway.Example:443/v1/a%7eb?since=1#x");
    same("https://gateway.example:/v1/%61~b");
    assert_eq!(normalised_htu("https://[::1]:8443").unwrap(), "https://[::1]:8443/");
    assert_eq!(normalised_htu("https://h/a%2fb").unwrap(), "https://h/a%2Fb");
    for bad in [
        "http://gateway.example/",
        "https://",
        "https:///a",
        "https://user@gateway.example/",
        "https://h/a/../b",
        "https://h/./b",
        "https://h/%2e%2E/b",
        "https://h/a b",
        "https://h/%4",
        "https://h/%zz",
        "https://h:x/",
        "https://h::443/",
        "https://[::1/",
        "gateway.example/v1",
    ] {
        assert_eq!(normalised_htu(bad), None, "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_the_reader_fall_over(text in "[ -~]{0,300}", at in 0_usize..400, byte: u8) {
        let _ = DpopProof::parse(&text);
        let _ = normalised_htu(&text);
        // One byte of a sound proof changed: never the same proof again.
        let sound = made(request(), Some("n"));
        let mut bytes = sound.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(changed) = String::from_utf8(bytes) && changed != sound {
            prop_assert!(DpopProof::parse(&changed).is_err());
        }
    }

    #[test]
    fn normalising_twice_changes_nothing(host in "[a-zA-Z0-9.-]{1,20}(:[0-9]{0,4})?", path in "(/([a-zA-Z0-9._~-]|%[0-9a-fA-F]{2}){0,8}){0,4}") {
        if let Some(once) = normalised_htu(&format!("https://{host}{path}")) {
            prop_assert_eq!(normalised_htu(&once), Some(once.clone()));
        }
    }
}
