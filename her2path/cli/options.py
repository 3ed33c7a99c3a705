"""Names and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class SpecimenName(StrEnum):
    """Kinds of specimen."""

    resection = "resection"
    biopsy = "biopsy"
    tma_core = "tma-core"
    cytology = "cytology"


class EngineName(StrEnum):
    """Who finds the cells."""

    auto = "auto"
    cnn = "cnn"
    classical = "classical"


class CollapseRuleName(StrEnum):
    """How the cores of a case give one result."""

    highest = "highest"
    majority = "majority"
    weighted = "weighted"
    any_positive = "any-positive"


class DeviceName(StrEnum):
    """Where the network runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


RulebookOption = Annotated[
    str | None, typer.Option(help="Rulebook id, or the path of your own (.toml). Default: breast-2018.")
]
SpecimenOption = Annotated[SpecimenName | None, typer.Option(help="Needed where the rulebook asks for it.")]
RecipeOption = Annotated[
    Path | None, typer.Option(help="Everything that determines the answer, in one TOML file.")
]
MppOption = Annotated[float | None, typer.Option(help="Micrometres per pixel; overrides what the file says.")]
GridOption = Annotated[
    str | None, typer.Option(help="Rows and columns of the array, 3x4. Default: as many as there are cores.")
]
CoreOption = Annotated[
    float | None, typer.Option(help="Diameter of the cores in micrometres. Default: measured.")
]
OutOption = Annotated[Path, typer.Option(help="Folder that results are written to.")]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Score again what is already scored with the same recipe.")
]
GeojsonOption = Annotated[
    bool, typer.Option("--geojson", help="Write the cells as QuPath detections as well.")
]
LogJsonOption = Annotated[bool, typer.Option("--log-json", help="One JSON line an event.")]
