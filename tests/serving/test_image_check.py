"""Images that are not what an ensemble was trained on: one sentence each, with what to do."""

import numpy as np
import pytest
import torch

from ensemble_switchover.design import ImageTask
from ensemble_switchover.errors import ImageError
from ensemble_switchover.serving.image_check import check_images, check_pixel_range

COLOUR, GREY = ImageTask(3, 32, 10), ImageTask(1, 8, 10)
CPU = torch.device("cpu")


def of(*shape, dtype=torch.uint8, device="cpu"):
    return torch.zeros(shape, dtype=dtype, device=device)


WRONG = [
    (np.zeros((2, 3, 32, 32)), COLOUR, "a tensor (B, 3, 32, 32), found numpy.ndarray: torch.as_"),
    ([of(3, 32, 32)], COLOUR, "a tensor (B, 3, 32, 32), found list: torch.as_tensor"),
    (of(3, 32, 32), COLOUR, "shape (3, 32, 32): images[None] makes a batch of a single image"),
    (of(5, 8, 8), GREY, "the shape (5, 8, 8): images[:, None] adds the channel"),
    (of(5, 32, 32, 3), COLOUR, "(5, 32, 32, 3): images.permute(0, 3, 1, 2) puts the channels"),
    (of(5, 3, 28, 28), COLOUR, "(5, 3, 28, 28): scale them to 32x32 pixels, as those of the tr"),
    (of(5, 3, 32, 28), COLOUR, "(5, 3, 32, 28): scale them to 32x32 pixels, as those of the tr"),
    (of(5, 1, 32, 32), COLOUR, "(5, 1, 32, 32): convert them to 3 channels"),
    (of(5, 3, 8, 8), GREY, "(5, 3, 8, 8): convert them to 1 channel"),
    (of(8, 8), GREY, "the shape (8, 8): the ensemble was trained on images of that shape"),
    (of(2, 5, 3, 32, 32), COLOUR, "(2, 5, 3, 32, 32): the ensemble was trained on images of t"),
    (of(0, 3, 32, 32), COLOUR, "expected at least one, found none, the shape (0, 3, 32, 32)"),
    (of(5, 3, 32, 32, dtype=torch.int64), COLOUR, "found int64: images.to(torch.uint8), if the"),
    (of(5, 3, 32, 32, dtype=torch.bool), COLOUR, "uint8 from 0 to 255 or floating point from"),
    (of(5, 3, 32, 32, dtype=torch.complex64), COLOUR, "found complex64"),
    (of(5, 3, 32, 32, device="meta"), COLOUR, 'on cpu, found them on meta: images.to("cpu")'),
]


@pytest.mark.parametrize(("images", "task", "sentence"), WRONG)
def test_a_wrong_batch_is_one_sentence(images, task, sentence):
    with pytest.raises(ImageError) as caught:
        check_images(images, task, CPU)
    assert isinstance(caught.value, ValueError)
    message = str(caught.value)
    assert sentence in message
    assert message.startswith("images: expected ")
    assert "\n" not in message


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32, torch.float64])
def test_a_right_batch_is_returned_as_it_is(dtype):
    images = of(2, 3, 32, 32, dtype=dtype)
    assert check_images(images, COLOUR, CPU) is images


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_pixels_from_0_to_1_are_right_with_some_rounding(dtype):
    check_pixel_range(torch.tensor([0, 0.5, 1], dtype=dtype))
    check_pixel_range(torch.tensor([-1e-4, 1 + 1e-4], dtype=dtype))


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        ([-2.1, 0.5, 2.25], "found -2.1 to 2.25: they look normalised already; give the images as"),
        ([0, 255], "found 0 to 255: give pixels from 0 to 255 as uint8, or divide them by 255"),
        ([0, 2], "found 0 to 2: give pixels"),
        ([0.5, torch.nan], "found NaN: look for where they come from"),
        ([0.5, torch.inf], "found 0.5 to inf"),
    ],
)
def test_pixels_beyond_0_to_1_are_one_sentence(pixels, sentence):
    images = torch.tensor(pixels, dtype=torch.float32, requires_grad=True)
    with pytest.raises(ImageError) as caught:
        check_pixel_range(images)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("images: expected floating-point pixels from 0 to 1, found")
