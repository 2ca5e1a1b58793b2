//! Finds faces and their five landmarks with `YuNet`, and chooses the one that the image is about.
//!
//! Must never: keep or follow faces from one image to the next, or say anything about a face but where it is.
//! Always: coordinates are those of the upright picture, pixel centres at whole numbers.

use peel_picture::Picture;
use tract_onnx::pb::ModelProto;

use crate::engine::Engine;
use crate::error::FaceError;
use crate::frame::{FRAME_SIDE, Frame, Region, float};
use crate::graph::resize_detector;
use crate::manifest::DetectorEntry;

const STRIDES: [usize; 3] = [8, 16, 32];

/// The side of the square in which a face is looked at again, in face sides: first closely, then, should it not be seen
/// there, with more around it. It is as large in the one as in the other.
const SURROUNDINGS: [(f32, usize); 2] = [(1.5, CLOSE_SIDE), (3.0, FRAME_SIDE)];
/// Pixels a side of the frame of a close look, which costs a quarter of a whole one.
const CLOSE_SIDE: usize = FRAME_SIDE / 2;
/// Cells with a smaller part of the best score than this have no say in where the landmarks are.
const WEAKEST_SHARE: f32 = 0.5;

/// One face.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Face {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// The person's right eye, left eye, nose tip, right and left corner of the mouth.
    pub(crate) landmarks: [[f32; 2]; 5],
    /// From 0 to 1.
    pub(crate) score: f32,
}

impl Face {
    pub(crate) fn centre(&self) -> [f32; 2] {
        [self.x + self.width / 2.0, self.y + self.height / 2.0]
    }

    /// Between the eyes, in pixels.
    pub(crate) fn inter_eye(&self) -> f32 {
        let [[right_x, right_y], [left_x, left_y], ..] = self.landmarks;
        (left_x - right_x).hypot(left_y - right_y)
    }

    /// The same face in the same picture with `factor` times as many pixels a side.
    pub(crate) fn enlarged(&self, factor: f32) -> Self {
        let place = |value: f32| (value + 0.5) * factor - 0.5;
        Self {
            x: place(self.x),
            y: place(self.y),
            width: self.width * factor,
            height: self.height * factor,
            landmarks: self.landmarks.map(|point| point.map(place)),
            score: self.score,
        }
    }

    fn side(&self) -> f32 {
        self.width.max(self.height)
    }

    /// Size, less what it lies away from the picture's centre: the image is about the largest face near its middle.
    pub(crate) fn prominence(&self, picture: &Picture) -> f32 {
        let (width, height) = (float(picture.width()), float(picture.height()));
        let [x, y] = self.centre();
        let away = (x - width / 2.0).hypot(y - height / 2.0) / (width / 2.0).hypot(height / 2.0);
        self.width * self.height * (1.0 - away.min(1.0))
    }

    fn moved(&self, frame: &Frame) -> Self {
        let [x, y] = frame.to_picture([self.x, self.y]);
        Self {
            x,
            y,
            width: self.width / frame.scale,
            height: self.height / frame.scale,
            landmarks: self.landmarks.map(|point| frame.to_picture(point)),
            score: self.score,
        }
    }
}

/// The face that an image is about, and how prominent the next one is.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) face: Face,
    /// Prominence of the second face as a part of the first one's; 0 when there is one face only.
    pub(crate) rival_fraction: f32,
}

/// The network for frames of one size.
pub(crate) struct Network {
    engine: Engine,
    side: usize,
}

impl Network {
    /// Takes the graph as published; it will look at `side` by `side` pixels, a multiple of 32.
    pub(crate) fn new(model: ModelProto, side: usize) -> Result<Self, FaceError> {
        Ok(Self { engine: Engine::new(resize_detector(model, side)?, &[1, 3, side, side])?, side })
    }

    /// What every cell says whose score is at least `floor`, the best first.
    pub(crate) fn cells(&self, planes: &[f32], floor: f32) -> Result<Vec<Face>, FaceError> {
        let outputs = self.engine.run(planes)?;
        let [cls_8, cls_16, cls_32, obj_8, obj_16, obj_32, box_8, box_16, box_32, points_8, points_16, points_32] =
            outputs.as_slice()
        else {
            return Err(FaceError::Inference);
        };
        let levels =
            [(cls_8, obj_8, box_8, points_8), (cls_16, obj_16, box_16, points_16), (cls_32, obj_32, box_32, points_32)];
        let mut faces = Vec::new();
        for (stride, (class, object, boxes, points)) in STRIDES.into_iter().zip(levels) {
            let level = Level { columns: self.side / stride, class, object, boxes, points };
            faces.extend(decode_level(stride, &level, floor));
        }
        faces.sort_by(|left, right| right.score.total_cmp(&left.score));
        Ok(faces)
    }
}

/// The detector.
pub(crate) struct Detector {
    network: Network,
    close: Network,
    score_floor: f32,
    bystander_score_floor: f32,
    overlap_limit: f32,
}

impl Detector {
    /// Takes the graph as published.
    pub(crate) fn new(model: ModelProto, entry: &DetectorEntry) -> Result<Self, FaceError> {
        Ok(Self {
            network: Network::new(model.clone(), FRAME_SIDE)?,
            close: Network::new(model, CLOSE_SIDE)?,
            score_floor: entry.score_floor,
            bystander_score_floor: entry.bystander_score_floor,
            overlap_limit: entry.overlap_limit,
        })
    }

    /// The face that the picture is about, at first sight: its landmarks may be a pixel or two off. `None` when there is
    /// none.
    pub(crate) fn glance(&self, picture: &Picture) -> Result<Option<Chosen>, FaceError> {
        let mut faces = self.all(picture, self.score_floor)?;
        faces.sort_by(|left, right| right.prominence(picture).total_cmp(&left.prominence(picture)));
        let mut faces = faces.into_iter();
        let Some(face) = faces.next() else { return Ok(None) };
        let prominence = face.prominence(picture).max(f32::MIN_POSITIVE);
        let rival_fraction = faces.next().map_or(0.0, |second| second.prominence(picture) / prominence);
        Ok(Some(Chosen { face, rival_fraction }))
    }

    /// Every face, the most prominent first, with the low floor that masking needs.
    pub(crate) fn everyone(&self, picture: &Picture) -> Result<Vec<Face>, FaceError> {
        let mut faces = self.all(picture, self.bystander_score_floor)?;
        faces.sort_by(|left, right| right.prominence(picture).total_cmp(&left.prominence(picture)));
        Ok(faces)
    }

    /// Faces in the whole picture; a face that fills the picture is only seen when it is shown smaller.
    fn all(&self, picture: &Picture, floor: f32) -> Result<Vec<Face>, FaceError> {
        for extent in [FRAME_SIDE, FRAME_SIDE / 2] {
            let frame = Frame::whole(picture, extent);
            let faces = self.in_frame(&frame, floor)?;
            if !faces.is_empty() {
                return Ok(faces.iter().map(|face| face.moved(&frame)).collect());
            }
        }
        Ok(Vec::new())
    }

    /// The landmarks of the chosen face are found in a view of its own, always at the same size: the detector places them
    /// a little differently on large and on small faces, and the embedder sees every shift.
    pub(crate) fn look_again(&self, picture: &Picture, face: Face) -> Result<Face, FaceError> {
        for ((surroundings, frame_side), network) in SURROUNDINGS.into_iter().zip([&self.close, &self.network]) {
            let side = face.side() * surroundings;
            let region = Region::around(face.centre(), side, picture);
            let frame = Frame::new(picture, region, float(frame_side) / side, frame_side);
            let cells = network.cells(&frame.planes(), self.score_floor * WEAKEST_SHARE)?;
            let strongest = cells
                .iter()
                .filter(|seen| seen.score >= self.score_floor)
                .filter(|seen| overlap(&seen.moved(&frame), &face) > self.overlap_limit)
                .max_by(|left, right| left.score.total_cmp(&right.score));
            if let Some(strongest) = strongest {
                return Ok(averaged(strongest, &cells, self.overlap_limit).moved(&frame));
            }
        }
        Ok(face)
    }

    /// Faces in one frame, in the frame's coordinates, the best score first.
    pub(crate) fn in_frame(&self, frame: &Frame, floor: f32) -> Result<Vec<Face>, FaceError> {
        Ok(keep_strongest(self.network.cells(&frame.planes(), floor)?, self.overlap_limit))
    }
}

/// The same face as its neighbouring cells see it: the mean of all that overlap it, weighted by score. One cell's
/// landmarks jump by pixels when the picture moves by a part of one; their mean does not.
fn averaged(strongest: &Face, cells: &[Face], overlap_limit: f32) -> Face {
    let weakest = strongest.score * WEAKEST_SHARE;
    let same = |cell: &&Face| cell.score >= weakest && overlap(strongest, cell) > overlap_limit;
    let mut mean = Face { x: 0.0, y: 0.0, width: 0.0, height: 0.0, landmarks: [[0.0; 2]; 5], score: strongest.score };
    let weights: f32 = cells.iter().filter(same).map(|cell| cell.score).sum();
    if weights <= 0.0 {
        return strongest.clone();
    }
    for cell in cells.iter().filter(same) {
        let weight = cell.score / weights;
        mean.x += weight * cell.x;
        mean.y += weight * cell.y;
        mean.width += weight * cell.width;
        mean.height += weight * cell.height;
        for (sum, value) in mean.landmarks.as_flattened_mut().iter_mut().zip(cell.landmarks.as_flattened()) {
            *sum += weight * value;
        }
    }
    mean
}

/// The detector's outputs at one stride.
struct Level<'a> {
    /// Cells in a row.
    columns: usize,
    class: &'a [f32],
    object: &'a [f32],
    boxes: &'a [f32],
    points: &'a [f32],
}

/// Cells become faces: offsets count in strides from the cell's corner, sizes are logarithms of strides.
fn decode_level(stride: usize, level: &Level<'_>, floor: f32) -> Vec<Face> {
    let step = float(stride);
    let columns = level.columns;
    let scores = level.class.iter().zip(level.object);
    let places = level.boxes.as_chunks::<4>().0.iter().zip(level.points.as_chunks::<10>().0);
    scores
        .zip(places)
        .enumerate()
        .filter_map(|(cell, ((class, object), (offsets, points)))| {
            let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
            if score.is_nan() || score < floor {
                return None;
            }
            let (column, row) = (float(cell % columns), float(cell / columns));
            let [x, y, width, height] = *offsets;
            let (width, height) = (width.exp() * step, height.exp() * step);
            let mut landmarks = [[0.0; 2]; 5];
            for (landmark, [x, y]) in landmarks.iter_mut().zip(points.as_chunks::<2>().0) {
                *landmark = [(column + x) * step, (row + y) * step];
            }
            let face = Face {
                x: (column + x) * step - width / 2.0,
                y: (row + y) * step - height / 2.0,
                width,
                height,
                landmarks,
                score,
            };
            let finite = [face.x, face.y, width, height].iter().chain(landmarks.as_flattened()).all(|v| v.is_finite());
            finite.then_some(face)
        })
        .collect()
}

/// Of boxes that overlap by more than `limit` only the one with the best score stays; `faces` is sorted by score.
pub(crate) fn keep_strongest(faces: Vec<Face>, limit: f32) -> Vec<Face> {
    let mut kept: Vec<Face> = Vec::new();
    for face in faces {
        if kept.iter().all(|stronger| overlap(stronger, &face) <= limit) {
            kept.push(face);
        }
    }
    kept
}

/// Intersection over union.
fn overlap(left: &Face, right: &Face) -> f32 {
    let shared = |a: f32, a_length: f32, b: f32, b_length: f32| ((a + a_length).min(b + b_length) - a.max(b)).max(0.0);
    let intersection =
        shared(left.x, left.width, right.x, right.width) * shared(left.y, left.height, right.y, right.height);
    let union = left.width * left.height + right.width * right.height - intersection;
    if union > 0.0 { intersection / union } else { 0.0 }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    fn face(x: f32, y: f32, side: f32, score: f32) -> Face {
        Face { x, y, width: side, height: side, landmarks: [[0.0; 2]; 5], score }
    }

    #[test]
    fn a_cell_becomes_a_box_and_landmarks() {
        let cells = (FRAME_SIDE / 32) * (FRAME_SIDE / 32);
        let (mut class, mut object) = (vec![0.0; cells], vec![1.5; cells]);
        let (mut boxes, mut points) = (vec![0.0; cells * 4], vec![0.0; cells * 10]);
        class[12] = 0.64;
        class[13] = f32::NAN;
        object[13] = 1.0;
        boxes[48..52].copy_from_slice(&[0.5, 0.25, 2.0_f32.ln(), 3.0_f32.ln()]);
        points[120..122].copy_from_slice(&[0.5, -0.5]);
        let columns = FRAME_SIDE / 32;
        let level = Level { columns, class: &class, object: &object, boxes: &boxes, points: &points };
        let faces = decode_level(32, &level, 0.5);
        let [found] = faces.as_slice() else { panic!("one face") };
        assert!((found.score - 0.8).abs() < 1e-6);
        assert!((found.width - 64.0).abs() < 1e-3 && (found.height - 96.0).abs() < 1e-3);
        assert!((found.x - 48.0).abs() < 1e-3 && (found.y - -8.0).abs() < 1e-3);
        assert_eq!(found.landmarks[0], [80.0, 16.0]);
    }

    #[test]
    fn of_overlapping_boxes_the_best_score_stays() {
        let kept =
            keep_strongest(vec![face(0.0, 0.0, 10.0, 0.9), face(1.0, 1.0, 10.0, 0.8), face(20.0, 0.0, 10.0, 0.7)], 0.3);
        assert_eq!(kept.iter().map(|face| face.score).collect::<Vec<_>>(), [0.9, 0.7]);
        assert!((overlap(&face(0.0, 0.0, 10.0, 1.0), &face(5.0, 0.0, 10.0, 1.0)) - 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn landmarks_are_the_mean_of_the_cells_that_overlap_weighted_by_score() {
        let at = |x, score| Face { landmarks: [[x; 2]; 5], ..face(x, 0.0, 10.0, score) };
        let cells = [at(0.0, 0.9), at(2.0, 0.6), at(1.0, 0.1), at(30.0, 0.8)];
        let mean = averaged(&cells[0], &cells, 0.3);
        assert!((mean.landmarks[4][1] - 0.8).abs() < 1e-6 && (mean.x - 0.8).abs() < 1e-6);
        assert!((mean.width - 10.0).abs() < 1e-5 && (mean.score - 0.9).abs() < 1e-6);
        let alone = averaged(&cells[3], &cells, 0.3);
        assert!((alone.landmarks[0][0] - 30.0).abs() < 1e-4);
    }

    #[test]
    fn the_largest_face_nearest_the_centre_is_the_most_prominent() {
        let picture = Picture::new(100, 100, peel_picture::Wiped::new(vec![0; 30_000])).unwrap();
        let central = face(35.0, 35.0, 30.0, 0.9);
        assert!(central.prominence(&picture) > face(0.0, 0.0, 36.0, 0.9).prominence(&picture));
        assert!(central.prominence(&picture) < face(25.0, 25.0, 50.0, 0.9).prominence(&picture));
    }
}
