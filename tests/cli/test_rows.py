"""Printing an Arrow table in every format."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captools.cli.rows import emit_rows

TABLE = pa.table({"name": ["a\x1b[31m", None], "many": [[1, 2], None], "name_": pa.array([True, None])})


def printed(capsys: pytest.CaptureFixture[str], form: str) -> str:
    emit_rows([TABLE], form, None, key="rows")
    return capsys.readouterr().out


def test_a_table_and_csv_show_control_characters_and_join_lists(capsys):
    assert printed(capsys, "table").splitlines() == [
        "NAME     MANY  NAME_", "a\\e[31m  1,2   1", "-        -     -",
    ]  # fmt: skip
    assert printed(capsys, "csv").splitlines() == ["name,many,name_", 'a\\e[31m,"1,2",1', ",,"]


def test_json_keeps_everything_and_can_drive_no_terminal(capsys):
    text = printed(capsys, "json")
    assert "\x1b" not in text
    assert json.loads(text) == {
        "schema": 1, "rows": [{"name": "a\x1b[31m", "many": [1, 2], "name_": True},
                              {"name": None, "many": None, "name_": None}],
    }  # fmt: skip
    assert [json.loads(line) for line in printed(capsys, "ndjson").splitlines()] == json.loads(text)["rows"]


def test_the_last_word_on_json_values_is_the_callers(capsys):
    emit_rows([TABLE], "ndjson", None, key="rows", value=lambda one: "x")
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {"name": "x", "many": "x", "name_": "x"}


def test_files_hold_the_same_and_parquet_keeps_types(capsys, tmp_path):
    emit_rows([TABLE], "csv", str(tmp_path / "t.csv"), key="rows")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == printed(capsys, "csv")
    emit_rows([TABLE], "parquet", str(tmp_path / "t"), key="rows")
    assert pq.read_table(io.BytesIO((tmp_path / "t").read_bytes())).schema.field("many").type == pa.list_(pa.int64())


def test_no_rows_leave_the_header(capsys):
    emit_rows([TABLE.slice(0, 0)], "csv", None, key="rows")
    assert capsys.readouterr().out == "name,many,name_\n"


@pytest.mark.parametrize("form", ["table", "csv", "json", "ndjson"])
def test_pieces_print_like_one(capsys, form):
    emit_rows([TABLE.slice(0, 1), TABLE.slice(1)], form, None, key="rows")
    assert capsys.readouterr().out == printed(capsys, form)


def test_people_may_be_shown_fewer_columns(capsys):
    emit_rows([TABLE], "table", None, key="rows", shown=("name_",))
    assert capsys.readouterr().out.split() == ["NAME_", "1", "-"]
