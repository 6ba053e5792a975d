"""The colours of the page: apart for colour-blind eyes, and from the ground, in light and dark."""

from __future__ import annotations

import itertools
import re
from importlib.resources import files

import numpy as np
import pytest

CLASSES = ("single", "deq", "weq")
SEEN_BY = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
"""On linear RGB: Machado, Oliveira & Fernandes (2009), severity 1.0."""

TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def colours() -> dict[str, dict[str, np.ndarray]]:
    """Read the colours of both schemes from the style sheet, as linear RGB."""
    style = (
        files("ensemble_switchover.reporting.explorer").joinpath("explorer.css").read_text("utf-8")
    )
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
    schemes = {}
    for name, text in (("light", light), ("dark", dark)):
        pairs = re.findall(r"--([\w-]+): #([0-9a-f]{6})\b", text)
        schemes[name] = {key: linear(value) for key, value in pairs}
    return schemes


def linear(text: str) -> np.ndarray:
    values = np.array([int(text[i : i + 2], 16) / 255 for i in (0, 2, 4)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    x, y, z = (TO_XYZ @ np.clip(rgb, 0.0, 1.0)) / (TO_XYZ @ np.ones(3))
    fx, fy, fz = (np.cbrt(v) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


def luminance(rgb: np.ndarray) -> float:
    return float(TO_XYZ[1] @ rgb)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("eyes", SEEN_BY)
def test_the_classes_are_apart_for_all_eyes(scheme: str, eyes: str) -> None:
    found = colours()[scheme]
    for kind in ("", "-pale"):
        seen = {name: lab(SEEN_BY[eyes] @ found[f"{name}{kind}"]) for name in CLASSES}
        for one, other in itertools.combinations(CLASSES, 2):
            distance = float(np.linalg.norm(seen[one] - seen[other]))
            assert distance > (8 if kind else 20), (one, other, kind, distance)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_classes_stand_out_from_the_ground(scheme: str) -> None:
    found = colours()[scheme]
    for name in (*CLASSES, "alarm"):
        darker, lighter = sorted((luminance(found[name]), luminance(found["ground"])))
        contrast = (lighter + 0.05) / (darker + 0.05)
        assert contrast >= 3, (name, contrast)  # WCAG 2.2, 1.4.11
