"""A region that is misread scores the wrong tissue, silently; here is what each writer writes."""

import gzip
from pathlib import Path

import orjson
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from her2path.errors import RegionFileError
from her2path.store.regions import read_regions

REALDATA = Path(__file__).parents[3] / "shared" / "realdata" / "regions"
SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
HOLE = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]


def feature(kind: str, coordinates: object, **properties: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {"objectType": "annotation", **properties},
    }


def write(folder: Path, content: object) -> Path:
    path = folder / "regions.any"
    path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return path


def imagescope(*regions: str) -> bytes:
    return (
        '<Annotations MicronsPerPixel="0.25"><Annotation Id="1" Name="tumour"><Attributes/><Regions>'
        + "".join(regions)
        + "</Regions></Annotation></Annotations>"
    ).encode()


def imagescope_region(points: list[list[int]], kind: int = 0, *, negative: bool = False) -> str:
    vertices = "".join(f'<Vertex X="{x}" Y="{y}" Z="0"/>' for x, y in points)
    return (
        f'<Region Id="1" Type="{kind}" NegativeROA="{int(negative)}"><Vertices>{vertices}</Vertices></Region>'
    )


@pytest.mark.parametrize(
    "document",
    [
        {"type": "FeatureCollection", "features": [feature("Polygon", [SQUARE, HOLE])]},
        feature("Polygon", [SQUARE, HOLE]),
        [feature("Polygon", [SQUARE, HOLE])],
        {"type": "Polygon", "coordinates": [SQUARE, HOLE]},
        feature("MultiPolygon", [[SQUARE, HOLE]]),
    ],
)
def test_every_form_of_geojson(tmp_path: Path, document: object) -> None:
    (outline,) = read_regions(write(tmp_path, document)).outlines
    assert outline.geometry.area == 100 - 4


def test_the_class_names_the_region_and_else_its_own_name(tmp_path: Path) -> None:
    document = [
        feature("Polygon", [SQUARE], classification={"name": "Tumor"}, name="first"),
        feature("Polygon", [SQUARE], name="second"),
        feature("Polygon", [SQUARE]),
    ]
    assert [o.name for o in read_regions(write(tmp_path, document)).outlines] == ["Tumor", "second", ""]


def test_lines_and_points_are_named_not_read(tmp_path: Path) -> None:
    document = [
        feature("Polygon", [SQUARE]),
        feature("Point", [1, 1]),
        feature("LineString", SQUARE, name="margin"),
        feature("Polygon", [[[0, 0], [5, 0], [0, 0]]]),
        {"type": "Feature", "geometry": None, "properties": {}},
    ]
    found = read_regions(write(tmp_path, document))
    assert len(found.outlines) == 1
    assert found.passed_over == ("Point", "LineString 'margin'", "Polygon", "empty shape")
    assert found.passed_over_words == "1 x Point, 1 x LineString 'margin', 1 x Polygon, 1 x empty shape"


def test_shapes_of_one_class_keep_their_own_names(tmp_path: Path) -> None:
    document = [
        feature("Polygon", [SQUARE], classification={"name": "Tumor"}, name="first"),
        feature("Polygon", [SQUARE], classification={"names": ["Tumor", "DCIS"]}),
        feature("Polygon", [SQUARE], classification="Stroma"),
        feature("Polygon", [SQUARE], classification={"name": None}, name="loose"),
    ]
    outlines = read_regions(write(tmp_path, document)).outlines
    assert [(o.name, o.title, o.label) for o in outlines] == [
        ("Tumor", "first", "first"),
        ("Tumor: DCIS", "", "Tumor: DCIS"),
        ("Stroma", "", "Stroma"),
        ("loose", "loose", "loose"),
    ]


def test_what_qupath_found_itself_is_no_region(tmp_path: Path) -> None:
    document = [
        feature("Polygon", [SQUARE], name="drawn"),
        {**feature("Polygon", [SQUARE]), "properties": {"objectType": "cell"}},
        {**feature("Polygon", [SQUARE]), "properties": {"objectType": "cell"}},
        {"id": "PathDetectionObject", **feature("Polygon", [SQUARE]), "properties": {}},
        feature("Polygon", [SQUARE], name="A-1", isMissing=True),
        {**feature("Polygon", [SQUARE]), "properties": {"objectType": "tma_core", "name": "A-2"}},
    ]
    found = read_regions(write(tmp_path, document))
    assert [outline.label for outline in found.outlines] == ["drawn", "A-2"]
    assert found.passed_over_words == "2 x cell, 1 x detection, 1 x missing core 'A-1'"


def test_byte_order_mark_and_gzip(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + orjson.dumps(feature("Polygon", [SQUARE]))
    assert read_regions(write(tmp_path, content)).outlines[0].geometry.area == 100
    assert read_regions(write(tmp_path, gzip.compress(content))).outlines[0].geometry.area == 100


def test_an_outline_that_crosses_itself_keeps_its_area(tmp_path: Path) -> None:
    bow_tie = [[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]
    (outline,) = read_regions(write(tmp_path, feature("Polygon", [bow_tie]))).outlines
    assert outline.geometry.is_valid
    assert outline.geometry.area == pytest.approx(50)


def test_imagescope_negative_regions_are_holes(tmp_path: Path) -> None:
    content = imagescope(imagescope_region(SQUARE), imagescope_region(HOLE, negative=True))
    (outline,) = read_regions(write(tmp_path, content)).outlines
    assert (outline.name, outline.geometry.area) == ("tumour", 96)


def test_imagescope_shapes_by_two_corners(tmp_path: Path) -> None:
    content = imagescope(
        imagescope_region([[10, 20], [0, 0]], kind=1),
        imagescope_region([[0, 0], [10, 20]], kind=2),
        imagescope_region([[0, 0], [10, 20]], kind=4),
    )
    found = read_regions(write(tmp_path, content))
    rectangle, ellipse = (outline.geometry for outline in found.outlines)
    assert rectangle.area == 200
    assert ellipse.area == pytest.approx(3.14159 * 5 * 10, rel=0.01)
    assert ellipse.bounds == pytest.approx((0, 0, 10, 20))
    assert found.passed_over == ("line or point 'tumour'",)


@pytest.mark.parametrize(
    "points", [[[0, 0], [10, 0], [10, 20], [0, 20]], [[5, 0], [10, 10], [5, 20], [0, 10]]]
)
def test_an_ellipse_by_four_points_is_no_polygon(tmp_path: Path, points: list[list[int]]) -> None:
    (outline,) = read_regions(write(tmp_path, imagescope(imagescope_region(points, kind=2)))).outlines
    assert outline.geometry.area == pytest.approx(3.14159 * 5 * 10, rel=0.01)


def test_a_region_that_is_all_hole_is_passed_over(tmp_path: Path) -> None:
    content = imagescope(
        imagescope_region(SQUARE),
        imagescope_region(HOLE),
        imagescope_region([[1, 1], [5, 1], [5, 5], [1, 5]], negative=True),
    )
    found = read_regions(write(tmp_path, content))
    assert [outline.geometry.area for outline in found.outlines] == [100 - 16]
    assert found.passed_over == ("cut away shape 'tumour'",)


def test_a_spline_is_the_polygon_of_its_corners(tmp_path: Path) -> None:
    corners = "".join(f'<Coordinate Order="{k}" X="{x}" Y="{y}"/>' for k, (x, y) in enumerate(SQUARE[:4]))
    content = (
        '<ASAP_Annotations><Annotations><Annotation Name="front" Type="Spline" PartOfGroup="Tumor">'
        f"<Coordinates>{corners}</Coordinates></Annotation></Annotations></ASAP_Annotations>"
    )
    (outline,) = read_regions(write(tmp_path, content.encode())).outlines
    assert (outline.name, outline.title, outline.geometry.area) == ("Tumor", "front", 100)


def test_asap_corners_stand_in_their_stated_order(tmp_path: Path) -> None:
    corners = "".join(
        f'<Coordinate Order="{order}" X="{x}" Y="{y}"/>'
        for order, x, y in [(2, 10, 10), (0, 0, 0), (1, 10, 0), (3, 0, 10)]
    )
    content = (
        '<?xml version="1.0"?><ASAP_Annotations><Annotations>'
        f'<Annotation Name="a" Type="Polygon" PartOfGroup="Tumor"><Coordinates>{corners}</Coordinates>'
        "</Annotation>"
        '<Annotation Name="b" Type="Dot" PartOfGroup="None"><Coordinates>'
        '<Coordinate Order="0" X="1" Y="1"/></Coordinates></Annotation>'
        "</Annotations></ASAP_Annotations>"
    )
    found = read_regions(write(tmp_path, content.encode()))
    assert [(o.name, o.geometry.area) for o in found.outlines] == [("Tumor", 100)]
    assert found.passed_over == ("Dot 'b'",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no region file"),
        (b"x,y\n1,2\n", "is no region file"),
        (b"{", "does not parse"),
        (b"{}", "does not parse"),
        (b"[1, 2]", "does not parse"),
        (b"<Annotations>", "does not parse"),
        (b"<html></html>", "unknown root element 'html'"),
        (orjson.dumps(feature("Circle", [0, 0])), "unknown geometry 'Circle'"),
        (orjson.dumps(feature("Polygon", [[["a", 1], [2, 2], [3, 1]]])), "does not parse"),
        (orjson.dumps(feature("Polygon", 7)), "does not parse"),
        (imagescope('<Region><Vertices><Vertex X="1"/></Vertices></Region>' * 3), "holds no closed shape"),
        (orjson.dumps({"type": "FeatureCollection", "features": []}), "holds no closed shape"),
        (orjson.dumps(feature("LineString", SQUARE)), r"holds no closed shape \(found: 1 x LineString\)"),
    ],
)
def test_what_is_no_region_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(RegionFileError, match=message) as caught:
        read_regions(write(tmp_path, content))
    assert "regions.any" in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegionFileError, match="cannot be read"):
        read_regions(tmp_path / "nothing.geojson")


@given(st.binary(max_size=200))
def test_no_content_ends_in_another_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    with pytest.raises(RegionFileError):
        read_regions(write(tmp_path_factory.getbasetemp(), content))


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.exists(), reason="needs ../shared/realdata")
@pytest.mark.parametrize("path", sorted(REALDATA.glob("*")), ids=lambda path: path.name)
def test_real_files(path: Path) -> None:
    if any(word in path.stem for word in ("line", "point")):
        with pytest.raises(RegionFileError, match="holds no closed shape"):
            read_regions(path)
        return
    found = read_regions(path)
    n_expected = {"imagescope_tcga": 4, "qupath05": 3}.get(path.stem, 1)
    assert len(found.outlines) == n_expected
    assert not found.passed_over
    assert all(outline.geometry.is_valid and outline.geometry.area > 100 for outline in found.outlines)


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.exists(), reason="needs ../shared/realdata")
def test_a_real_hole_is_a_hole() -> None:
    (outline,) = read_regions(REALDATA / "holed.geojson").outlines
    assert isinstance(outline.geometry, shapely.Polygon)
    (hole,) = outline.geometry.interiors
    assert outline.geometry.area < (13369 - 10098) * (19491 - 16763)
    assert len(hole.coords) > 10
