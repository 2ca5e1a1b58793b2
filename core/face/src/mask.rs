//! Makes every face but one unrecognisable before an image is stored (S30).
//!
//! Must never: blur (a blur can be undone), or leave metadata in what it re-encodes: an embedded thumbnail would show
//! the face again.
//! Always: the face that the image is about stays as it is.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use peel_picture::Picture;

use crate::detect::Face;
use crate::error::FaceError;
use crate::frame::to_index;

/// Mid grey: carries nothing of the face.
const MASK: [u8; 3] = [128; 3];
const JPEG_QUALITY: u8 = 92;
/// How far a mask reaches beyond the face's box, in box sides: ears, chin, and the hair above.
const BESIDE: f32 = 0.25;
const ABOVE: f32 = 0.45;

/// What the masking found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masking {
    /// No face was found: the image is unchanged. Whoever stores it decides what that means.
    NoFace,
    /// There is one face: the image is unchanged.
    OneFace,
    /// Other people's faces were masked.
    Masked {
        /// How many.
        bystanders: usize,
    },
}

/// An image in which only the face that it is about can be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct MaskedImage {
    /// The bytes to store: the original ones, or a JPEG without metadata.
    pub bytes: Vec<u8>,
    /// What was found.
    pub masking: Masking,
}

impl std::fmt::Debug for MaskedImage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MaskedImage").field("masking", &self.masking).finish_non_exhaustive()
    }
}

/// Masks all but the first of `faces`, which are sorted by prominence.
pub(crate) fn mask(original: &[u8], mut picture: Picture, faces: &[Face]) -> Result<MaskedImage, FaceError> {
    let unchanged = |masking| Ok(MaskedImage { bytes: original.to_vec(), masking });
    match faces {
        [] => unchanged(Masking::NoFace),
        [_] => unchanged(Masking::OneFace),
        [kept, bystanders @ ..] => {
            let kept = Area::of(kept, 0.0, 0.0);
            for bystander in bystanders {
                fill(&mut picture, &Area::of(bystander, BESIDE, ABOVE), &kept);
            }
            Ok(MaskedImage { bytes: encode(&picture)?, masking: Masking::Masked { bystanders: bystanders.len() } })
        }
    }
}

/// Whole pixels; `right` and `bottom` lie outside.
struct Area {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Area {
    fn of(face: &Face, beside: f32, above: f32) -> Self {
        Self {
            left: to_index((face.x - beside * face.width).floor()),
            top: to_index((face.y - above * face.height).floor()),
            right: to_index((face.x + (1.0 + beside) * face.width).ceil()),
            bottom: to_index((face.y + (1.0 + beside) * face.height).ceil()),
        }
    }

    fn holds(&self, x: usize, y: usize) -> bool {
        (self.left..self.right).contains(&x) && (self.top..self.bottom).contains(&y)
    }
}

fn fill(picture: &mut Picture, area: &Area, kept: &Area) {
    let width = picture.width();
    let rows = picture.pixels_mut().chunks_exact_mut(width * 3).enumerate();
    for (y, row) in rows.take(area.bottom).skip(area.top) {
        let pixels = row.as_chunks_mut::<3>().0.iter_mut().enumerate();
        for (x, pixel) in pixels.take(area.right).skip(area.left) {
            if !kept.holds(x, y) {
                *pixel = MASK;
            }
        }
    }
}

fn encode(picture: &Picture) -> Result<Vec<u8>, FaceError> {
    let side = |value: usize| u16::try_from(value).map_err(|_| FaceError::Encoding);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder
        .encode(picture.pixels(), side(picture.width())?, side(picture.height())?, ColorType::Rgb)
        .map_err(|_| FaceError::Encoding)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use peel_picture::Source;
    use peel_picture::Wiped;

    use super::*;

    fn face(x: f32, y: f32, side: f32) -> Face {
        Face { x, y, width: side, height: side, landmarks: [[0.0; 2]; 5], score: 0.9 }
    }

    fn red(side: usize) -> Picture {
        Picture::new(side, side, Wiped::new([200, 10, 10].repeat(side * side))).unwrap()
    }

    fn is_red(picture: &Picture, x: i64, y: i64) -> bool {
        let [red, green, _] = picture.pixel_or_black(x, y);
        red > 180 && green < 40
    }

    #[test]
    fn s30_other_faces_are_covered_and_the_kept_face_is_not() {
        let faces = [face(40.0, 40.0, 30.0), face(62.0, 40.0, 20.0), face(-5.0, 90.0, 20.0)];
        let result = mask(b"original", red(100), &faces).unwrap();
        assert_eq!(result.masking, Masking::Masked { bystanders: 2 });
        let masked = Source::read(&result.bytes).unwrap().decode_finest().unwrap();
        assert!(is_red(&masked, 45, 55) && is_red(&masked, 66, 50), "the kept face stays");
        assert!(!is_red(&masked, 75, 50) && !is_red(&masked, 84, 34), "the neighbour is covered with hair and ears");
        assert!(!is_red(&masked, 2, 95), "a face at the edge is covered");
        assert!(is_red(&masked, 20, 20), "the rest stays");
    }

    #[test]
    fn one_face_or_none_leaves_the_bytes_as_they_are() {
        for (faces, masking) in [(vec![], Masking::NoFace), (vec![face(1.0, 1.0, 5.0)], Masking::OneFace)] {
            let result = mask(b"original", red(10), &faces).unwrap();
            assert_eq!((result.bytes.as_slice(), result.masking), (b"original".as_slice(), masking));
        }
    }

    #[test]
    fn a_masked_image_does_not_print_its_bytes() {
        let image = MaskedImage { bytes: b"face".to_vec(), masking: Masking::OneFace };
        assert_eq!(format!("{image:?}"), "MaskedImage { masking: OneFace, .. }");
    }
}
