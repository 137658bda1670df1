"""`comporta[objects]`, and a server that speaks S3: what is put is there."""

import sys
from pathlib import Path

from comporta.store import open_store
from comporta.testing.s3 import running_s3

with running_s3() as (endpoint, _):
    config = {
        "aws_endpoint": endpoint,
        "aws_allow_http": "true",
        "aws_access_key_id": "me",
        "aws_secret_access_key": "secret",
        "aws_region": "here",
    }
    store = open_store("s3://bucket/prefix", Path(), config=config)
    store.put("artifacts/ab/abc", b"bytes")
    if store.get("artifacts/ab/abc") != b"bytes":
        sys.exit("found other bytes than were put")
