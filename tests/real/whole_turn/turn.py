"""One whole turn from the command line, a step after another; as a script, in a process of its own.

`python turn.py FOLDER PORT`: each command's exit code is told on a line of standard output.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from comporta.acts.serve.serving_log import PredictionLog
from comporta.cli import main
from comporta.jobs import JOBS
from comporta.opened.person_key import make_person_key, public_hex
from comporta.opened.project import open_project
from comporta.records import Feedback

HERE = Path(__file__).parent
CHECK = "roc_auc by doctor at least 0.999"
POINT = {  # RFC 7515, appendix A.3
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
WAIVED = ("--by", "Waiverina Staff", "--reason", "Reasonina Waived", "--until", "2100-01-01")

EXPORTED = ("--reveal", "--by", "Exportina Staff", "--reason", "Reasonina Exported")


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "project.py").read_text()
    assert old in text
    (folder / "project.py").write_text(text.replace(old, new))


def do(*words: str, code: int | tuple[int, ...] = 0) -> None:
    got = main(list(words))
    print(f"#{got} {' '.join(words)}", file=sys.__stdout__, flush=True)
    assert got in ((code,) if isinstance(code, int) else code), (words, got)


def turn(folder: Path, port: int) -> None:
    do("init", str(folder))
    (folder / "sample.py").unlink()
    (folder / "chosen").mkdir()
    shutil.copy(HERE / "project.py", folder / "project.py")
    do("check")
    do("run", code=3)
    do("gate", "again/1", "--level", "audit", code=3)
    do("waive", "again/1", CHECK, *WAIVED)
    do("approve", "again/1", "--by", "Approvina Staff", "--role", "owner", "--reason", "Reasonina Approved")
    do("release", "again/1", "--by", "Approvina Staff", "--reason", "Reasonina Released")
    edit(folder, '"depth": 3', '"depth": 2')
    do("run", code=3)
    do("waive", "again/2", CHECK, *WAIVED)
    do("release", "again/2", "--by", "Approvina Staff", "--reason", "Reasonina Released")
    served(folder, port)
    do("rollback", "again", "--by", "Waiverina Staff", "--reason", "Reasonina Rollback")
    (folder / "raises").touch()
    edit(folder, '"depth": 2', '"depth": 1')
    do("run", code=2)
    (folder / "raises").unlink()
    (folder / "broken").touch()
    do("run", code=2)
    (folder / "broken").unlink()
    jobs()
    do("people", "list")
    do("people", "forget", "approvina staff", "--by", "Erasurina Staff")
    for words in (
        ("runs",), ("models", "again/1", "--json"), ("data", "list"), ("data", "show", "visits"),
        ("data", "subjects", "visits"), ("data", "compact", "predictions.again"), ("store", "du"),
        ("data", "export", "visits@1", "chosen/visits.parquet", *EXPORTED),
        ("data", "export", "predictions.again", "chosen/log"),
        ("data", "export", "feedback", "chosen/labels.csv"),
        ("predict", "again/1", "--input", "visits", "--output", "chosen/answers.csv", *EXPORTED),
        ("trace", "again/1"), ("trace", "subject:zenobia.3@exemplo.pt", "--svg", "chosen/trace.svg"),
        ("fetch", "again/1", "chosen/model"), ("reproduce", "again/1"), ("store", "gc"),
    ):  # fmt: skip
        do(*words)
    do("report", "again/1", "-o", "chosen/report.html", "-o", "chosen/report.md", code=(0, 3))
    do("compare", "again/1", "again/2")
    do("audit", "export", "chosen/ledger.jsonl")
    text = (folder / "chosen/ledger.jsonl").read_text()
    events = [json.loads(json.loads(line)["body"]) for line in text.splitlines() if '"body": "' in line]
    (reason,) = {each["approval"]["reason"]["digest"] for each in events if "approval" in each}
    do("store", "remove", reason, "--reason", "erasure", "--by", "Erasurina Staff")
    do("request", "again/2", "--by", "Waiverina Staff", "--reason", "Reasonina Requested")
    do("audit", "verify")
    team(folder)


def jobs() -> None:
    """A run that is asked for as a job, with all that can be done with one, and carried out."""
    do("run", "--queue")
    with open_project() as opened:
        ((job, _),) = opened.ledger.scan(JOBS)
    for words in (("raise", job), ("cancel", job), ("retry", job)):
        do("job", *words)
    do("work", "--once")
    do("job", "show", job)


def team(folder: Path) -> None:
    """Roles, keys and a CI system's rule; from the first role on the door is closed to who has none."""
    by = ("--by", "Adminina Staff")
    do("people", "key")
    key = public_hex(make_person_key())
    jwks = {"kid": "k", "kty": "EC", "crv": "P-256", **POINT}
    (folder / "chosen/jwks.json").write_text(json.dumps({"keys": [jwks]}))
    do("people", "add", "Adminina Staff", "--role", "admin", *by)
    do("token", "add", "shop", *by)
    do("token", "revoke", "shop", *by)
    do("people", "add", "Newina Staff", "--role", "auditor", "--role", "viewer", "--key", key, *by)
    do("people", "deny", "Newina Staff", "data.read", *by)
    do("people", "list")
    do("data", "list", code=2)
    do("people", "revoke", "Newina Staff", "--role", "viewer", *by)
    do("people", "revoke", "Newina Staff", "--key", key[:8], *by)
    do(
        "people", "trust", "robot", "--issuer", "https://example.org", "--audience", "comporta",
        "--jwks", "chosen/jwks.json", "--claim", "repository=Jobina/churn", *by,
    )  # fmt: skip
    do("audit", "verify", code=2)
    os.environ["LOGNAME"] = "Adminina Staff"
    do("audit", "verify")


def served(folder: Path, port: int) -> None:
    """Requests with a key, a subject and a unit, and labels; then the server ends, and seals them. A label of
    words is as an earlier release took it."""
    command = [sys.executable, "-m", "comporta", "serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=folder)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{base}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        rows = [
            {
                "visit": f"Vizit-{n}", "mail": f"zenobia.{n}@exemplo.pt", "day": "2026-06-01T00:00:00Z",
                "ill": 0.5, "__key": f"Requestina-{n}", "__subject": f"zenobia.{n}@exemplo.pt",
                "__unit": f"Unitina-{n}",
            }
            for n in range(40)
        ]  # fmt: skip
        ids = post(f"{base}/models/again/invocations", {"dataframe_records": rows})["prediction_ids"]
        post(f"{base}/feedback", [{"id": id, "label": True} for id in ids[:30]])
    finally:
        server.terminate()
        server.wait(60)
    print(f"#{server.returncode} serve", file=sys.__stdout__, flush=True)
    told = [Feedback(id=id, label="Labelina Told", arrived=datetime.now(UTC)) for id in ids[:30]]
    with open_project(folder) as opened, PredictionLog(opened) as log:
        log.feedback(told)


def post(url: str, body: object) -> dict:
    asked = urllib.request.Request(
        url, json.dumps(body).encode(), {"content-type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


if __name__ == "__main__":
    turn(Path(sys.argv[1]), int(sys.argv[2]))
