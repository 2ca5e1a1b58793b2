//! How ST 0601 writes a number into bytes: linear maps over fixed widths, and IMAPB (ST 1201).
//!
//! Must never read a special value as a measurement. What always holds: a value is finite and inside the item's
//! range, or there is none.

use super::ber;

/// The rule between an item's bytes and its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mapping {
    /// An unsigned number, spread evenly between two bounds.
    Unsigned { width: usize, low: f64, high: f64, step: f64 },
    /// A signed number, spread evenly over plus and minus the bound; the most negative is "unknown".
    Signed { width: usize, bound: f64, step: f64 },
    /// A floating-point value mapped by starting point B of ST 1201: bounds, and the width to write.
    ImapB(f64, f64, usize),
    /// A signed integer of any width up to eight bytes, taken as it is.
    Integer,
}

/// An unsigned number of so many bytes, from `low` to `high`.
pub(super) const fn unsigned(width: usize, low: f64, high: f64) -> Mapping {
    Mapping::Unsigned { width, low, high, step: (high - low) / max_unsigned(width) }
}

/// A signed number of so many bytes, from minus to plus `bound`.
pub(super) const fn signed(width: usize, bound: f64) -> Mapping {
    Mapping::Signed { width, bound, step: bound / max_signed(width) }
}

impl Mapping {
    /// The number in `bytes`. `Err` when the width does not suit, `Ok(None)` when the value means "unknown".
    #[inline]
    pub(super) fn read(self, bytes: &[u8]) -> Result<Option<f64>, ()> {
        match self {
            Self::Unsigned { width, low, step, .. } if bytes.len() == width => {
                let raw = ber::unsigned(bytes).ok_or(())?;
                Ok(Some(low + to_f64(raw) * step))
            }
            Self::Signed { width, step, .. } if bytes.len() == width => {
                let raw = read_signed(bytes).ok_or(())?;
                let unknown = i64::MIN >> (64 - 8 * width);
                Ok((raw != unknown).then(|| signed_to_f64(raw) * step))
            }
            Self::ImapB(low, high, _) => read_imapb(bytes, low, high),
            Self::Integer => {
                let raw = read_signed(bytes).ok_or(())?;
                Ok((raw.unsigned_abs() < 1 << 53).then(|| signed_to_f64(raw)))
            }
            Self::Unsigned { .. } | Self::Signed { .. } => Err(()),
        }
    }

    /// The bytes of `value`, or nothing where it is not finite or lies outside the range.
    pub(super) fn write(self, value: f64) -> Option<Vec<u8>> {
        let (width, raw) = match self {
            Self::Unsigned { width, low, high, .. } => {
                inside(value, low, high)?;
                (width, round((value - low) / (high - low) * max_unsigned(width)))
            }
            Self::Signed { width, bound, .. } => {
                inside(value, -bound, bound)?;
                (width, round(value / bound * max_signed(width)))
            }
            Self::ImapB(low, high, width) => {
                inside(value, low, high)?;
                let scale = imapb_scale(low, high, width);
                (width, ((value - low) * scale + imapb_zero(low, high, scale)).trunc())
            }
            Self::Integer => {
                inside(value, f64::from(i32::MIN), f64::from(i32::MAX))?;
                (4, round(value))
            }
        };
        let bytes = to_raw(raw).to_be_bytes();
        bytes.get(bytes.len() - width..).map(<[u8]>::to_vec)
    }

    /// Half the step between neighbouring values: the largest error that writing and reading add.
    #[cfg(test)]
    pub(super) fn resolution(self) -> f64 {
        match self {
            Self::Unsigned { step, .. } | Self::Signed { step, .. } => step / 2.0,
            Self::ImapB(low, high, width) => 1.0 / imapb_scale(low, high, width),
            Self::Integer => 0.5,
        }
    }
}

fn inside(value: f64, low: f64, high: f64) -> Option<()> {
    (value >= low && value <= high).then_some(())
}

fn round(value: f64) -> f64 {
    value.round_ties_even()
}

/// ST 1201 section 7.2: reverse mapping with its special values, all of which mean "unknown" here.
fn read_imapb(bytes: &[u8], low: f64, high: f64) -> Result<Option<f64>, ()> {
    let raw = ber::unsigned(bytes).ok_or(())?;
    if raw > 1_u64 << (8 * bytes.len() - 1) {
        return Ok(None);
    }
    let scale = imapb_scale(low, high, bytes.len());
    let value = (to_f64(raw) - imapb_zero(low, high, scale)) / scale + low;
    Ok((value >= low && value <= high).then_some(value))
}

fn imapb_scale(low: f64, high: f64, width: usize) -> f64 {
    let value_bits = (high - low).log2().ceil();
    let width_bits = to_f64(8 * width as u64 - 1);
    (width_bits - value_bits).exp2()
}

fn imapb_zero(low: f64, high: f64, scale: f64) -> f64 {
    if low < 0.0 && high > 0.0 { scale * low - (scale * low).floor() } else { 0.0 }
}

const fn max_unsigned(width: usize) -> f64 {
    to_f64(u64::MAX >> (64 - 8 * width))
}

const fn max_signed(width: usize) -> f64 {
    to_f64(u64::MAX >> (65 - 8 * width))
}

#[inline]
fn read_signed(bytes: &[u8]) -> Option<i64> {
    let raw = ber::unsigned(bytes)?;
    let shift = 64 - 8 * bytes.len();
    Some((raw << shift).cast_signed() >> shift)
}

#[expect(clippy::cast_precision_loss, reason = "widths above 53 bits exceed what any sensor resolves")]
const fn to_f64(raw: u64) -> f64 {
    raw as f64
}

#[expect(clippy::cast_precision_loss, reason = "callers bound the magnitude, or widths are at most four bytes")]
fn signed_to_f64(raw: i64) -> f64 {
    raw as f64
}

#[expect(clippy::cast_possible_truncation, reason = "the value was brought into the range of its width before")]
fn to_raw(value: f64) -> i64 {
    value as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_examples_of_the_standard() {
        let heading = unsigned(2, 0.0, 360.0).read(&[0x71, 0xC2]).unwrap().unwrap();
        assert!((heading - 159.974_364_843).abs() < 1e-8);
        let pitch = signed(2, 20.0).read(&[0xFD, 0x3D]).unwrap().unwrap();
        assert!((pitch + 0.431_531_724).abs() < 1e-8);
        let latitude = signed(4, 90.0).read(&[0x55, 0x95, 0xB6, 0x6D]).unwrap().unwrap();
        assert!((latitude - 60.176_822_966_978_335).abs() < 1e-9);
        let altitude = unsigned(2, -900.0, 19_000.0).read(&[0xC2, 0x21]).unwrap().unwrap();
        assert!((altitude - 14_190.719_462_882).abs() < 1e-6);
    }

    #[test]
    fn special_values_are_unknown_not_angles() {
        assert_eq!(signed(2, 20.0).read(&[0x80, 0x00]), Ok(None));
        assert_eq!(signed(4, 180.0).read(&[0x80, 0, 0, 0]), Ok(None));
        assert_eq!(Mapping::ImapB(-900.0, 40_000.0, 3).read(&[0xC8, 0, 0]), Ok(None));
        assert_eq!(Mapping::ImapB(-900.0, 40_000.0, 3).read(&[0xD0, 0, 0]), Ok(None));
        assert_eq!(Mapping::ImapB(-900.0, 40_000.0, 3).read(&[0x7F, 0xFF, 0xFF]), Ok(None));
    }

    #[test]
    fn imapb_reads_the_examples_of_the_standard() {
        let altitude = Mapping::ImapB(-900.0, 40_000.0, 3).read(&[0x2F, 0x92, 0x1E]).unwrap().unwrap();
        assert!((altitude - 23_456.24).abs() < 0.01, "{altitude}");
    }

    #[test]
    fn imapb_keeps_zero_where_a_range_spans_it() {
        for mapping in [Mapping::ImapB(-900.0, 40_000.0, 3), Mapping::ImapB(-0.1, 0.9, 2)] {
            let zero = mapping.write(0.0).unwrap();
            assert!(mapping.read(&zero).unwrap().unwrap().abs() < 1e-12);
        }
    }

    #[test]
    fn a_width_that_does_not_suit_is_an_error() {
        assert_eq!(signed(4, 90.0).read(&[1, 2]), Err(()));
        assert_eq!(unsigned(2, 0.0, 1.0).read(&[0; 4]), Err(()));
        assert_eq!(Mapping::ImapB(0.0, 1.0, 2).read(&[0; 9]), Err(()));
        assert_eq!(Mapping::Integer.read(&[0; 9]), Err(()));
        assert_eq!(Mapping::ImapB(0.0, 1.0, 2).read(&[]), Err(()));
    }

    #[test]
    fn writes_nothing_outside_the_range() {
        assert_eq!(signed(4, 90.0).write(90.1), None);
        assert_eq!(unsigned(2, 0.0, 360.0).write(f64::NAN), None);
        assert_eq!(Mapping::Integer.write(-29.0), Some(vec![0xFF, 0xFF, 0xFF, 0xE3]));
    }
}
