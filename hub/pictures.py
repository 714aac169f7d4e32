"""How large a picture will stand, read from its first bytes: its room is kept before it is loaded."""

from __future__ import annotations

from io import BytesIO

import filetype  # type: ignore[import-untyped]
import imagesize  # type: ignore[import-untyped]

# where a few numbers at known places tell it; the others are file systems, for strangers to build mazes in
MEASURED = ("image/png", "image/apng", "image/jpeg", "image/gif", "image/webp", "image/bmp")
HEADER = 1024 * 1024  # a JPEG says its size after colours, places and thumbnails; further in, nobody looks for it
LONGEST_SIDE = 65_535  # of a JPEG, and more than browsers draw: who claims more lies
Size = tuple[int, int] | tuple[None, None]
UNKNOWN: Size = (None, None)


def size(content: bytes) -> Size:
    """Width and height as people see them, turned the way the camera was held. No pixel is decoded, nothing raised."""
    if filetype.guess_mime(content) not in MEASURED:
        return UNKNOWN
    width, height = imagesize.get(BytesIO(content[:HEADER]))
    return (width, height) if 0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE else UNKNOWN
