"""Verifies a file of `comporta audit export` with nothing of Comporta: verify_bundle.py FILE [KEY [SEQ:LINK]]
KEY: the project's comporta.pub, or its 64 hex digits. SEQ:LINK: a head as kept from an earlier day."""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EVENT, LEAF, HEAD = ["seq", "header", "salt", "body"], ["seq", "leaf"], ["head", "link", "signature"]
FIRST = ["bundle", "format", "project", "key", "after", "prev"]
parts = lambda *each: b"".join(b"%d:%b" % (len(part), part) for part in each)  # noqa: E731
sha = lambda *each: hashlib.sha256(parts(*each)).hexdigest()  # noqa: E731
require = lambda right, wrong: right or sys.exit(f"not verified: {wrong}")  # noqa: E731
raw = lambda text: require((found := bytes.fromhex(text)).hex() == text, "no hex digits") and found  # noqa: E731
sys.excepthook = lambda kind, error, _: print(f"not verified: {kind.__name__} {error}", file=sys.stderr)
file, key, kept = (*sys.argv[1:], None, None)[:3]
text = Path(file).read_bytes().decode().split("\n")
first, *lines = map(json.loads, text[:-1])  # written as Python writes it: no name twice, no other line ends
require(text == [*map(json.dumps, (first, *lines)), ""], "a line is cut, or not as it was exported")
require(list(first) == FIRST and text[0][:41] == '{"bundle": "comporta chain", "format": 1,', "no bundle")
key = first["key"] if key is None else Path(key).read_text().split("-----")[2] if key[-4:] == ".pub" else key
key = bytes.fromhex(key) if len(key) == 64 else base64.b64decode(key)[-32:]
require(first["key"] == key.hex(), "it names another key, or is of another project")
project, seq, link, at, signed = first["project"], first["after"], first["prev"], 0, None
require(type(seq) is int and seq >= 0 and (seq > 0) == (link != ""), "its beginning is cut")
links = {seq: link} if seq else {}
for line in lines:
    if list(line) == HEAD:
        require((repr(line["head"]), line["link"]) == (str(seq), link), f"event {seq} is not what was signed")
        told = parts(b"comporta head 2", project.encode(), b"%d" % seq, link.encode())
        Ed25519PublicKey.from_public_bytes(key).verify(raw(line["signature"]), told)  # raises
        signed = seq
        continue
    seq, header, leaf = seq + 1, None, line.get("leaf")  # withheld or removed: only its place is shown
    require(repr(line["seq"]) == str(seq) and list(line) in (EVENT, LEAF), f"event {seq} is missing")
    if list(line) == EVENT:
        header, salt, told = json.loads(line["header"]), raw(line["salt"]), line["header"].encode()
        require((header["project"], header["seq"]) == (project, seq), f"event {seq} is from elsewhere")
        require(header["at"] >= at, f"event {seq} is older than the one before it")
        at, leaf = header["at"], sha(b"comporta event 2", salt, told, line["body"].encode())
    if seq - 1 == first["after"] > 0:  # what was before is in no bundle: only such an event stands for it
        begun = header and header["kind"] == "chain.continued" and json.loads(line["body"])["keyed"]
        require(begun == {"seq": seq - 1, "hash": link}, "its beginning is cut")
    link = links[seq] = sha(b"comporta link 2", link.encode(), leaf.encode())
require(signed == seq > first["after"], f"event {seq}, the last one, is under no signed head")
require(not kept or links.get(int(kept.split(":")[0])) == kept.split(":")[1], f"{kept} is not in it")
print(f"OK, head {seq}:{link}")
