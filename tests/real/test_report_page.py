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

from comporta.report import page

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
LOOK = """<script>
const seen = {wide: document.documentElement.scrollWidth - innerWidth, svgs: [], cut: []};
for (const svg of document.querySelectorAll("svg")) {
  const box = svg.getBoundingClientRect();
  seen.svgs.push([box.width, box.height]);
  for (const text of svg.querySelectorAll("text")) {
    const at = text.getBoundingClientRect();
    if (at.left < box.left - 1 || at.right > box.right + 1) seen.cut.push(text.textContent);
  }
}
seen.colour = getComputedStyle(document.querySelector("h1 span")).backgroundColor;
document.body.setAttribute("data-seen", JSON.stringify(seen));
</script>"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), MAC if Path(MAC).exists() else None)
    if found is None:
        message = "no browser found: install chromium, as `make test` does where it may"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return found


@pytest.mark.parametrize("width", [1280, 390])
def test_all_is_drawn_and_nothing_is_cut_off(browser, tmp_path, width):
    file = tmp_path / "report.html"
    file.write_text(page(FULL).replace("</body>", f"{LOOK}</body>"), encoding="utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},2400",
        f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    said = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert said is not None, done.stderr
    seen = json.loads(unescape(said[1]))
    assert seen["wide"] <= 0, "the page is wider than its window"
    assert len(seen["svgs"]) == page(FULL).count("<svg")
    assert all(wide > 200 and high > 40 for wide, high in seen["svgs"])
    assert seen["cut"] == []
    assert seen["colour"] == "rgb(194, 54, 43)"
