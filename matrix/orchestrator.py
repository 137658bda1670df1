"""The example of one orchestrator from docs/how-to/orchestrators.md, run by that orchestrator itself.

    python matrix/orchestrator.py airflow|dagster|prefect|files

Run by the interpreter of an environment that has Comporta and the orchestrator. The project is that of
`comporta init` with a schedule of each minute, so that a tick is due whenever this is run. Prints nothing
where all of it works: the tick that the orchestrator told gave one job, which is done; told again, the same.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "orchestrators.md"
TITLES = {"dagster": "Dagster", "prefect": "Prefect"}
SCHEDULE = """
from msgspec.structs import replace

from comporta import Schedule

project = replace(project, schedules=(Schedule("nightly", "* * * * *"),))
"""


def example(title: str) -> str:
    """The block of code below this title."""
    found = re.search(rf"^## {title}\n+```\w+\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    return found[1] if found else sys.exit(f"{PAGE.name}: found no example of {title}")


def comporta(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["comporta", *words, "--project", folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"comporta {' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def jobs(folder: Path) -> list[dict[str, Any]]:
    return [each["job"] for each in json.loads(comporta(folder, "jobs", "--json"))["ended"]]


def run_airflow(folder: Path) -> None:
    """By its own command, which reads the file from the folder of DAGs."""
    (folder / "dags").mkdir()
    text = example("Airflow").replace("/srv/airport", str(folder / "airport"))
    text = text.replace("data_interval_end.isoformat()", "logical_date.isoformat()")
    (folder / "dags" / "train.py").write_text(text)
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(folder / "dags")
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    for words in (("db", "migrate"), ("dags", "reserialize"), ("dags", "test", "train", now)):
        done = subprocess.run(["airflow", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"airflow {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def run_dagster(code: dict[str, Any]) -> None:
    import dagster as dg

    context = dg.build_schedule_context(scheduled_execution_time=datetime.now(UTC))
    request = code["nightly"](context)
    if not code["train"].execute_in_process(run_config=request.run_config).success:
        sys.exit("the job of Dagster failed")


def run_prefect(code: dict[str, Any]) -> None:
    code["train"]()


def run_files(folder: Path) -> None:
    """The commands that GitHub and Kubernetes would begin, in the project's folder."""
    import yaml

    steps = yaml.safe_load(example("GitHub Actions"))["jobs"]["train"]["steps"]
    container = yaml.safe_load(example("Kubernetes"))["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    commands = [each["run"].split() for each in steps if "comporta tick" in each.get("run", "")]
    for command in [*commands, container["containers"][0]["command"]]:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def main(name: str) -> None:
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "airport"
        subprocess.run(["comporta", "init", str(folder)], check=True, capture_output=True)
        with (folder / "project.py").open("a") as file:
            file.write(SCHEDULE)
        homes = {"AIRFLOW_HOME": "airflow", "DAGSTER_HOME": "dagster", "PREFECT_HOME": "prefect"}
        for variable, home in homes.items():
            (Path(made) / home).mkdir()
            os.environ[variable] = str(Path(made) / home)
        os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
        os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "300"
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "false"
        if name == "files":
            run_files(folder)
        elif name == "airflow":
            run_airflow(Path(made))
        else:
            file = Path(made) / "example.py"
            text = example(TITLES[name]).replace("/srv/airport", str(folder))
            file.write_text(text)
            code: dict[str, Any] = {"__name__": "example", "__file__": str(file)}
            exec(compile(text, str(file), "exec", dont_inherit=True), code)
            {"dagster": run_dagster, "prefect": run_prefect}[name](code)
        found = jobs(folder)
        if not found or any(each["state"] != "done" or not each["request"]["tick"] for each in found):
            sys.exit(f"found the jobs {found}, expected those of the ticks, done")
        at = found[0]["request"]["tick"]["at"]
        told = json.loads(comporta(folder, "tick", "nightly", "--at", at, "--json"))
        if told["ticks"][0]["job"]["id"] != found[0]["id"] or len(jobs(folder)) != len(found):
            sys.exit(f"told again, found {told}, expected the earlier job")


if __name__ == "__main__":
    main(sys.argv[1])
