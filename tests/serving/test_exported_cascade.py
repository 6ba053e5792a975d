"""Exported cascades, run by the runner, compared with the served one and with a plain loop."""

import gc
import json
import re

import numpy as np
import onnxruntime
import pytest
import torch

from ensemble_switchover.serving import exported_cascade
from ensemble_switchover.serving.cascade_folder import write_cascade_folder
from ensemble_switchover.serving.cascade_settings import CascadeSettings
from ensemble_switchover.serving.exported_cascade import compare_cascade, exported_members
from ensemble_switchover.serving.onnx_cascade import open_cascade
from ensemble_switchover.serving.served_cascade import ServedCascade
from tests.serving.test_cascade import plain_cascade
from tests.trained import TASK, images_of, make_trained

pytestmark = pytest.mark.slow

SETTINGS = CascadeSettings(rule="confidence", threshold=0.55, order=(1, 2, 0))
TOLERANCE = 1e-5
SUFFIXES = {"onnx": ".onnx", "torch_export": ".pt2"}


@pytest.fixture(autouse=True)
def _without_garbage_collection():
    """Turn off garbage collection, as the command does; tracing makes many objects."""
    gc.disable()
    yield
    gc.enable()


def metadata_of(number):
    return {
        "run": "a run",
        "execution": f"member {number}",
        "class_names": json.dumps(["ant", "bee"]),
    }


def write(folder, trained, form, settings=SETTINGS, members=None):
    folder.mkdir()
    write_cascade_folder(
        folder,
        members_of(trained, form) if members is None else members,
        settings,
        form=form,
        suffix=SUFFIXES[form],
        task=trained.task,
        class_names=trained.class_names,
        facts={},
    )
    return folder


@pytest.fixture(scope="module")
def trained():
    return make_trained(k=3)


def members_of(trained, form):
    k = len(trained.ensemble.members)
    return exported_members(trained, form, [metadata_of(number) for number in range(k)])


@pytest.fixture(scope="module", params=SUFFIXES)
def exported(request, trained):
    """Export the members once in each format."""
    return request.param, members_of(trained, request.param)


@pytest.mark.parametrize("rule", ["confidence", "margin"])
def test_files_answer_as_the_original_and_as_a_loop_over_members(rule, exported, trained, tmp_path):
    form, members = exported
    settings = CascadeSettings(rule=rule, threshold=0.55, order=(1, 2, 0))
    folder = write(tmp_path / "cascade", trained, form, settings, members)
    found = compare_cascade(folder, trained, settings, TOLERANCE)
    assert 0 <= found.largest < TOLERANCE
    assert found.num_wrong == 0
    assert found.num_answers == 3 * (1 + 2 + 7 + 16)  # its own threshold, and two between scores

    images = images_of(TASK, 40)
    served = ServedCascade(trained, settings)
    of_members = served.member_probabilities(images).numpy()
    first = plain_scores(of_members[1], rule)
    two = plain_scores(of_members[[1, 2]].mean(axis=0), rule)
    seen = set()
    for scores in (first, np.maximum(first, two)):  # the largest so far decides
        threshold = float(np.quantile(scores, 0.4))
        cascade = open_cascade(folder, threads=1, threshold=threshold)
        probabilities, asked = cascade.predict(images.numpy())
        expected, members = plain_cascade(of_members, (1, 2, 0), rule, threshold)
        assert (asked == members).mean() >= 0.9  # the score of some may be the threshold
        same = asked == members
        assert abs(probabilities - expected)[same].max() < 1e-6
        seen |= set(asked.tolist())
    assert len(seen) > 1


def plain_scores(mean, rule):
    ordered = np.sort(mean, axis=1)
    return ordered[:, -1] - (ordered[:, -2] if rule == "margin" else 0)


def test_a_members_file_describes_the_member_but_not_the_machine(exported, trained, tmp_path):
    form, members = exported
    if form != "onnx":
        pytest.skip("tests/serving/test_exported_file.py reads what a .pt2 says")
    folder = write(tmp_path / "cascade", trained, form, SETTINGS, members)
    for number in range(3):
        path = folder / f"member-{number}.onnx"
        session = onnxruntime.InferenceSession(path)
        assert session.get_modelmeta().custom_metadata_map == metadata_of(number)
        (image,), (output,) = session.get_inputs(), session.get_outputs()
        assert (image.type, image.shape) == ("tensor(uint8)", ["batch", 3, 9, 9])
        assert (output.type, output.shape) == ("tensor(float)", ["batch", 5])
        images = images_of(TASK, 4)
        (probabilities,) = session.run(None, {"images": images.numpy()})
        expected = ServedCascade(trained, SETTINGS).member_probabilities(images)[number]
        assert abs(probabilities - expected.numpy()).max() < 1e-6
        assert str(tmp_path).encode() not in path.read_bytes()
        assert not re.search(rb"/site-packages/|/home/", path.read_bytes())


def test_members_of_double_precision_are_written_in_single(tmp_path):
    trained = make_trained(k=2)
    trained.ensemble.double()
    settings = CascadeSettings(rule="margin", threshold=0.5, order=(0, 1))
    folder = write(tmp_path / "cascade", trained, "torch_export", settings)
    found = compare_cascade(folder, trained, settings, TOLERANCE)
    assert 0 < found.largest < TOLERANCE
    assert found.num_wrong == 0
    assert open_cascade(folder).predict(images_of(TASK, 2).numpy())[0].dtype == np.float32


def test_members_in_another_order_are_told(exported, trained, tmp_path):
    form, members = exported
    folder = write(tmp_path / "cascade", trained, form, SETTINGS, members)
    other = CascadeSettings(rule="confidence", threshold=0.55, order=(0, 2, 1))
    found = compare_cascade(folder, trained, other, TOLERANCE)
    assert found.largest > 0.01 or found.num_wrong > 0


class Perturbed:
    """A cascade whose answers are as the original's with what a test changes."""

    def __init__(self, trained, change):
        self.trained, self.change, self.threshold = trained, change, SETTINGS.threshold

    def predict(self, images):
        settings = CascadeSettings(rule="confidence", threshold=self.threshold, order=(1, 2, 0))
        answer = ServedCascade(self.trained, settings).answer(torch.from_numpy(images))
        return self.change(answer.probabilities.numpy().copy(), answer.members_asked.numpy())


def differences(trained, monkeypatch, change, settings=SETTINGS):
    monkeypatch.setattr(exported_cascade, "open_cascade", lambda _: Perturbed(trained, change))
    return compare_cascade("folder", trained, settings, TOLERANCE)


def test_one_number_that_differs_is_told(trained, monkeypatch):
    def change(probabilities, asked):
        probabilities[-1, 0] += 1e-3 if len(asked) == 7 else 0
        return probabilities, asked

    assert differences(trained, monkeypatch, change).largest == pytest.approx(1e-3, rel=0.01)


def test_nan_is_not_a_small_difference(trained, monkeypatch):
    def change(probabilities, asked):
        probabilities[0] = np.nan if len(asked) == 2 else probabilities[0]
        return probabilities, asked

    assert not differences(trained, monkeypatch, change).largest <= TOLERANCE


def test_an_answer_of_other_members_is_told_unless_rounding_explains_it(trained, monkeypatch):
    def change(probabilities, asked):
        asked = asked.copy()
        if len(asked) == 1:
            asked[0] = asked[0] % 3 + 1  # from 1 to 3
        return probabilities, asked

    found = differences(trained, monkeypatch, change)
    assert (found.num_wrong, found.num_by_rounding) == (3, 0)  # one at each threshold
    generator = torch.Generator().manual_seed(0)
    image = exported_cascade.noise_images(1, TASK, generator)
    score = ServedCascade(trained, SETTINGS).member_probabilities(image)[1].max().item()
    settings = CascadeSettings(rule="confidence", threshold=score - 1e-6, order=(1, 2, 0))
    found = differences(trained, monkeypatch, change, settings)
    assert (found.num_wrong, found.num_by_rounding) == (2, 1)
