"""A second opinion on the ledger, by pyhpke, cbor2, cryptography, pymerkle, pycose, aics-tlog and the openssl command.

Opens the sealed entries of tests/vectors/ledger, checks that each is canonical CBOR, that the key commitment and the
padding are as written, that roots and field 6 are those of another Merkle tree, and that the hardware line verifies.
Then judges the cases that were drawn for this run (cases.py), and officers' signatures over decisions in a record drawn
for this run (decisions.py). Given a folder that `cargo demo` left, it judges the decisions in that alone.
Closes with "N passed, N failed".
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import cases
import cbor2
import decisions
import pyhpke
import pymerkle
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from tally import Tally

ROOT = pathlib.Path(os.environ.get("PEEL_ROOT", pathlib.Path(__file__).resolve().parents[4]))
VECTORS = ROOT / "tests" / "vectors" / "ledger"
SUITES = {
    1: (pyhpke.KEMId.DHKEM_X25519_HKDF_SHA256, pyhpke.AEADId.CHACHA20_POLY1305, ChaCha20Poly1305),
    2: (pyhpke.KEMId.DHKEM_P256_HKDF_SHA256, pyhpke.AEADId.AES256_GCM, AESGCM),
}


def canonical(entry):
    return cbor2.dumps(entry, canonical=True)


def unpad(padded):
    assert len(padded) % 256 == 0
    body = padded.rstrip(b"\0")
    assert body.endswith(b"\x80") and len(padded) == (len(body) + 255) // 256 * 256
    return body[:-1]


def open_entry(data, origin, private_key):
    """Opens an entry by what the format's description says alone."""
    entry = cbor2.loads(data)
    assert canonical(entry) == data
    kem, aead, cipher = SUITES[entry[7]]
    suite = pyhpke.CipherSuite.new(kem, pyhpke.KDFId.HKDF_SHA256, aead)
    secret = suite.kem.deserialize_private_key(private_key)
    public = public_bytes(entry[7], private_key)
    kid = hashlib.sha256(public).digest()[:8]
    assert [item[0] for item in entry[8]] == sorted({item[0] for item in entry[8]})
    enc, wrapped = next((enc, wrapped) for known, enc, wrapped in entry[8] if known == kid)
    associated = canonical({key: entry[key] for key in (1, 2, 3, 4, 5, 6, 7, 10)})
    context = suite.create_recipient_context(enc, secret, info=b"peel/v1/cek" + origin.encode())
    content_key = context.open(wrapped, aad=associated)
    commitment = hmac.digest(content_key, b"peel/v1/key-commitment", "sha256")
    assert commitment == entry[10]
    return entry, associated, unpad(cipher(content_key).decrypt(bytes(12), entry[9], associated))


def public_bytes(suite, private_key):
    from cryptography.hazmat.primitives.asymmetric import ec, x25519
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if suite == 1:
        return x25519.X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
    key = ec.derive_private_key(int.from_bytes(private_key, "big"), ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def attempt(function, *arguments):
    try:
        return function(*arguments)
    except Exception:  # whatever is raised, the entry did not open
        return None


def entries(tally, path=VECTORS / "entries.json"):
    for number, vector in enumerate(json.loads(path.read_text())):
        data = bytes.fromhex(vector["entry"])
        for private, public in zip(vector["private_keys"], vector["public_keys"]):
            tally.check(f"entry {number}: public key", public_bytes(vector["suite"], bytes.fromhex(private)).hex() == public)
            opened = attempt(open_entry, data, vector["origin"], bytes.fromhex(private))
            tally.check(f"entry {number}: opens", opened is not None)
            if opened:
                tally.check(f"entry {number}: associated data", opened[1].hex() == vector["associated_data"])
                tally.check(f"entry {number}: body", opened[2].hex() == vector["body"])
        elsewhere = vector["origin"] + "x"
        tally.check(f"entry {number}: not under another origin", attempt(open_entry, data, elsewhere, bytes.fromhex(private)) is None)


def merkle(leaves):
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        tree.append_entry(leaf)
    return tree


def tree(tally):
    vectors = json.loads((VECTORS / "tree.json").read_text())
    other = merkle(bytes.fromhex(leaf) for leaf in vectors["leaves"])
    for size, root in enumerate(vectors["roots"]):
        tally.check(f"root of {size} leaves", other.get_root(size).hex() == root)


def bundle(tally):
    key = bytes.fromhex((VECTORS / "auditor.key").read_text().strip().removeprefix("x25519-private:"))
    folder = VECTORS / "bundle" / "logs" / "e1"
    origin, size, root = (folder / "checkpoint").read_text().split("\n")[:3]
    leaves = []
    for tile in ("000", "001.p/" + str(int(size) - 256)):
        data = (folder / "tile" / "entries" / tile).read_bytes()
        while data:
            length = int.from_bytes(data[:2], "big")
            leaves.append(data[2 : 2 + length])
            data = data[2 + length :]
    other = merkle(leaves)
    tally.check("bundle: entries", len(leaves) == int(size))
    tally.check("bundle: root", other.get_root(int(size)) == base64.b64decode(root))
    for index, leaf in enumerate(leaves):
        opened = attempt(open_entry, leaf, origin, key)
        sound = opened is not None and opened[0][2] == index and opened[0][6] == other.get_root(index)
        tally.check(f"bundle: entry {index}", sound and opened[2] == f"body {index}".encode())


def hardware(tally):
    folder = VECTORS / "hardware"

    def verifies(text):
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch) / "text"
            path.write_bytes(text)
            command = ["openssl", "dgst", "-sha256", "-verify", folder / "key.pem", "-signature", folder / "signature.der", path]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0

    text = (folder / "text").read_bytes()
    tally.check("openssl: hardware line", verifies(text))
    tally.check("openssl: not over another text", not verifies(text + b"x"))
    line = (folder / "note").read_text().rstrip("\n").split("\n")[-1]
    signature = base64.b64decode(line.split(" ")[2])
    tally.check("hardware line: signature", signature[4:] == (folder / "signature.der").read_bytes())
    pem = (folder / "key.pem").read_text().strip().split("\n")[1:-1]
    tally.check("hardware line: key id", signature[:4] == hashlib.sha256(base64.b64decode("".join(pem))).digest()[:4])


def of_this_run(tally):
    for part in (entries, tree, bundle, hardware):
        part(tally)
    drawn = os.environ.get("PEEL_CASES")
    if drawn:
        cases.judge(tally, drawn, merkle, entries)
        decisions.drawn(tally, drawn, open_entry)
    else:
        print("not run: no cases (cargo verify --only referees makes them)")


def main():
    tally = Tally()
    if sys.argv[1:]:
        decisions.demo(tally, pathlib.Path(sys.argv[1]), open_entry)
    else:
        of_this_run(tally)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
