//! One form for the addresses that proofs name: RFC 3986 sections 6.2.2 and 6.2.3, without query and fragment
//! (RFC 9449 section 4.3).

use std::fmt::Write as _;

/// Longest address, in bytes.
const MAX_ADDRESS_BYTES: usize = 2_048;

/// An `https` address in its normal form, without query and fragment; `None` if it is not one.
///
/// Refused rather than repaired: user information, white space, dot segments, a path that is not percent-encoded.
pub fn normalised_htu(address: &str) -> Option<String> {
    if address.len() > MAX_ADDRESS_BYTES {
        return None;
    }
    let (scheme, rest) = address.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let rest = rest.split(['?', '#']).next()?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    Some(format!("https://{}{}", normal_authority(authority)?, normal_path(path)?))
}

fn normal_authority(authority: &str) -> Option<String> {
    let lower = authority.to_ascii_lowercase();
    let host_end = if lower.starts_with('[') { lower.find(']')? + 1 } else { lower.find(':').unwrap_or(lower.len()) };
    let (host, port) = lower.split_at_checked(host_end)?;
    let port = if port.is_empty() { "" } else { port.strip_prefix(':')? };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_plain) || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if matches!(port, "" | "443") { host.to_owned() } else { lower })
}

fn normal_path(path: &str) -> Option<String> {
    let mut normal = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            let allowed = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte);
            normal.push(allowed.then_some(char::from(byte))?);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?].map(|digit| char::from(digit).to_digit(16));
        let [Some(high), Some(low)] = digits else { return None };
        let decoded = u8::try_from(high * 16 + low).ok()?;
        if decoded.is_ascii_alphanumeric() || b"-._~".contains(&decoded) {
            normal.push(char::from(decoded));
        } else {
            let _ = write!(normal, "%{decoded:02X}");
        }
    }
    // Looked at last: a dot may have come percent-encoded.
    let has_dots = normal.split('/').any(|segment| matches!(segment, "." | ".."));
    (!has_dots).then_some(normal)
}
