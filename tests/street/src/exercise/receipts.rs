//! The receipts that were handed out, as they are left for a reader: for each the code's text, its picture, and what a
//! printed one would say.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;

use super::cast::Receipt;
use super::{ExerciseError, expect};

/// Pixels of one module of the code.
const MODULE: usize = 6;
/// Modules of quiet around the code.
const QUIET: usize = 4;

/// Leaves `REFERENCE.txt`, which holds the code and nothing else, `REFERENCE.png`, and `paper/REFERENCE.txt`.
pub(super) fn leave(receipts: &[Receipt], folder: &Path) -> Result<(), ExerciseError> {
    let paper = folder.join("paper");
    fs::create_dir_all(&paper)?;
    for receipt in receipts {
        let name = &receipt.reference;
        fs::write(folder.join(format!("{name}.txt")), format!("{}\n", receipt.code_text))?;
        draw(&receipt.payload, &folder.join(format!("{name}.png")))?;
        fs::write(paper.join(format!("{name}.txt")), printed(receipt))?;
    }
    expect(!receipts.is_empty(), "everyone who was engaged was offered a receipt")
}

/// The words on paper. Writing to a string cannot fail.
fn printed(receipt: &Receipt) -> String {
    let mut text = String::new();
    for (code, value) in &receipt.lines {
        let _ = match code.as_str() {
            "time_ms" => writeln!(text, "time: {}", time(value)),
            _ if value.is_empty() => writeln!(text, "{}", code.replace('_', " ")),
            _ => writeln!(text, "{code}: {value}"),
        };
    }
    let _ = writeln!(text, "paper code: {}", receipt.paper_code);
    text
}

fn time(ms: &str) -> String {
    let at = ms.parse().ok().and_then(chrono::DateTime::from_timestamp_millis);
    at.map_or_else(|| ms.to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn draw(payload: &[u8], path: &Path) -> Result<(), ExerciseError> {
    let fits = |_| ExerciseError::Expected("the receipt fits into one QR code".to_owned());
    let code = qrcode::QrCode::new(payload).map_err(fits)?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = (width + 2 * QUIET) * MODULE;
    let dark = |at: usize| {
        let (x, y) = ((at % side / MODULE).wrapping_sub(QUIET), (at / side / MODULE).wrapping_sub(QUIET));
        x < width && y < width && modules.get(y * width + x) == Some(&qrcode::Color::Dark)
    };
    let luma: Vec<u8> = (0..side * side).map(|at| if dark(at) { 0 } else { 255 }).collect();
    let side = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(File::create(path)?, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().map_err(std::io::Error::from)?;
    writer.write_image_data(&luma).map_err(std::io::Error::from)?;
    Ok(writer.finish().map_err(std::io::Error::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_left_as_a_code_alone_a_picture_of_it_and_words() {
        let folder = std::env::temp_dir().join(format!("peel-receipts-{}", std::process::id()));
        let line = |code: &str, value: &str| (code.to_owned(), value.to_owned());
        let payload: Vec<u8> = (0..=255).cycle().take(900).collect();
        let receipt = Receipt {
            reference: "7Q2K9ZC4M1".to_owned(),
            lines: vec![line("reference", "7Q2K9ZC4M1"), line("time_ms", "1781344800000"), line("how_to_complain", "")],
            code_text: "peel-receipt:1:AAAA".to_owned(),
            payload: payload.clone(),
            paper_code: "0123456789".to_owned(),
        };
        leave(std::slice::from_ref(&receipt), &folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join("7Q2K9ZC4M1.txt")).unwrap(), "peel-receipt:1:AAAA\n");
        let words = fs::read_to_string(folder.join("paper/7Q2K9ZC4M1.txt")).unwrap();
        assert_eq!(
            words,
            "reference: 7Q2K9ZC4M1\ntime: 2026-06-13 10:00:00 UTC\nhow to complain\npaper code: 0123456789\n"
        );
        assert_eq!(read(&folder.join("7Q2K9ZC4M1.png")), payload);
        fs::remove_dir_all(&folder).unwrap();
    }

    fn read(path: &Path) -> Vec<u8> {
        let file = std::io::BufReader::new(File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut luma = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut luma).unwrap();
        let width = usize::try_from(frame.width).unwrap();
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, width, |x, y| luma[y * width + x]);
        let mut bytes = Vec::new();
        picture.detect_grids()[0].decode_to(&mut bytes).unwrap();
        bytes
    }
}
