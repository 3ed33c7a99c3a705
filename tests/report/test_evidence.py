"""What each rule saw, and which percentages the reader should look at."""

from typing import Any

import pytest

from her2path.report.evidence import critical, fired, rules_seen


def entry(rule: str, percent: float, ci: tuple[float, float] | None, **changes: Any) -> dict[str, Any]:
    return {
        "rule": rule,
        "patterns": ["SC"],
        "metric": "percent",
        "count": 10,
        "percent": percent,
        "percent_ci": ci,
        "op": ">",
        "threshold": 10.0,
        "met": percent > 10,
        "sentence": "s",
    } | changes


def score(fired_name: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"rule_fired": fired_name, "evidence": list(entries)}


def test_percent_becomes_a_fraction() -> None:
    (rule,) = rules_seen(score("a", entry("a", 12.4, (9.8, 15.1))), {})
    assert rule.fraction == pytest.approx(0.124)
    assert rule.bounds == pytest.approx((0.098, 0.151))
    assert rule.cut_off == pytest.approx(0.10)
    assert rule.asks.replace("\u202f", " ") == "more than 10 %"
    assert rule.uncertain
    assert rule.fired


def test_half_percent_cut_offs_keep_their_half() -> None:
    (rule,) = rules_seen(score("a", entry("a", 12.4, None, threshold=12.5)), {})
    assert rule.asks.replace("\u202f", " ") == "more than 12.5 %"


def test_cluster_and_presence_have_no_axis() -> None:
    rules = rules_seen(
        score(
            "a",
            entry("a", 3, (1, 5), metric="cluster", op=">=", threshold=5),
            entry("b", 3, (1, 5), metric="presence", op=None, threshold=None),
        ),
        {},
    )
    assert [rule.axis for rule in rules] == [None, None]
    assert rules[0].asks == "at least 5 cells together"


def test_interval_and_cut_off_lie_on_the_axis() -> None:
    (rule,) = rules_seen(score("a", entry("a", 97.0, (94.0, 100.0))), {})
    assert rule.axis is not None
    assert rule.axis.low is not None
    assert rule.axis.high is not None
    assert 0 < rule.axis.cut < rule.axis.low < rule.axis.at < rule.axis.high <= 1


def test_no_interval_is_no_certainty_and_no_doubt() -> None:
    (rule,) = rules_seen(score("a", entry("a", 10.5, None)), {})
    assert rule.bounds is None
    assert not rule.uncertain
    assert rule.axis is not None
    assert rule.axis.low is None


def test_critical_holds_what_fired_and_what_nearly_did() -> None:
    near, sure = entry("near", 9.0, (7.0, 11.0)), entry("sure", 60.0, (55.0, 65.0))
    assert [r.name for r in critical(rules_seen(score("sure", near, sure), {}))] == ["sure", "near"]


def test_critical_falls_back_on_the_nearest_miss() -> None:
    far, less_far = entry("far", 0.1, (0.0, 0.2)), entry("less far", 4.0, (3.0, 5.0))
    rules = rules_seen(score("fall-through", far, less_far), {})
    assert [r.name for r in critical(rules)] == ["less far"]
    assert fired(rules) is None


def test_absent_evidence_is_no_rule() -> None:
    assert rules_seen({"rule_fired": "a"}, {}) == []
    assert critical([]) == []


def test_the_rulebook_tells_what_a_rule_asks_for_and_gives() -> None:
    written = {"name": "a", "says": "complete staining", "category": "IHC1", "strict": "IHC2"}
    evidence = score("a", entry("a", 12.4, None))
    (usual,) = rules_seen(evidence, {"gap_policy": "convention", "rules": [written]})
    (strict,) = rules_seen(evidence, {"gap_policy": "strict", "rules": [written]})
    (alone,) = rules_seen(evidence, {})
    assert (usual.says, usual.gives, strict.gives) == ("Complete staining", "1+", "2+")
    assert (alone.says, alone.gives) == ("A", None)


def test_a_share_far_above_its_cut_off_is_not_near_it() -> None:
    near, far = entry("near", 5.3, (2.8, 9.6)), entry("far", 85.2, (73.9, 93.0))
    assert [rule.name for rule in critical(rules_seen(score("presence", near, far), {}))] == ["near"]
