"""What the killed servers of test_log_kills run: a project's server, as `comporta serve` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

from comporta.acts.serve.sealing import SEAL_SECONDS
from comporta.acts.serve.serving import serve
from comporta.opened.project import open_project

if __name__ == "__main__":
    folder, port, flags = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    every = 0.2 if "seals" in flags else SEAL_SECONDS
    with open_project(folder) as opened:
        serve(opened, port=port, durable="durable" in flags, every=every)
