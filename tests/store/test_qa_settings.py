"""Published rates and limits that come with the program, and a user's own."""

from pathlib import Path

import pytest

from her2path.errors import ConfigurationError
from her2path.qa.slide_result import DECISIONS
from her2path.resources import resource
from her2path.store.qa_settings import load_bands, load_checklist, load_gate


def test_the_published_rates_are_those_of_their_sources() -> None:
    bands = load_bands()
    told = {(one.rate, one.where.partition(",")[0]): (one.low, one.centre, one.high) for one in bands}
    assert told["positive", "36 of 42 institutes"] == (0.135, 0.167, 0.199)
    assert told["low", "Denmark"] == (0.463, 0.592, 0.718)
    assert told["positive", "Denmark"] == (0.118, 0.140, 0.172)
    assert all(one.citation for one in bands)


def test_the_gate_that_comes_with_the_program_lets_no_decision_change() -> None:
    gate = load_gate()
    assert {getattr(gate, f"max_{what}_flips") for what in DECISIONS} == {0}
    assert gate.min_score_agreement_low is None


def test_the_gate_for_a_validation_asks_for_the_lower_bound() -> None:
    gate = load_gate(resource("configs/qa/gate-concordance.toml"))
    assert gate.min_score_agreement_low == 0.90
    assert gate.max_score_flips is None


def test_no_item_of_the_checklist_lacks_its_source() -> None:
    items = load_checklist().items
    assert sum("recommendation" in item.citation for item in items) == 11  # CAP 2019 has eleven
    assert {item.evidence for item in items} == {"read", "recalled"}


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("max_score_flip = 1\nmax_h_score_move = -1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_gate(path)
    text = str(caught.value)
    assert "did you mean max_score_flips?" in text
    assert "max_h_score_move" in text.splitlines()[1]
    path.write_text("[[bands]]\nrate = 'high'\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"bands\[0\].tumour: is missing"):
        load_bands(path)
