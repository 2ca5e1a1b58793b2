"""An outside witness that this project did not write (aics-witness, C2SP tlog-witness) and the gateway, over loopback.

The witness is told the force log's key. `peel-gateway bundle` asks it; its line must stand on the bundle's checkpoint,
verify by aics-tlog and by Go's sumdb/note, and satisfy `peel-audit verify` with one witness of one. The log grows:
the witness checks the consistency proof. The log is rolled back and grows otherwise: the witness does not cosign.
Closes with "N passed, N failed". Everything ends after LIMIT_S at the latest.
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request

import aics_tlog

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from tally import Tally

ROOT = pathlib.Path(os.environ.get("PEEL_ROOT", pathlib.Path(__file__).resolve().parents[4]))
TARGET = pathlib.Path(os.environ.get("PEEL_TARGET", ROOT / "target")) / "debug"
LIMIT_S = 120
NAME = "witness.example/w1"
DEPLOYMENT = """
exercise = true
use_case = "crime_hotspot"
location_text = "High Street"
authority_ref = "AUTH-1"
planned_start_ms = 1700000000000
planned_end_ms = 1900000000000
algorithm = "vendor algorithm 1"
threshold_thousandths = 640
watchlist_size = 900
policy_version = 1

[[cameras]]
camera_id = "cam-1"
name = "Van, north"
kind = "van"
view_bearing_deg = 10
latitude_udeg = 51500000
longitude_udeg = -120000
"""


def run(program, *arguments, may_fail=False, cwd=None):
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, check=False)
    if done.returncode != 0 and not may_fail:
        sys.exit(f"{command[1]} ended with {done.returncode}: {done.stderr}")
    return done


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_witness(folder, origin, log_vkey):
    """Gives the process, its address and its verifier key."""
    program = pathlib.Path(sys.executable).parent / "aics-witness"
    config = folder / "witness.json"
    port = free_port()
    made = run(program, "init", "--config", config, "--name", NAME, "--listen", f"127.0.0.1:{port}")
    vkey = next(word for word in made.stdout.split() if word.startswith(NAME + "+"))
    run(program, "add-log", "--config", config, "--origin", origin, "--vkey", log_vkey)
    process = subprocess.Popen([program, "serve", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=2).close()
            return process, url, vkey
        except OSError:
            time.sleep(0.05)
    process.kill()
    sys.exit("the witness did not start")


class Force:
    def __init__(self, folder):
        self.folder, self.gateway, self.audit = folder, TARGET / "peel-gateway", TARGET / "peel-audit"
        for program in (self.gateway, self.audit):
            if not program.exists():
                sys.exit(f"{program.name} is not built: cargo build --workspace")
        self.data = folder / "data"
        places = ["--desk", folder / "desk", "--auditor-key-out", folder / "auditor", "--vendor", folder / "vendor"]
        run(self.gateway, "init", "--data", self.data, "--force", "force.example", "--exercise", *places)
        (folder / "deployment.toml").write_text(DEPLOYMENT)
        self.grow()

    def grow(self):
        run(self.gateway, "deployment", "create", "--data", self.data, self.folder / "deployment.toml")

    def config(self):
        return tomllib.loads((self.data / "force.toml").read_text())

    def name_witness(self, url, vkey):
        path = self.data / "force.toml"
        text = path.read_text().replace("witnesses_required = 0", "witnesses_required = 1")
        path.write_text(text + f'\n[[witnesses]]\nurl = "{url}"\nvkey = "{vkey}"\n')

    def bundle(self):
        """Gives the force log's checkpoint, and what the command said."""
        done = run(self.gateway, "bundle", "--data", self.data, "--out", self.folder / "bundle")
        return (self.folder / "bundle/logs/log/checkpoint").read_text(), done.stderr

    def verdict(self):
        done = run(self.audit, "verify", self.folder / "bundle", "--trust", self.folder / "trust.toml", may_fail=True)
        return done.returncode, done.stdout + done.stderr


def cosigned(checkpoint, vkey):
    """Whether aics-tlog finds the witness's own cosignature on the checkpoint, and it verifies."""
    note = aics_tlog.parse_note(checkpoint)
    parsed = aics_tlog.parse_checkpoint(note.text)
    key = aics_tlog.parse_vkey(vkey)
    lines = [line for line in note.signatures if (line.name, line.key_id) == (key.name, key.key_id)]
    return len(lines) == 1 and aics_tlog.verify_cosignature(
        lines[0].signature, key.name, key.public_key, parsed.origin, parsed.size, parsed.root, parsed.extension_lines
    )


def go_verifies(folder, vkey):
    """Whether Go's sumdb/note finds the witness's cosignature on the bundle's force log, and it verifies."""
    checkpoint = folder / "bundle/logs/log/checkpoint"
    return run("go", "run", "./witness", checkpoint, vkey, may_fail=True, cwd=ROOT / "tests/referee/go")


def story(folder, tally, started):
    force = Force(folder)
    config = force.config()
    process, url, vkey = start_witness(folder, "force.example/peel/log", config["force_log_vkey"])
    started.append(process)
    force.name_witness(url, vkey)

    first, said = force.bundle()
    tally.check("the witness cosigns the force log, and aics-tlog verifies it", cosigned(first, vkey))
    log_key = aics_tlog.parse_vkey(config["force_log_vkey"])
    tally.check("aics-tlog verifies the log's own line", aics_tlog.verify_note(aics_tlog.parse_note(first), [log_key]))
    code, report = force.verdict()
    tally.check(f"the auditor finds one witness of one: {report}", code == 0 and "cosignatures by outside" in report)
    if shutil.which("go"):
        done = run("go", "run", ".", folder / "bundle", folder / "trust.toml", may_fail=True, cwd=ROOT / "tests/referee/go")
        tally.check(f"Go's sumdb/note and tlog agree: {done.stderr}", done.returncode == 0)
        done = go_verifies(folder, vkey)
        tally.check(f"Go's sumdb/note verifies the witness's line: {done.stderr}", done.returncode == 0 and "cosigned" in done.stdout)

    shutil.copytree(force.data, folder / "backup")
    force.grow()
    second, said = force.bundle()
    tally.check("the log grew and the witness took the consistency proof", second != first and cosigned(second, vkey))
    force.grow()
    third, said = force.bundle()
    tally.check("and once more", cosigned(third, vkey))

    # An administrator goes back to an old copy and writes another history.
    shutil.rmtree(force.data)
    shutil.copytree(folder / "backup", force.data)
    force.grow()
    forked, said = force.bundle()
    tally.check("the witness does not cosign a history that forgets", not cosigned(forked, vkey))
    if shutil.which("go"):
        tally.check("nor does Go find a line of it there", go_verifies(folder, vkey).returncode == 1)
    code, report = force.verdict()
    tally.check("the auditor misses the witness", code != 0)
    for _ in range(2):
        force.grow()
    longer, said = force.bundle()
    tally.check("nor one that forgets and is longer than what it knows", not cosigned(longer, vkey))


def main():
    signal.alarm(LIMIT_S)
    tally, started = Tally(), []
    with tempfile.TemporaryDirectory() as folder:
        try:
            story(pathlib.Path(folder), tally, started)
        finally:
            for process in started:
                process.kill()
                process.wait(timeout=10)
    sys.exit(tally.close())


if __name__ == "__main__":
    main()
