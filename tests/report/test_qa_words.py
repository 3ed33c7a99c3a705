import pytest

from her2path.qa.significance import Significance
from her2path.qa.values import Estimate, Statistic, Undefined
from her2path.report.qa_words import at_or_above, beyond_chance, named, p_words, say, sentence


def test_a_number_is_said_with_interval_and_method() -> None:
    said = say(
        Estimate(0.78, 0.689, 0.8501, 100, "overall percent agreement; Wilson interval, 95 %"), share=True
    )
    assert (said.value, said.interval, said.n) == ("78.0\u202f%", "68.9 to 85.0\u202f%", "100")
    assert (said.what, said.how) == ("Overall percent agreement", "Wilson interval, 95 %")
    said = say(Estimate(-12.46, -15.0, -10.0, 9, "Bland–Altman bias; t interval"))
    assert (said.value, said.interval) == ("−12.5", "−15.0 to −10.0")


@pytest.mark.parametrize(
    ("statistic", "words"),
    [
        (Undefined("every reading is 0", 4), "not defined: every reading is 0"),
        (
            Estimate(1.0, None, None, 4, "x", "no interval: the cases are alike"),
            "1.000 (no interval: the cases are alike)",
        ),
        (Estimate(0.5, 0.25, 0.75, 4, "x"), "0.500 (0.250 to 0.750)"),
    ],
)
def test_a_sentence_says_the_interval_or_why_there_is_none(statistic: Statistic, words: str) -> None:
    assert sentence(statistic) == words


def test_raters_get_their_names_whatever_these_are() -> None:
    assert named(Undefined("rater a has no slide at 3+"), r"\1", "b") == Undefined(r"\1 has no slide at 3+")
    found = named(
        Estimate(1, None, None, 1, "with rater a as the comparator", "rater b; rater above"), "A", "rater a"
    )
    assert isinstance(found, Estimate)
    assert (found.method, found.note) == ("with A as the comparator", "rater a; rater above")


def test_a_test_is_said_by_its_p_value_or_its_reason() -> None:
    small, large = (Significance(p, 1.0, 1, 9, "x") for p in (0.0004, 0.3))
    assert (p_words(small), p_words(large), p_words(Undefined("one class"))) == (
        "p < 0.001",
        "p = 0.300",
        "one class",
    )
    assert [beyond_chance(test) for test in (small, large, Undefined("one class"))] == [True, False, False]


def test_the_highest_class_has_nothing_above() -> None:
    assert (at_or_above(">=1+"), at_or_above("3+")) == ("1+ or above", "3+")
