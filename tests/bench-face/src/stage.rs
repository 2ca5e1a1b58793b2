//! What a run needs: the models as each library takes them, the pictures, and a Python environment for the peers.
//!
//! Everything lies below the target folder; the pictures are made from the exercise's photographs.

use std::path::{Path, PathBuf};
use std::process::Command;

use jpeg_encoder::{ColorType, Encoder};
use peel_face::inspect::{Pixels, detector_file, pixels};
use peel_face::{FaceCheck, dequantised_embedder};

use crate::Failure;

const DETECTOR: &str = "face_detection_yunet_2023mar.onnx";
const EMBEDDER: &str = "face_recognition_sface_2021dec_int8bq.onnx";
const CALIBRATION: &str = "calibration.cose";
/// The longer side of the alert's photographs, as a multiple of 32 pixels.
const FULL_SIDE: usize = 544;
/// Sides of the officer's photograph, in pixels.
const PHOTOGRAPH: (usize, usize) = (3024, 4032);
/// Sides of a preview frame, in pixels.
pub(crate) const PREVIEW: (usize, usize) = (640, 480);

/// A run's files.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    pub(crate) python: PathBuf,
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn photograph_of(name: &str) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(root().join("tests/street/faces").join(name))?)
}

impl Stage {
    /// Where the files of a run lie.
    pub(crate) fn folder() -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        target.join("bench-face")
    }

    /// Makes everything that is not there yet.
    pub(crate) fn set() -> Result<Self, Failure> {
        let folder = Self::folder();
        std::fs::create_dir_all(&folder)?;
        let stage = Self { python: environment(&folder)?, folder };
        let models = root().join("models");
        let (detector, embedder) = (std::fs::read(models.join(DETECTOR))?, std::fs::read(models.join(EMBEDDER))?);
        stage.put("embedder.onnx", &dequantised_embedder(&embedder)?)?;
        for side in [160, 320, FULL_SIDE, 640] {
            stage.put(&format!("detector_{side}.onnx"), &detector_file(&detector, side)?)?;
        }
        stage.put("detector.onnx", &detector)?;
        stage.put("probe.jpg", &photograph_of("avery_1.jpg")?)?;
        stage.put("reference.jpg", &photograph_of("avery_2.jpg")?)?;
        let check = FaceCheck::from_bytes(&detector, &embedder, &std::fs::read(models.join(CALIBRATION))?)?;
        let close = pixels(&check, &photograph_of("avery_3.jpg")?)?;
        stage.put("photograph.jpg", &jpeg(&enlarged(&close, PHOTOGRAPH), PHOTOGRAPH)?)?;
        let preview = enlarged(&close, PREVIEW);
        stage.put("preview.png", &png(&preview, PREVIEW)?)?;
        let rgba: Vec<u8> = preview.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect();
        stage.put("preview.rgba", &rgba)?;
        Ok(stage)
    }

    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        Ok(std::fs::read(self.folder.join(name))?)
    }

    /// The preview's frame as a camera hands it over: red, green, blue, opaque.
    pub(crate) fn preview(&self) -> Result<Vec<u8>, Failure> {
        self.read("preview.rgba")
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        Ok(std::fs::write(self.folder.join(name), bytes)?)
    }

    pub(crate) fn peer_script() -> PathBuf {
        root().join("tests/bench-face/peer.py")
    }
}

/// A Python environment with the same libraries that the referees use.
fn environment(folder: &Path) -> Result<PathBuf, Failure> {
    let requirements = root().join("tests/referee/python/face/requirements.txt");
    let (venv, stamp) = (folder.join("venv"), folder.join("requirements.done"));
    let python = venv.join("bin/python");
    let wanted = std::fs::read_to_string(&requirements)?;
    if python.exists() && std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(python);
    }
    eprintln!("making a Python environment for OpenCV and onnxruntime ...");
    let _ = std::fs::remove_dir_all(&venv);
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements))?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), Failure> {
    if command.status()?.success() { Ok(()) } else { Err("the Python environment could not be made".into()) }
}

/// Numbers that look like none in particular, always the same.
pub(crate) fn noise() -> impl Iterator<Item = u8> {
    let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(Some(1_u32), step).map(|state| state.to_be_bytes()[0])
}

/// The picture in the middle of one of these sides, as large as fits, on grey, with the grain that every camera has.
fn enlarged(picture: &Pixels, (width, height): (usize, usize)) -> Vec<u8> {
    let (across, down) = (width * 1000 / picture.width, height * 1000 / picture.height);
    let scale = across.min(down);
    let (left, top) = ((width - picture.width * scale / 1000) / 2, (height - picture.height * scale / 1000) / 2);
    let mut grain = noise().map(|value| value >> 5);
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let from = |value: usize, start: usize| value.checked_sub(start).map(|value| value * 1000 / scale);
            let place = from(x, left).zip(from(y, top)).filter(|(x, y)| *x < picture.width && *y < picture.height);
            let at = place.and_then(|(x, y)| picture.rgb.get((y * picture.width + x) * 3..)?.first_chunk::<3>());
            let grain = grain.next().unwrap_or_default();
            pixels.extend(at.unwrap_or(&[120; 3]).map(|value| value.saturating_add(grain)));
        }
    }
    pixels
}

fn jpeg(pixels: &[u8], (width, height): (usize, usize)) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 90).encode(pixels, u16::try_from(width)?, u16::try_from(height)?, ColorType::Rgb)?;
    Ok(bytes)
}

fn png(pixels: &[u8], (width, height): (usize, usize)) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}
