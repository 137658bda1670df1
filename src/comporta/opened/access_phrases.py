"""What each action is called in an error."""

from __future__ import annotations

from collections.abc import Mapping

from comporta.records.access import Action

PHRASES: Mapping[Action, str] = {
    "version.read": "read versions and runs",
    "data.read": "read data",
    "audit.read": "audit",
    "metrics.read": "read metrics",
    "data.write": "change data",
    "train.run": "run the project",
    "version.register": "register a version",
    "version.judge": "judge a version",
    "version.fetch": "fetch the files of a version",
    "verdict.waive": "waive a check",
    "release.request": "ask for a release",
    "release.approve": "approve a version",
    "release.execute": "release a version",
    "release.abort": "roll back",
    "model.serve": "serve",
    "model.predict": "ask for predictions",
    "label.write": "write labels",
    "policy.edit": "change the gates",
    "budget.set": "set a budget",
    "erase.request": "ask for an erasure",
    "erase.execute": "delete what was stored",
    "event.remove": "remove the body of an event",
    "store.sweep": "free bytes of the store",
    "role.grant": "grant roles or register keys",
    "token.issue": "issue tokens",
    "key.use": "use the project's key",
}
