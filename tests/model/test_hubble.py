"""Hubble's events: what a person calls an end, and the two sides of a socket's translation."""

from __future__ import annotations

from captools.model.hubble import HubbleEnd, HubbleFlow


def test_an_end_is_called_by_its_pod_else_by_its_address():
    assert HubbleEnd(ip="192.0.2.1", pod="default/web").name == "default/web"
    assert HubbleEnd(ip="192.0.2.1").name == "192.0.2.1"


def test_the_two_sides_of_a_sockets_translation_are_told_apart():
    one = HubbleFlow(time="x", src=HubbleEnd(), dst=HubbleEnd(), kind="pre-xlate-fwd", verdict="TRACED")
    assert one.pre_translation and not one.post_translation
