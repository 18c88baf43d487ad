"""An analysis as flat tables."""

from __future__ import annotations

from types import ModuleType

import pyarrow as pa
import pytest

from captools.model.addresses import to_text
from captools.model.analysis import Analysis
from captools.views import sql_tables as module
from captools.views.frame import packets_table
from captools.views.sql_tables import CONCLUDED


def sql_tables(analysis: Analysis) -> dict[str, pa.Table]:
    return {"packets": packets_table(analysis.packets)} | {name: make(analysis) for name, make in CONCLUDED.items()}


@pytest.fixture(scope="module")
def tables(sample: ModuleType) -> dict[str, pa.Table]:
    return sql_tables(sample.s8())


def test_all_conclusions_are_there(tables: dict[str, pa.Table]) -> None:
    assert list(tables) == ["packets", "requests", "findings", "paths", "hops", "points"]


def test_packets_are_readable_and_their_time_is_a_timestamp(tables: dict[str, pa.Table], sample: ModuleType) -> None:
    analysis = sample.s8()
    assert tables["packets"]["time"].cast(pa.int64()).to_pylist() == analysis.packets["ts_ns"].to_pylist()
    told = [one or "" for one in tables["packets"]["src"].to_pylist()]
    assert told == [to_text(one) for one in analysis.packets["src"].to_pylist()]


def test_there_is_a_row_for_each_thing_and_hops_name_their_path(
    tables: dict[str, pa.Table], sample: ModuleType
) -> None:
    analysis = sample.s8()
    for name in ("requests", "findings", "paths"):
        assert tables[name].num_rows == len(getattr(analysis, name)) > 0
    assert tables["hops"].num_rows == sum(len(path.hops) for path in analysis.paths)
    assert set(tables["hops"]["path"].to_pylist()) <= set(tables["paths"]["path"].to_pylist())


def test_a_request_is_flat(tables: dict[str, pa.Table], sample: ModuleType) -> None:
    request, row = sample.s8().requests[0], tables["requests"].to_pylist()[0]
    assert (row["method"], row["path"], row["status"]) == (request.method, request.path, request.status)
    assert row["proxy_node"] == (request.proxy.node if request.proxy else None)
    assert row["backend_pod"] == (request.backend.pod if request.backend else None)
    assert [one["frames"] for one in row["evidence"]] == [list(one.frames) for one in request.evidence]


def test_an_empty_analysis_gives_empty_tables_of_the_same_columns(sample: ModuleType) -> None:
    from dataclasses import replace

    analysis = sample.s8()
    empty = sql_tables(replace(analysis, packets=analysis.packets.slice(0, 0), http=analysis.http.slice(0, 0),
                               requests=(), findings=(), paths=(), sources=()))  # fmt: skip
    assert {table.num_rows for table in empty.values()} == {0}
    assert empty["hops"].schema == module.HOPS and empty["requests"].schema == module.REQUESTS
