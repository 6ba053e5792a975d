"""What overrides mean: the very configurations that Hydra composes, run by run, in its order."""

import itertools

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.compose import MEASURED_SHARE, compose_overrides, read_overrides
from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.config.schema import typed
from ensemble_switchover.errors import ConfigError
from tests.quick_compositions import hydra_alone

pytestmark = pytest.mark.slow

MISTAKES = (HydraException, OmegaConfBaseException, ConfigError)


def runs_of_hydra(*overrides, sweep=None):
    """Compose every run by Hydra alone, as its basic sweeper would with `--multirun`."""
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        lines = [override for override in overrides if not override.startswith("hydra")]
        if sweep is not None:
            whole = compose("config", overrides=[sweep], return_hydra_config=True)
            params = whole.hydra.sweeper.params
            lines = [*(f"{key}={value}" for key, value in params.items()), *lines, sweep]
        parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
        (runs,) = BasicSweeper.split_arguments(parser.parse_overrides(lines), None)
        return [typed(compose("config", overrides=list(run))) for run in runs]


def runs_of_ours(*overrides):
    return [config for _, configs in compose_overrides(overrides) for config in configs]


def check(overrides):
    try:
        expected = runs_of_hydra(*overrides)
    except MISTAKES:
        with pytest.raises(MISTAKES):
            runs_of_ours(*overrides)
    else:
        keys = [override.lstrip("+").partition("=")[0] for override in overrides]
        if len(set(keys)) == len(keys):
            assert runs_of_ours(*overrides) == expected


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("seed=3",),
        ("seed=0,1,2", "k=2,4"),
        ("design=single,deq,weq", "k=2,4"),
        ("design=single,deq",),  # k follows from the design
        ("arch=resnet,densenet,vgg", "dataset=digits,cifar10"),
        ("dataset=cifar10,svhn", "dataset.train_size=100,200"),
        ("arch=resnet,vgg", "dataset=digits,cifar100", "study=${arch.family}_${dataset.name}"),
        ("seed=1,2", "k=${seed}"),
        ("seed=0,1", "k=3,${seed}"),  # neither override alone says what both do
        ("dataset=digits,cifar10", "study=x_${dataset.name}", "seed=0,1"),
        ("arch=resnet,vgg", "device=cpu,cuda", "study=${${oc.select:device}_x}", "seed=1,2"),
        ("budget=parameters", "budget.parameters=1M,2M,1.5M"),
        ("budget=parameters", "budget.along=width,depth", "budget.parameters=1M,2M"),
        ("arch=densenet", "budget.network=40x12,64x20", "design=deq,weq"),
        ("budget={depth:20},{depth:26}", "budget.width=4,8"),
        ("budget.width=4,8", "budget={depth:20},{width:26}"),
        ("budget.depth=20", "++budget.depth=32"),
        ("seed=0,1", "k=3", "k=4"),
        ("measurement.latency_batch_sizes=[1],[1,2],[]",),
        ("measurement={latency_seconds:1},{latency_batch_sizes:[2]}",),
        ("recipe.learning_rate=0.1,1e-2,null", "epochs=3,null"),
        ("arch=densenet", "arch.bottleneck=true,false", "arch.compression=0.5,1"),
        ("study='a,b'", 'results="x y"'),
        ("k=choice(2,3)", "seed=range(0,3)"),
        ("dataset=glob(cifar*)",),
        ("++k=2,3", "seed=0,1"),
        ("precision=32,64", "compile=true,false", "threads=1,2"),
        ("design_class.k=5,6", "design=deq"),
    ],
)
def test_runs_are_those_of_hydra_in_its_order(overrides):
    check(overrides)


@pytest.mark.parametrize(
    ("sweep", "overrides"),
    [
        ("demo", ("seed=0,1", "budget.width=4,8")),
        ("demo", ("arch=vgg", "budget.depth=8,11", "design=deq", "k=2,4", "seed=0")),
        ("table_d", ("budget.network=28x4,28x8", "k=4")),
    ],
)
def test_a_named_sweep_gives_its_parameters_to_the_overrides(sweep, overrides):
    assert runs_of_ours(f"sweep={sweep}", *overrides) == runs_of_hydra(
        *overrides, sweep=f"sweep={sweep}"
    )


def test_several_named_sweeps_are_each_read_on_their_own():
    overrides = ("seed=1", "design=deq", "k=4", "dataset=cifar10")
    both = compose_overrides(["sweep=demo,table_d", *overrides])
    assert {sweep.concurrent_jobs for sweep, _ in both} == {1}  # Hydra's launcher, as none is named
    assert [configs for _, configs in both] == [
        runs_of_ours("sweep=demo", *overrides),
        runs_of_ours("sweep=table_d", *overrides),
    ]
    assert {config.study for _, configs in both for config in configs} == {"demo", "paper"}


def test_one_launcher_runs_all_named_sweeps():
    overrides = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=3")
    both = read_overrides(["sweep=demo,smoke", *overrides])
    assert {sweep.concurrent_jobs for sweep in both} == {3}
    assert {sweep.concurrent_jobs for sweep in read_overrides(["sweep=digits"])} == {2}


def test_a_sweep_with_hours_of_its_own_is_run_alone_or_all_have_hours():
    with pytest.raises(ConfigError, match=r"sweep=own: has sweep.hours=8 for itself; expected it"):
        read_overrides(["sweep=smoke,own"])
    assert len(read_overrides(["sweep=smoke,own", "sweep.hours=3"])) == 2
    assert len(read_overrides(["sweep=own"])) == 1


@pytest.mark.parametrize("override", ["sweep.hours=1,2", "sweep.jobs_per_device=2,auto"])
def test_what_is_of_the_whole_sweep_has_one_value(override):
    with pytest.raises(ConfigError, match=f"{override}: is of the whole sweep; expected one value"):
        read_overrides(["sweep=own", override])


@pytest.mark.parametrize("override", ["sweep.seeds=[0,1]", "sweep.beside=['deq k=4']"])
@pytest.mark.parametrize("before", [["sweep=smoke"], ["seed=0,1", "sweep.together=none"]])
def test_what_a_sweep_sets_for_its_jobs_is_refused(override, before):
    with pytest.raises(ConfigError, match="is set by a sweep for its jobs; expected seed= or"):
        read_overrides([*before, override])


def test_overrides_for_hydra_itself_are_no_part_of_a_run():
    (sweep,) = read_overrides(["hydra/launcher=joblib", "hydra.launcher.n_jobs=3", "seed=0,1"])
    assert sweep.concurrent_jobs == 3
    assert sweep.runs == [["seed=0"], ["seed=1"]]


POOL = [
    ["arch=densenet", "arch=resnet,vgg", "arch=vgg,densenet,resnet"],
    ["dataset=digits,cifar10", "dataset.train_size=50,60", "dataset.flip=true,false"],
    ["design=single,deq", "design=weq", "design_class.k=3,5"],
    ["k=2,4", "k=${seed}", "k=1,${seed}", "++k=7"],
    ["seed=0,1", "seed=5", "seed=${epochs},3"],
    ["study=${arch.family}", "study=a_${dataset.name}", "study=${design_class.name}_k${k}"],
    ["budget.depth=20,26", "budget={width:3},{depth:5}", "budget.width=1"],
    ["epochs=2,3", "epochs=null", "epochs=${budget.width},4"],
]


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.sampled_from(list(itertools.chain.from_iterable(POOL))), max_size=4, unique=True)
)
def test_whatever_the_overrides_runs_are_those_of_hydra(overrides):
    with hydra_alone():
        check(overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        ("seed=3", "arch=vgg", "dataset=cifar100", "design=deq", "k=6", "budget.width=16"),
        ("arch=densenet", "arch.bottleneck=true", "budget=parameters", "budget.parameters=1M"),
        ("sweep=digits", "hydra.launcher.n_jobs=3", "execution=parallel", "logger=csv"),
        ("++hydra.job.chdir=true", "dataset={flip:false}", "~logger"),
    ],
)
def test_the_quick_compositions_of_tests_are_those_of_hydra(overrides):
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        quick = [_compose_whole(overrides) for _ in range(2)]
        with hydra_alone():
            assert [_compose_whole(overrides)] * 2 == quick


def _compose_whole(overrides):
    return compose("config", overrides=list(overrides), return_hydra_config=True)


def test_a_run_shares_nothing_that_another_could_change():
    first, second, third = runs_of_ours("budget.width=4,8,12")
    second.budget.width = 99
    assert (first.budget.width, third.budget.width) == (4, 12)


@pytest.mark.parametrize(
    "overrides",
    [("hello",), ("k=many",), ("sweep=nope",), ("+junk=1",), ("arch=resnet,nope",),
     ("k=2,many",), ("bugdet.width=3,4",), ("study=${nope}",), ("~arch",), ("seed=[1,2]",)],
)  # fmt: skip
def test_overrides_that_mean_nothing_are_refused(overrides):
    with pytest.raises(MISTAKES):
        compose_overrides(list(overrides))


@pytest.fixture
def composed(monkeypatch):
    """The overrides of every configuration that Hydra composed."""
    from ensemble_switchover.config import compose as composition

    composed = []

    def counting(*arguments, **options):
        composed.append(options["overrides"])
        return compose(*arguments, **options)

    monkeypatch.setattr(composition, "compose", counting)
    return composed


def test_a_named_sweep_is_composed_once_before_its_runs(composed):
    overrides = ["sweep=own", "seed=0,1,2"]
    assert len(read_overrides(overrides)[0].runs) > 100
    assert composed == [["sweep=own"]]


def test_hundreds_of_runs_need_few_compositions(composed):
    overrides = ["arch=resnet,vgg", "seed=range(0,100)", "k=2,3,4", "study=${arch.family}"]
    assert len(runs_of_ours(*overrides)) == 600
    assert len(composed) == 2  # of the first run, and of the other family


@pytest.mark.parametrize(
    ("overrides", "together"),
    [
        (["sweep=demo"], "seeds"),
        (["sweep=digits_resnet"], "auto"),
        (["sweep=paper", "seed=0", "sweep.together=seeds"], "seeds"),
        (["sweep=figure_2b"], "none"),
        (["sweep=figure_2b,figure_3"], "none"),
        (["sweep=demo,digits_resnet"], "auto"),
        (["sweep=demo,figure_2b"], "none"),
        (["seed=0,1"], "auto"),
        (["seed=0,1", "sweep.together=none"], "none"),
        (["seed=0"], "none"),
    ],
)
def test_a_sweep_says_whether_its_seeds_are_trained_together(overrides, together):
    assert {sweep.together for sweep in read_overrides(overrides)} == {together}


def test_hours_bound_what_is_measured_unless_another_share_is_set():
    def shares(*overrides):
        found = {c.measurement.share for _, part in compose_overrides(overrides) for c in part}
        return found.pop() if len(found) == 1 else found

    own = ("sweep=own", "dataset=digits", "budget.parameters=15k", "seed=0,1")
    assert shares(*own) == MEASURED_SHARE
    assert shares(*own, "measurement.share=0.5") == 0.5
    assert shares(*own, "measurement.share=null") is None
    assert shares(*own, "sweep.hours=null") is None
    assert shares("seed=0,1", "sweep.hours=2") == MEASURED_SHARE
    assert shares("seed=0,1") is None
    hours = [sweep.hours for sweep, _ in compose_overrides([*own, "sweep.hours=3"])]
    assert hours == [3]
