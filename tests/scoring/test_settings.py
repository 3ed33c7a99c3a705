import pytest
from pydantic import ValidationError

from her2path.scoring.settings import Display, Grading, Settings, Statistics, problems_in


class Outer(Settings):
    """Settings inside settings, as in a recipe."""

    statistics: Statistics = Statistics()
    grids: tuple[float, ...] = ()


def test_cut_offs_must_rise() -> None:
    with pytest.raises(ValidationError, match="stained_od < weak_od"):
        Grading(weak_od=0.5)


@pytest.mark.parametrize("name", ["min_cells", "min_cells_for_tag", "presence_min_cells", "bin_min_cells"])
def test_a_gate_of_no_cells_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Statistics.model_validate({name: 0})


def test_every_problem_has_its_key_and_an_unknown_key_the_known_ones() -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"statistics": {"seeds": 1, "bin_um": -1}, "grids": ["x"], "extra": 1})
    problems = problems_in(caught.value, Outer)
    keys = [problem.split(": ")[0] for problem in problems]
    assert sorted(keys) == ["extra", "grids[0]", "statistics.bin_um", "statistics.seeds"]
    (unknown,) = [problem for problem in problems if problem.startswith("statistics.seeds")]
    assert "bootstrap_replicates" in unknown
    assert "did you mean seed?" in unknown
    (inside,) = [problem for problem in problems if problem.startswith("extra")]
    assert inside == "extra: unknown key; known here: statistics, grids"


def test_codes_have_words_that_a_recipe_may_change() -> None:
    display = Display(IHC0_STAINED="0+", her2_ultralow="ultralow")
    assert display.of("IHC0_STAINED") == "0+"
    assert display.of("IHC0_NULL") == "0"
    assert display.of("her2-ultralow") == "ultralow"
    assert display.of(None) is None
