"""A manifest is checked whole before a night begins: each mistake where it stands, and no row dropped."""

import json
import pickle
import time
from pathlib import Path

import pytest

from her2path.errors import UsageError
from her2path.store.manifest import (
    KNOWN,
    ManifestRow,
    find_slides,
    misread_columns,
    parse_manifest,
    parse_rows,
    passed_over,
)
from her2path.store.manifest_mistakes import raise_all

ROOT = Path(__file__).parents[2]


def write(folder: Path, text: str) -> Path:
    path = folder / "manifest.csv"
    path.write_text(text, "utf-8")
    return path


def read(path: Path) -> tuple[ManifestRow, ...]:
    rows, mistakes = parse_manifest(path)
    assert mistakes == []
    return rows


def problems(path: Path) -> list[str]:
    with pytest.raises(UsageError) as caught:
        raise_all(parse_manifest(path)[1])
    return str(caught.value).splitlines()


def test_every_column_is_read(tmp_path: Path) -> None:
    square = '{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]]}'
    (tmp_path / "roi.geojson").write_text(square, "utf-8")
    roi = "roi.geojson"
    path = write(
        tmp_path,
        ",".join((*KNOWN, "block"))
        + f"\ns.svs,S-1,P-1,biopsy,stomach,gastric-biopsy,0.25,{roi},{roi},{roi},4B5,P1000,2+,A 1\nt.svs"
        + "," * len(KNOWN)
        + "\n",
    )
    full, bare = read(path)
    roi_path = tmp_path / roi
    assert full == ManifestRow(
        path=tmp_path / "s.svs",
        slide_id="S-1",
        case_id="P-1",
        specimen="biopsy",
        tumour="gastric",
        rulebook="gastric-biopsy",
        mpp_um=0.25,
        include=roi_path,
        exclude=roi_path,
        control_roi=roi_path,
        clone="4B5",
        scanner="P1000",
        manual_score="2+",
        own={"block": "A 1"},
        where="manifest.csv, row 2",
    )
    assert bare == ManifestRow(tmp_path / "t.svs", own={"block": None}, where="manifest.csv, row 3")
    assert full.cells() == {
        "case_id": "P-1",
        "specimen": "biopsy",
        "tumour": "gastric",
        "clone": "4B5",
        "scanner": "P1000",
        "manual_score": "2+",
        "mpp": "0.25",
        "include": str(roi_path),
        "exclude": str(roi_path),
        "control_roi": str(roi_path),
        "block": "A 1",
    }
    assert set(bare.cells().values()) == {None}
    assert pickle.loads(pickle.dumps(full)) == full


def test_names_of_columns_may_be_in_capitals_and_padded(tmp_path: Path) -> None:
    (row,) = read(write(tmp_path, " Path ; Case_ID ;Block\na.svs;P-1;7\n"))
    assert (row.case_id, row.own) == ("P-1", {"Block": "7"})


def test_empty_columns_behind_the_others_are_none(tmp_path: Path) -> None:
    (row,) = read(write(tmp_path, "path;block;;;\na.svs;7;;;\n"))
    assert row.own == {"block": "7"}
    _, (mistake,) = parse_manifest(write(tmp_path, "path;block;;;\na.svs;7;8;;\n"))
    assert (mistake.column, mistake.what) == ("3", "has no name; name it, or take the column out")


def test_a_slide_that_is_not_there_is_no_mistake(tmp_path: Path) -> None:
    (row,) = read(write(tmp_path, "path\nscans/gone.svs\n"))
    assert row.path == tmp_path / "scans" / "gone.svs"


def test_every_mistake_is_told_with_row_and_column(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "path,slide_id,specimen,mpp,manual_score\n"
        "a.svs,S1,boipsy,25,4+\n"
        "\n"
        "b.svs,s1,biopsy,,\n"
        "./a.svs,,,,\n"
        ",,,,\n"
        ",S2,,,\n"
        "c.svs,S3\n"
        "d.svs,S4,,,,,7\n",
    )
    starts = [
        "manifest.csv, row 2, column specimen: 'boipsy' is no specimen; did you mean biopsy? (rese",
        "manifest.csv, row 2, column mpp: pixel size 25 µm/px",
        "manifest.csv, row 2, column manual_score: '4+' is no score",
        "manifest.csv, row 4, column slide_id: is the same as in row 2;",
        "manifest.csv, row 5, column path: is the same as in row 2;",
        "manifest.csv, row 7, column path: is empty",
        "manifest.csv, row 8: has 2 cells, and 5 columns are named",
        "manifest.csv, row 9: has 7 cells, and 5 columns are named",
    ]
    found = problems(path)
    assert [line[: len(start)] for line, start in zip(found, starts, strict=True)] == starts


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("paht,clone", ["row 1: the column path is missing; is it paht?"]),
        ("slide,clone", ["row 1: the column path is missing"]),
        ("path,Path", ["row 1, column path: is there 2 times; keep one"]),
        ("path,x,", ["row 1, column 3: has no name; name it, or take the column out"]),
    ],
)
def test_columns_must_have_names_of_their_own(tmp_path: Path, header: str, what: list[str]) -> None:
    path = write(tmp_path, header + "\n" + ",".join("1bc"[: header.count(",") + 1]) + "\n")
    assert problems(path) == [f"manifest.csv, {line}" for line in what]


def test_the_same_file_through_a_link_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.svs").touch()
    (tmp_path / "b.svs").symlink_to("a.svs")
    (line,) = problems(write(tmp_path, "path\na.svs\nb.svs\n"))
    assert line.startswith("manifest.csv, row 3, column path: is the same as in row 2")


@pytest.mark.parametrize("text", ["", "\n\n", "path\n", "path\n\n"])
def test_a_manifest_without_a_slide_is_a_mistake(tmp_path: Path, text: str) -> None:
    assert len(problems(write(tmp_path, text))) == 1


def test_a_name_that_nearly_is_one_that_decides_is_asked_about(tmp_path: Path) -> None:
    rows = read(write(tmp_path, "path,tumor,specimens,scanner_id,mpp_source,lot\na.svs,1,2,3,4,5\n"))
    tumor, specimens = misread_columns(rows)
    assert tumor == "column tumor is not read, and travels along; if it means tumour, call it tumour"
    assert specimens.startswith("column specimens is not read")
    assert misread_columns(read(write(tmp_path, "path,tumour,tumor\na.svs,breast,x\n"))) == ()
    assert misread_columns(()) == ()


def test_a_manifest_folders_and_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.svs").touch()
    manifest = write(tmp_path, "path,case_id\na.svs,P-1\n")
    assert parse_rows([manifest])[0][0].case_id == "P-1"
    assert parse_rows([tmp_path])[0] == find_slides([tmp_path]) == (ManifestRow(tmp_path / "a.svs"),)
    for given, what in (
        ([manifest, tmp_path], "manifest.csv is a manifest: give it alone"),
        ([tmp_path / "gone.csv"], "gone.csv cannot be read"),
        ([tmp_path / "none*.svs"], "none*.svs"),
    ):
        rows, (mistake,) = parse_rows(given)
        assert rows == ()
        assert what in mistake.what


def test_what_a_region_file_holds_beside_regions_is_told_once_a_file(tmp_path: Path) -> None:
    area = {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]]}
    point = {"type": "Point", "coordinates": [1, 1]}
    for name, shapes in {"whole": [area], "mixed": [area, point, point]}.items():
        (tmp_path / f"{name}.geojson").write_text(json.dumps(shapes), "utf-8")
    rows = read(
        write(
            tmp_path,
            "path,include,exclude\na.svs,mixed.geojson,whole.geojson\nb.svs,whole.geojson,mixed.geojson\n",
        )
    )
    assert rows[0].include == tmp_path / "mixed.geojson"
    assert passed_over(rows) == ("mixed.geojson: 2 x Point: no regions; passed over",)
    assert passed_over(rows[:0]) == ()


def test_twenty_thousand_rows_take_seconds(tmp_path: Path) -> None:
    lines = (f"day/s{n}.svs,S{n},P{n // 3},biopsy,gastric,0.2{n % 9},{n}" for n in range(20_000))
    path = write(tmp_path, "path,slide_id,case_id,specimen,tumour,mpp,block\n" + "\n".join(lines))
    start = time.process_time()
    rows = read(path)
    assert len(rows) == 20_000
    assert time.process_time() - start < 20  # some 2 s; quadratic in the rows, it would be minutes


def test_the_example_of_the_guide_is_a_manifest_of_the_sample_slides() -> None:
    example = ROOT / "docs" / "examples" / "manifest.csv"
    assert example.read_text("utf-8") in (ROOT / "docs" / "guide" / "batch.md").read_text("utf-8")
    rows = read(example)
    assert {row.path for row in rows} == set((ROOT / "sample_slides").glob("*.svs"))
    assert misread_columns(rows) == ()
