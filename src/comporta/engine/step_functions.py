"""Where the function of each declared step is: a recipe names the id, and only this says which module."""

from __future__ import annotations

from collections.abc import Mapping

from comporta.errors import BadProject
from comporta.records import Record


class Steps(Record, frozen=True, kw_only=True):
    """functions: id → `module:function`, as it is today. former: a reference that an older recipe holds → the
    id of what it named. A project's own functions have no id: `path.py:function` stands for itself."""

    functions: Mapping[str, str] = {}
    former: Mapping[str, str] = {}

    def id(self, ref: str) -> str:
        """What a recipe calls it."""
        return self.former.get(ref, ref)

    def reference(self, ref: str) -> str:
        """The function's reference now. Raises BadProject on an id that nothing declares."""
        id = self.id(ref)
        if id in self.functions:
            return self.functions[id]
        if ":" not in id:
            raise BadProject(
                f"found the step {id!r}, which this Comporta does not have. Use the release that made it, "
                "or a newer one."
            )
        return id

    def references(self, run: str, uses: Mapping[str, str | tuple[str, ...]]) -> tuple[str, ...]:
        """Every function a recipe names, the step's first, then those it is handed, by argument."""
        ordered = [use for _, use in sorted(uses.items())]
        return (
            self.reference(run),
            *(self.reference(ref) for use in ordered for ref in ((use,) if isinstance(use, str) else use)),
        )

    def ids(self, uses: Mapping[str, str | tuple[str, ...]]) -> dict[str, str | tuple[str, ...]]:
        """The same uses, as a recipe calls them."""
        return {
            name: self.id(use) if isinstance(use, str) else tuple(map(self.id, use))
            for name, use in uses.items()
        }


NO_STEPS = Steps()
"""No declared step: every reference is a function of the project's."""
