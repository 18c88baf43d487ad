from __future__ import annotations

from captools.inventory.ledger import MOST_WARNINGS, Ledger


def test_the_first_statement_counts_and_a_contradiction_names_both_files() -> None:
    ledger = Ledger()
    assert ledger.settle("k8s-w1", "InternalIP", "10.0.0.1", "a.json") == "10.0.0.1"
    assert ledger.settle("k8s-w1", "InternalIP", "10.0.0.1", "b.json") == "10.0.0.1"
    assert ledger.warnings() == ()
    assert ledger.settle("k8s-w1", "InternalIP", "10.0.0.2", "c.json") == "10.0.0.1"
    (warning,) = ledger.warnings()
    assert all(word in warning for word in ("k8s-w1", "InternalIP", "10.0.0.1", "a.json", "10.0.0.2", "c.json"))


def test_what_changed_during_the_capture_is_said_so() -> None:
    ledger = Ledger()
    ledger.settle("pod a/b", "identity", 5, "kube-ciliumendpoints.json")
    assert ledger.settle("pod a/b", "identity", 6, "kube-ciliumendpoints-stop.json") == 5
    (warning,) = ledger.warnings()
    assert "was 5 at the start of the capture" in warning and "6 at its end" in warning


def test_an_empty_value_says_nothing_and_zero_says_something() -> None:
    ledger = Ledger()
    assert ledger.settle("x", "f", "", "a") == ""
    assert ledger.settle("x", "f", "v", "b") == "v"
    assert ledger.settle("x", "f", "", "c") == "v"
    assert ledger.settle("y", "identity", 0, "a") == 0
    ledger.settle("y", "identity", 7, "b")
    assert len(ledger.warnings()) == 1


def test_a_flood_of_warnings_is_cut_with_a_line_that_says_so() -> None:
    ledger = Ledger()
    for number in range(MOST_WARNINGS + 3):
        ledger.warn(f"warning {number}")
    assert len(ledger.warnings()) == MOST_WARNINGS + 1
    assert ledger.warnings()[-1].startswith("3 more warnings")
