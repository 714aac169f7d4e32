"""Pictures, made of what a test is about."""

from __future__ import annotations

import zlib
from struct import pack

import av


def png(width: int, height: int) -> bytes:
    """One colour, one bit to a pixel: large to show, small to send."""

    def part(name: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + name + content + pack(">I", zlib.crc32(name + content))

    pixels = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height, 9)
    head = pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


def photo(width: int, height: int, *segments: bytes) -> bytes:
    """What a camera makes, and what it says of it."""
    camera = av.CodecContext.create("mjpeg", "w")
    camera.width, camera.height, camera.pix_fmt = width, height, "yuvj420p"
    camera.time_base = 1  # type: ignore[assignment]
    frame = av.VideoFrame(width, height, "yuvj420p")
    for plane, shade in zip(frame.planes, (150, 90, 160), strict=True):
        plane.update(bytes([shade]) * plane.buffer_size)
    [packet] = [*camera.encode(frame), *camera.encode(None)]
    content = bytes(packet)
    return content[:2] + b"".join(segments) + content[2:]


def segment(marker: int, content: bytes) -> bytes:
    """A part of a JPEG."""
    return pack(">BBH", 0xFF, marker, len(content) + 2) + content


def exif(orientation: int, order: str = ">") -> bytes:
    """How the camera was held, by the byte order of its maker."""
    mark = {">": b"MM", "<": b"II"}[order]
    entry = pack(f"{order}HHLHH", 0x0112, 3, 1, orientation, 0)
    return segment(0xE1, b"Exif\0\0" + mark + pack(f"{order}HLH", 42, 8, 1) + entry + bytes(4))


XMP = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + bytes(60_000))
