"""The face check by the same model files in OpenCV or in onnxruntime, timed for `cargo bench-face`.

Started as `peer.py opencv|onnxruntime THREADS FOLDER`. The folder holds detector_160.onnx, detector_320.onnx,
detector_640.onnx, detector.onnx (as published), embedder.onnx, and the pictures that the tasks name. Each line of standard
input is a task as JSON, `{"task": NAME, "repeat": N}`; each line of standard output is its answer, `{"ms": [N times]}`; for
`started` `{"result": milliseconds that loading took}`, for `memory` `{"kilobytes": [after the imports, at most]}`. A time is that of the task alone, on this process's own clock.

What both do in the whole check is what their own documentation shows: read the file, bring it to the detector's size, find
the largest face, align it, embed it, compare. For onnxruntime the parts that it does not have (reading, resizing, aligning)
are OpenCV's.
"""

import json
import pathlib
import sys
import time

import cv2
import numpy

LIBRARY, THREADS, FOLDER = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
SCORE_FLOOR, OVERLAP_LIMIT = 0.6, 0.3
FRAME_SIDE = 320
STRIDES = (8, 16, 32)

cv2.setNumThreads(THREADS)


def peak_kilobytes():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def reduced(image, side):
    """The picture with its longer side as long as the detector's, and how far it was reduced."""
    scale = side / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return image, min(scale, 1)


class OpenCv:
    def __init__(self):
        self.detectors = {}
        self.recogniser = cv2.FaceRecognizerSF.create(str(FOLDER / "embedder.onnx"), "")
        self.detector(FRAME_SIDE, FRAME_SIDE)

    def detector(self, width, height):
        if (width, height) not in self.detectors:
            made = cv2.FaceDetectorYN.create(
                str(FOLDER / "detector.onnx"), "", (width, height), SCORE_FLOOR, OVERLAP_LIMIT
            )
            self.detectors[width, height] = made
        return self.detectors[width, height]

    def faces(self, image):
        found = self.detector(image.shape[1], image.shape[0]).detect(image)[1]
        return numpy.zeros((0, 15), numpy.float32) if found is None else found

    def feature(self, crop):
        return self.recogniser.feature(crop)[0]


class OnnxRuntime:
    def __init__(self):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1

        def session(name):
            return onnxruntime.InferenceSession(str(FOLDER / name), options, providers=["CPUExecutionProvider"])

        self.session = session
        self.sessions = {FRAME_SIDE: session(f"detector_{FRAME_SIDE}.onnx")}
        self.embedder = session("embedder.onnx")
        self.recogniser = cv2.FaceRecognizerSF.create(str(FOLDER / "embedder.onnx"), "")

    def outputs(self, image):
        side = -(-max(image.shape[:2]) // 32) * 32
        if side not in self.sessions:
            self.sessions[side] = self.session(f"detector_{side}.onnx")
        if image.shape[:2] != (side, side):
            image = cv2.copyMakeBorder(
                image, 0, side - image.shape[0], 0, side - image.shape[1], cv2.BORDER_CONSTANT
            )
        blob = image.transpose(2, 0, 1)[None].astype(numpy.float32)
        return side, self.sessions[side].run(None, {"input": blob})

    def faces(self, image):
        side, outputs = self.outputs(image)
        boxes, scores, rows = [], [], []
        for index, stride in enumerate(STRIDES):
            classes, objects, places, points = (outputs[index + 3 * part][0] for part in range(4))
            score = numpy.sqrt(numpy.clip(classes[:, 0], 0, 1) * numpy.clip(objects[:, 0], 0, 1))
            kept = numpy.nonzero(score >= SCORE_FLOOR)[0]
            cells = numpy.stack([kept % (side // stride), kept // (side // stride)], 1)
            sizes = numpy.exp(places[kept, 2:]) * stride
            corners = (cells + places[kept, :2]) * stride - sizes / 2
            landmarks = (cells[:, None, :] + points[kept].reshape(-1, 5, 2)) * stride
            boxes += numpy.concatenate([corners, sizes], 1).tolist()
            scores += score[kept].tolist()
            rows.append(numpy.concatenate([corners, sizes, landmarks.reshape(-1, 10), score[kept, None]], 1))
        best = cv2.dnn.NMSBoxes(boxes, scores, SCORE_FLOOR, OVERLAP_LIMIT)
        return numpy.concatenate(rows)[numpy.array(best, int).ravel()].astype(numpy.float32)

    def feature(self, crop):
        blob = cv2.dnn.blobFromImage(crop, swapRB=True)
        return self.embedder.run(None, {"data": blob})[0][0]


def embedding(library, data, side=FRAME_SIDE):
    """From the bytes of a file to the face's embedding; with no side, the picture is looked at as it is."""
    image = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), cv2.IMREAD_COLOR)
    small, scale = reduced(image, side or max(image.shape[:2]))
    face = max(library.faces(small), key=lambda face: face[2] * face[3]).copy()
    face[:14] /= scale
    return library.feature(library.recogniser.alignCrop(image, face))


def cosine(left, right):
    return float(left @ right / (numpy.linalg.norm(left) * numpy.linalg.norm(right)))


class Tasks:
    def __init__(self, library):
        self.library = library
        self.files = {path.name: path.read_bytes() for path in FOLDER.glob("*.jpg")}
        noise = numpy.random.default_rng(1)
        self.frames = {side: noise.integers(0, 256, (side, side, 3), numpy.uint8) for side in (160, 320, 640)}
        self.crop = noise.integers(0, 256, (112, 112, 3), numpy.uint8)
        self.preview_frame = cv2.imread(str(FOLDER / "preview.png"))
        self.reference = None

    def detector_160(self):
        self.library.faces(self.frames[160])

    def detector_320(self):
        self.library.faces(self.frames[320])

    def detector_640(self):
        self.library.faces(self.frames[640])

    def embedder(self):
        self.library.feature(self.crop)

    def whole_check(self):
        return cosine(embedding(self.library, self.files["probe.jpg"]), embedding(self.library, self.files["reference.jpg"]))

    def whole_check_full_size(self):
        probe, reference = (embedding(self.library, self.files[name], None) for name in ("probe.jpg", "reference.jpg"))
        return cosine(probe, reference)

    def officers_step(self):
        if self.reference is None:
            self.reference = embedding(self.library, self.files["reference.jpg"])
        return cosine(embedding(self.library, self.files["photograph.jpg"]), self.reference)

    def preview(self):
        small, _ = reduced(self.preview_frame, FRAME_SIDE)
        self.library.faces(small)


def main():
    library_type = {"opencv": OpenCv, "onnxruntime": OnnxRuntime}[LIBRARY]
    if library_type is OnnxRuntime:
        import onnxruntime  # noqa: F401, so that the imports are behind us
    imported, started = peak_kilobytes(), time.perf_counter()
    library = library_type()
    loaded_ms = (time.perf_counter() - started) * 1e3
    tasks = Tasks(library)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["task"] == "started":
            print(json.dumps({"result": loaded_ms}), flush=True)
            continue
        if asked["task"] == "memory":
            print(json.dumps({"kilobytes": [imported, peak_kilobytes()]}), flush=True)
            continue
        task, times, result = getattr(tasks, asked["task"]), [], None
        for _ in range(asked["repeat"]):
            started = time.perf_counter()
            result = task()
            times.append((time.perf_counter() - started) * 1e3)
        print(json.dumps({"ms": times, "result": result}), flush=True)


if __name__ == "__main__":
    main()
