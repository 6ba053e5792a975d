"""Contact sheets, pixel by pixel."""

import numpy as np
import pytest

from ensemble_switchover.data.contact_sheet import (
    GAP_PIXELS,
    MAX_NAME_LENGTH,
    MIN_TILE_PIXELS,
    SheetRow,
    draw_sheet,
)


@pytest.mark.parametrize(("channels", "side"), [(3, 32), (1, 8), (3, 100)])
def test_every_image_stands_enlarged_in_its_place(channels, side):
    generator = np.random.default_rng(0)
    shape = (3, channels, side, side)
    rows = [
        SheetRow(name, generator.integers(0, 256, shape, dtype=np.uint8)) for name in ("ant", "b")
    ]
    sheet = np.asarray(draw_sheet(rows))
    times = -(-MIN_TILE_PIXELS // side)
    enlarged = times * side
    assert enlarged >= MIN_TILE_PIXELS
    left = sheet.shape[1] - 3 * (enlarged + GAP_PIXELS)
    for number, row in enumerate(rows):
        top = GAP_PIXELS + number * (enlarged + GAP_PIXELS)
        for column, image in enumerate(row.images):
            start = left + column * (enlarged + GAP_PIXELS)
            tile = sheet[top : top + enlarged, start : start + enlarged]
            expected = np.kron(image, np.ones((1, times, times), dtype=np.uint8))
            assert (tile == expected.transpose(1, 2, 0)).all()
        assert (sheet[top : top + enlarged, : left - GAP_PIXELS] < 200).any()  # the name


def test_rows_may_differ_in_length_and_names_may_be_long():
    images = np.zeros((4, 1, 8, 8), dtype=np.uint8)
    short = draw_sheet([SheetRow("x" * MAX_NAME_LENGTH, images), SheetRow("y", images[:1])])
    long = draw_sheet([SheetRow("x" * 500, images), SheetRow("y", images[:1])])
    assert long.size[1] == short.size[1]
    assert long.size[0] < 1.2 * short.size[0]
