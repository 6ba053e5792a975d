"""A run served as a cascade answers every image as the analysis of its predictions says."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from ensemble_switchover.data import load_dataset
from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.measurement.cascade.answers import answers_in_orders
from ensemble_switchover.measurement.cascade.exit_rules import (
    EXIT_RULES,
    members_asked,
)
from ensemble_switchover.results.layout import RECORD_FILE, WEIGHTS_FILE
from ensemble_switchover.results.pools import read_predictions
from ensemble_switchover.results.store import read_record, write_record
from ensemble_switchover.runner.job import run_job
from ensemble_switchover.serving import ServedCascade, load_ensemble
from ensemble_switchover.serving.cascade_settings import CascadeSettings
from ensemble_switchover.serving.weights import dump_weights
from tests.factories import make_record
from tests.trained import TASK, images_of, make_cascades_of, make_trained

UNMEASURED = ("measurement.latency_batch_sizes=[]", "measurement.layer_repeats=0")
BETWEEN = 0.95
"""A threshold that some of the images below reach after the first member, and some never."""
ROUNDING = 1e-5
"""How far probabilities may be that were computed in other batches."""


@pytest.fixture
def path(tmp_path):
    """Write the weights of an ensemble that is made up."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(dump_weights(make_trained(k=3)))
    return path


def write_run(folder, cascades, k=3):
    """Write a run whose weights are made up, with what its record says of its cascades."""
    trained = make_trained(k=k)
    record = make_record(design_class="deq", k=k)
    design = replace(record.design, depth=trained.depth, width=trained.width)
    record = replace(record, design=design, cascades=cascades)
    write_record(folder / record.name, record, {WEIGHTS_FILE: dump_weights(trained)})
    return folder / record.name


@pytest.mark.slow
def test_every_image_of_a_run_is_answered_as_its_predictions_say(tiny_spec):
    small = ("design=deq", "k=4", "budget.depth=8", "budget.width=8", "epochs=6", *UNMEASURED)
    spec, config = tiny_spec(*small)
    run_job(spec, config, concurrent_jobs=1)
    record = read_record(spec.folder / RECORD_FILE)
    found = read_predictions(spec.folder, record.epochs[-1].epoch)
    test = load_dataset(spec.dataset, spec.sizes.train, spec.sizes.test).test
    assert [cascade.rule for cascade in record.cascades] == list(EXIT_RULES)
    members = set()
    for recorded in record.cascades:
        rule, order = recorded.rule, recorded.order
        (told,) = answers_in_orders(found.log_probabilities, found.labels, [order])
        scores = told.scores[rule]
        means = np.cumsum(found.probabilities[order], axis=0, dtype=np.float32)
        means /= np.arange(1, 5, dtype=np.float32)[:, None, None]
        middles = np.quantile(scores[:-1], [0.1, 0.3, 0.5, 0.7, 0.9])
        for asked in (None, 0.0, *middles.tolist(), 1.5):
            ensemble = load_ensemble(spec.folder, execution="cascade", threshold=asked, rule=rule)
            threshold = recorded.threshold if asked is None else asked
            assert ensemble.settings == CascadeSettings(
                rule=rule, threshold=threshold, order=tuple(order)
            )
            expected = members_asked(scores, threshold)
            answer = ensemble.answer(test.images)
            differ = np.flatnonzero(answer.members_asked.numpy() != expected)
            for image in differ:  # rounding may decide where a score is the threshold
                assert abs(scores[:, image] - threshold).min() < ROUNDING
            assert len(differ) <= 1 + 0.01 * len(test)
            same = np.setdiff1d(np.arange(len(test)), differ)
            probabilities = answer.probabilities.numpy()[same]
            assert abs(probabilities - means[expected[same] - 1, same]).max() < ROUNDING
            members |= set(expected.tolist())
    assert members == {1, 2, 3, 4}


def test_the_record_says_when_it_stops(tmp_path):
    folder = write_run(tmp_path, make_cascades_of(3, threshold=0.5, order=(1, 2, 0)))
    expected = CascadeSettings(rule="confidence", threshold=0.5, order=(1, 2, 0))
    for path in (folder, folder / RECORD_FILE, folder / WEIGHTS_FILE):
        assert load_ensemble(path, execution="cascade").settings == expected
    ensemble = load_ensemble(folder, execution="cascade", rule="margin", threshold=0.125)
    assert ensemble.settings == CascadeSettings(rule="margin", threshold=0.125, order=(1, 2, 0))


def test_a_run_without_a_cascade_and_weights_alone_need_a_threshold(tmp_path, path):
    folder = write_run(tmp_path / "runs", [])
    for unsaid in (folder, path):
        with pytest.raises(ConfigError, match=r"expected one, such as threshold=0\.99"):
            load_ensemble(unsaid, execution="cascade")
        assert load_ensemble(unsaid, execution="cascade", threshold=0.5).settings.order == (0, 1, 2)


def test_a_record_with_the_cascade_of_others_is_refused(tmp_path):
    folder = write_run(tmp_path, make_cascades_of(4))
    with pytest.raises(RecordError, match="expected an order of the members 0 to 2"):
        load_ensemble(folder, execution="cascade")


def test_a_single_network_is_a_cascade_of_one(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(dump_weights(make_trained(k=1)))
    cascade = load_ensemble(path, execution="cascade")
    answer = cascade.answer(images_of(TASK, 5))
    assert answer.members_asked.tolist() == [1] * 5
    torch.testing.assert_close(answer.probabilities, load_ensemble(path)(images_of(TASK, 5)))


def test_one_above_1_is_the_ensemble_and_0_its_first_member(path):
    images = images_of(TASK, 6)
    of_members = load_ensemble(path).member_probabilities(images)
    whole = load_ensemble(path, execution="cascade", threshold=1.5)
    torch.testing.assert_close(whole(images), of_members.mean(dim=0))
    torch.testing.assert_close(whole.member_probabilities(images), of_members)
    first = load_ensemble(path, execution="cascade", threshold=0)
    torch.testing.assert_close(first(images), of_members[0])
    torch.testing.assert_close(first(images / 255), of_members[0])


def test_it_is_a_module_like_any_other(path):
    cascade = load_ensemble(path, execution="cascade", threshold=BETWEEN)
    assert isinstance(cascade, ServedCascade)
    images = images_of(TASK, 40)
    before = cascade.answer(images)
    assert len(set(before.members_asked.tolist())) > 1
    for copied in (copy.deepcopy(cascade), pickle.loads(pickle.dumps(cascade)), cascade.to("cpu")):
        assert torch.equal(copied(images), before.probabilities)
        assert copied.settings == cascade.settings
    for convert, tolerance in (("bfloat16", 0.1), ("half", 0.02), ("double", 0.1)):
        cascade = getattr(cascade, convert)()
        after = cascade.answer(images)
        assert after.probabilities.dtype == (
            torch.float64 if convert == "double" else torch.float32
        )
        same = after.members_asked == before.members_asked
        assert same.float().mean() > 0.5  # rounding to 8 bits moves a score past the threshold
        torch.testing.assert_close(
            after.probabilities[same].float(), before.probabilities[same], atol=tolerance, rtol=0
        )


def test_it_says_when_it_stops_in_one_line(path):
    cascade = load_ensemble(path, execution="cascade", threshold=0.25, rule="margin")
    assert "cascade: (B, 3, 9, 9) -> (B, 5), margin of 0.25 or more stops" in repr(cascade)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_a_gpu_it_answers_as_on_a_cpu(path):
    images = images_of(TASK, 40)
    expected = load_ensemble(path, execution="cascade", threshold=BETWEEN).answer(images)
    for cascade in (
        load_ensemble(path, execution="cascade", threshold=BETWEEN, device="cuda:0"),
        load_ensemble(path, execution="cascade", threshold=BETWEEN).to("cuda"),
    ):
        answer = cascade.answer(images.cuda())
        assert answer.members_asked.is_cuda
        same = answer.members_asked.cpu() == expected.members_asked
        assert same.float().mean() > 0.9
        torch.testing.assert_close(
            answer.probabilities.cpu()[same], expected.probabilities[same], rtol=1e-4, atol=1e-5
        )
