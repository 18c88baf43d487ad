from __future__ import annotations

from captools.inventory.table import header_line, rows

HEADER = "NAMESPACE     NAME    SECURITY IDENTITY   ENDPOINT STATE   IPV4          IPV6"
ALIGNED = f"""{HEADER}
kube-system   one     307                 ready            172.20.0.4
default       two     1879                ready                          fd00::2
"""


def test_an_empty_cell_between_filled_ones_stays_empty() -> None:
    one, two = rows(ALIGNED, HEADER)
    assert (one["IPV4"], one["IPV6"]) == ("172.20.0.4", "")
    assert (two["IPV4"], two["IPV6"]) == ("", "fd00::2")


def test_a_row_pasted_without_its_alignment_is_split_at_gaps() -> None:
    text = f"{HEADER}\nkube-system  a-name-longer-than-its-column  307  ready  172.20.0.4\n"
    (row,) = rows(text, HEADER)
    assert (row["NAME"], row["SECURITY IDENTITY"], row["IPV4"]) == (
        "a-name-longer-than-its-column",
        "307",
        "172.20.0.4",
    )


def test_a_header_is_found_by_whole_titles_only() -> None:
    assert header_line(ALIGNED, "NAME", "ENDPOINT STATE") == HEADER
    assert header_line(ALIGNED, "NAME", "ENDPOINT") == ""
