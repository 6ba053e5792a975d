"""The short names of the ensemble classes are explained where they first appear."""

from ensemble_switchover.analysis.class_terms import CLASS_TERMS, spell_out_classes


def test_each_class_is_explained_once_at_its_first_mention() -> None:
    told = spell_out_classes(
        ["Build weq, k = 4.", "Collapsed: digits-26x8-deq-k4-s1.", "deq, k = 2; weq, k = 4; deq."]
    )
    assert told[0] == f"Build weq ({CLASS_TERMS['weq']}), k = 4."
    assert told[1] == "Collapsed: digits-26x8-deq-k4-s1."
    assert told[2] == f"deq ({CLASS_TERMS['deq']}), k = 2; weq, k = 4; deq."


def test_what_names_no_class_stays_as_it_is() -> None:
    sentences = ["Build single, depth 26, width 8.", "results/deq/run, weq-2, design=deq,weq"]
    assert spell_out_classes(sentences) == sentences
    assert spell_out_classes([]) == []
