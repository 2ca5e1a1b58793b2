//! The conditions, and what each does to a photograph.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

use crate::degrade::picture::{Encoded, Picture};

/// Blurs are counted in pixels of a picture with so many between the eyes: some four in ten of the aligned face's width.
pub const EYES_PX: f32 = 42.0;

/// Standard deviation of the even blur, in pixels at [`EYES_PX`].
const BLUR_PX: f32 = 4.0;
/// Length of the smear, in pixels at [`EYES_PX`].
const MOTION_PX: f32 = 15.0;
/// In the dark this part of the light is left.
const DARK_GAIN: f32 = 0.12;
const DARK_NOISE: f32 = 2.0;

/// One way to spoil a photograph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Left as it is: what the others are compared with.
    AsIs,
    /// So many pixels wide, by the measure that is chosen.
    Small(u16),
    /// Out of focus.
    Blur,
    /// The camera or the person moved, in any direction.
    Motion,
    /// Little light.
    Dark,
    /// A mask over nose, mouth and chin.
    LowerFaceCovered,
    /// A bar over the eyes.
    EyesCovered,
    /// A telephone at a stop: near, in some light, a little soft, compressed. Not among [`Self::ALL`]: it is what a close
    /// photograph looks like, and no way to spoil one.
    ClosePhone,
    /// A street camera: so many pixels wide, soft, a little moved, underexposed, noisy, compressed.
    StreetCamera(u16),
}

impl Condition {
    /// All that spoil, in the order of the table.
    pub const ALL: [Self; 10] = [
        Self::AsIs,
        Self::Small(32),
        Self::Small(24),
        Self::Blur,
        Self::Motion,
        Self::Dark,
        Self::LowerFaceCovered,
        Self::EyesCovered,
        Self::StreetCamera(48),
        Self::StreetCamera(32),
    ];

    /// Its name in the column `condition`.
    pub fn code(self) -> String {
        match self {
            Self::AsIs => "as_is".to_owned(),
            Self::Small(pixels) => format!("small_{pixels}"),
            Self::Blur => "blur_4".to_owned(),
            Self::Motion => "motion_15".to_owned(),
            Self::Dark => "dark".to_owned(),
            Self::LowerFaceCovered => "lower_face_covered".to_owned(),
            Self::EyesCovered => "eyes_covered".to_owned(),
            Self::ClosePhone => "close_phone".to_owned(),
            Self::StreetCamera(pixels) => format!("cctv_{pixels}"),
        }
    }

    /// By its code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.code() == code)
    }
}

/// Where the face is, in pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Right eye, left eye, tip of the nose, right and left corner of the mouth.
    pub landmarks: [[f32; 2]; 5],
    /// What the sizes count: the distance between the eyes, or the width of the face.
    pub measure: f32,
}

impl Face {
    fn eyes(&self) -> f32 {
        let [[right_x, right_y], [left_x, left_y], ..] = self.landmarks;
        (left_x - right_x).hypot(left_y - right_y).max(1.0)
    }

    /// A place in eye distances from the middle of the eyes: to the left eye, and towards the mouth.
    fn place(&self, x: f32, y: f32) -> [f32; 2] {
        let [[right_x, right_y], [left_x, left_y], ..] = self.landmarks;
        let square = self.eyes().powi(2);
        let (along_x, along_y) = ((left_x - right_x) / square, (left_y - right_y) / square);
        let (away_x, away_y) = (x - f32::midpoint(right_x, left_x), y - f32::midpoint(right_y, left_y));
        [away_x * along_x + away_y * along_y, away_y * along_x - away_x * along_y]
    }
}

/// Spoils a photograph. The same seed and number give the same bytes; `None` when the result cannot be encoded.
pub fn degrade(condition: Condition, picture: &Picture, face: &Face, seed: u64, number: u64) -> Option<Encoded> {
    let mut random = generator(condition, seed, number);
    let scale = face.eyes() / EYES_PX;
    match condition {
        Condition::AsIs => picture.png(),
        Condition::Small(pixels) => picture.reduced(f32::from(pixels) / face.measure).png(),
        Condition::Blur => picture.gaussian(BLUR_PX * scale).png(),
        Condition::Motion => {
            let angle = random.random_range(0.0..std::f32::consts::PI);
            picture.moved(MOTION_PX * scale, angle).png()
        }
        Condition::Dark => picture.exposed(DARK_GAIN, DARK_NOISE, &mut random).png(),
        Condition::LowerFaceCovered => {
            let [_, nose] = face.place(face.landmarks[2][0], face.landmarks[2][1]);
            picture.covered([64, 104, 140], |x, y| covers(face.place(x, y), 1.05, nose - 0.15, nose + 1.6)).png()
        }
        Condition::EyesCovered => {
            picture.covered([24, 24, 24], |x, y| covers(face.place(x, y), 1.05, -0.35, 0.35)).png()
        }
        Condition::ClosePhone => close_phone(picture, scale, &mut random),
        Condition::StreetCamera(pixels) => street_camera(picture, f32::from(pixels) / face.measure, &mut random),
    }
}

fn covers([across, down]: [f32; 2], half_width: f32, from: f32, to: f32) -> bool {
    across.abs() <= half_width && (from..=to).contains(&down)
}

fn street_camera(picture: &Picture, factor: f32, random: &mut Xoshiro256PlusPlus) -> Option<Encoded> {
    let softness = random.random_range(0.5..1.0);
    let (length, angle) = (random.random_range(1.0..4.0), random.random_range(0.0..std::f32::consts::PI));
    let gain = random.random_range(0.4..0.9);
    let noise = random.random_range(3.0..8.0);
    let quality = random.random_range(30..=60);
    picture.reduced(factor).gaussian(softness).moved(length, angle).exposed(gain, noise, random).jpeg(quality)
}

fn close_phone(picture: &Picture, scale: f32, random: &mut Xoshiro256PlusPlus) -> Option<Encoded> {
    let softness = random.random_range(0.3..0.8) * scale;
    let (length, angle) = (random.random_range(0.5..1.5) * scale, random.random_range(0.0..std::f32::consts::PI));
    let gain = random.random_range(0.7..1.15);
    let noise = random.random_range(1.0..3.0);
    let quality = random.random_range(75..=92);
    picture.gaussian(softness).moved(length, angle).exposed(gain, noise, random).jpeg(quality)
}

/// One generator for each photograph under each condition, so that leaving one out changes no other.
fn generator(condition: Condition, seed: u64, number: u64) -> Xoshiro256PlusPlus {
    let digest = Sha256::new()
        .chain_update(seed.to_be_bytes())
        .chain_update(number.to_be_bytes())
        .chain_update(condition.code())
        .finalize();
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Xoshiro256PlusPlus::seed_from_u64(number)
}
