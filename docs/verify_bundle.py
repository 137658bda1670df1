"""Verifies a file of `comporta audit export` with nothing of Comporta: verify_bundle.py FILE [KEY [SEQ:LINK]]
KEY: the project's comporta.pub, or its 64 hex digits. SEQ:LINK: a head as kept from an earlier day."""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def parts(*each):
    return b"".join(b"%d:%b" % (len(part), part) for part in each)


def sha(*each):
    return hashlib.sha256(parts(*each)).hexdigest()


def require(right, wrong):
    right or sys.exit(wrong)


sys.excepthook = lambda kind, error, _: print(f"not verified: {kind.__name__} {error}", file=sys.stderr)
file, key, kept = (*sys.argv[1:], "", "")[:3]
first, *lines = map(json.loads, Path(file).read_text().split("\n")[:-1])
key = Path(key).read_text().split("-----")[2] if key.endswith(".pub") else key or first["key"]
raw = bytes.fromhex(key) if len(key) == 64 else base64.b64decode(key)[-32:]
project, seq, link, at, signed, links = first["project"], first["after"], first["prev"], 0, 0, {}
for line in lines:
    if "head" in line:
        require((line["head"], line["link"]) == (seq, link), f"event {seq} is not what was signed")
        told = parts(b"comporta head 2", project.encode(), b"%d" % seq, link.encode())
        Ed25519PublicKey.from_public_bytes(raw).verify(bytes.fromhex(line["signature"]), told)  # raises
        signed = seq
        continue
    seq, leaf = seq + 1, line.get("leaf")  # withheld or removed: only its place in the chain is shown
    require(line["seq"] == seq, f"event {seq} is missing")
    if leaf is None:
        header = json.loads(line["header"])
        require((header["project"], header["seq"]) == (project, seq), f"event {seq} is from elsewhere")
        require(header["at"] >= at, f"event {seq} is older than the one before it")
        salt, at, told = bytes.fromhex(line["salt"]), header["at"], line["header"].encode()
        leaf = sha(b"comporta event 2", salt, told, line["body"].encode())
    link = links[seq] = sha(b"comporta link 2", link.encode(), leaf.encode())
require(signed == seq, f"event {seq}, the last one, is under no signed head")
require(not kept or links.get(int(kept.split(":")[0])) == kept.split(":")[1], f"{kept} is not in it")
print(f"OK, head {seq}:{link}")
