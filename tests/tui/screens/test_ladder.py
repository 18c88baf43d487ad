from __future__ import annotations

from tui.app import InvestigationApp


async def test_every_point_stands_under_its_node_with_vni_and_delay(sample, shown):
    app = InvestigationApp(sample.s2())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3", "enter")
        await pilot.pause()
        text = shown(app)
        for words in ("k8s-ctr", "router", "k8s-w0", "cilium_vxlan", "encapsulated", "decapsulated", "VNI 45966",
                      "VNI 62886", "+270 µs", "→ request way", "← reply way"):  # fmt: skip
            assert words in text


async def test_the_pane_tells_what_changed_at_the_chosen_sighting(sample, size, shown):
    app = InvestigationApp(sample.s2())
    async with app.run_test(size=size) as pilot:
        await pilot.press("3", "enter", "j", "j")
        await pilot.pause()
        text = shown(app)
        assert "Changed since k8s-ctr/cilium_vxlan" in text
        assert "tunnel: none → vxlan" in text


async def test_the_whole_pane_can_be_read_at_eighty_columns(sample, shown):
    app = InvestigationApp(sample.s2())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3", "enter", "j", "j", "tab", "G")
        await pilot.pause()
        assert "VXLAN (tcpdump: OTV, instance 45966)" in shown(app)


async def test_esc_goes_back_to_where_it_was_opened(sample, size, shown):
    app = InvestigationApp(sample.s8())
    async with app.run_test(size=size) as pilot:
        await pilot.press("2", "enter", "escape")
        await pilot.pause()
        assert "Requests 4" in shown(app)
