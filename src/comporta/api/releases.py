"""Releases by plan from Python: `comporta release VERSION --status`, `--pause` and the like, `releases`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from comporta.api.listing import Listing
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.opened.written_file import replacing
from comporta.report import ReleaseReport, release_markdown, release_page
from comporta.report.fragment import frame_page

if TYPE_CHECKING:
    from comporta.opened.project import OpenProject
    from comporta.records import Release

_COLUMNS = ("release", "step", "canary", "control", "about")


class PlannedRelease:
    """A release by plan, as it stood when it was asked for. report: its data. A notebook shows its page."""

    def __init__(self, report: ReleaseReport) -> None:
        self.report = report

    @property
    def sentence(self) -> str:
        """`promoted: non-inferior on both metrics`"""
        return sentence(self.report.sentence)

    @property
    def html(self) -> str:
        """The whole page, with pictures."""
        return release_page(self.report, sentence)

    def write(self, file: str | Path) -> Path:
        """The file, written whole: `.html` the page, `.md` Markdown. Raises BadProject."""
        target = Path(file)
        if target.suffix not in (".html", ".md"):
            raise BadProject(f"found {target.name!r}, expected a name ending in .html or .md.")
        drawn = release_page if target.suffix == ".html" else release_markdown
        with replacing(target) as out:
            out.write(drawn(self.report, sentence))
        return target

    def __repr__(self) -> str:
        return f"<release of {self.report.version}: {self.sentence}>"

    def _repr_html_(self) -> str:
        return frame_page(self.html)


def release_version(
    opens: Callable[..., AbstractContextManager[OpenProject]],
    version: str,
    at_once: bool,
    by: str,
    reason: str,
) -> Release | PlannedRelease:
    """Its release by its model's plan, begun; or, at once or where there is none, with all traffic. Raises
    NotFound, Forbidden, Refused."""
    from comporta.acts.release.release import release
    from comporta.acts.rollout.begin import begin_plan, has_plan

    with opens() as opened:
        if at_once or not has_plan(opened, version):
            return release(opened, version, by=by, reason=reason)
        begin_plan(opened, version, by=by, reason=reason)
    return ProjectReleases(opens).show(version)


class ProjectReleases:
    """Releases by plan. Its methods do what `comporta releases` and `comporta release VERSION --…` do.

    by: empty: the name you are logged in with.
    """

    def __init__(self, opens: Callable[..., AbstractContextManager[OpenProject]]) -> None:
        self._opens = opens

    def list(self, *, ended: bool = False, limit: int = 20) -> Listing[PlannedRelease]:
        """Those under way; ended: the newest of all, the newest first. Raises Forbidden."""
        from comporta.acts.rollout.release_report import release_reports

        with self._opens() as opened:
            found = release_reports(opened, every=ended, limit=limit)
        return Listing(map(PlannedRelease, found), title="releases", columns=_COLUMNS, row=_row)

    def show(self, version: str) -> PlannedRelease:
        """The newest of a version, with its evidence over time. Raises NotFound, Forbidden."""
        from comporta.acts.rollout.release_report import release_report

        with self._opens() as opened:
            return PlannedRelease(release_report(opened, version, full=True))

    def pause(self, version: str, *, by: str = "") -> PlannedRelease:
        """It stays as it is; harm and fuses still end it. Raises NotFound, Forbidden, Refused."""
        from comporta.acts.rollout.steering import pause

        with self._opens() as opened:
            pause(opened, version, by=by)
        return self.show(version)

    def resume(self, version: str, *, by: str = "") -> PlannedRelease:
        """It goes on. Raises NotFound, Forbidden, Refused."""
        from comporta.acts.rollout.steering import resume

        with self._opens() as opened:
            resume(opened, version, by=by)
        return self.show(version)

    def abort(self, version: str, *, by: str = "", reason: str = "") -> PlannedRelease:
        """It ends, and all traffic is the champion's again. Raises NotFound, Forbidden, Refused."""
        from comporta.acts.rollout.steering import abort

        with self._opens() as opened:
            abort(opened, version, by=by, reason=reason)
        return self.show(version)

    def promote(self, version: str, *, by: str = "", reason: str = "") -> PlannedRelease:
        """It ends with all traffic for the version, before outcomes decide. Raises NotFound, Forbidden,
        Refused."""
        from comporta.acts.rollout.steering import promote

        with self._opens() as opened:
            promote(opened, version, by=by, reason=reason)
        return self.show(version)


def _row(release: PlannedRelease) -> tuple[object, ...]:
    report = release.report
    step = f"{report.step}/{len(report.steps)}" if report.steps else ""
    canary, control = (each.units for each in report.arms)
    return report.version, step, canary, control, release.sentence
