"""The name of the positive class of a version that tells two apart."""

from __future__ import annotations

from comporta.errors import NotFound
from comporta.opened.project import OpenProject
from comporta.records import Signature, Version


def positive_class(opened: OpenProject, version: Version) -> str:
    """The second of its two classes; empty where there are not two, or its signature was deleted."""
    try:
        signature = opened.context.get_json(version.parts["signature"], Signature)
    except (KeyError, NotFound):
        return ""
    return signature.classes[1] if signature.task == "binary" else ""
