from __future__ import annotations

import re

import pytest

from captools.report.renderers.html_style import STYLE

TEXT = ("ink", "soft", "link", "bad", "doubt", "good", "vxlan", "wire", "ip")


def _palettes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r":root\{(color-scheme[^}]*|--page:#1[^}]*)\}", STYLE)[:2]
    return {
        name: dict(re.findall(r"--([a-z]+):(#[0-9a-f]{3,6})", block))
        for name, block in (("light", light), ("dark", dark))
    }


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(letter * 2 for letter in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", TEXT)
def test_text_has_the_contrast_that_wcag_asks_for(scheme: str, name: str):
    palette = _palettes()[scheme]
    for ground in ("card", "band"):
        lighter, darker = sorted((_luminance(palette[name]), _luminance(palette[ground])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, f"{name} on {ground}"


def test_braces_are_balanced():
    assert STYLE.count("{") == STYLE.count("}")
