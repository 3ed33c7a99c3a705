"""The slides that speed is measured on: pyramids of any size, laid of a few drawn blocks.

    python benchmarks/slides.py DIR [--edge PX] [--tissue dense|half]

Four blocks of 4096 × 4096 px are drawn once. A slide is laid of them without decoding: the JPEG tiles of a
block are copied, level by level, so that the largest slide takes seconds. A dense slide is tissue from edge
to edge; on a half one the outer quarters on both sides are glass.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from imagecodecs import jpeg8_encode

HERE = Path(__file__).parent
BLOCKS = HERE / "phantoms" / "blocks.toml"
BLOCK_PX = 4096
TILE_PX = 256
STEPS = (1, 4, 16)
GLASS_GREY = 243
QUALITY = 82
"""Of the drawn blocks, and of the one glass tile that is copied everywhere."""


def slide_of(cache: Path, edge_px: int, tissue: str) -> Path:
    """Give a slide of ``edge_px`` × ``edge_px``, laid if it does not lie in the cache yet."""
    path = cache / f"{tissue}-{edge_px}.svs"
    if not path.exists():
        blocks = drawn_blocks(cache)
        unfinished = path.with_suffix(".part")
        lay(unfinished, blocks, edge_px // BLOCK_PX, tissue)
        unfinished.replace(path)
    return path


def drawn_blocks(cache: Path) -> list[Path]:
    """Draw the blocks, unless the cache holds them."""
    from her2path.phantom import PhantomSpec, read_spec, write_phantoms

    cache.mkdir(parents=True, exist_ok=True)
    spec = read_spec(BLOCKS)
    for block in spec.slides:
        if not (cache / f"{block.name}.truth.json").exists():  # written last: where it is, the block is whole
            write_phantoms(PhantomSpec(slides=(block,)), cache)
    return [cache / f"{block.name}.svs" for block in spec.slides]


def lay(path: Path, blocks: list[Path], n: int, tissue: str) -> None:
    """Copy the tiles of ``n`` × ``n`` blocks into one pyramid."""
    encoded = [encoded_tiles(block) for block in blocks]
    edge_px = n * BLOCK_PX
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for level, step in enumerate(STEPS):
            tiff.write(
                _laid([one[level] for one in encoded], n, tissue),
                shape=(edge_px // step, edge_px // step, 3),
                dtype=np.uint8,
                tile=(TILE_PX, TILE_PX),
                photometric="rgb",
                compression="jpeg",
                subsampling=(2, 2),
                subfiletype=0,
                description=f"Aperio Image Library her2path benchmark\n{edge_px}x{edge_px} "
                f"[0,0 {edge_px}x{edge_px}] ({TILE_PX}x{TILE_PX}) JPEG/RGB Q={QUALITY}"
                "|AppMag = 40|MPP = 0.25",
                metadata=None,
                software=False,
            )


def encoded_tiles(block: Path) -> list[np.ndarray]:
    """Give the JPEG tiles of each level as ``(rows, columns)`` objects of bytes."""
    levels = []
    with tifffile.TiffFile(block) as tiff:
        for page, step in zip(tiff.pages, STEPS, strict=True):
            side = BLOCK_PX // step // TILE_PX
            places = zip(page.dataoffsets, page.databytecounts, strict=True)
            tiles = np.empty(side * side, object)
            for number, (offset, size) in enumerate(places):
                tiff.filehandle.seek(offset)
                tiles[number] = tiff.filehandle.read(size)
            levels.append(tiles.reshape(side, side))
    return levels


def _laid(blocks: list[np.ndarray], n: int, tissue: str) -> Iterator[bytes]:
    """Tiles of one level, left to right and top to bottom."""
    glass = jpeg8_encode(
        np.full((TILE_PX, TILE_PX, 3), GLASS_GREY, np.uint8), level=QUALITY, subsampling="420"
    )
    side = len(blocks[0])
    for row in range(n * side):
        for column in range(n * side):
            is_tissue = tissue == "dense" or n * side <= 4 * column + 2 < 3 * n * side
            # Neighbours differ, and so do rows: no block lies beside itself.
            block = blocks[(row // side * 2 + column // side) % len(blocks)]
            yield block[row % side, column % side] if is_tissue else glass


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cache", type=Path)
    parser.add_argument("--edge", type=int, default=4 * BLOCK_PX, help="a multiple of 4096")
    parser.add_argument("--tissue", choices=("dense", "half"), default="dense")
    options = parser.parse_args()
    print(slide_of(options.cache, options.edge, options.tissue))


if __name__ == "__main__":
    main()
