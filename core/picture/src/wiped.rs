//! A buffer that is wiped when it is dropped, by the word.
//!
//! Must never: print itself.
//! Always: everything that was ever allocated for it is overwritten, with writes that cannot be left out. `zeroize` writes
//! element by element, which for bytes takes longer than much of what is done with them.

use std::fmt;
use std::ops::{Deref, DerefMut};

use bytemuck::Pod;
use zeroize::Zeroize;

/// Numbers that are wiped on drop.
///
/// It must not grow beyond the room that it began with: what a vector moves away from stays as it was.
#[derive(Default)]
pub struct Wiped<T: Pod>(Vec<T>);

impl<T: Pod> Wiped<T> {
    /// Takes a buffer.
    pub const fn new(numbers: Vec<T>) -> Self {
        Self(numbers)
    }
}

impl<T: Pod> fmt::Debug for Wiped<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wiped([redacted])")
    }
}

impl<T: Pod> Deref for Wiped<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Pod> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: Pod> Drop for Wiped<T> {
    fn drop(&mut self) {
        // What lies beyond the length may have been written too.
        self.0.resize(self.0.capacity(), T::zeroed());
        wipe(&mut self.0);
    }
}

/// Overwrites numbers with zeros, with writes that cannot be left out.
pub fn wipe<T: Pod>(numbers: &mut [T]) {
    let (before, words, after) = bytemuck::pod_align_to_mut::<T, u64>(numbers);
    bytemuck::cast_slice_mut::<T, u8>(before).zeroize();
    words.zeroize();
    bytemuck::cast_slice_mut::<T, u8>(after).zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_wiped_wherever_words_begin() {
        for length in 0..40 {
            for start in 0..8_usize.min(length) {
                let mut bytes = vec![7_u8; length];
                wipe(&mut bytes[start..]);
                assert!(bytes[..start].iter().all(|byte| *byte == 7) && bytes[start..].iter().all(|byte| *byte == 0));
            }
        }
        let mut floats = [1.5_f32; 9];
        wipe(&mut floats[1..]);
        assert_eq!(floats.map(f32::to_bits)[1..], [0; 8]);
    }
}
