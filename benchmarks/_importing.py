"""What a fresh process takes to import, the floor of what starts processes."""

from __future__ import annotations

import subprocess
import sys
import time


def importing(*modules: str) -> float:
    """Seconds of one process that imports these and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {', '.join(modules)}"], check=True)
    return time.perf_counter() - began
