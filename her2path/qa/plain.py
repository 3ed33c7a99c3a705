"""Values of this package as plain values for JSON, under the names of their fields."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np
from pydantic import BaseModel

from her2path.qa.significance import Significance, significance_json
from her2path.qa.values import Estimate, Undefined, as_json


def plain(value: Any) -> Any:  # noqa: ANN401 - any value in, parsed JSON out
    """Give a value as dictionaries, lists, texts and numbers.

    A statistic is written with interval, n and method, one that is not defined with its reason.
    """
    match value:
        case Estimate() | Undefined():
            return as_json(value)
        case Significance():
            return significance_json(value)
        case BaseModel():
            return value.model_dump(mode="json")
        case np.ndarray():
            return value.tolist()
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case tuple() | list():
            return [plain(one) for one in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value
