"""Texts in Hydra's quotes, read back by Hydra and OmegaConf."""

from dataclasses import dataclass

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from ensemble_switchover.config.quoting import hydra_text, quoted_text, shell_override

ODD = st.sampled_from("\\'\"${}a ,=~1_.e+-?n:[]()#&é\n")
texts = st.text(ODD | st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)


@dataclass
class Texts:
    text: str = ""


def read_back(value):
    config = OmegaConf.structured(Texts)
    config.text = OverridesParser.create().parse_override(f"key={value}").value()
    return OmegaConf.to_object(config).text


@settings(max_examples=150, deadline=None)
@given(texts)
def test_every_text_is_read_back_as_it_was(text):
    if text != "???":  # which OmegaConf takes for a value that is missing
        assert read_back(hydra_text(text)) == text
        assert read_back(quoted_text(text)) == text


@pytest.mark.parametrize("text", ["demo", "12", "/data/photos", "a.b_c-d", "x:y", "0"])
def test_plain_texts_have_no_quotes(text):
    assert hydra_text(text) == text


@pytest.mark.parametrize("text", ["007", "1e3", "true", "NULL", "nan", "1_0", "", "~", "a b", "1."])
def test_texts_that_hydra_would_read_otherwise_have_quotes(text):
    assert hydra_text(text) == f"'{text}'"


def test_an_override_is_a_word_for_a_shell():
    assert shell_override("study", "a,b") == "\"study='a,b'\""
