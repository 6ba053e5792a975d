"""The command that draws a data set."""

import shutil

import pytest
from PIL import Image

from ensemble_switchover import look


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


def test_few_classes_are_drawn_of_many(capsys, tmp_path):
    options = ("dataset=fractals", "dataset.num_classes=12", "dataset.train_images=24")
    more = ("dataset.test_images=12", "dataset.augmentation=standard", "--classes", 5)
    code, printed, _ = run(capsys, *options, *more, "--out", tmp_path / "a.png")
    assert code == 0
    description = printed.splitlines()[-2]
    assert description.startswith("fractals: the first 5 of 12 classes, training images; first unc")


def test_what_is_odd_about_a_folder_is_printed(capsys, tmp_path):
    root = tmp_path / "own"
    for number, name in enumerate(("cat", "dog")):
        (root / name).mkdir(parents=True)
        for image in range(4):
            Image.new("RGB", (8, 8), (image, number, 9)).save(root / name / f"{image}.png")
    shutil.copy(root / "cat" / "0.png", root / "dog" / "4.png")
    out, cache = tmp_path / "sheet.png", f"dataset.cache={tmp_path / 'cache'}"
    code, printed, _ = run(capsys, "dataset=folder", f"dataset.root={root}", cache, "--out", out)
    assert code == 0
    first, *_ = printed.splitlines()
    assert first == "dataset=folder: 9 images of 2 classes: 7 to train on, 2 to test on"
    assert printed.count("one label is wrong: cat/0.png = dog/4.png") == 1


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


def test_images_that_look_alike_are_listed_on_demand(capsys, tmp_path):
    root = tmp_path / "own"
    for name, colours in (("cat", ("red", "blue")), ("dog", ("green", "white"))):
        (root / name).mkdir(parents=True)
        for number, colour in enumerate(colours):
            image = Image.linear_gradient("L").rotate(90 * number).convert("RGB")
            image.paste(colour, (10 + 90 * number, 20, 140, 160 - 40 * (name == "dog")))
            for copy in range(2):
                image.resize((64 + copy, 64)).save(root / name / f"{number}{copy}.png")
    common = ("dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
    common = (*common, "--out", tmp_path / "sheet.png")
    code, printed, _ = run(capsys, *common)
    assert (code, "look alike" in printed) == (0, False)
    code, printed, _ = run(capsys, *common, "--near-duplicates")
    assert code == 0
    assert (
        "pairs of images that look alike although their bytes differ (correlation of thumbn"
        in printed
    )
    assert "  cat/00.png ~ cat/01.png" in printed
    _, _, complaint = run(capsys, *common, "--near-duplicates", "0.5")
    assert complaint.startswith("--near-duplicates 0.5: expected 0.9 to 1")
    _, _, complaint = run(capsys, "dataset=digits", "--near-duplicates")
    assert complaint.startswith("--near-duplicates: is for dataset=folder, and digits came")
