"""The cases that `peel-seeds cases` draws anew on every run, judged by pymerkle, pycose, cbor2 and aics-tlog."""

import base64
import hashlib
import json
import pathlib
from collections.abc import Mapping

import aics_tlog
import cbor2
from aics_tlog.checkpoint import checkpoint_from_note
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pycose.headers import KID, Algorithm
from pycose.keys import EC2Key, OKPKey
from pycose.messages import Sign1Message, SignMessage

# What aics-tlog takes and we do not, and why; everything else must be judged alike.
TAKEN_BY_AICS_ALONE = {
    "an unknown key's line twice": "lines of unknown keys may repeat there; with us a note has one form",
    "thirty-two unknown lines": "our limit is 32 lines",
    "a hundred unknown lines": "our limit is 32 lines",
    "longer than a million bytes": "our limit is a million bytes",
    "no newline at the end": "taken there; with us a note has one form",
    "an unknown line of four bytes": "taken there; with us a line has at least one byte of signature",
}


def leaf(index):
    return index.to_bytes(4, "big")


def unhex(texts):
    return [bytes.fromhex(text) for text in texts]


def proofs(tally, folder):
    tree = aics_tlog.MerkleTree([leaf(index) for index in range(5_000)])
    for case in json.loads((folder / "proofs.json").read_text()):
        size, index, old = case["size"], case["index"], case["old"]
        root, old_root = bytes.fromhex(case["root"]), bytes.fromhex(case["old_root"])
        inclusion, consistency = unhex(case["inclusion"]), unhex(case["consistency"])
        where = f"size {size}, index {index}, old {old}"
        tally.check(f"{where}: inclusion", aics_tlog.verify_leaf_inclusion(leaf(index), index, size, inclusion, root))
        tally.check(f"{where}: consistency", aics_tlog.verify_consistency(old, size, old_root, root, consistency))
        other = bytes([root[0] ^ 1]) + root[1:]
        tally.check(f"{where}: another root", not aics_tlog.verify_leaf_inclusion(leaf(index), index, size, inclusion, other))
        tally.check(f"{where}: another new root", old == size or not aics_tlog.verify_consistency(old, size, old_root, other, consistency))
        if size <= len(tree):
            tally.check(f"{where}: same root", tree.root(size) == root)
            tally.check(f"{where}: same inclusion proof", tree.inclusion_proof(index, size) == inclusion)
            tally.check(f"{where}: same consistency proof", tree.consistency_proof(old, size) == consistency)


def notes(tally, folder):
    every = json.loads((folder / "notes.json").read_text())
    key = aics_tlog.parse_vkey(every["key"])
    for case in every["notes"]:
        try:
            theirs = aics_tlog.verify_note(aics_tlog.parse_note(base64.b64decode(case["note"])), [key])
        except Exception:  # whatever is raised, the note was refused
            theirs = False
        known = case["what"] in TAKEN_BY_AICS_ALONE
        alike = theirs == (case["accepted"] or known)
        tally.check(f"note with {case['what']}: we {case['accepted']}, aics-tlog {theirs}", alike)


def tiles(tally, folder, merkle):
    for size in (0, 1, 255, 256, 257, 511, 512, 513, 65_537):
        log = folder / "tiles" / str(size)
        key = aics_tlog.parse_vkey((log / "vkey").read_text())
        checkpoint, note = checkpoint_from_note((log / "checkpoint").read_bytes())
        tally.check(f"tiles of {size}: checkpoint", aics_tlog.verify_checkpoint(note, key).ok and checkpoint.size == size)
        reader = aics_tlog.FileSystemTileReader(log)
        tally.check(f"tiles of {size}: root", aics_tlog.tree_root_from_tiles(reader, size) == checkpoint.root)
        tally.check(f"tiles of {size}: another library's root", merkle(leaf(i) for i in range(size)).get_root(size) == checkpoint.root)
        for index in {0, 255, 256, size // 2, size - 1} & set(range(size)):
            proof = aics_tlog.inclusion_proof_from_tiles(reader, index, size)
            entry = aics_tlog.read_entry(reader, index, size)
            sound = entry == leaf(index) and aics_tlog.verify_leaf_inclusion(entry, index, size, proof, checkpoint.root)
            tally.check(f"tiles of {size}: entry {index}", sound)


def cosignature(tally, folder):
    case = json.loads((folder / "cosignature.json").read_text())
    log, gateway = aics_tlog.parse_vkey(case["log"]), aics_tlog.parse_vkey(case["gateway"])
    note = aics_tlog.parse_note(case["note"])

    def accepted(text):
        try:
            return aics_tlog.verify_checkpoint(aics_tlog.parse_note(text), log, [gateway], 1).ok
        except Exception:  # whatever is raised, the checkpoint was refused
            return False

    checkpoint = aics_tlog.parse_checkpoint(note.text)
    tally.check("cosignature: size and root", checkpoint.size == case["size"] and checkpoint.root.hex() == case["root"])
    tally.check("cosignature: the log's line and the gateway's", accepted(case["note"]))
    lines = case["note"].split("\n")
    tally.check("cosignature: three lines", len(lines) == 8)
    tally.check("cosignature: not without the gateway's line", not accepted("\n".join(lines[:6] + [""])))
    tally.check("cosignature: not without the log's line", not accepted("\n".join(lines[:4] + lines[5:])))
    stamped = bytearray(base64.b64decode(lines[6].split(" ")[2]))
    stamped[11] ^= 1  # the last byte of the time
    moved = lines[6].rsplit(" ", 1)[0] + " " + base64.b64encode(stamped).decode()
    tally.check("cosignature: not at another time", not accepted("\n".join(lines[:6] + [moved, ""])))


def cose(tally, folder):
    case = json.loads((folder / "cose.json").read_text())
    signers = unhex(case["policy_signers"])
    policy = cbor2.loads(bytes.fromhex(case["policy"]))
    tally.check("policy: tag of COSE_Sign", policy.tag == 98)
    message = SignMessage.from_cose_obj(listed(policy.value), False)
    tally.check("policy: payload", message.payload.hex() == case["policy_payload"])
    tally.check("policy: canonical payload", cbor2.dumps(cbor2.loads(message.payload), canonical=True) == message.payload)
    tally.check("policy: two signatures", len(message.signers) == 2)
    tally.check("policy: bare outer headers", not message.phdr and not message.uhdr)
    for place, signature in enumerate(message.signers):
        spki = next(spki for spki in signers if key_id(spki) == signature.phdr[KID])
        point = load_der_public_key(spki).public_numbers()
        assert isinstance(point.curve, ec.SECP256R1)
        signature.key = EC2Key(crv="P_256", x=point.x.to_bytes(32, "big"), y=point.y.to_bytes(32, "big"))
        signature.external_aad = bytes.fromhex(case["policy_context"])
        tally.check(f"policy: algorithm {place}", signature.phdr[Algorithm].fullname == "ES256" and not signature.uhdr)
        tally.check(f"policy: signature {place}", signature.verify_signature())
        signature.external_aad = b"peel/v1/other"
        tally.check(f"policy: signature {place}, other context", not signature.verify_signature())
    certificate = cbor2.loads(bytes.fromhex(case["certificate"]))
    message = Sign1Message.from_cose_obj(listed(certificate), False)
    message.key = OKPKey(crv="ED25519", x=bytes.fromhex(case["certificate_key"]))
    message.external_aad = bytes.fromhex(case["certificate_context"])
    tally.check("certificate: signature", message.verify_signature())
    claims = cbor2.loads(message.payload)
    tally.check("certificate: officer", claims["officer_id"] == case["officer"])
    tally.check("certificate: canonical payload", cbor2.dumps(claims, canonical=True) == message.payload)
    message.external_aad = b"peel/v1/policy"
    tally.check("certificate: not in another context", not message.verify_signature())


def listed(value):
    """Lists and plain maps: newer cbor2 gives other kinds within a tag, which pycose's own decoder does not know."""
    if isinstance(value, (list, tuple)):
        return [listed(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def key_id(spki):
    return hashlib.sha256(spki).digest()[:8]


def judge(tally, folder, merkle, entries):
    """Judges every case; `merkle` and `entries` are the other checks' own."""
    folder = pathlib.Path(folder)
    proofs(tally, folder)
    notes(tally, folder)
    tiles(tally, folder, merkle)
    cosignature(tally, folder)
    cose(tally, folder)
    entries(tally, folder / "entries.json")
