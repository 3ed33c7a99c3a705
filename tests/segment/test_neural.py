"""The network finds the cells, whatever the tiles and pieces; the pixels say where their membranes run."""

import pickle
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from her2path.cells.measure import measure_membranes
from her2path.cells.table import N_RAYS, CellTable
from her2path.cells.vocabulary import KINDS
from her2path.errors import UsageError, WeightsError
from her2path.image.geometry import PixelSize, Region, Tile
from her2path.image.stains import StainMatrix
from her2path.nets.network import CellNet, CellValues, Features
from her2path.nets.reach import COARSEST, Box
from her2path.nets.weights import TrainingFacts, save_network
from her2path.pipeline.tiles import cells_in_slide, gather, tiles_with_tissue
from her2path.quality.blocks import plan_blocks
from her2path.runners.threads import ThreadRunner
from her2path.segment import neural
from her2path.segment.kinds import NetworkEvidence, settle_with_network
from her2path.segment.neural import NeuralSegmenter, find_cells, neural_segmenter
from her2path.segment.protocol import Weights
from her2path.segment.view import Piece, View, view_tile
from her2path.slides.array import ArraySlide

if TYPE_CHECKING:
    from tests.segment.conftest import Canvas

SIZE = PixelSize(0.25, 0.25)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> NeuralSegmenter:
    """Random weights: cells everywhere, and whatever moves a bit moves a cell."""
    folder = tmp_path_factory.mktemp("untrained")
    torch.manual_seed(0)
    facts = TrainingFacts(config_digest="", software="test", steps=0)
    save_network(CellNet(), folder, name="untrained", version="0", trained_with=facts)
    return neural_segmenter(folder, "cpu")


class Oracle(CellNet):
    """Knows that a nucleus is what is dark and blue, and says the same of each."""

    def steps(self, light: Tensor) -> Tensor:
        return avg_pool2d(1 - light[:, :1], 4).expand(-1, self.spec.widths[0], -1, -1)

    def body(self, steps: Tensor, kept: Box | None = None) -> Features:
        assert kept is not None
        rows, columns = (slice(COARSEST * box.start, COARSEST * box.stop) for box in kept)
        seen = steps[:, :1, rows, columns]
        return Features(avg_pool2d(seen, 5, 1, 2, count_include_pad=False), seen, seen)

    def maps(self, features: Features) -> Tensor:
        return torch.cat([100 * (features.fine - 0.3), features.middle], dim=1)

    def cells(self, features: Features, image: Tensor, y: Tensor, x: Tensor) -> CellValues:
        n = len(y)
        return CellValues(
            kind=torch.tensor([2.0, 0.0, 0.0, 0.0]).expand(n, len(KINDS)),
            membrane_od=torch.full((n,), 0.4),
            completeness=torch.zeros(n),
            nucleus_radii_um=torch.full((n, N_RAYS), 3.5),
            cell_radii_um=torch.full((n, N_RAYS), 6.0),
        )


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> NeuralSegmenter:
    network = Oracle()
    monkeypatch.setattr(neural, "_network", lambda *_: network)
    return NeuralSegmenter(Path("oracle"), Weights("oracle", "0" * 64))


def test_a_drawn_cell_is_found_where_it_was_drawn(
    fine: "Canvas", oracle: NeuralSegmenter, stains: StainMatrix
) -> None:
    """The network errs by a micrometre and a half; the contour lies on the membrane all the same."""
    fine.nucleus(30, 24, 3.5, 0.5)
    fine.ring(30, 24, 7.0, 0.5)
    read = Region(400, 800, *fine.dab.shape)
    maps = oracle(fine.rgb, Tile(core=read, read=read), SIZE, stains)
    assert len(maps.y_px) == 1
    assert abs(int(maps.y_px[0]) - (400 + 120)) <= 3
    assert abs(int(maps.x_px[0]) - (800 + 96)) <= 3
    assert np.median(maps.cell_radii_um) == pytest.approx(7.0, abs=0.8)
    assert maps.nucleus_radii_um == pytest.approx(3.5)
    assert measure_membranes(maps, (0.25, 0.25), stained_od=0.08).membrane_od[0] == pytest.approx(
        0.5, abs=0.08
    )
    assert maps.network_od.tolist() == pytest.approx([0.4])
    assert maps.network_completeness.tolist() == [0.5]


def test_the_evidence_is_settled_by_the_one_who_gave_it(
    fine: "Canvas", oracle: NeuralSegmenter, stains: StainMatrix
) -> None:
    fine.nucleus(30, 24, 3.5, 0.5)
    read = Region(0, 0, *fine.dab.shape)
    maps = oracle(fine.rgb, Tile(core=read, read=read), SIZE, stains)
    assert isinstance(maps.evidence, NetworkEvidence)
    assert maps.evidence.probabilities.sum(axis=1) == pytest.approx(1)
    said = oracle.settle(np.zeros((1, 2)), maps.evidence)
    for one, other in zip(said, settle_with_network(np.zeros((1, 2)), maps.evidence), strict=True):
        np.testing.assert_array_equal(one, other)


def cells(
    segmenter: NeuralSegmenter,
    slide: ArraySlide,
    stains: StainMatrix,
    tile_px: int = 4096,
    origin_yx_px: tuple[int, int] = (0, 0),
    workers: int = 1,
) -> CellTable:
    tissue = np.ones((64, 64), bool)
    tiles = tiles_with_tissue(slide, tissue, 16, segmenter, tile_px=tile_px, origin_yx_px=origin_yx_px)
    blocks = plan_blocks(slide.pixel_size, 16, tissue, stains)
    parts = cells_in_slide(
        slide, tiles, stains, segmenter, ThreadRunner(workers), blocks=blocks, stained_od=0.08
    )
    found = gather(parts)
    assert isinstance(found.evidence, NetworkEvidence)
    assert len(found.evidence) == len(found.table)
    return found.table


@pytest.mark.slow
@pytest.mark.parametrize("mpp_um", [0.25, 0.2208, 0.5])
@pytest.mark.parametrize(("tile_px", "origin_yx_px", "workers"), [(512, (0, 0), 2), (391, (77, 130), 1)])
def test_no_tiles_and_no_workers_change_anything(
    untrained: NeuralSegmenter,
    drawn_slide: Callable[[float], ArraySlide],
    stains: StainMatrix,
    mpp_um: float,
    tile_px: int,
    origin_yx_px: tuple[int, int],
    workers: int,
) -> None:
    slide = drawn_slide(mpp_um)
    whole = cells(untrained, slide, stains)
    assert len(whole) > 500
    assert cells(untrained, slide, stains, tile_px, origin_yx_px, workers).equals(whole)


@pytest.fixture
def small(drawn_slide: Callable[[float], ArraySlide]) -> ArraySlide:
    slide = drawn_slide(0.2208)
    return ArraySlide(np.ascontiguousarray(slide.rgb[300:800, 200:750]), slide.pixel_size)


def test_tiles_change_nothing(untrained: NeuralSegmenter, small: ArraySlide, stains: StainMatrix) -> None:
    whole = cells(untrained, small, stains)
    assert len(whole) > 100
    assert cells(untrained, small, stains, 400, (77, 130)).equals(whole)


def test_too_little_memory_changes_nothing(
    untrained: NeuralSegmenter,
    small: ArraySlide,
    stains: StainMatrix,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tile is looked at in halves, and halves of halves, until they fit."""
    whole = cells(untrained, small, stains)
    ask, asked = neural._ask, []

    def little(network: CellNet, view: View, piece: Piece, *rest: object) -> neural.FoundCells:
        if len(piece.rows) * len(piece.columns) > 70 * 70:
            raise torch.OutOfMemoryError
        asked.append(piece)
        return ask(network, view, piece, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(neural, "_ask", little)
    assert cells(untrained, small, stains).equals(whole)
    assert len(asked) == 4


def test_no_memory_at_all_is_no_endless_search(
    fine: "Canvas", monkeypatch: pytest.MonkeyPatch, stains: StainMatrix
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(neural, "_ask", full)
    read = Region(0, 0, *fine.dab.shape)
    view = view_tile(fine.rgb, Tile(core=read, read=read), SIZE)
    with pytest.raises(torch.OutOfMemoryError):
        find_cells(Oracle(), view, view.piece(read), stains.white, "cpu")


def test_another_process_or_thread_asks_the_same_network(
    untrained: NeuralSegmenter, small: ArraySlide, stains: StainMatrix
) -> None:
    again = pickle.loads(pickle.dumps(untrained))
    assert again == untrained
    assert len(pickle.dumps(untrained)) < 1000
    found: list[CellTable] = []
    thread = Thread(target=lambda: found.append(cells(again, small, stains)))
    before = torch.get_num_threads()
    thread.start()
    thread.join()
    assert found[0].equals(cells(untrained, small, stains))
    assert torch.get_num_threads() == before


def test_the_gpu_is_used_where_there_is_one_and_missed_where_it_was_asked_for(
    untrained: NeuralSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert neural_segmenter(untrained.folder, "auto").device == "cpu"
    with pytest.raises(UsageError, match="--device cpu"):
        neural_segmenter(untrained.folder, "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert neural_segmenter(untrained.folder, "auto").device == "cuda"
    assert neural_segmenter(untrained.folder, "cpu").device == "cpu"


def test_no_radius_is_endless_or_no_number() -> None:
    radii_um = torch.tensor([3.0, 1e6, float("inf"), float("nan")])
    assert neural._bounded(radii_um).tolist() == [3.0, 50.0, 50.0, 50.0]


def test_weights_that_cannot_be_read_are_found_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        neural_segmenter(tmp_path, "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_finds_the_cells_that_the_cpu_finds(
    untrained: NeuralSegmenter, drawn_slide: Callable[[float], ArraySlide], stains: StainMatrix
) -> None:
    """In half precision a peak may move by a step, and a few appear or go."""
    cpu, gpu = (
        cells(neural_segmenter(untrained.folder, device), drawn_slide(0.25), stains)
        for device in ("cpu", "cuda")
    )
    both, at_cpu, at_gpu = np.intersect1d(cpu.cell_id, gpu.cell_id, return_indices=True)
    assert len(both) > 0.9 * max(len(cpu), len(gpu))
    assert np.abs(cpu.network_od[at_cpu] - gpu.network_od[at_gpu]).max() < 0.02
    assert np.abs(cpu.network_completeness[at_cpu] - gpu.network_completeness[at_gpu]).max() < 0.02
