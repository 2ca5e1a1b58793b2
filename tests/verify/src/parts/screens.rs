//! The pictures of the alert screen that the README shows: there, whole, and with something on them.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use crate::context::Context;
use crate::error::VerifyError;
use crate::parts::Outcome;

/// The pictures, as the Kotlin part draws them.
const PICTURES: [&str; 2] = ["docs/screens/alert_blind.png", "docs/screens/alert_revealed.png"];
/// A phone's screen is at least this wide and high, in pixels.
const SMALLEST: (u32, u32) = (360, 640);
/// An empty screen has a few colours; letters and a face have hundreds.
const FEWEST_COLOURS: usize = 200;

/// Looks at each picture.
#[expect(clippy::unnecessary_wraps, reason = "every part of the table may fail to run")]
pub(super) fn run(context: &Context) -> Result<Outcome, VerifyError> {
    let mut outcome = Outcome::default();
    for picture in PICTURES {
        let path = context.root().join(picture);
        if !path.is_file() {
            outcome.not_run.push(format!("{picture} has not been drawn yet"));
            continue;
        }
        let found = implausible(&path).err().into_iter().collect::<Vec<_>>();
        outcome.check(context, &format!("{picture} is not a plausible picture"), &found);
    }
    Ok(outcome)
}

fn implausible(path: &Path) -> Result<(), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let file = File::open(path).map_err(|error| words(&error))?;
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().map_err(|error| words(&error))?;
    let size = reader.output_buffer_size().ok_or("too large to decode")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(|error| words(&error))?;
    if frame.width < SMALLEST.0 || frame.height < SMALLEST.1 {
        return Err(format!("only {} x {} pixels", frame.width, frame.height));
    }
    let pixels = pixels.get(..frame.buffer_size()).unwrap_or_default();
    let mut colours: Vec<&[u8]> = pixels.chunks_exact(frame.color_type.samples()).collect();
    colours.sort_unstable();
    colours.dedup();
    if colours.len() < FEWEST_COLOURS {
        return Err(format!("only {} colours: nothing seems to be on it", colours.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, width: u32, height: u32, colour: impl Fn(u32, u32) -> u8) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("peel-verify-{}-{name}.png", std::process::id()));
        let file = File::create(&path).expect("a file");
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let pixels: Vec<u8> =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| colour(x, y)).collect();
        encoder.write_header().expect("a header").write_image_data(&pixels).expect("pixels");
        path
    }

    fn of_gradient(x: u32, y: u32) -> u8 {
        u8::try_from((x + y) % 251).expect("below 256")
    }

    #[test]
    fn a_drawn_screen_is_plausible_and_an_empty_or_small_one_is_not() {
        let drawn = written("drawn", 360, 640, of_gradient);
        let empty = written("empty", 360, 640, |_, _| 255);
        let small = written("small", 100, 100, of_gradient);
        assert_eq!(implausible(&drawn), Ok(()));
        assert!(implausible(&empty).is_err());
        assert!(implausible(&small).is_err());
        for path in [drawn, empty, small] {
            std::fs::remove_file(path).expect("removed");
        }
    }

    #[test]
    fn a_cut_off_picture_is_not_plausible() {
        let path = written("cut", 360, 640, of_gradient);
        let bytes = std::fs::read(&path).expect("bytes");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
        assert!(implausible(&path).is_err());
        std::fs::remove_file(path).expect("removed");
    }
}
