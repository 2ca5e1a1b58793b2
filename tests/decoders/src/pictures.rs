//! Images from outside: JPEG and PNG.

use peel_picture::{ImageError, Source};

use crate::images;

/// Pictures with more pixels are not decoded here: an input of a few bytes would cost a tenth of a second.
const MOST_PIXELS: usize = 65_536;
/// A fuzzer changes short inputs faster.
const MOST_SEED_BYTES: usize = 8_000;

/// What an image says of its sides is what comes out, at every reduction; a fault at one is a typed error.
pub(crate) fn picture(data: &[u8]) {
    let Ok(source) = Source::read(data) else { return };
    let (width, height) = source.sides();
    assert!(width > 0 && height > 0 && source.finest() <= source.coarsest());
    if width * height > MOST_PIXELS {
        return;
    }
    for reduction in [1, 2, 4, 8] {
        let picture = match source.decode(reduction) {
            Ok(picture) => picture,
            Err(error) => {
                assert!(!matches!(error, ImageError::Empty | ImageError::TooManyBytes | ImageError::NotJpegOrPng));
                continue;
            }
        };
        assert_eq!(picture.pixels().len(), picture.width() * picture.height() * 3);
        let step = picture.reduction();
        assert!(step <= reduction.max(source.finest()));
        let (across, down) = (width.div_ceil(step), height.div_ceil(step));
        let (least_across, least_down) = (width / step, height / step);
        let fits =
            |one: usize, other: usize| (least_across..=across).contains(&one) && (least_down..=down).contains(&other);
        assert!(
            fits(picture.width(), picture.height()) || fits(picture.height(), picture.width()),
            "{width} by {height} became {} by {} at 1/{step}",
            picture.width(),
            picture.height()
        );
        assert!(picture.row(picture.height()).is_empty());
    }
}

/// The corpus of images, which has every kind.
pub(crate) fn picture_seeds() -> Vec<Vec<u8>> {
    images::kept().into_iter().map(|image| image.bytes).filter(|bytes| bytes.len() <= MOST_SEED_BYTES).collect()
}
