from pathlib import Path

import pytest

from ensemble_switchover.api.overrides import as_overrides
from ensemble_switchover.design import DesignClass
from ensemble_switchover.errors import ConfigError


@pytest.mark.parametrize(
    ("keywords", "override"),
    [
        ({"k": 4}, "k=4"),
        ({"compile": True}, "compile=true"),
        ({"epochs": None}, "epochs=null"),
        ({"recipe": {"learning_rate": 1e-5}}, "recipe.learning_rate=1e-05"),
        ({"recipe": {"optimizer": "adamw"}}, "recipe/optimizer=adamw"),
        ({"budget": {"width": [8, 16]}}, "budget.width=8,16"),
        ({"study": "a,b"}, "study='a,b'"),
        ({"study": "007"}, "study='007'"),
        ({"results": Path("my results")}, "results='my results'"),
        ({"design": DesignClass.DEQ}, "design=deq"),
        ({"design": ["deq", "weq"]}, "design=deq,weq"),
        ({"seed": range(3)}, "seed=0,1,2"),
        ({"measurement.latency_batch_sizes": [1, 32]}, "measurement.latency_batch_sizes=[1,32]"),
        ({"callbacks": ["early_stopping"]}, "callbacks=[early_stopping]"),
        ({"callbacks": {"my": {"_target_": "a.B", "n": 2}}}, "++callbacks={my:{_target_:a.B,n:2}}"),
        ({"measurement": {"latency_batch_sizes": (1,)}}, "measurement.latency_batch_sizes=[1]"),
    ],
)
def test_a_keyword_is_the_override_of_its_value(keywords, override):
    assert as_overrides([], keywords) == [override]


@pytest.mark.parametrize(
    ("words", "keywords", "sentence"),
    [
        ([["k=2"]], {}, "expected overrides one by one, such as compose('design=deq', 'k=4')"),
        ([], {"k": 2j}, "k=2j: expected a text, a number, a bool, None, a mapping or a list, and "),
        (["hydra/launcher=joblib"], {}, "hydra/launcher=joblib: is for the command line, which "),
        (["sweep.hours=2"], {}, "sweep.hours=2: is for a sweep of the command line; expected it "),
    ],
)
def test_what_is_no_override_of_a_run_is_refused(words, keywords, sentence):
    with pytest.raises(ConfigError) as caught:
        as_overrides(words, keywords)
    assert sentence in str(caught.value)
