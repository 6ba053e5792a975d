import pytest

from ensemble_switchover.api.composition import compose, compose_all
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import ConfigError
from tests.example_project import nothing_registered, write_example


def test_a_run_is_that_of_the_command_line(compose_config):
    run = compose("arch=resnet", "dataset=digits", design="deq", k=4, budget={"width": 12})
    config = compose_config("arch=resnet", "dataset=digits", "design=deq", "k=4", "budget.width=12")
    assert run.config == config
    assert run.spec == resolve(config)
    assert (run.name, run.folder, run.design) == (
        *(run.spec.name, run.spec.folder, run.spec.design),
    )
    assert repr(run).startswith(f"<Run {run.name}: deq: 4 resnets 26x")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["k=0"], "k=0: expected 1 to 64 members"),
        (["k=two"], "k=two: expected a value of type Integer"),
        (["arch=resent"], "arch=resent: expected one of densenet, resnet, vgg, wide_resnet; did "),
        (["epoch=3"], "epoch: no such key; did you mean epochs"),
        (["deq"], "deq: cannot be read; expected key=value"),
        (["design=single,deq"], "design=single,deq: is a list, and compose makes one run; "),
        (["sweep=smoke"], "sweep=smoke: is a sweep, and compose makes one run; expected one value"),
        (["k=0", "seed=-1"], "2 problems:\n  - "),
        (["design=weq", "k=64", "budget.width=8"], "design=weq k=64: 64 networks of width 8 do "),
    ],
)
def test_a_mistake_raises_the_sentence_of_the_command_line(words, sentence):
    with pytest.raises(ConfigError) as caught:
        compose(*words)
    assert sentence in str(caught.value)


def test_lists_give_each_run_once_and_designs_that_do_not_exist_are_told(log_lines):
    runs = compose_all("design=single,deq,weq", k=[2, 64], budget={"depth": 14, "width": 4})
    assert [run.spec.design_label for run in runs] == ["single k=1", "deq k=2", "weq k=2"]
    assert [run.spec for run in runs] == [resolve(run.config) for run in runs]
    told = [line for line in log_lines if "no such design" in line]
    assert len(told) == 2
    assert "k=64" in told[0]


def test_a_named_sweep_gives_all_of_its_runs():
    runs = compose_all("sweep=smoke", seed=0)
    assert len(runs) == 6
    assert {run.spec.study for run in runs} == {"smoke"}


def test_a_mistake_in_several_runs_is_named_once():
    with pytest.raises(ConfigError) as caught:
        compose_all("seed=0,1", epochs=0)
    assert str(caught.value).count("epochs=0") == 1


def test_a_folder_of_options_is_searched(tmp_path):
    write_example(tmp_path)
    with nothing_registered():
        run = compose(arch="mobilenet", dataset="stripes", config_dir=tmp_path / "options")
        assert run.spec.family.name == "mobilenet"
    with pytest.raises(ConfigError, match="absent: expected a folder of options"):
        compose(config_dir=tmp_path / "absent")
