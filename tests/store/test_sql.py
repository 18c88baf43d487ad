"""SQL over tables: what it answers, and that it can reach nothing else."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from captools.model.errors import UsageError
from captools.store.sql import check_query, query

_MADE = {
    "packets": pa.table({"src": ["a", "b", "a"], "ttl": pa.array([64, 63, None], pa.uint8()),
                         "time": pa.array([1, 2, 3], pa.timestamp("ns"))}),
    "hops": pa.table({"path": pa.array([], pa.int64())}),
}  # fmt: skip
TABLES = {name: (lambda table=table: table) for name, table in _MADE.items()}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("select src, count(*) as n from packets group by src order by n desc", [{"src": "a", "n": 2}, {"src": "b", "n": 1}]),
        ("with x as (from packets) select max(ttl) as m from x", [{"m": 64}]),
        ("select count(*) as n from packets join hops on path = ttl", [{"n": 0}]),
        ("select epoch_ns(time) as t from packets where ttl is null;", [{"t": 3}]),
    ],
)  # fmt: skip
def test_a_question_is_answered(text, rows):
    assert query(TABLES, text).to_pylist() == rows


def test_columns_can_be_described_and_plans_explained():
    assert query(TABLES, "describe packets")["column_name"].to_pylist() == ["src", "ttl", "time"]
    assert query(TABLES, "explain select 1").num_rows > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("select * from nope", "nope does not exist"),
        ("select nope from packets", "nope"),
        ("selec 1", "syntax error"),
        ("select 1; select 2", "2 statements"),
        ("", "0 statements"),
        ("-- nothing", "0 statements"),
        ("create table x as select 1", "CREATE"),
        ("drop view packets", "DROP"),
        ("set threads = 1", "SET"),
        ("pragma version", "PRAGMA"),
        ("select cast('x' as integer)", "x"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(text, words):
    with pytest.raises(UsageError, match=r"^query: ") as failed:
        query(TABLES, text)
    assert words in str(failed.value) and "\n" not in str(failed.value)


@pytest.mark.parametrize(
    "text",
    ["select * from read_csv('{file}')", "select * from '{file}'", "select * from read_text('{file}')",
     "select * from glob('{folder}/*')", "copy packets to '{folder}/out.csv'", "attach '{folder}/out.db'",
     "export database '{folder}/out'", "install httpfs", "load '{folder}/x.duckdb_extension'",
     "select * from read_parquet('http://127.0.0.1:9/x.parquet')", "select * from TABLES"],
)  # fmt: skip
def test_no_file_is_read_or_written_and_no_variable_is_a_table(text: str, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("password\nhunter2\n", encoding="utf-8")
    with pytest.raises(UsageError):
        query(TABLES, text.format(file=tmp_path / "secret.csv", folder=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_a_query_is_checked_before_anything_is_loaded():
    check_query("select * from whatever_there_will_be")
    with pytest.raises(UsageError, match="INSERT changes something"):
        check_query("insert into packets values (1)")
