"""What a slide costs in time, by the size of its file: a fixed part, and a part for every byte.

Opening, surveying and writing take their time however small a slide is. A queue that begins with the largest
slides would promise too early an end if every second were put down to bytes.
"""

from dataclasses import dataclass

DOUBT = 3.0
"""How far sizes must differ before a fixed part is believed in: as far as so many slides of half the size
make them. Among slides of one size the two parts cannot be told apart, and chance would decide."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Sums over the slides so far, each weighted by its size: a large one is no surer, relative to itself.

    With x bytes and y seconds, y/x = per byte + fixed/x is a straight line in 1/x.
    """

    n: int = 0
    u: float = 0.0
    """Of 1/x."""

    uu: float = 0.0
    v: float = 0.0
    """Of y/x."""

    uv: float = 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of work that a slide takes."""

    fixed_s: float
    per_byte_s: float

    def of(self, slides: float, n_bytes: float) -> float:
        """Give the seconds of work in so many slides of so many bytes together."""
        return self.fixed_s * slides + self.per_byte_s * n_bytes


def with_slide(costs: Costs, n_bytes: float, seconds: float) -> Costs:
    """Add a slide that took some seconds of work."""
    u = 1 / max(n_bytes, 1.0)
    v = seconds * u
    return Costs(costs.n + 1, costs.u + u, costs.uu + u * u, costs.v + v, costs.uv + u * v)


def fitted_cost(costs: Costs) -> Cost:
    """Fit both parts, neither below zero; by bytes alone where the sizes tell nothing of a fixed part.

    Parameters
    ----------
    costs
        Of one slide or more.
    """
    n = costs.n
    spread = costs.uu - costs.u**2 / n + DOUBT * (costs.u / n) ** 2
    fixed_s = min(max((costs.uv - costs.u * costs.v / n) / spread, 0.0), costs.v / costs.u)
    return Cost(fixed_s, (costs.v - fixed_s * costs.u) / n)
