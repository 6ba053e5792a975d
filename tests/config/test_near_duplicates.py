"""Images that look alike are found, and others are not."""

import itertools
import shutil

import numpy as np
import pytest
from PIL import Image

from ensemble_switchover.config import near_duplicates as module
from ensemble_switchover.config.near_duplicates import near_duplicate_lines, near_pairs


def picture(seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((120, 90), Image.Resampling.BICUBIC)


@pytest.fixture
def dataset(compose_config, tmp_path):
    root = tmp_path / "own"
    seeds = itertools.count()
    for part, size in (("train", 8), ("test", 4)):
        for name in ("cat", "dog"):
            (root / part / name).mkdir(parents=True)
            for number in range(size):
                picture(next(seeds)).save(root / part / name / f"{number}.png")
    common = (f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
    return compose_config("dataset=folder", *common).dataset, root


@pytest.mark.parametrize("block", [1, 7, 512])
def test_pairs_are_those_of_numpys_correlation(block, monkeypatch):
    monkeypatch.setattr(module, "ROWS_A_BLOCK", block)
    generator = np.random.default_rng(1)
    base = generator.integers(0, 256, (10, 64))
    noisy = base[generator.integers(0, 10, 40)] + generator.normal(0, 12, (40, 64))
    pixels = noisy.clip(0, 255).astype(np.uint8)
    expected = np.corrcoef(pixels.astype(float))
    pairs = near_pairs(pixels, 0.98)
    assert set(pairs) == {
        (a, b) for a, b in itertools.combinations(range(40), 2) if expected[a, b] >= 0.98
    }
    values = [expected[pair] for pair in pairs]
    assert 0 < len(pairs) < 780
    assert np.all(np.diff(values) <= 1e-6)


def test_plain_images_are_alike_to_none():
    plain = np.full((3, 64), 200, np.uint8)
    plain[1, 0] = 203
    assert near_pairs(plain, 0.9) == []


def test_different_images_are_not_listed(dataset):
    folder, _ = dataset
    assert near_duplicate_lines(folder) == [
        "0 pairs of images that look alike although their bytes differ (correlation of thumbnails "
        "0.995 or more)"
    ]


@pytest.mark.parametrize("change", ["smaller", "larger", "compressed", "brighter"])
def test_a_changed_copy_is_found_by_what_is_wrong_with_it(change, dataset):
    folder, root = dataset
    with Image.open(root / "train" / "cat" / "0.png") as opened:
        image = opened.convert("RGB")
    changed = {
        "smaller": lambda: image.resize((60, 45)),
        "larger": lambda: image.resize((240, 180)),
        "compressed": lambda: image,
        "brighter": lambda: image.point(lambda value: int(0.8 * value) + 40),
    }[change]()
    ending = "jpg" if change == "compressed" else "png"
    places = {"test/cat": "split", "train/dog": "class", "train/cat": "same"}
    for place, kind in places.items():
        copy = root / place / f"copy.{ending}"
        changed.save(copy, quality=50)
        (first, heading, pair) = near_duplicate_lines(folder)
        assert first.startswith("1 pair of images that look alike")
        assert heading.startswith({"split": "1 pair of an image that is trained on and a test",
                                   "class": "1 pair of images of two classes",
                                   "same": "1 pair of images of one class"}[kind])  # fmt: skip
        assert set(pair.strip().split(" ~ ")) == {"train/cat/0.png", f"{place}/copy.{ending}"}
        copy.unlink()


def test_equal_bytes_are_no_near_duplicates(dataset):
    folder, root = dataset
    shutil.copy(root / "train/cat/0.png", root / "test/cat/copy.png")
    assert len(near_duplicate_lines(folder)) == 1


def test_many_pairs_are_counted(dataset, monkeypatch):
    monkeypatch.setattr(module, "MAX_LISTED_PAIRS", 2)
    folder, root = dataset
    for side in (60, 80, 100):
        picture(0).resize((side, side)).save(root / "train/cat" / f"of {side}.png")
    lines = near_duplicate_lines(folder)
    assert lines[1] == "6 pairs of images of one class and one part:"
    assert lines[-1] == "  and 4 more pairs"
    assert len(lines) == 5
