from her2path.qa.readers import OnestCurve
from her2path.qa.values import Estimate, Undefined
from her2path.report.qa_figures import DotRow, dot_plot, onest_figure


def test_every_row_of_a_dot_plot_says_its_number_or_its_reason() -> None:
    rows = [
        DotRow("0 | 1+", "OPA", 0, Estimate(0.93, 0.86, 0.97, 90, "x")),
        DotRow("0 | 1+", "PPA", 1, Estimate(1.0, None, None, 3, "x")),
        DotRow("2+ | 3+", "NPA", 2, Undefined("nobody has a slide at 3+")),
    ]
    svg = dot_plot(rows, name="dots", label="dots")
    for text in (
        "93.0 %, n = 90",
        "100.0 %, n = 3",
        "not defined: nobody has a slide at 3+",
        "PPA",
        "2+ | 3+",
    ):
        assert text in svg
    assert svg.count(">0 | 1+<") == 1


def test_the_curve_of_readers_names_its_end() -> None:
    curve = OnestCurve(tuple(Estimate(value, None, None, 20, "x") for value in (0.8, 0.625)), None)
    assert "62.5 %" in onest_figure(curve, name="onest")
