//! One share of a private key, as a small text file that a custodian keeps.
//!
//! Always: the text has one form, and a checksum that a mistyped letter breaks. The checksum proves nothing against a
//! custodian who lies: that the joined key is the right one is proved by its public half, which every share states.

use std::fmt;
use std::str::FromStr;

use peel_ledger::Hash;
use peel_ledger::seal::RecipientPublicKey;
use zeroize::Zeroizing;

use super::Period;

const TITLE: &str = "peel auditor key share 1";
/// Bytes of a private key of either suite.
pub(super) const SECRET_BYTES: usize = 32;
/// The most shares of a key.
pub(super) const MAX_SHARES: u8 = 32;

/// Why shares were refused. None says anything about the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ShareError {
    #[error("read a share: it cannot be read or is not a share in its one form")]
    Form,
    #[error("read a share: its checksum does not fit, so it was mistyped or damaged")]
    Checksum,
    #[error("join shares: the same share was given twice")]
    Doubled,
    #[error("join shares: they belong to different keys")]
    Mixed,
    #[error("join shares: too few, {needed} are needed and {given} were given")]
    TooFew { needed: u8, given: usize },
    #[error("join shares: they do not give the key that they name, so at least one is wrong")]
    Wrong,
    #[error("split the key: from 2 to 32 shares, and at least 2 of them needed")]
    Count,
    #[error("split the key: the library refused")]
    Library,
}

/// `k` of `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) needed: u8,
    pub(crate) of: u8,
}

impl Split {
    pub(crate) const fn new(needed: u8, of: u8) -> Result<Self, ShareError> {
        if needed >= 2 && needed <= of && of <= MAX_SHARES { Ok(Self { needed, of }) } else { Err(ShareError::Count) }
    }
}

impl FromStr for Split {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let (needed, of) = text.split_once("of").ok_or(ShareError::Count)?;
        let number = |text: &str| {
            let number: u8 = text.parse().map_err(|_| ShareError::Count)?;
            if number.to_string() == text { Ok(number) } else { Err(ShareError::Count) }
        };
        Self::new(number(needed)?, number(of)?)
    }
}

/// One share.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) period: Period,
    /// Drawn at each splitting: shares of two splittings of one key do not join.
    pub(crate) set: [u8; 8],
    pub(crate) split: Split,
    /// From 1 to n.
    pub(crate) index: u8,
    pub(crate) public: RecipientPublicKey,
    pub(crate) secret: Zeroizing<[u8; SECRET_BYTES]>,
}

impl Share {
    fn body(&self) -> Zeroizing<String> {
        let Split { needed, of } = self.split;
        Zeroizing::new(format!(
            "{TITLE}\nperiod {}\nset {}\nshare {} of {of}, {needed} needed\npublic {}\nsecret {}\n",
            self.period,
            hex(&self.set),
            self.index,
            self.public,
            *Zeroizing::new(hex(self.secret.as_slice())),
        ))
    }

    /// The file's text.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let body = self.body();
        Zeroizing::new(format!("{}check {}\n", *body, checksum(&body)))
    }

    /// Reads a file's text in its one form; the last newline may be missing.
    pub(crate) fn parse(text: &str) -> Result<Self, ShareError> {
        let text = Zeroizing::new(format!("{}\n", text.trim_end()));
        let at = text.rfind("check ").ok_or(ShareError::Form)?;
        let (body, check) = text.split_at_checked(at).ok_or(ShareError::Form)?;
        if check.trim_end() != format!("check {}", checksum(body)) {
            return Err(ShareError::Checksum);
        }
        let share = Self::read(body).ok_or(ShareError::Form)?;
        if *share.to_text() == *text { Ok(share) } else { Err(ShareError::Form) }
    }

    fn read(body: &str) -> Option<Self> {
        let mut lines = body.lines();
        if lines.next()? != TITLE {
            return None;
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        let period = field("period ")?.parse().ok()?;
        let set = unhex(field("set ")?)?;
        let (index, rest) = field("share ")?.split_once(" of ")?;
        let (of, needed) = rest.strip_suffix(" needed")?.split_once(", ")?;
        let split = Split::new(needed.parse().ok()?, of.parse().ok()?).ok()?;
        let index = index.parse().ok().filter(|index| (1..=split.of).contains(index))?;
        let public = field("public ")?.parse().ok()?;
        let secret = Zeroizing::new(unhex(field("secret ")?)?);
        Some(Self { period, set, split, index, public, secret })
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Share({} of {}, [redacted])", self.index, self.split.of)
    }
}

/// The first 8 bytes of SHA-256 over everything before it.
fn checksum(body: &str) -> String {
    Hash::of(&[body.as_bytes()]).to_hex().chars().take(16).collect()
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
