"""What customers send who mean harm: words, fields, files. Whatever of it ran would set `hacked`."""

from __future__ import annotations

import zlib
from struct import pack

SCRIPT = "<script>top.hacked = 1; fetch('https://evil.test/text')</script>"
PICTURE = "<img src=https://evil.test/x onerror=top.hacked=2><svg/onload=top.hacked=3>"
ADDRESS = "javascript:top.hacked=4"
PAGE = "data:text/html,<script>top.hacked=5</script>"
TURNED = "\u202egnp.exe\u2066\u2067 \u05d0\u05d1\u05d2 \u2069\u2069\u2069\u202b"
ZALGO = "".join(f"{letter}{chr(0x300 + place % 70) * 40}" for place, letter in enumerate("zalgo comes"))
FAMILY = "👨‍👩‍👧‍👦" * 60
BRACES = (
    "{{ constructor.constructor('top.hacked=6')() }} {name} {0} @:common.close | one | {n} many %{x} ${top.hacked=7}"
)
WORDS = {
    "script": SCRIPT,
    "handler": PICTURE,
    "address": f"{ADDRESS} {PAGE} vbscript:x https://evil.test/{'a' * 3000}",
    "quotes": "\"'><b onmouseover=top.hacked=8 style=position:fixed;inset:0>x</b>",
    "quoted address": 'https://evil.test/"onmouseover="top.hacked=9 https://evil.test/<script>top.hacked=10</script>',
    "entities": "&lt;script&gt;top.hacked=11&lt;/script&gt; &amp;#60; &#x3c;img src=x onerror=top.hacked=12&#x3e;",
    "braces": BRACES,
    "turned around": TURNED,
    "turned address": f"https://evil.test/\u202egnp.elgoog {TURNED}",
    "one word": "W" * 3000,
    "no letters": "\u200b\u200d\u2060\ufeff",
    "stacked marks": ZALGO,
    "emoji": FAMILY,
    "lines": "\n" * 300 + "x",
    "separators": "a\x7f\x85\u2028\u2029b\ufffd",
    "like an object": "__proto__ constructor toString hasOwnProperty [object Object] null undefined NaN",
}


def png(width: int, height: int) -> bytes:
    """One colour, one bit to a pixel: large to show, small to send."""

    def part(name: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + name + content + pack(">I", zlib.crc32(name + content))

    pixels = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height, 9)
    head = pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="top.hacked=30"><script>top.hacked=31</script></svg>'
WRONG_FIELDS = (
    ("link", {"Title": {"a": [1, {"b": None}]}, "Description": ["x"], "Url": {"href": ADDRESS}}),
    ("location", {"Location_X": "1e999", "Location_Y": {}, "Scale": "-1", "Label": 7}),
    ("location", {"Location_X": "91", "Location_Y": "-181", "Label": SCRIPT}),
    ("image", {"PicUrl": PAGE, "MediaId": {"x": 1}}),
    ("no_such_type", {"Title": SCRIPT, "Url": {"href": ADDRESS}, "PicUrl": PAGE}),
)
