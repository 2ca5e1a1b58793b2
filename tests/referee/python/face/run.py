"""A second opinion on the face check, by OpenCV and onnxruntime with the same model files.

OpenCV's FaceDetectorYN looks at exactly the frames that our detector looked at; onnxruntime embeds exactly the crops that
our embedder embedded, and those of its golden values; OpenCV aligns and embeds with our landmarks, from the image files;
then it does everything itself. The last differs by design, and by a bounded amount: our check looks at the chosen face
again at a fixed size and averages the landmarks of neighbouring cells, where FaceDetectorYN takes the best cell's.
Runs `cargo run --example ...`; closes with "N passed, N failed".
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy
import onnxruntime

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from tally import Tally

ROOT = pathlib.Path(os.environ.get("PEEL_ROOT", pathlib.Path(__file__).resolve().parents[4]))
DETECTOR = ROOT / "models" / "face_detection_yunet_2023mar.onnx"
FACES = ROOT / "tests" / "street" / "faces"
LONDON = pathlib.Path(os.environ.get("PEEL_SHARED", ROOT.parent / "shared" / "data")) / "london"
LONDON_PEOPLE = 6

FRAME_SIDE, CROP_SIDE = 320, 112
SCORE_FLOOR, OVERLAP_LIMIT = 0.6, 0.3
# Pixels of the detector's frame.
GREATEST_SHIFT = 0.05
GREATEST_SCORE_STEP = 0.002
LEAST_EMBEDDING_COSINE = 0.99999
# With our landmarks: what another JPEG decoder and coarser interpolation do to the embedding.
LEAST_ALIGNED_COSINE = 0.995
# With OpenCV's own landmarks: scores of pairs.
GREATEST_PAIR_STEP = 0.12
GREATEST_MEAN_PAIR_STEP = 0.04


def images():
    files = sorted(FACES.glob("*.jpg"))
    if LONDON.is_dir():
        files += sorted(LONDON.glob("*_0[38].jpg"))[: 2 * LONDON_PEOPLE]
    else:
        print("not run: shared data absent (london)")
    return files


def cargo_example(*arguments):
    command = ["cargo", "run", "--quiet", "--example", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


def cosine(left, right):
    return float(left @ right / (numpy.linalg.norm(left) * numpy.linalg.norm(right)))


def pixels(text, side):
    return numpy.frombuffer(bytes.fromhex(text), numpy.uint8).reshape(side, side, 3)


def check_detections(tally, name, seen):
    """The same frame: the same faces, at the same places."""
    detector = cv2.FaceDetectorYN.create(str(DETECTOR), "", (FRAME_SIDE, FRAME_SIDE), SCORE_FLOOR, OVERLAP_LIMIT)
    bgr = numpy.ascontiguousarray(pixels(seen["frame"], FRAME_SIDE)[:, :, ::-1])
    _, theirs = detector.detect(bgr)
    theirs = numpy.zeros((0, 15)) if theirs is None else theirs
    ours = numpy.array(seen["detections"]).reshape(-1, 15)
    tally.check(f"{name}: {len(ours)} faces here, {len(theirs)} there", len(ours) == len(theirs))
    if len(ours) != len(theirs) or not len(ours):
        return 0.0
    theirs = theirs[numpy.argsort(-theirs[:, 14], kind="stable")]
    shift = float(numpy.abs(ours[:, :14] - theirs[:, :14]).max())
    tally.check(f"{name}: boxes or landmarks differ by {shift:.3f} pixels", shift <= GREATEST_SHIFT)
    step = float(numpy.abs(ours[:, 14] - theirs[:, 14]).max())
    tally.check(f"{name}: detector scores differ by {step:.4f}", step <= GREATEST_SCORE_STEP)
    return shift


def check_embedding(tally, name, session, seen):
    """The same crop: the same embedding."""
    crop = pixels(seen["face"]["crop"], CROP_SIDE).transpose(2, 0, 1)[None].astype(numpy.float32)
    theirs = session.run(None, {"data": crop})[0][0]
    ours = numpy.array(seen["face"]["embedding"], numpy.float32)
    agreement = cosine(ours, theirs)
    tally.check(f"{name}: embeddings agree only to {agreement:.7f}", agreement >= LEAST_EMBEDDING_COSINE)
    length = abs(float(numpy.linalg.norm(ours) / numpy.linalg.norm(theirs)) - 1)
    tally.check(f"{name}: embedding lengths differ by a factor of {length:.5f}", length < 1e-3)
    return agreement


def check_aligned(tally, name, recogniser, image, seen):
    """Our landmarks, OpenCV's decoder, alignment and embedding."""
    theirs = recogniser.feature(recogniser.alignCrop(image, numpy.array([seen["face"]["detection"]], numpy.float32)))[0]
    agreement = cosine(numpy.array(seen["face"]["embedding"], numpy.float32), theirs)
    tally.check(f"{name}: aligned embeddings agree only to {agreement:.5f}", agreement >= LEAST_ALIGNED_COSINE)
    return agreement


def patterns():
    """The crops of core/face/tests/golden.rs, by the same formulas."""
    y, x, channel = numpy.meshgrid(*(numpy.arange(side) for side in (CROP_SIDE, CROP_SIDE, 3)), indexing="ij")
    return {
        "flat": 90 + 40 * channel,
        "ramp": 2 * numpy.where(channel == 0, x, y) + 16 * channel,
        "weave": (x * 7 + y * 13 + channel * 29) % 251,
        "rings": ((x - 56) ** 2 + (y - 56) ** 2) // 24 * (channel + 3) % 256,
        "blocks": (x // 14 * 5 + y // 14 * 11 + channel * 3) % 17 * 15,
    }


def check_golden(tally, session):
    """The golden values of the embedder, which show nobody."""
    golden = json.loads((ROOT / "tests" / "vectors" / "face" / "embedder.json").read_text())
    tally.check("a golden value for each pattern", golden.keys() == patterns().keys())
    for name, crop in patterns().items():
        theirs = session.run(None, {"data": crop.transpose(2, 0, 1)[None].astype(numpy.float32)})[0][0]
        agreement = cosine(numpy.array(golden[name], numpy.float32), theirs)
        tally.check(f"golden {name}: agrees only to {agreement:.7f}", agreement >= LEAST_EMBEDDING_COSINE)


def opencv_embedding(recogniser, image):
    """Everything by OpenCV."""
    detector = cv2.FaceDetectorYN.create(str(DETECTOR), "", (image.shape[1], image.shape[0]), SCORE_FLOOR, OVERLAP_LIMIT)
    _, faces = detector.detect(image)
    face = max(faces, key=lambda box: box[2] * box[3])
    return recogniser.feature(recogniser.alignCrop(image, face))[0].copy()


def check_pairs(tally, ours, theirs):
    """Scores of pairs, the whole way."""
    steps = []
    for left, right in itertools.combinations(ours, 2):
        step = abs(cosine(ours[left], ours[right]) - cosine(theirs[left], theirs[right]))
        steps.append(step)
        tally.check(f"{left} with {right}: scores differ by {step:.3f}", step <= GREATEST_PAIR_STEP)
    mean = sum(steps) / len(steps)
    tally.check(f"scores differ by {mean:.4f} in the mean", mean <= GREATEST_MEAN_PAIR_STEP)
    return mean, max(steps)


def main():
    tally = Tally()
    files = images()
    with tempfile.TemporaryDirectory() as folder:
        embedder = pathlib.Path(folder) / "embedder.onnx"
        cargo_example("dequantise", "--", embedder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(embedder), options, providers=["CPUExecutionProvider"])
        recogniser = cv2.FaceRecognizerSF.create(str(embedder), "")
        check_golden(tally, session)
        lines = [json.loads(line) for line in cargo_example("face_dump", "--", *files).splitlines()]
        tally.check("one line for each image", len(lines) == len(files))
        ours, theirs, shifts, agreements, aligned = {}, {}, [], [], []
        for file, line in zip(files, lines):
            name, seen = file.name, line["seen"]
            tally.check(f"{name}: a face is found", seen.get("face") is not None)
            if seen.get("face") is None:
                continue
            shifts.append(check_detections(tally, name, seen))
            agreements.append(check_embedding(tally, name, session, seen))
            ours[name] = numpy.array(seen["face"]["embedding"], numpy.float32)
            image = cv2.imread(str(file))
            aligned.append(check_aligned(tally, name, recogniser, image, seen))
            theirs[name] = opencv_embedding(recogniser, image)
        mean, most = check_pairs(tally, ours, theirs)
    print(f"{len(ours)} images: places differ by at most {max(shifts):.4f} pixels of the frame,")
    print(f"embeddings of the same crop agree to at least {min(agreements):.8f}, of the same landmarks to {min(aligned):.5f},")
    print(f"scores with OpenCV's own landmarks differ by {mean:.4f} in the mean, {most:.4f} at most")
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
