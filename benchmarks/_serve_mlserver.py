"""MLServer with a LightGBM model, in an environment of its own, as its documentation sets it up."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

# Its pool of workers does not start with newer ones.
PACKAGES = ("mlserver", "mlserver-lightgbm", "uvloop<0.22")


def make_environment(folder: Path) -> str:
    """Why there is none; or nothing, and it lies in the folder."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        return "found no uv"
    for words in (
        ("venv", "--quiet", "--python", sys.executable, str(folder)),
        ("pip", "install", "--quiet", "--python", str(folder / "bin/python"), *PACKAGES),
    ):
        done = subprocess.run([uv, *words], capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["uv failed"])[-1]
    return ""


def start_mlserver(
    environment: Path, folder: Path, name: str, ports: tuple[int, int, int]
) -> subprocess.Popen[bytes]:
    """folder: with `model.bst`, a booster of LightGBM's. ports: of HTTP, gRPC and metrics."""
    http, grpc, metrics = ports
    settings = {
        "host": "127.0.0.1",
        "http_port": http,
        "grpc_port": grpc,
        "metrics_port": metrics,
        "debug": False,
    }
    model = {
        "name": name,
        "implementation": "mlserver_lightgbm.LightGBMModel",
        "parameters": {"uri": "./model.bst", "version": "1"},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))
    return subprocess.Popen(
        [str(environment / "bin/mlserver"), "start", str(folder)],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
