"""Choose the reader of a slide."""

import os
from pathlib import Path
from typing import Literal, TypeAlias

import openslide

from her2path.errors import PixelSizeError, SlideError, StorageError
from her2path.slides.image import JPEG_MAGIC, PNG_MAGIC, TIFF_MAGICS, ImageSlide
from her2path.slides.jpeg_tiles import JpegTileSlide
from her2path.slides.openslide import OpenSlideSlide
from her2path.slides.protocol import Slide
from her2path.slides.storage import blame_storage

SNIFFED_BYTES = 512

Reader: TypeAlias = Literal["fastest", "OpenSlide", "JPEG tiles"]
"""Who decodes what OpenSlide opens; the pixels are the same."""


def open_slide(path: Path, *, mpp_um: tuple[float, float] | None = None, reader: Reader = "fastest") -> Slide:
    """Open a slide with the reader that fits it.

    Every format goes to OpenSlide first; plain JPEG tiles are then decoded without it. A TIFF that it
    refuses, and PNG or JPEG, are decoded whole.

    Parameters
    ----------
    path
        The slide's file; for DICOM any instance of the series, for MRXS the ``.mrxs`` file.
    mpp_um
        Micrometres per level-0 pixel, ``(y, x)``; overrides what the file says.
    reader
        For tests and benchmarks, which compare them.

    Raises
    ------
    SlideError
        If it is missing, empty, damaged or of no known kind; the message says which, and the remedy. Or if
        it cannot be read by the reader named.
    PixelSizeError
        If no usable pixel size is known.
    StorageError
        If its drive fails, which says nothing of the slide.
    """
    head = _first_bytes(path)
    try:
        return _open(path, head, mpp_um, reader)
    except SlideError as error:
        blame_storage(path, error)
        raise


def _open(path: Path, head: bytes, mpp_um: tuple[float, float] | None, reader: Reader) -> Slide:
    refusal: SlideError | None = None
    if openslide.OpenSlide.detect_format(path) is not None:
        try:
            slide = OpenSlideSlide(path, mpp_um=mpp_um)
        except PixelSizeError:
            raise
        except SlideError as error:
            refusal = error
        else:
            return slide if reader == "OpenSlide" else _decoded_directly(slide, must=reader == "JPEG tiles")
    if head.startswith((PNG_MAGIC, JPEG_MAGIC, *TIFF_MAGICS)):
        try:
            return ImageSlide(path, mpp_um=mpp_um)
        except SlideError as error:
            if refusal is None:
                raise
            # A slide that OpenSlide refuses for its damage may lack a pixel size for the same reason.
            raise refusal from error
    raise refusal or SlideError(_unsupported(path.name, head))


def _decoded_directly(slide: OpenSlideSlide, *, must: bool) -> Slide:
    try:
        return JpegTileSlide(slide)
    except StorageError:
        raise
    except SlideError as error:
        if must:
            raise
        slide.reader = f"OpenSlide ({error})"
        return slide


def _first_bytes(path: Path) -> bytes:
    """Read the start of a file, or say why that cannot be done."""
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on a name that is too long
        raise SlideError(
            f"{path} is a folder; name the slide file in it (.mrxs, or one .dcm of a DICOM series)"
        )
    try:
        with path.open("rb") as file:
            head = file.read(SNIFFED_BYTES)
    except FileNotFoundError:
        raise SlideError(f"{path} does not exist; check the path") from None
    except OSError as error:
        blame_storage(path, error)
        raise SlideError(
            f"{path} cannot be read ({error.strerror}); check the path, the permissions and the drive"
        ) from error
    if not head:
        raise SlideError(f"{path.name} is empty (0 bytes); copy or download it again")
    return head


def _unsupported(name: str, head: bytes) -> str:
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return f"{name} is a web page, not a slide: the download failed; download it again"
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return f"{name} is a text file, not a slide; download or export it again"
    return (
        f"{name} is not a slide of a known kind (OpenSlide formats, TIFF, OME-TIFF, PNG, JPEG), "
        "or its start is damaged; copy it again, or export it as TIFF"
    )
