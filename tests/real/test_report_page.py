"""The report's page in a real browser: everything is drawn, nothing runs over its edge."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from tests.unit.test_report import FULL

from comporta.acts.build.run import run
from comporta.acts.judge.report import report
from comporta.acts.release.release import release
from comporta.checks.pool import drawings_of
from comporta.cli.init import make
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence
from comporta.report import Report, page

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
LOOK = """<script>
const seen = {wide: document.documentElement.scrollWidth - innerWidth, drawn: [], cut: [], upon: [], by: {}};
for (const figure of document.querySelectorAll("figure")) {
  if (figure.closest("details")) continue;
  const box = figure.getBoundingClientRect();
  const marks = [...figure.querySelectorAll("circle, rect, polyline")];
  seen.drawn.push([box.width, box.height, marks.length]);
  const what = figure.closest("article").querySelector("h3").innerText.split("\\n")[0];
  (seen.by[what] ??= []).push(figure.querySelector("figcaption").textContent);
  for (const part of figure.querySelectorAll("span, b, i, p, svg, circle, rect, line")) {
    const at = part.getBoundingClientRect();
    if (at.left < box.left - 1 || at.right > box.right + 1) seen.cut.push(part.outerHTML);
  }
  for (const row of figure.querySelectorAll(".mark")) {
    const [name, svg, number] = [...row.children].map(each => each.getBoundingClientRect());
    const over = (a, b) => a.right > b.left + 1 && b.right > a.left + 1 && a.bottom > b.top + 3 && b.bottom > a.top + 3;
    if (over(name, svg) || over(svg, number) || over(name, number)) seen.upon.push(row.innerText);
  }
}
seen.small = [...document.querySelectorAll("figure *")].filter(each => parseFloat(getComputedStyle(each).fontSize) < 11).length;
seen.colour = getComputedStyle(document.querySelector("h1 span")).backgroundColor;
document.body.setAttribute("data-seen", JSON.stringify(seen));
</script>"""  # noqa: E501
GATES = """from comporta.checks import backtest, calibrated, demographic_parity, importance_change
from comporta.checks import weak_slices

GATES = (
    at_least("roc_auc", 0.65, by="plan"),
    weak_slices(),
    calibrated(),
    backtest("roc_auc", at_least=0.65, windows=4),
    demographic_parity(by="plan", at_most=0.1),
    importance_change(),
)

leaving = Model("""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), MAC if Path(MAC).exists() else None)
    if found is None:
        message = "no browser found: install chromium, as `make test` does where it may"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return found


@pytest.fixture(scope="module")
def challenger(tmp_path_factory) -> Report:
    """Of a version that looks at the plan alone, after one that looked at everything was released."""
    root = tmp_path_factory.mktemp("report")
    make(root, "churn")
    sample, file = root / "sample.py", root / "project.py"
    sample.write_text(sample.read_text().replace("CUSTOMERS = 2_000", "CUSTOMERS = 600"))
    text = file.read_text().replace("leaving = Model(", GATES)
    start, end = text.index("    gates=(at_least"), text.index("project = Project(")
    text = f"{text[:start]}    gates=GATES,\n)\n\n{text[end:]}"
    for fit in ("remainder=numbers", 'remainder="drop"'):
        file.write_text(text.replace("remainder=numbers", fit))
        with open_project(root, works=True) as opened:
            made = run(opened).versions[0]
            if made.number == 1:
                release(opened, made.id)
            else:
                return report(opened, made.id)
    raise AssertionError("the second project made no second version")


def looked(browser: str, text: str, folder: Path, width: int) -> dict:
    file = folder / "report.html"
    file.write_text(text.replace("</body>", f"{LOOK}</body>"), encoding="utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},2400",
        f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    said = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert said is not None, done.stderr
    return json.loads(unescape(said[1]))


def sound(seen: dict) -> None:
    assert seen["wide"] <= 0, "the page is wider than its window"
    assert all(wide > 200 and high > 20 and marks for wide, high, marks in seen["drawn"])
    assert (seen["cut"], seen["upon"], seen["small"]) == ([], [], 0)


@pytest.mark.parametrize("width", [1280, 400])
def test_whatever_was_said_all_is_drawn_and_nothing_is_cut_off(browser, tmp_path, width):
    seen = looked(browser, page(FULL), tmp_path, width)
    sound(seen)
    assert len(seen["drawn"]) == page(FULL).count("<figure")
    assert seen["colour"] == "rgb(194, 54, 43)"


@pytest.mark.parametrize("width", [1280, 400])
def test_what_was_measured_of_a_real_project_is_drawn_each_with_a_caption(
    browser, challenger, tmp_path, width
):
    seen = looked(browser, page(challenger, drawings_of, sentence), tmp_path, width)
    sound(seen)
    captions = {
        "roc_auc by plan at least 0.65": ["roc_auc, with 95 % intervals."],
        "weak slices: loss at most 1.2 times that of the constant baseline": ["Mean loss of these rows"],
        "calibration error at most 0.15, bias at most 0.1": ["Dashed: it comes as often as it is said."],
        "backtest: roc_auc at least 0.65 in each of 4 windows": ["roc_auc, with 95 % intervals."],
        "demographic parity by plan within 0.1": ["Selection rate difference", "The selection rate of each"],
        "feature importance: at most 50 % moved": ["Share of all importance", "Each feature's share of all"],
    }
    assert seen["by"].keys() == captions.keys()
    for check, begins in captions.items():
        drawn = seen["by"][check]
        assert len(drawn) == len(begins), check
        assert all(caption.startswith(begin) for caption, begin in zip(drawn, begins, strict=True)), drawn
