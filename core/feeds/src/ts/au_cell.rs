//! Metadata access unit cells (ISO/IEC 13818-1 section 2.12.4), the wrapping of synchronous KLV.
//!
//! Must never join fragments of different units. What always holds: a unit is given out whole or not at all.

use super::{MAX_METADATA_UNIT_BYTES, be16};

const HEADER_BYTES: usize = 5;
const WHOLE: u8 = 0b11;
const FIRST: u8 = 0b10;
const LAST: u8 = 0b01;

/// Joins the cells of one stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    fragment: Option<(u8, Vec<u8>)>,
}

impl Cells {
    /// Takes one unit's bytes: gives the metadata in it, and whether anything was given up.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut whole = Vec::new();
        let mut broken = false;
        while let Some((&[_service, sequence, flags, ref length @ ..], rest)) =
            bytes.split_first_chunk::<HEADER_BYTES>()
        {
            let length = be16(length).unwrap_or_default();
            let Some((cell, rest)) = rest.split_at_checked(length.into()) else {
                self.fragment = None;
                return (whole, true);
            };
            bytes = rest;
            broken |= self.take(sequence, flags >> 6, cell, &mut whole);
        }
        (whole, broken || !bytes.is_empty())
    }

    fn take(&mut self, sequence: u8, place: u8, cell: &[u8], whole: &mut Vec<u8>) -> bool {
        match (place, self.fragment.take()) {
            (WHOLE, before) => {
                whole.extend_from_slice(cell);
                before.is_some()
            }
            (FIRST, before) => {
                self.fragment = Some((sequence, cell.to_vec()));
                before.is_some()
            }
            (_, Some((last, mut joined))) if sequence == last.wrapping_add(1) => {
                joined.extend_from_slice(cell);
                if place == LAST {
                    whole.append(&mut joined);
                } else if joined.len() <= MAX_METADATA_UNIT_BYTES {
                    self.fragment = Some((sequence, joined));
                } else {
                    return true;
                }
                false
            }
            _ => true,
        }
    }

    /// Forgets a fragment after a lost packet.
    pub(super) fn reset(&mut self) {
        self.fragment = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_whole_and_fragmented_cells() {
        let mut cells = Cells::default();
        assert_eq!(cells.push(&[0, 7, 0xDF, 0, 2, 1, 2, 0, 8, 0xDF, 0, 1, 3]), (vec![1, 2, 3], false));
        assert_eq!(cells.push(&[0, 9, 0x9F, 0, 1, 4]), (vec![], false));
        assert_eq!(cells.push(&[0, 10, 0x1F, 0, 1, 5]), (vec![], false));
        assert_eq!(cells.push(&[0, 11, 0x5F, 0, 1, 6]), (vec![4, 5, 6], false));
    }

    #[test]
    fn gives_up_torn_cells_and_fragments_out_of_order() {
        let mut cells = Cells::default();
        assert_eq!(cells.push(&[0, 0, 0xDF, 0, 9, 1]), (vec![], true));
        assert_eq!(cells.push(&[0, 0, 0xDF]), (vec![], true));
        assert_eq!(cells.push(&[0, 1, 0x9F, 0, 1, 4]), (vec![], false));
        assert_eq!(cells.push(&[0, 3, 0x5F, 0, 1, 6]), (vec![], true));
        assert_eq!(cells.push(&[0, 4, 0x5F, 0, 1, 6]), (vec![], true));
    }
}
