"""Programs run at once, bounded in time and size."""

from __future__ import annotations

import time

import pytest

from captools.agent.outputs import first_lines, outputs, run, shortened


def test_a_program_that_is_missing_or_fails_is_none():
    assert run(["no-such-program-anywhere"]) is None
    assert run(["false"]) is None
    assert run(["echo", "hello"]) == "hello\n"
    assert outputs([["echo", "a"], ["false"], ["no-such-program"], ["echo", "b"]]) == ["a\n", None, None, "b\n"]


def test_programs_in_sbin_are_found_whatever_the_login_set(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert run(["echo", "x"]) == "x\n"


def test_a_slow_one_takes_nothing_from_the_others_and_is_ended():
    started = time.monotonic()
    said = outputs([["sleep", "60"], ["echo", "quick"], ["sh", "-c", "echo half; exec sleep 60"]], timeout_s=0.5)
    assert said == [None, "quick\n", None] and time.monotonic() - started < 5


def test_twenty_slow_ones_share_one_patience():
    started = time.monotonic()
    assert outputs([["sleep", "60"]] * 20, timeout_s=0.3) == [None] * 20 and time.monotonic() - started < 5


@pytest.mark.parametrize("still", ["exec >&- 2>&-; sleep 60", "sleep 60 & echo x; exit 1"])
def test_one_that_closes_its_output_and_lives_on_or_leaves_a_child_behind_does_not_hang(still):
    started = time.monotonic()
    assert outputs([["sh", "-c", still]], timeout_s=0.5) == [None] and time.monotonic() - started < 5


def test_endless_output_is_cut_after_a_whole_line_and_says_so():
    text = outputs([["yes", "0123456789"]], max_bytes=1000)[0]
    assert text is not None
    lines = text.splitlines()
    assert set(lines[:-1]) == {"0123456789"} and len(lines) == 1000 // 11 + 1 and "cut by captools" in lines[-1]


def test_half_a_json_document_is_none():
    assert shortened(b'[{"a":1},\n{"a":2}]\n' * 9, 30) is None
    assert outputs([["sh", "-c", "echo '['; yes '{},'"]], max_bytes=1000) == [None]


def test_a_file_is_read_up_to_its_bound(tmp_path):
    file = tmp_path / "conntrack"
    file.write_text("line\n" * 100)
    assert first_lines(str(file)) == "line\n" * 100
    assert first_lines(str(file), 12) == "line\nline\n# cut by captools after 10 bytes\n"
    file.write_text("")
    assert first_lines(str(file)) is None and first_lines(str(tmp_path / "none")) is None
