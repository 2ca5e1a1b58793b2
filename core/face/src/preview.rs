//! Live advice while an officer aims the camera, so that one good photograph is taken and not three poor ones.
//!
//! Must never: embed, compare, keep a frame or anything of it, or follow a face from one frame to the next.
//! Always: measured as the photograph will be, against the close photograph's own floors, by the detector alone.

use peel_picture::Wiped;
use peel_picture::{ImageError, Orientation, Picture};

use crate::align::align;
use crate::calibration::Floors;
use crate::detect::Detector;
use crate::error::FaceError;
use crate::frame::float;
use crate::quality::{Quality, QualityReason};

/// No side of a preview frame may be longer, in pixels: a preview is small, the photograph is not.
pub const MAX_PREVIEW_SIDE: usize = 4_096;

/// In which order a pixel's four bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelOrder {
    /// Red, green, blue, and one that is not looked at (Android's `RGBA_8888`).
    Rgba,
    /// Blue, green, red, and one that is not looked at (iOS's `kCVPixelFormatType_32BGRA`).
    Bgra,
}

/// How far a frame has to be turned clockwise to stand upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuarterTurns {
    /// It stands upright.
    #[default]
    None,
    /// 90 degrees.
    One,
    /// 180 degrees.
    Two,
    /// 270 degrees.
    Three,
}

/// A camera's frame where it lies, 4 bytes a pixel.
#[derive(Clone, Copy)]
pub struct PreviewFrame<'a> {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes from the start of one row to the start of the next, at least `4 * width`.
    pub row_bytes: usize,
    /// The order of each pixel's bytes.
    pub order: PixelOrder,
    /// How far it has to be turned.
    pub turns: QuarterTurns,
    /// The rows; the last may end with its last pixel.
    pub bytes: &'a [u8],
}

/// What to tell the officer now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preview {
    /// What is in the way of a good photograph, what can be mended most easily first; `None` when nothing is.
    pub advice: Option<QualityReason>,
    /// Where the face is in the upright frame, if there is one: left, top, width, height as parts of the frame's sides,
    /// for an outline on the screen. It may reach beyond the frame.
    pub face: Option<[f32; 4]>,
}

/// Looks at one frame.
pub(crate) fn preview(detector: &Detector, floors: &Floors, frame: &PreviewFrame<'_>) -> Result<Preview, FaceError> {
    let picture = upright(frame).map_err(FaceError::Image)?;
    let Some(chosen) = detector.glance(&picture)? else {
        return Ok(Preview { advice: Some(QualityReason::NoFace), face: None });
    };
    let (width, height) = (float(picture.width()), float(picture.height()));
    let face = [chosen.face.x / width, chosen.face.y / height, chosen.face.width / width, chosen.face.height / height];
    let advice = match align(&picture, &chosen.face.landmarks) {
        // The embedding's length is not known before the photograph: it is not what stands in the way now.
        Some(aligned) => Quality::measure(&chosen, &aligned, picture.reduction(), f32::INFINITY).below(floors),
        None => Some(QualityReason::NoFace),
    };
    Ok(Preview { advice, face: Some(face) })
}

/// The frame as a picture of three bytes a pixel.
fn upright(frame: &PreviewFrame<'_>) -> Result<Picture, ImageError> {
    let PreviewFrame { width, height, row_bytes, order, turns, bytes } = *frame;
    if bytes.is_empty() || width == 0 || height == 0 {
        return Err(ImageError::Empty);
    }
    if width > MAX_PREVIEW_SIDE || height > MAX_PREVIEW_SIDE {
        return Err(ImageError::TooManyPixels);
    }
    let needed = row_bytes.checked_mul(height - 1).and_then(|start| start.checked_add(width * 4));
    if row_bytes < width * 4 || needed.is_none_or(|needed| needed > bytes.len()) {
        return Err(ImageError::Damaged);
    }
    let mut pixels = Wiped::new(vec![0; width * height * 3]);
    for (to, row) in pixels.chunks_exact_mut(width * 3).zip(bytes.chunks(row_bytes)) {
        let pixels = to.as_chunks_mut::<3>().0.iter_mut().zip(row.as_chunks::<4>().0);
        match order {
            PixelOrder::Rgba => pixels.for_each(|(to, [red, green, blue, _])| *to = [*red, *green, *blue]),
            PixelOrder::Bgra => pixels.for_each(|(to, [blue, green, red, _])| *to = [*red, *green, *blue]),
        }
    }
    let orientation = match turns {
        QuarterTurns::None => Orientation::UPRIGHT,
        QuarterTurns::One => Orientation::CLOCKWISE,
        QuarterTurns::Two => Orientation::UPSIDE_DOWN,
        QuarterTurns::Three => Orientation::ANTICLOCKWISE,
    };
    Ok(Picture::new(width, height, pixels).ok_or(ImageError::Damaged)?.upright(orientation))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(bytes: &[u8], width: usize, height: usize, row_bytes: usize) -> PreviewFrame<'_> {
        PreviewFrame { width, height, row_bytes, order: PixelOrder::Rgba, turns: QuarterTurns::None, bytes }
    }

    #[test]
    fn rows_may_be_padded_and_the_last_may_end_early() {
        let bytes = [1, 2, 3, 0, 9, 9, 9, 9, 4, 5, 6, 0];
        assert_eq!(upright(&frame(&bytes, 1, 2, 8)).unwrap().pixels(), [1, 2, 3, 4, 5, 6]);
        let blue_first = PreviewFrame { order: PixelOrder::Bgra, ..frame(&bytes, 1, 2, 8) };
        assert_eq!(upright(&blue_first).unwrap().pixels(), [3, 2, 1, 6, 5, 4]);
    }

    #[test]
    fn a_frame_is_turned_clockwise() {
        let bytes: Vec<u8> = (0..6).flat_map(|place| [place, 0, 0, 0]).collect();
        let reds = |turns| {
            let picture = upright(&PreviewFrame { turns, ..frame(&bytes, 3, 2, 12) }).unwrap();
            (picture.width(), picture.pixels().iter().step_by(3).copied().collect::<Vec<u8>>())
        };
        assert_eq!(reds(QuarterTurns::None), (3, vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(reds(QuarterTurns::One), (2, vec![3, 0, 4, 1, 5, 2]));
        assert_eq!(reds(QuarterTurns::Two), (3, vec![5, 4, 3, 2, 1, 0]));
        assert_eq!(reds(QuarterTurns::Three), (2, vec![2, 5, 1, 4, 0, 3]));
    }

    #[test]
    fn a_frame_whose_bytes_do_not_fit_its_sides_is_refused() {
        let bytes = [0; 64];
        let refused = |width, height, row| upright(&frame(&bytes, width, height, row)).err();
        assert_eq!(refused(4, 4, 16), None);
        assert_eq!(refused(0, 4, 16), Some(ImageError::Empty));
        assert_eq!(refused(4, 5, 16), Some(ImageError::Damaged));
        assert_eq!(refused(4, 4, 15), Some(ImageError::Damaged));
        assert_eq!(refused(4, 4, usize::MAX), Some(ImageError::Damaged));
        assert_eq!(refused(MAX_PREVIEW_SIDE + 1, 1, 99_999), Some(ImageError::TooManyPixels));
    }

    proptest! {
        #[test]
        fn any_sides_give_an_answer(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            width in 0..20_usize,
            height in 0..20_usize,
            row_bytes in 0..90_usize,
        ) {
            if let Ok(picture) = upright(&frame(&bytes, width, height, row_bytes)) {
                prop_assert_eq!(picture.pixels().len(), width * height * 3);
            }
        }
    }
}
