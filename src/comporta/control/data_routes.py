"""Datasets, the columns that models read, and what could not be sealed."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import Parameter

from comporta.control.guard import ACTION
from comporta.control.read_routes import HttpRequest, Limit, Number, perform

_READS, _WRITES = {ACTION: "data.read"}, {ACTION: "data.write"}


@get("/datasets", opt=_READS, sync_to_thread=True, summary="The datasets and their newest versions")
def list_datasets(request: HttpRequest) -> Response[bytes]:
    """As `comporta data list --json`."""
    from comporta.acts.data.datasets import newest_versions

    return perform(request, newest_versions)


@get("/datasets/{dataset:str}", opt=_READS, sync_to_thread=True, summary="One dataset and its columns")
def show_dataset(request: HttpRequest, dataset: str, version: Number | None = None) -> Response[bytes]:
    """As `comporta data show NAME --json`."""
    from comporta.acts.data.datasets import dataset_view

    def look(opened: Any) -> Any:
        view = dataset_view(opened, dataset, version)
        manifest = view.manifest
        which = {"version": manifest.id, "at": manifest.at}
        return {"description": view.description, "shape": manifest.shape, **which}

    return perform(request, look)


@get(
    "/datasets/{dataset:str}/versions",
    opt=_READS,
    sync_to_thread=True,
    summary="The versions of a dataset",
)
def list_dataset_versions(request: HttpRequest, dataset: str, limit: Limit = 20) -> Response[bytes]:
    """Number, digest, rows and time of each, the newest last."""
    from comporta.acts.data.datasets import versions_of

    def look(opened: Any) -> Any:
        return [
            {"number": each.number, "id": each.id, "rows": each.rows, "at": each.at}
            for each in versions_of(opened, dataset, limit)
        ]

    return perform(request, look)


@get(
    "/datasets/{dataset:str}/diff",
    opt=_READS,
    sync_to_thread=True,
    summary="What differs between two versions of a dataset",
)
def compare_dataset_versions(request: HttpRequest, dataset: str, old: Number, new: Number) -> Response[bytes]:
    """As `comporta data diff NAME OLD NEW --json`, without samples of rows."""
    from comporta.acts.data.datasets import difference_of

    return perform(request, lambda opened: difference_of(opened, dataset, old, new, samples=0))


@get(
    "/datasets/{dataset:str}/subjects",
    opt=_READS,
    sync_to_thread=True,
    summary="How many subjects a dataset has, and how many spellings may be one",
)
def count_subjects(request: HttpRequest, dataset: str) -> Response[bytes]:
    """As `comporta data subjects NAME --json`; pairs themselves, which are personal, are not shown here."""
    from comporta.acts.data.datasets import subjects_of

    return perform(request, lambda opened: subjects_of(opened, dataset))


@post(
    "/datasets/{dataset:str}/accept",
    opt=_WRITES,
    sync_to_thread=True,
    status_code=200,
    summary="Accept the columns that a source has now",
)
def accept_source_columns(request: HttpRequest, dataset: str) -> Response[bytes]:
    """As `comporta data accept NAME --json`."""
    from comporta.acts.data.accept import accept

    return perform(request, lambda opened: accept(opened, dataset))


@get("/rejected", opt=_READS, sync_to_thread=True, summary="Predictions and labels that could not be sealed")
def list_rejected(request: HttpRequest) -> Response[bytes]:
    """As `comporta data rejected --json`."""
    from comporta.acts.data.rejected import rejected_rows

    return perform(request, rejected_rows)


@post(
    "/rejected/retry",
    opt=_WRITES,
    sync_to_thread=True,
    status_code=200,
    summary="Have rejected rows tried again with the next seal",
)
def retry_rejected_rows(request: HttpRequest) -> Response[bytes]:
    """As `comporta data rejected --retry`: how many objects of rows are tried again."""
    from comporta.acts.data.rejected import retry_rejected

    return perform(request, lambda opened: {"retried": retry_rejected(opened)})


@get("/features", opt=_READS, sync_to_thread=True, summary="The columns that models read, and their origin")
def list_features(request: HttpRequest) -> Response[bytes]:
    """As `comporta features list --json`."""
    from comporta.acts.data.feature_uses import feature_uses

    return perform(request, feature_uses)


@get("/features/{name:str}", opt=_READS, sync_to_thread=True, summary="The models that use a column")
def show_feature(
    request: HttpRequest, name: Annotated[str, Parameter(max_length=500, description="A column or a model.")]
) -> Response[bytes]:
    """As `comporta features show COLUMN|MODEL --json`."""
    from comporta.acts.data.feature_uses import feature_uses

    return perform(request, lambda opened: feature_uses(opened, name))


DATA_ROUTES = (
    list_datasets, show_dataset, list_dataset_versions, compare_dataset_versions, count_subjects,
    accept_source_columns, list_rejected, retry_rejected_rows, list_features, show_feature,
)  # fmt: skip
