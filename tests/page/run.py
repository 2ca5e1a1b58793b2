"""The auditor's page in headless Chromium, from a file, with no network: good and bad receipts and bundles.

Takes the page, a folder with what to check (see `tests/page/README.md`) and a folder for pictures. Only the standard
library: WebDriver is JSON over HTTP on loopback. Closes with `N passed, N failed`.
"""

import base64
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

PAGE, GIVEN, PICTURES = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]
passed, failed = 0, 0


def expect(what, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {detail}")


class Browser:
    def __init__(self, profile, film=None):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={self.port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.session = ""
        until = time.monotonic() + 60
        while True:
            try:
                self.call("GET", "/status")
                break
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        switches = [*SWITCHES, f"--user-data-dir={profile}", "--window-size=412,1800"]
        if film:
            camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
            switches += [*camera, f"--use-file-for-fake-video-capture={film}"]
        options = {"args": switches}
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
        self.session = "/session/" + self.call("POST", "/session", wanted)["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{self.session}{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.loads(reply.read())["value"]

    def open(self):
        self.call("POST", "/url", {"url": PAGE.as_uri()})

    def find(self, css):
        return self.call("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def give(self, css, path):
        self.call("POST", f"/element/{self.find(css)}/value", {"text": str(path)})

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def result(self):
        """The result's kind and text, once there is one."""
        until = time.monotonic() + 90
        while time.monotonic() < until:
            kind, text = self.run("const r = document.getElementById('result'); return [r.className, r.innerText]")
            if kind in ("good", "bad", "open"):
                return kind, text
            time.sleep(0.05)
        return "none", ""

    def picture(self, name):
        image = base64.b64decode(self.call("GET", f"/element/{self.find('main')}/screenshot"))
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / name).write_bytes(image)

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(30)


def check(browser, css, path, kind, words, picture=None):
    browser.open()
    browser.give("#trust", GIVEN / "trust.toml")
    browser.give(css, path)
    found, text = browser.result()
    expect(f"{path.name} is {kind}", found == kind and words in text, f"but {found}: {text[:300]}")
    if picture:
        browser.picture(picture)


def changed(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def checks(browser, scratch):
    # A receipt: as bytes, as text, as a photograph, as the force's answer; and one bit of it.
    check(browser, "#receipt-file", GIVEN / "code.bin", "good", "on the phone's record", "page_receipt.png")
    check(browser, "#receipt-file", GIVEN / "code.txt", "good", "High Street")
    check(browser, "#receipt-file", GIVEN / "record.json", "good", "The force has it on record")
    check(browser, "#receipt-file", GIVEN / "photograph.png", "good", "High Street")
    for at in (10, 200, 600):
        bad = scratch / f"bad_{at}.bin"
        shutil.copy(GIVEN / "code.bin", bad)
        changed(bad, at)
        check(browser, "#receipt-file", bad, "bad", "does not prove", "page_bad_receipt.png" if at == 10 else None)
        if at == 10:
            check(browser, "#receipt-file", bad, "bad", "is not the one the phone recorded")
    other = scratch / "other.txt"
    other.write_text("reference: 7Q2K9ZC4M1")
    check(browser, "#receipt-file", other, "open", "this is not a receipt code")
    # A bundle, and one bit of it.
    check(browser, "#bundle", GIVEN / "bundle", "good", "this record holds", "page_bundle.png")
    bad = scratch / "bundle"
    shutil.copytree(GIVEN / "bundle", bad)
    changed(bad / "logs/e1/tile/entries/000", 4000)
    check(browser, "#bundle", bad, "bad", "was changed or is not whole")
    # The same as one ZIP file that another program made, in a folder beside other things; and what is none.
    for name, folder, kind, words in [
        ("good.zip", GIVEN / "bundle", "good", "this record holds"),
        ("bad.zip", bad, "bad", "was changed or is not whole"),
    ]:
        with zipfile.ZipFile(scratch / name, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("a letter.txt", "no part of it")
            for path in sorted(folder.rglob("*")):
                packed.write(path, "record" / path.relative_to(folder))
        check(browser, "#zip", scratch / name, kind, words)
    check(browser, "#receipt-file", scratch / "good.zip", "good", "this record holds")
    cut = scratch / "cut.zip"
    cut.write_bytes((scratch / "good.zip").read_bytes()[:-30])
    check(browser, "#zip", cut, "open", "this ZIP file cannot be read")
    # Typed in, with the keyboard alone.
    browser.open()
    browser.give("#trust", GIVEN / "trust.toml")
    browser.call("POST", f"/element/{browser.find('#receipt-text')}/value", {"text": (GIVEN / "code.txt").read_text().strip()})
    browser.call("POST", f"/element/{browser.find('#receipt-check')}/value", {"text": "\ue007"})
    kind, text = browser.result()
    expect("a pasted text is proved by keyboard", kind == "good", text[:300])
    focused = browser.run("return document.activeElement.id")
    expect("the result has the focus", focused == "result", focused)
    # Without a trust file nothing is called good.
    browser.open()
    browser.give("#receipt-file", GIVEN / "code.bin")
    kind, text = browser.result()
    expect("no trust file, no proof", kind == "open" and "trust file first" in text, text)


def scan(browser):
    browser.open()
    browser.give("#trust", GIVEN / "trust.toml")
    # A press like a person's: a browser asks for the camera only then.
    browser.call("POST", f"/element/{browser.find('#scan')}/click", {})


def cameras(browser, scratch):
    """The camera that sees a code after a while, one that sees none, and none at all."""
    is_off = "return document.getElementById('camera').srcObject === null && document.getElementById('camera').hidden"
    seeing = Browser(scratch / "seeing", GIVEN / "camera.y4m")
    try:
        scan(seeing)
        kind, text = seeing.result()
        expect("a code before the camera is proved", kind == "good" and "High Street" in text, f"but {kind}: {text[:300]}")
        expect("the camera is off once a code was read", seeing.run(is_off))
    finally:
        seeing.close()
    waiting = Browser(scratch / "waiting", GIVEN / "nothing.y4m")
    try:
        scan(waiting)
        until = time.monotonic() + 30
        while waiting.run(is_off) and time.monotonic() < until:
            time.sleep(0.05)
        expect("the camera is on until it sees a code", not waiting.run(is_off))
        time.sleep(1)
        expect("no code is no answer", waiting.run("return document.getElementById('result').hidden"))
        waiting.call("POST", f"/element/{waiting.find('#scan')}/click", {})
        expect("the camera stops when it is told to", waiting.run(is_off))
    finally:
        waiting.close()
    scan(browser)
    kind, text = browser.result()
    expect("without a camera the page says what to do", kind == "open" and "Take a picture" in text, f"but {kind}: {text}")


def offline(browser):
    """Nothing was asked of any network, and the page may not ask."""
    loaded = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    outside = [name for name in loaded if not name.startswith(("blob:", "data:"))]
    expect("the page loads nothing", outside == [], str(outside))
    script = """const done = arguments[arguments.length - 1];
        let blocked = 0;
        document.addEventListener('securitypolicyviolation', () => { blocked += 1; });
        fetch('http://127.0.0.1:9/').catch(() => setTimeout(() => done(blocked), 50));"""
    blocked = browser.call("POST", "/execute/async", {"script": script, "args": []})
    expect("the page's policy forbids asking", blocked >= 1, str(blocked))
    script = """const s = document.createElement('script'); s.textContent = 'window.injected = 1';
        document.body.append(s); return window.injected === undefined"""
    expect("no other script runs in the page", browser.run(script))


def accessible(browser):
    browser.open()
    script = """return [...document.querySelectorAll('input, textarea, button')].filter((control) =>
        !(control.labels && control.labels.length) && !control.textContent.trim()).map((control) => control.id)"""
    expect("every control has a name", browser.run(script) == [], str(browser.run(script)))
    width = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    expect("nothing is wider than a phone", width[0] <= width[1], str(width))
    live = browser.run("return document.getElementById('result').getAttribute('aria-live')")
    expect("the result is announced", live == "polite")


def main():
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        browser = Browser(scratch / "profile")
        try:
            checks(browser, scratch)
            offline(browser)
            accessible(browser)
            cameras(browser, scratch)
        finally:
            browser.close()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
