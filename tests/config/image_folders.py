"""Folders of tiny images, no two of them alike."""

from itertools import count


def tiny_image(number):
    """Return the bytes of an image of one pixel, whose colour is its number."""
    return b"P6 1 1 255\n" + number.to_bytes(3, "big")


def make_files(root, counts):
    """Make so many images in each folder; the same ones for the same counts."""
    numbers = count()
    for name, size in counts.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(size):
            (root / name / f"{number}.png").write_bytes(tiny_image(next(numbers)))
    return root
