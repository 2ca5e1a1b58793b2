"""A second opinion on the corpus of images, tests/vectors/images, by Pillow (libjpeg-turbo, libpng's rules in its own code).

What both decode has the same sides and, within a tolerance, the same pixels. What the product refuses and Pillow decodes
is listed below with the reason, and nothing else may be. Runs `peel-seeds decoded`; closes with
"N passed, N failed".
"""

import io
import json
import os
import pathlib
import subprocess
import sys
import tomllib
import warnings

import numpy
from PIL import Image, ImageOps

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from tally import Tally

ROOT = pathlib.Path(os.environ.get("PEEL_ROOT", pathlib.Path(__file__).resolve().parents[4]))
FOLDER = ROOT / "tests" / "vectors" / "images"

# JPEG: the inverse transform, the colours, and what lies between two subsampled chroma values may be rounded differently.
GREATEST_STEP = {"png": 0, "jpeg": 4}
GREATEST_MEAN_STEP = {"png": 0, "jpeg": 1}

# Pillow gives a picture for these and the product does not. On purpose: these kinds are not taken.
NOT_TAKEN = {
    "arithmetic.jpg": "no camera writes arithmetic coding",
    "inks.jpg": "four inks are no photograph of a camera",
    "cmyk.jpg": "nor are these",
    "animated.png": "which of its pictures was meant is not known",
    "side_20001.jpg": "Pillow takes long sides, and fills rows that are not there",
    "progressive_too_large.jpg": "Pillow may take the memory that it needs, and fills rows that are not there",
    "scans_without_end.jpg": "Pillow takes any number of scans",
}
# And these are damaged, which Pillow does not notice or goes on after.
FORGIVEN_THERE = {
    "segment_length_1.jpg": "Pillow looks for the next marker",
    "more_rows_stated.jpg": "libjpeg fills rows that are not there",
    "unknown_codes.jpg": "libjpeg goes on with zeros",
    "rows_missing.png": "Pillow leaves the rest black",
    "data_sum.png": "Pillow does not look at the checksum of data",
    "no_end.png": "Pillow does not look for the end",
}

Image.MAX_IMAGE_PIXELS = 50_000_000


def theirs(path):
    """Packed RGB as the product gives it: upright, the high byte of 16 bits, alpha left out."""
    with Image.open(io.BytesIO(path.read_bytes()), formats=["JPEG", "PNG"]) as image:
        image.load()
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):
            grey = (numpy.asarray(image).astype(numpy.uint32) >> 8).astype(numpy.uint8)
            return numpy.stack([grey] * 3, axis=-1)
        if image.mode == "LA":
            image = image.getchannel("L")
        if image.mode == "P":
            # Without its transparency, which convert would otherwise apply.
            image.info.pop("transparency", None)
        if image.mode == "RGBA":
            return numpy.asarray(image)[:, :, :3]
        return numpy.asarray(image.convert("RGB"))


def ours(names):
    command = ["cargo", "run", "--quiet", "--bin", "peel-seeds", "--", "decoded", *(str(FOLDER / name) for name in names)]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.splitlines()
    return [json.loads(line) for line in lines]


def compare(tally, name, seen, there):
    """The same sides, the same pixels."""
    height, width = there.shape[:2]
    same = (seen["width"], seen["height"]) == (width, height)
    tally.check(f"{name}: {seen['width']} by {seen['height']} here, {width} by {height} there", same)
    if not same:
        return 0, 0
    here = numpy.frombuffer(bytes.fromhex(seen["rgb"]), numpy.uint8).reshape(height, width, 3)
    apart = numpy.abs(here.astype(int) - there.astype(int))
    kind = "png" if is_png(name) else "jpeg"
    tally.check(f"{name}: a pixel differs by {apart.max()}", apart.max() <= GREATEST_STEP[kind])
    tally.check(f"{name}: pixels differ by {apart.mean():.2f} in the mean", apart.mean() <= GREATEST_MEAN_STEP[kind])
    return apart.max(), apart.mean()


def is_png(name):
    return (FOLDER / name).read_bytes().startswith(b"\x89PNG")


def main():
    tally = Tally()
    # Pillow warns of EXIF that is damaged on purpose.
    warnings.simplefilter("ignore")
    images = tomllib.loads((FOLDER / "manifest.toml").read_text())["image"]
    both, neither, worst = 0, 0, (0, 0.0, "")
    for image, seen in zip(images, ours([image["file"] for image in images]), strict=True):
        name, error = image["file"], image.get("error")
        tally.check(f"{name}: {seen.get('error')} instead of {error}", seen.get("error") == error)
        try:
            there = theirs(FOLDER / name)
        except Exception as reason:  # Pillow raises a dozen kinds.
            neither += error is not None
            expected = error is not None and name not in NOT_TAKEN | FORGIVEN_THERE
            tally.check(f"{name}: Pillow gives no picture ({reason})", expected)
            continue
        if error is None:
            both += 1
            worst = max(worst, (*compare(tally, name, seen, there), name))
        else:
            tally.check(f"{name}: Pillow gives a picture for {error}", name in NOT_TAKEN | FORGIVEN_THERE)
    print(f"{len(images)} images: {both} decoded by both, {neither} by neither; pixels differ by at most {worst[0]}")
    print(f"(mean {worst[1]:.2f}, {worst[2]})")
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
