"""Officers' signatures over the decisions of an opened record, by pycose.

What the record says is read with cbor2 alone: the shift's certificate (COSE_Sign1 by the force's root key) names the
officer's key, and each signed decision must be a COSE_Sign1 by that key over the digest of exactly this decision, its
moment and its certificate.
"""

import base64
import hashlib
import json
import pathlib
import tomllib
import uuid

import cbor2
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pycose.headers import Algorithm
from pycose.keys import EC2Key, OKPKey
from pycose.messages import Sign1Message

from cases import listed


def sign1(data, key, context):
    """The message, with what its signature is to be checked by."""
    message = Sign1Message.from_cose_obj(listed(cbor2.loads(data)), False)
    message.key, message.external_aad = key, context
    return message


def officer_key(spki):
    point = load_der_public_key(spki).public_numbers()
    return EC2Key(crv="P_256", x=point.x.to_bytes(32, "big"), y=point.y.to_bytes(32, "big"))


class Log:
    """One phone's log: the certificate of the shift that is on, and what was decided under it."""

    def __init__(self, tally, origin, root):
        self.tally, self.origin, self.root = tally, origin, root
        self.enrolment = uuid.UUID(origin.rsplit("/", 1)[1]).bytes
        self.claims, self.certificate, self.signed, self.unsigned = None, None, 0, 0

    def take(self, index, body):
        where = f"{self.origin[-8:]}, entry {index}"
        action = body["action"]
        if "shift_started" in action and action["shift_started"].get("certificate"):
            certificate = sign1(bytes(action["shift_started"]["certificate"]), self.root, b"peel/v1/shift")
            self.tally.check(f"{where}: the force's certificate", certificate.verify_signature())
            self.claims = cbor2.loads(certificate.payload)
            self.certificate = hashlib.sha256(bytes(action["shift_started"]["certificate"])).digest()
            self.tally.check(f"{where}: of this phone", self.claims["enrolment_id"] == self.enrolment)
        elif "decided" in action:
            self.decided(where, body, action["decided"])

    def decided(self, where, body, decided):
        if decided["officer_signature"] is None:
            self.unsigned += 1
            return
        self.signed += 1
        officer = body["actor"]["officer"]
        self.tally.check(f"{where}: who decided is who signed in", self.claims and self.claims["officer_id"] == officer)
        context = b"peel/v2/decision"
        message = sign1(bytes(decided["officer_signature"]), officer_key(self.claims["k_officer_spki"]), context)
        self.tally.check(f"{where}: signature", message.verify_signature())
        self.tally.check(f"{where}: algorithm", message.phdr[Algorithm].fullname == "ES256" and not message.uhdr)
        digest = self.digest(body, decided["decision"], decided["note"])
        self.tally.check(f"{where}: over this decision", message.payload == digest)
        other = self.digest(body, decided["decision"], "another note")
        later = {**body, "at": {**body["at"], "utc_ms": body["at"]["utc_ms"] + 1}}
        self.tally.check(f"{where}: at no other time", message.payload != self.digest(later, decided["decision"], decided["note"]))
        self.tally.check(f"{where}: over no other", message.payload != other)
        message.payload = other
        self.tally.check(f"{where}: another digest does not verify", not message.verify_signature())
        message.payload, message.external_aad = digest, b"peel/v1/shift"
        self.tally.check(f"{where}: not in another context", not message.verify_signature())

    def digest(self, body, decision, note):
        at = body["at"]
        moment = [at["utc_ms"], at["monotonic_ns"], bytes(at["boot_id"])]
        statement = [self.enrolment, body["alert_id"], decision, note, moment, self.certificate]
        return hashlib.sha256(cbor2.dumps(statement)).digest()


def judge(tally, origin, leaves, key, root, open_entry):
    log = Log(tally, origin, OKPKey(crv="ED25519", x=root))
    for index, leaf in enumerate(leaves):
        if cbor2.loads(leaf)[7] != 0:
            log.take(index, cbor2.loads(open_entry(leaf, origin, key)[2]))
    return log


def drawn(tally, folder, open_entry):
    """The record that was drawn for this run."""
    case = json.loads((pathlib.Path(folder) / "record.json").read_text())
    key, root = bytes.fromhex(case["auditor_key"]), bytes.fromhex(case["root_key"])
    leaves = [bytes.fromhex(entry) for entry in case["entries"]]
    log = judge(tally, case["origin"], leaves, key, root, open_entry)
    tally.check("drawn record: decisions", (log.signed, log.unsigned) == (case["signed"], case["unsigned"]))


def entries_of(folder):
    for bundle in sorted((folder / "tile" / "entries").rglob("*")):
        data = bundle.read_bytes() if bundle.is_file() else b""
        while data:
            length = int.from_bytes(data[:2], "big")
            yield data[2 : 2 + length]
            data = data[2 + length :]


def demo(tally, folder, open_entry):
    """The record that `cargo demo` left, whose phones were real ones but for their hardware."""
    trust = tomllib.loads((folder / "trust.toml").read_text())
    key = bytes.fromhex((folder / "auditor.key").read_text().strip().removeprefix("x25519-private:"))
    root = base64.b64decode(trust["root"].split("+", 2)[2])[1:]
    signed = 0
    for origin in (log["key"].split("+")[0] for log in trust["log"]):
        if "/device/" in origin:
            leaves = entries_of(folder / "bundle" / "logs" / origin.rsplit("/", 1)[1])
            signed += judge(tally, origin, leaves, key, root, open_entry).signed
    tally.check("demo: decisions were signed", signed > 0)
