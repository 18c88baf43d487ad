"""captools findings."""

from __future__ import annotations

import json

import pytest

from captures import case

S1 = case("s1-native-route-black-hole").folder
S2 = case("s2-vxlan-overlay").folder
FINE = case("no-fault").folder


@pytest.mark.parametrize(
    ("source", "wanted", "code"),
    [(S1, "error", 1), (S1, "warning", 1), (S1, None, 0), (S2, "error", 0), (S2, "warning", 0), (FINE, "warning", 0)],
)
def test_fail_on_turns_grave_findings_into_exit_code_1(captools, source, wanted, code):
    done = captools("findings", source, *(["--fail-on", wanted] if wanted else []))
    assert (done.code, done.err) == (code, "")


def test_a_warning_fails_on_warning_and_not_on_error(captools, tmp_path):
    from tests.small_session import write_session

    folder = write_session(tmp_path / "s")  # its tool counted one drop at each point
    assert "capture-incomplete" in captools("findings", folder).out
    assert [captools("findings", folder, "--fail-on", grave).code for grave in ("error", "warning")] == [0, 1]


def test_fail_on_is_exit_code_1_of_a_real_process_and_the_findings_are_printed_all_the_same(process):
    done = process("findings", S1, "--json", "--fail-on", "error")
    assert (done.code, done.err) == (1, "")
    assert [one["rule"] for one in json.loads(done.out)["findings"]] == ["routing-black-hole"]


def test_the_table_says_what_happened_and_how_to_check_it(captools):
    out = captools("findings", S1).out
    assert out.startswith("ERROR   routing-black-hole  (proven)\n") and "tshark -r " in out and "  Next: " in out


def test_expecting_encryption_makes_plain_pod_traffic_an_error(captools):
    assert captools("findings", S2, "--expect-encryption", "--fail-on", "error").code == 1
