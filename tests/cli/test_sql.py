"""captools sql."""

from __future__ import annotations

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from captures import case

SESSION = case("s8-ingress-dedicated-snat").folder


def test_requests_can_be_counted_by_who_answered_them(captools):
    text = "select backend_node, source_kind, count(*) as n from requests group by all order by all"
    rows = json.loads(captools("sql", SESSION, text, "--json").out)
    told = case("s8-ingress-dedicated-snat").truth["truth"]["requests"]
    assert rows["schema"] == 1 and sum(row["n"] for row in rows["rows"]) == len(told)
    # S8: a backend on another node is asked from the ingress address, one on the proxy's own node from the node's.
    assert {(row["backend_node"] == "k8s-w1", row["source_kind"]) for row in rows["rows"]} == {
        (True, "node"), (False, "ingress"),
    }  # fmt: skip


@pytest.mark.parametrize("table", ["packets", "http", "requests", "findings", "paths", "hops", "points"])
def test_every_table_can_be_printed_in_every_format(captools, table, tmp_path):
    text = f"select * from {table} limit 3"
    rows = json.loads(captools("sql", SESSION, text, "--json").out)["rows"]
    assert len(rows) == 3
    assert len(captools("sql", SESSION, text).out.splitlines()) == 4
    told = list(csv.DictReader(io.StringIO(captools("sql", SESSION, text, "--format", "csv").out)))
    assert [list(row) for row in told] == [list(row) for row in rows]
    assert captools("sql", SESSION, text, "--format", "parquet", "-o", tmp_path / "t").code == 0
    assert pq.read_table(tmp_path / "t").column_names == list(rows[0])


def test_a_wrong_query_is_one_sentence_and_exit_code_2(captools):
    done = captools("sql", SESSION, "select * from paket")
    assert (done.code, done.out) == (2, "") and len(done.err.splitlines()) == 1
    assert done.err.startswith("captools: query: Table with name paket does not exist") and "packets, http" in done.err


def test_a_query_that_changes_something_is_refused_before_the_session_is_read(captools, tmp_path):
    done = captools("sql", tmp_path / "nothing-here", "copy packets to 'x.csv'")
    assert done.code == 2 and "COPY changes something" in done.err


def test_without_a_source_the_usage_is_told(captools):
    assert captools("sql", "select 1").code == 2
