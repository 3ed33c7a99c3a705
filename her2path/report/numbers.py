"""How a number is written on the page: one owner, so that the same value never reads in two ways.

Every function takes what score.json holds and gives plain text. Missing (None or not finite) is
``NOT_GIVEN``, never 0.
"""

import math

NOT_GIVEN = "not given"

THIN = "\u202f"
"""Narrow no-break space: between groups of thousands, and before a unit."""


def is_given(value: float | None) -> bool:
    """Whether there is a finite number."""
    return value is not None and math.isfinite(value)


def count(value: float | None) -> str:
    """Write a whole number, thousands apart.

    >>> count(12345).replace(THIN, "_")
    '12_345'
    """
    if value is None or not math.isfinite(value):
        return NOT_GIVEN
    return f"{value:,.0f}".replace(",", THIN)


def fixed(value: float | None, decimals: int = 2, unit: str = "") -> str:
    """Write a number with so many decimals, thousands apart, and its unit.

    >>> fixed(31.415, 1, "mm²").replace(THIN, "_")
    '31.4_mm²'
    """
    if value is None or not math.isfinite(value):
        return NOT_GIVEN
    text = f"{value:,.{decimals}f}".replace(",", THIN).replace("-", "−")
    return f"{text}{THIN}{unit}" if unit else text


def area(mm2: float | None) -> str:
    """Write an area in mm²; one too small for its decimals does not read as none.

    >>> area(0.004).replace(THIN, "_"), area(0.0).replace(THIN, "_")
    ('<_0.01_mm²', '0.00_mm²')
    """
    if mm2 is not None and 0 < mm2 < 0.005:
        return f"<{THIN}0.01{THIN}mm²"
    return fixed(mm2, 2, "mm²")


def percent(fraction: float | None, against: float | None = None) -> str:
    """Write a fraction as percent; ``against`` is a cut-off that rounding must not touch.

    >>> percent(0.1244).replace(THIN, "_"), percent(0.0002).replace(THIN, "_")
    ('12.4_%', '<_0.1_%')
    >>> percent(0.10004, against=0.10).replace(THIN, "_")
    '10.004_%'
    """
    if fraction is None or not math.isfinite(fraction):
        return NOT_GIVEN
    return f"{_percent_digits(fraction, against)}{THIN}%"


def whole_percent(fraction: float | None) -> str:
    """Write a measured fraction of one cell, where decimals would pretend.

    >>> whole_percent(0.833).replace(THIN, "_")
    '83_%'
    """
    return NOT_GIVEN if fraction is None or not math.isfinite(fraction) else f"{100 * fraction:.0f}{THIN}%"


def interval(bounds: tuple[float, float] | list[float] | None) -> str:
    """Write two fractions as an interval in percent.

    >>> interval([0.098, 0.151]).replace(THIN, "_")
    '9.8–15.1_%'
    """
    if bounds is None or not all(is_given(bound) for bound in bounds):
        return NOT_GIVEN
    low, high = bounds
    return f"{_percent_plain(low)}–{_percent_plain(high)}{THIN}%"


def p_value(value: float | None) -> str:
    """Write a p-value with its sign of equality.

    >>> p_value(0.0004), p_value(0.031)
    ('p < 0.001', 'p = 0.031')
    """
    if value is None or not math.isfinite(value):
        return f"p {NOT_GIVEN}"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def text(value: object) -> str:
    """Write any other value of score.json: None as ``NOT_GIVEN``, a list item by item.

    >>> text(None), text([1, "a"]), text(0.25)
    ('not given', '1, a', '0.25')
    """
    if value is None or value == "" or value == [] or value == {}:
        return NOT_GIVEN
    if isinstance(value, list | tuple):
        return ", ".join(text(item) for item in value)
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else NOT_GIVEN
    return str(value)


def _percent_digits(fraction: float, against: float | None) -> str:
    if 0 < fraction < 0.0005:
        return f"<{THIN}0.1"
    if 0.9995 <= fraction < 1:
        return f">{THIN}99.9"
    digits = 1
    # 10.004 % is more than 10 %; "10.0 %" beside "more than 10 %" would read as a mistake.
    while (
        against is not None and fraction != against and digits < 6 and _rounds_to(fraction, against, digits)
    ):
        digits += 1
    plain = f"{100 * fraction:.{digits}f}"
    return plain.removesuffix(".0") if plain in ("0.0", "100.0") else plain


def _rounds_to(fraction: float, other: float, digits: int) -> bool:
    return round(100 * fraction, digits) == round(100 * other, digits)


def _percent_plain(fraction: float) -> str:
    plain = f"{100 * fraction:.1f}"
    return plain.removesuffix(".0") if plain in ("0.0", "100.0") else plain
