from __future__ import annotations

from captools.views.ladder import ladder_of_path
from tui.ladder_cells import node_line, step_line, step_pane


def _steps(sample):
    analysis = sample.s2()
    return ladder_of_path(analysis.paths[0], analysis.cluster).strands[0].steps, analysis.cluster


def test_a_line_tells_interface_time_delay_change_and_vni(sample):
    steps, _ = _steps(sample)
    line = step_line(steps[2], "eth1").plain
    assert line.split() == ["║◆", "eth1", "out", "40.0", "µs", "+23.0", "µs", "encapsulated", "VNI", "45966"]


def test_a_line_fits_eighty_columns_whatever_the_interface_is_called(sample):
    steps, _ = _steps(sample)
    assert all(len(step_line(step, "x" * 100).plain) <= 73 for step in steps)


def test_the_rail_shows_what_carries_the_packet(sample):
    steps, _ = _steps(sample)
    assert [step_line(step, "i").plain[2] for step in steps] == ["│", "│", "║", "║", "║", "║", "│", "│"]


def test_the_pane_tells_what_changed_and_who_that_is(sample):
    steps, cluster = _steps(sample)
    text = step_pane(steps[2], steps[1], cluster).plain
    assert "Changed since k8s-ctr/cilium_vxlan" in text
    assert "VNI: - → 45966" in text
    assert "VXLAN (tcpdump: OTV, instance 45966)" in text
    assert "default/curl-pod → default/webpod-697b545f57-fz7qd" in text
    assert "frame 3" in text


def test_the_pane_says_where_nothing_changed(sample):
    steps, cluster = _steps(sample)
    assert "Nothing changed since k8s-ctr/eth1" in step_pane(steps[3], steps[2], cluster).plain


def test_a_file_without_a_node_has_a_heading_too():
    assert node_line("").plain == " (no node named)"
