"""Second opinion on the drone feed: `tstrans` as an independent decoder of what we send, and sender of what we read.

Reads PEEL_ROOT (the repository) and PEEL_TARGET (cargo's target folder), closes with `N passed, N failed`.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tstrans import klv, mpegts

ROOT = Path(os.environ.get("PEEL_ROOT") or Path(__file__).resolve().parents[4])
TARGET = Path(os.environ.get("PEEL_TARGET") or ROOT / "target")
DECODER = TARGET / "debug" / "peel-klv"
VECTORS = ROOT / "tests" / "vectors" / "feeds"
TOLERANCE = 1e-9

# Our tags, the referee's names, and the range that random values are drawn from.
ITEMS = {
    "5": ("platform_heading_deg", 0.0, 360.0),
    "6": ("platform_pitch_deg", -20.0, 20.0),
    "7": ("platform_roll_deg", -50.0, 50.0),
    "13": ("sensor_lat_deg", -90.0, 90.0),
    "14": ("sensor_lon_deg", -180.0, 180.0),
    "15": ("sensor_alt_m", -900.0, 19000.0),
    "16": ("sensor_hfov_deg", 0.0, 180.0),
    "17": ("sensor_vfov_deg", 0.0, 180.0),
    "18": ("sensor_rel_az_deg", 0.0, 360.0),
    "19": ("sensor_rel_el_deg", -180.0, 180.0),
    "20": ("sensor_rel_roll_deg", 0.0, 360.0),
    "21": ("slant_range_m", 0.0, 5000000.0),
    "22": ("target_width_m", 0.0, 10000.0),
    "23": ("frame_center_lat_deg", -90.0, 90.0),
    "24": ("frame_center_lon_deg", -180.0, 180.0),
    "25": ("frame_center_elev_m", -900.0, 19000.0),
    "26": ("corner_lat_offset_p1_deg", -0.075, 0.075),
    "33": ("corner_lon_offset_p4_deg", -0.075, 0.075),
    "35": ("wind_direction_deg", 0.0, 360.0),
    "40": ("target_location_lat_deg", -90.0, 90.0),
    "41": ("target_location_lon_deg", -180.0, 180.0),
    "42": ("target_location_elev_m", -900.0, 19000.0),
    "45": ("target_error_ce90_m", 0.0, 4095.0),
    "46": ("target_error_le90_m", 0.0, 4095.0),
    "51": ("platform_vertical_speed", -180.0, 180.0),
    "57": ("ground_range_m", 0.0, 5000000.0),
    "64": ("platform_magnetic_heading_deg", 0.0, 360.0),
    "75": ("sensor_ellipsoid_height_m", -900.0, 19000.0),
    "78": ("frame_center_ellipsoid_height_m", -900.0, 19000.0),
    "79": ("sensor_north_velocity", -327.0, 327.0),
    "80": ("sensor_east_velocity", -327.0, 327.0),
    "82": ("corner_lat_p1_deg", -90.0, 90.0),
    "89": ("corner_lon_p4_deg", -180.0, 180.0),
    "90": ("platform_pitch_full_deg", -90.0, 90.0),
    "91": ("platform_roll_full_deg", -90.0, 90.0),
    "96": ("target_width_extended_m", 0.0, 1500000.0),
    "104": ("sensor_ellipsoid_height_extended_m", -900.0, 40000.0),
    "112": ("platform_course_angle_deg", 0.0, 360.0),
    "113": ("altitude_agl_m", -900.0, 40000.0),
    "134": ("zoom_percentage", 0.0, 100.0),
}
# Whole numbers in the standard.
WHOLE = {"56": ("platform_ground_speed", 0, 255), "136": ("leap_seconds", -40, 40), "137": ("correction_offset_us", -(2**40), 2**40)}

passed = failed = 0


def check(name, ok, detail=""):
    """Counts one check, and says what disagreed."""
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {name}: {detail}")


def ours(stream):
    """What our decoder makes of a transport stream file."""
    lines = subprocess.run([DECODER, str(stream), "--format", "jsonl"], capture_output=True, text=True, check=False)
    if lines.returncode not in (0, 1):
        raise SystemExit(f"our decoder did not run: {lines.stderr}")
    return [json.loads(line) for line in lines.stdout.splitlines()]


def theirs(bytes_):
    """The referee's events of a transport stream."""
    demuxer = mpegts.Demuxer()
    demuxer.feed(bytes_)
    demuxer.flush()
    events = []
    while (event := demuxer.next_event()) is not None:
        events.append(event)
    return events


def agree(name, line, packet):
    """Compares every numeric item of one packet, and its time stamp."""
    check(f"{name}: time stamp", line.get("timestamp_us") == packet.timestamp_us, line)
    for tag, (field, *_) in {**ITEMS, **WHOLE}.items():
        mine, other = line["items"].get(tag), getattr(packet, field)
        same = mine is None if other is None else mine is not None and abs(mine - other) <= TOLERANCE
        check(f"{name}: item {tag}", same, f"{mine} {other}")


def street():
    """The street's stream: the referee reads the same packets, finds them compliant, and sees the pictures."""
    stream = VECTORS / "street.ts"
    events = theirs(stream.read_bytes())
    packets = [event for event in events if isinstance(event, mpegts.DemuxEvent.Klv | mpegts.DemuxEvent.Metadata)]
    pictures = [event for event in events if isinstance(event, mpegts.DemuxEvent.Video)]
    lines = ours(stream)
    check("street: packets", len(lines) == len(packets) == 2, f"{len(lines)} {len(packets)}")
    check("street: pictures", len(pictures) == 2, len(pictures))
    odd = [event for event in events if isinstance(event, mpegts.DemuxEvent.NonConformant | mpegts.DemuxEvent.Discontinuity)]
    check("street: nothing odd", not odd, odd)
    for index, (line, packet, picture) in enumerate(zip(lines, packets, pictures)):
        decoded = klv.decode_uas_datalink(bytes(packet.payload), compliance=True)
        check(f"street {index}: compliant", not decoded.field_errors, decoded.field_errors)
        agree(f"street {index}", line, decoded)
        check(f"street {index}: same time", line["pts"] == packet.pts.raw == picture.pts.raw, line["pts"])
        check(f"street {index}: key frame", picture.random_access_indicator, picture)
        security = klv.decode_security(bytes(decoded.security_local_set))
        check(f"street {index}: security", "unclassified" in str(security).lower(), security)


def vectors():
    """The golden packets: refused by both, or read alike by both."""
    for case in json.loads((VECTORS / "klv.json").read_text()):
        name, packet, outcome = case["name"], bytes.fromhex(case["packet"]), case["outcome"]
        try:
            decoded = klv.decode_uas_datalink(packet, strict=True)
        except Exception:  # The referee refuses by several types; that it refuses is what counts.
            decoded = None
        check(f"{name}: refused alike", ("refused" in outcome) == (decoded is None), outcome)
        if decoded is None or "refused" in outcome:
            continue
        line = {"timestamp_us": outcome["timestamp_us"], "items": outcome["values"]}
        agree(name, line, decoded)


def sent_by_referee(synchronous):
    """Random packets encoded and multiplexed by the referee, in one of the two carriages."""
    kind = mpegts.KlvStreamType.SYNCHRONOUS_METADATA if synchronous else mpegts.KlvStreamType.PRIVATE_DATA
    programme = mpegts.MuxerProgramConfigBuilder(1, 0x1000)
    programme = programme.add_video(0x100, mpegts.VideoCodec.H264).add_klv(0x101, kind, carries_pts=True)
    muxer = mpegts.Muxer(mpegts.MuxerConfig.builder().add_program(programme.build()).build())
    generator, packets, out = random.Random(601 + synchronous), [], bytearray()
    for index in range(40):
        fields = {field: generator.uniform(low, high) for field, low, high in ITEMS.values() if generator.random() < 0.8}
        fields |= {field: generator.randint(low, high) for field, low, high in WHOLE.values() if generator.random() < 0.8}
        record = klv.UasDatalinkLs(timestamp_us=1_750_000_000_000_000 + index, uas_ls_version=19, **fields)
        packet = klv.encode_uas_datalink(record)
        packets.append(packet)
        muxer.push_klv(packet, pts=mpegts.Pts90khz.from_ms(1000 + 500 * index))
        buffer = bytearray(188 * 64)
        while (count := muxer.pull(buffer)) > 0:
            out += buffer[:count]
    name = "synchronous" if synchronous else "asynchronous"
    with tempfile.TemporaryDirectory() as folder:
        stream = Path(folder) / "referee.ts"
        stream.write_bytes(out)
        lines = ours(stream)
    check(f"{name}: packets", len(lines) == len(packets), f"{len(lines)} {len(packets)}")
    for index, (line, packet) in enumerate(zip(lines, packets)):
        check(f"{name} {index}: carriage", line["carriage"] == name, line["carriage"])
        check(f"{name} {index}: time", line["pts"] == 90 * (1000 + 500 * index), line["pts"])
        if "refused" in line:
            check(f"{name} {index}: whole", False, line)
            continue
        agree(f"{name} {index}", line, klv.decode_uas_datalink(packet))


subprocess.run(["cargo", "build", "--quiet", "--bin", "peel-klv"], cwd=ROOT, check=True)
street()
vectors()
sent_by_referee(synchronous=False)
sent_by_referee(synchronous=True)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
