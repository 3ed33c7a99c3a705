"""A card says what was learnt from and what was measured, and says so where nothing was."""

import json
from typing import Any

import pytest

from her2path.nets.weights import InputFacts, ModelFacts, NetworkFacts, TrainingFacts
from her2path.training.card import render_card
from her2path.training.config import TrainingConfig
from her2path.training.curves import CHECK, Row

SET = {
    "doi": "10.5281/zenodo.1175282",
    "title": "Breast nuclei",
    "licence": "CC BY 4.0",
    "folder": "tnbc",
    "change": "stained anew",
}
ROWS: list[Row] = [{"step": 50, "rate": 0.1}, {"step": 1200, "rate": 0.1, CHECK + "loss": 0.25}]

GROUP: dict[str, Any] = {
    "slides": 3,
    "drawn": 12345,
    "f1": 0.9514,
    "recall": 0.9,
    "precision": 1.0,
    "lymphocytes_counted": None,
    "od_bias": -0.0123,
    "od_mae": 0.05,
    "completeness_bias": 0.01,
    "completeness_mae": 0.08,
    "grade_kappa": 0.91,
    "network_od_bias": 0.0021,
    "scores_right": 2,
    "scores_wrong_away_from_a_cut_off": 1,
}
EVALUATION = {
    "set": "held-out",
    "engines": {"cnn": {"all": GROUP, "by_scanner": {"harsh": GROUP}, "by_mpp": {"0.46": GROUP}}},
}


@pytest.fixture
def facts() -> ModelFacts:
    return ModelFacts(
        name="compact",
        version="1",
        parameters=123456,
        sha256="ab" * 32,
        input=InputFacts(mpp_um=0.25, stride=4),
        network=NetworkFacts(widths=(1, 2, 3, 4), hidden=5, rays=32, kinds=("tumour", "other")),
        trained_with=TrainingFacts(config_digest="feed", software="her2path 1", steps=1200),
    )


def with_real_data(facts: ModelFacts) -> ModelFacts:
    trained_with = facts.trained_with.model_copy(update={"real_data": (SET["doi"],)})
    return facts.model_copy(update={"trained_with": trained_with})


def test_the_card_says_what_the_weights_are(facts: ModelFacts) -> None:
    card = render_card(facts, TrainingConfig(), ROWS, None)
    for said in (
        "# compact 1",
        "123,456",
        "ab" * 32,
        "For Research Use Only",
        "`feed`",
        "1,200 steps",
        "0.250",
    ):
        assert said in card
    assert "Not evaluated yet" in card
    assert "Not measured yet" in card
    assert "Not looked for yet" in card


def test_real_sets_stand_on_the_card_only_where_they_were_used(facts: ModelFacts) -> None:
    config = TrainingConfig.model_validate({"real": {"share": 0.4, "sets": [SET]}})
    without, with_them = (render_card(one, config, ROWS, None) for one in (facts, with_real_data(facts)))
    assert "No real image was learnt from" in without
    assert not any(SET[key] in without for key in ("title", "doi"))
    for said in ("40%", *(SET[key] for key in ("title", "doi", "licence", "change")), "--data FOLDER"):
        assert said in with_them


def test_the_evaluation_is_told_by_scanner_and_pixel_size(facts: ModelFacts) -> None:
    card = render_card(facts, TrainingConfig(), ROWS, json.loads(json.dumps(EVALUATION)))
    row = "| 3 | 12,345 | 0.951 | 0.900 | 1.000 | – | -0.012 | 0.050 | 0.080 | 0.910 |"
    for first in ("all", "harsh", "0.46"):
        assert f"| {first} {row}" in card
    assert "| membrane OD, bias | 0.002 | -0.012 |" in card
    assert "2 of 3 right; wrong and not near a cut-off: 1" in card


def test_failures_that_people_saw_are_told(facts: ModelFacts) -> None:
    config = TrainingConfig.model_validate({"card": {"failures": ["Mitoses are missed."]}})
    assert "- Mitoses are missed." in render_card(facts, config, [], None)
