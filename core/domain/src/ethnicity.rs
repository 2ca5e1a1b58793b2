//! Ethnicity as a person states it of themselves, by the 18+1 codes, and nothing else.
//!
//! For: tables by group (S46). Must never: be filled in by anybody but the officer who asked and was answered, be read
//! from an image, or be an officer's impression. Always: "not stated" is an answer of its own, with its reason.

use serde::{Deserialize, Serialize};

/// A code of the 18+1 list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // each variant's comment is its meaning
pub enum EthnicityCode {
    /// British.
    W1,
    /// Irish.
    W2,
    /// Gypsy or Irish Traveller.
    W3,
    /// Other White.
    W9,
    /// White and Black Caribbean.
    M1,
    /// White and Black African.
    M2,
    /// White and Asian.
    M3,
    /// Other Mixed.
    M9,
    /// Indian.
    A1,
    /// Pakistani.
    A2,
    /// Bangladeshi.
    A3,
    /// Chinese.
    A4,
    /// Other Asian.
    A9,
    /// Caribbean.
    B1,
    /// African.
    B2,
    /// Other Black.
    B9,
    /// Arab.
    O2,
    /// Other.
    O9,
}

/// Why it was not stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NotStated {
    /// The officer was called away.
    N1,
    /// Public order made it impossible.
    N2,
    /// The person declined.
    N3,
}

/// What the person answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfDefined {
    /// A code.
    Code(EthnicityCode),
    /// None, and why.
    NotStated(NotStated),
}

/// The groups that tables are published by: the first letter of the codes, and those who stated none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the lists' own words
pub enum EthnicGroup {
    White,
    Mixed,
    Asian,
    Black,
    Other,
    NotStated,
}

impl EthnicGroup {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 6] = [Self::White, Self::Mixed, Self::Asian, Self::Black, Self::Other, Self::NotStated];

    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::White => "White",
            Self::Mixed => "Mixed",
            Self::Asian => "Asian",
            Self::Black => "Black",
            Self::Other => "Other",
            Self::NotStated => "Not stated",
        }
    }
}

impl SelfDefined {
    /// The group that tables count it in.
    pub fn group(self) -> EthnicGroup {
        use EthnicityCode::{A1, A2, A3, A4, A9, B1, B2, B9, M1, M2, M3, M9, O2, O9, W1, W2, W3, W9};
        match self {
            Self::NotStated(_) => EthnicGroup::NotStated,
            Self::Code(W1 | W2 | W3 | W9) => EthnicGroup::White,
            Self::Code(M1 | M2 | M3 | M9) => EthnicGroup::Mixed,
            Self::Code(A1 | A2 | A3 | A4 | A9) => EthnicGroup::Asian,
            Self::Code(B1 | B2 | B9) => EthnicGroup::Black,
            Self::Code(O2 | O9) => EthnicGroup::Other,
        }
    }
}
