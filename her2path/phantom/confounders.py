"""What a recipe may put on a slide that is not membrane staining."""

from typing import Annotated, Literal

from pydantic import Field

from her2path.phantom.keys import Density, Keys, Share


class ConfounderSpec(Keys):
    """What is brown, dark or blurred and is not membrane staining; all off by default."""

    blush_od: Density = 0.0
    """DAB in the cytoplasm of tumour cells, in patches."""

    haze: Annotated[float, Field(ge=0, le=5)] = 1.0
    """Strength of the brown that stained membranes out of the focal plane lend a cell: from about 2 it veils
    the nuclei."""

    background_od: Density = 0.01
    """DAB everywhere in the tissue."""

    eosinophilic_od: Density = 0.0
    """Pale pink-grey of cytoplasm and collagen that belongs to neither stain."""

    golgi: Share = 0.0
    """Share of tumour cells with brown granules beside the nucleus."""

    brown_nuclei: Share = 0.0
    """Share of tumour nuclei that DAB stains."""

    secretion_od: Density = 0.0
    """DAB of what fills the lumina of glands."""

    edge_od: Density = 0.0
    """DAB added at the very edge of the section, where reagents dry and cling."""

    folds: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the slide where the section lies double; its cells are not counted."""

    pigment: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Clumps of granules a mm² of tissue."""

    pigment_kind: Literal["mixed", "carbon", "melanin", "haemosiderin", "lipofuscin", "formalin"] = "mixed"
    """What the granules are: ``mixed`` is dark brown and of no one kind."""

    precipitate: Annotated[float, Field(ge=0, le=2000)] = 0.0
    """Specks of DAB a mm² of slide, on tissue and glass alike, some in clumps."""

    haemorrhage: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the tissue that is red cells, closely packed."""

    crush: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the tissue, near its border, that was squeezed: nuclei are dark streaks, not counted."""

    nerve: Annotated[float, Field(ge=0, le=0.3)] = 0.0
    """Share of the tissue that is nerve: bundles of pale, wavy fibres."""

    vessels_muscle: Annotated[float, Field(ge=0, le=0.3)] = 0.0
    """Share of the tissue that is vessels with a wall of smooth muscle."""

    decalcified: bool = False
    """Acid took the stain of the nuclei: pale and smudged."""

    thickness_um: Annotated[float, Field(ge=2, le=6)] = 4.0
    """Of the section. All densities go with it, and in a thick one more nuclei lie over each other."""

    pen: bool = False
    """One stroke of a marker across glass and tissue."""

    pen_colour: Literal["blue", "black", "green", "red"] = "blue"
    """Of the marker."""

    ink_margin: Literal["none", "black", "blue", "green", "brown"] = "none"
    """Surgical ink along a part of the border of the tissue, 20 to 150 µm deep."""

    bubble: Annotated[float, Field(ge=0, le=0.3)] = 0.0
    """Share of the slide under one to three air bubbles; cells under them are not counted."""

    coverslip: bool = False
    """The cover glass ends across a corner of the slide; cells beyond its edge are not counted."""

    dust: Annotated[float, Field(ge=0, le=50)] = 0.0
    """Specks and fibres a mm² of slide; cells under them are not counted."""

    blurred: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the slide that is out of focus; its cells are not counted."""

    motion_um: Annotated[float, Field(ge=0, le=12)] = 0.0
    """How far the stage moved while each line of some strips was exposed; from 1 µm their cells are not
    counted."""

    seam_um: Annotated[float, Field(ge=0, le=12)] = 0.0
    """How far every other strip of the scan lies displaced along itself; cells that a seam cuts are not
    counted."""
