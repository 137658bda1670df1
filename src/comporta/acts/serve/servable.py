"""Whether a server may begin."""

from __future__ import annotations

from comporta.errors import NotFound
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.release import ROUTES


def require_servable(opened: OpenProject, *, await_release: bool = False) -> None:
    """Raises Forbidden where who acts may not serve; NotFound where nothing was released yet, unless the
    first release is awaited."""
    require_permission(opened, "model.serve")
    if not await_release and not opened.ledger.scan(ROUTES, limit=1):
        raise NotFound(
            "found nothing released, expected a version that serves. Release one: comporta release VERSION"
        )
