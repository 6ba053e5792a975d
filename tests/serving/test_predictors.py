"""Every execution of an ensemble, compared with members run one by one and averaged in numpy."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from ensemble_switchover import export
from ensemble_switchover.design import FAMILIES
from ensemble_switchover.serving.predictors import SERVING_EXECUTIONS, predictor_of_normalised
from tests.trained import TASK, VARIANTS, images_of, make_trained, plain_probabilities


def test_every_family_is_tested():
    assert {name for name, _ in VARIANTS} == FAMILIES.keys()


def test_the_command_offers_every_execution_but_threads():
    assert {*export.EXPORT_EXECUTIONS, "parallel"} == SERVING_EXECUTIONS.keys()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-9)])
@pytest.mark.parametrize("execution", sorted(SERVING_EXECUTIONS))
@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_every_execution_predicts_the_mean_of_the_softmax(
    name, options, execution, dtype, tolerance
):
    trained = make_trained(name, options, k=3)
    ensemble = copy.deepcopy(trained.ensemble).to(dtype).train()
    predictor = predictor_of_normalised(ensemble, execution)
    images = images_of(TASK, 5)
    with torch.inference_mode():
        probabilities = predictor(trained.normalisation.apply(images, dtype))
    assert probabilities.dtype == dtype
    # the float32 members are compared with float64 ones, so their rounding counts too
    expected = plain_probabilities(trained, images)
    assert abs(probabilities.double().numpy() - expected).max() < tolerance


def test_a_fused_ensemble_has_the_weights_of_its_members():
    trained = make_trained("resnet", {}, k=2)
    images = images_of(TASK, 3).float() / 255
    fused = predictor_of_normalised(trained.ensemble, "fused")
    with torch.inference_mode():
        before = fused(images)
        trained.ensemble.members[1][-1].bias[0] += 1
        after = fused(images)
        torch.testing.assert_close(after, trained.ensemble(images))
    assert (after - before).abs().max() > 0.01


@pytest.mark.parametrize("num_threads", [1, 2, 7])
def test_members_on_threads_leave_torchs_threads_alone(num_threads):
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        trained = make_trained(k=3)
        images = images_of(TASK, 2).float() / 255
        parallel = predictor_of_normalised(trained.ensemble, "parallel")
        assert not parallel(images).requires_grad
        torch.testing.assert_close(parallel(images), trained.ensemble(images))
        assert torch.get_num_threads() == num_threads
        in_a_worker = parallel._pool.submit(torch.get_num_threads).result()
        assert in_a_worker == 1
        with ThreadPoolExecutor(1) as other:
            assert other.submit(torch.get_num_threads).result() == num_threads
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_members_are_spread_over_gpus():
    trained = make_trained(k=3)
    images = images_of(TASK, 2).float() / 255
    with torch.inference_mode():
        expected = trained.ensemble(images)
        parallel = predictor_of_normalised(trained.ensemble.cuda(), "parallel")
        found = parallel(images.cuda())
    devices = {parameter.device.index for parameter in parallel.parameters()}
    assert devices == set(range(min(3, torch.cuda.device_count())))
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("execution", ["fused", "parallel"])
def test_mixed_precision_reaches_every_execution(execution):
    trained = make_trained("resnet", {}, k=2)
    seen = []
    for member in trained.ensemble.members:
        member.register_forward_hook(lambda *parts: seen.append(parts[-1].dtype))
    predictor = predictor_of_normalised(trained.ensemble, execution)
    if execution == "fused":
        predictor.fused.register_forward_hook(lambda *parts: seen.append(parts[-1].dtype))
    images = images_of(TASK, 3).float() / 255
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        predictor(images)
    assert set(seen) == {torch.bfloat16}
    seen.clear()
    with torch.inference_mode():
        predictor(images)
    assert set(seen) == {torch.float32}
