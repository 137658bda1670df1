"""Files that start `comporta up` elsewhere: a systemd unit, and one for Docker Compose."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Literal

import comporta
from comporta.acts.up.part import SERVER_GRACE, UpOptions
from comporta.errors import BadProject

_STOP_SECONDS = round(SERVER_GRACE) + 30
_PLAIN = re.compile(r"[A-Za-z0-9_./:@=-]+")


def unit_file(kind: Literal["systemd", "compose"], file: Path, options: UpOptions) -> str:
    """The text of the file. Raises BadProject on a path that such a file cannot name."""
    if any(ord(letter) < 32 for letter in str(file)):
        raise BadProject(
            f"{file}: found a control character in the path, which no unit file can hold. Rename it."
        )
    return _systemd(file, options) if kind == "systemd" else _compose(file, options)


def up_words(options: UpOptions) -> list[str]:
    """The words behind `comporta up` that ask for these options; what is usual is left out."""
    words = []
    for name, usual in ((name, getattr(UpOptions(), name)) for name in UpOptions.__struct_fields__):
        value, option = getattr(options, name), f"--{name.replace('_', '-')}"
        if value == usual:
            continue
        if name == "control":
            words.append("--no-control")
        elif value is True:
            words.append(option)
        else:
            words += [option, str(value)]
    return words


def _systemd(file: Path, options: UpOptions) -> str:
    command = [sys.executable, "-P", "-m", "comporta", "up", "--project", str(file), *up_words(options)]
    return f"""\
# /etc/systemd/system/comporta.service, or ~/.config/systemd/user/comporta.service
[Unit]
Description=Comporta: {_escape(file.parent.name)}
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart={" ".join(map(_quote, command))}
WorkingDirectory={_escape(str(file.parent))}
# The supervisor alone is told to end: it tells its parts, which finish what was begun.
KillMode=mixed
TimeoutStopSec={_STOP_SECONDS}
Restart=on-failure
RestartSec=2
# A mistake that it explains, such as a port in use, is not tried again.
RestartPreventExitStatus=2
NoNewPrivileges=yes
UMask=0077

[Install]
WantedBy=default.target
"""


def _escape(text: str) -> str:
    return text.replace("%", "%%")


def _quote(word: str) -> str:
    """A word of `ExecStart`: `%` and `$` mean themselves."""
    word = _escape(word).replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _compose(file: Path, options: UpOptions) -> str:
    from msgspec.structs import replace

    if options.tls_cert or options.tls_key:
        raise BadProject(
            "--print compose: found a certificate, which lies outside of the container. Let the proxy before "
            "it "
            "end TLS, or add the files to what is printed without --tls-cert."
        )
    # Inside, every address is the container's own; which of them others reach is said by `ports`.
    inside = replace(options, host="0.0.0.0", control_host="0.0.0.0")
    command = ["comporta", "up", "--project", f"/project/{file.name}", *up_words(inside)]
    ports = [_port_mapping(options.host, options.port)]
    if options.control:
        ports.append(_port_mapping(options.control_host, options.control_port))
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    extra = "[control]" if options.control else ""
    health = (
        f"import urllib.request as r; r.urlopen('http://127.0.0.1:{options.port}/v2/health/live', timeout=5)"
    )
    return f"""\
# compose.yaml: docker compose up --detach --build
services:
  comporta:
    build:
      context: .
      dockerfile_inline: |
        FROM python:{python}-slim
        RUN apt-get update && apt-get install --yes --no-install-recommends git libgomp1 \\
            && rm -rf /var/lib/apt/lists/*
        RUN pip install --no-cache-dir "comporta{extra}=={comporta.__version__}"
    # What else the project imports: add it to the line above.
    command: {_flow(command)}
    working_dir: /project
    volumes:
      - type: bind
        source: {_yaml(str(file.parent))}
        target: /project
    ports: {_flow(ports)}
    init: true
    restart: on-failure
    stop_grace_period: {_STOP_SECONDS}s
    healthcheck:
      test: {_flow(["CMD", "python", "-c", health])}
      interval: 10s
      timeout: 6s
      start_period: 60s
"""


def _port_mapping(host: str, port: int) -> str:
    where = "127.0.0.1" if host == "localhost" else f"[{host}]" if ":" in host else host
    return f"{where}:{port}:{port}"


def _flow(words: list[str]) -> str:
    return f"[{', '.join(map(_yaml, words))}]"


def _yaml(word: str) -> str:
    """A text in double quotes, as YAML has it; Compose puts nothing in place of `$`."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"'
