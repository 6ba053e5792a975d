"""The command that draws a data set."""

import numpy as np
import pytest
from PIL import Image

from ensemble_switchover import look
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.data import load_dataset


def run(capsys, *arguments):
    code = look.main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def test_a_sheet_is_written_and_named_last(capsys, tmp_path):
    out = tmp_path / "new" / "sheet.png"
    code, printed, _ = run(capsys, "dataset=digits", "--out", out, "--images", 3)
    assert code == 0
    *_, description, path = printed.splitlines()
    assert path == str(out)
    assert description == "digits: 10 classes, training images, not augmented"
    with Image.open(out) as sheet:
        assert sheet.format == "PNG"
        assert sheet.height > 10 * 72


def test_augmented_rows_begin_with_the_plain_image(compose_config):
    spec = resolve(compose_config("dataset.augmentation=randaugment", "dataset.crop_padding=1"))
    data = load_dataset(spec.dataset, spec.train_size, spec.test_size).train
    images = look._images_of_class(spec, data, 4, 6)
    first = data.images[(data.labels == 4).nonzero()[0, 0]].numpy()
    assert images.shape == (6, 1, 8, 8)
    assert (images[0] == first).all()
    assert len(np.unique(images.reshape(6, -1), axis=0)) > 3
    assert (look._images_of_class(spec, data, 4, 6) == images).all()
    assert (look._images_of_class(spec, data, 4, 1) == images[:1]).all()


def test_plain_rows_have_different_images_of_the_class(compose_config):
    spec = resolve(compose_config())
    data = load_dataset(spec.dataset, spec.train_size, spec.test_size).train
    images = look._images_of_class(spec, data, 2, 5)
    assert (images == data.images[data.labels == 2][:5].numpy()).all()


def test_few_classes_are_drawn_of_many(capsys, tmp_path):
    options = ("dataset=fractals", "dataset.num_classes=12", "dataset.train_images=24")
    more = ("dataset.test_images=12", "dataset.augmentation=standard", "--classes", 5)
    code, printed, _ = run(capsys, *options, *more, "--out", tmp_path / "a.png")
    assert code == 0
    description = printed.splitlines()[-2]
    assert description.startswith("fractals: the first 5 of 12 classes, training images; first unc")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dataset=digit"], "dataset=digit: expected one of "),
        (["dataset.augmentation=heavy"], "dataset.augmentation=heavy: expected one of none"),
        (["dataset=folder", "dataset.root=/nowhere"], "dataset.root=/nowhere: expected a folder"),
        (["--images", "0"], "--images 0: expected 1 to 1000"),
        (["--classes", "0"], "--classes 0: expected 1 to 1000"),
    ],
)
def test_a_mistake_is_one_message(arguments, message, capsys, tmp_path):
    out = tmp_path / "sheet.png"
    code, printed, complaint = run(capsys, *arguments, "--out", out)
    assert code == 2
    assert printed == ""
    assert complaint.startswith(message)
    assert len(complaint.splitlines()) == 1
    assert not out.exists()
