"""HTML of strangers in an agent's browser: nothing runs, nothing leaves."""

from __future__ import annotations

import pytest

from channels.email.sanitising import Shown, sanitise


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="&#14;javascript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<iframe src=https://example.com></iframe>",
        "<form action=https://example.com><input name=a></form>",
        '<base href="https://example.com/"><meta http-equiv=refresh content="0;url=https://example.com">',
        '<div style="background:url(https://example.com/t)">x</div>',
        '<div style="position:fixed;top:0;z-index:9">x</div>',
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
        '<style>@import "https://example.com"</style>',
        '<link rel=stylesheet href="https://example.com/a.css">',
        '<img src="//example.com/t.gif"><img srcset="https://example.com/t.gif 2x">',
        '<table background="https://example.com/t.gif"><tr><td background="https://example.com/u.gif">x</table>',
        '<video poster="https://example.com/t.gif" src="https://example.com/v"></video>',
    ],
)
def test_nothing_runs_and_nothing_is_fetched(html: str) -> None:
    shown = sanitise(html)
    assert shown is not None
    for word in ("script", "alert", "onerror", "example.com", "data:", "position", "iframe", "form", "svg"):
        assert word not in shown.html


def test_remote_images_are_counted_and_shown_through_our_proxy_when_asked() -> None:
    html = '<img src="https://example.com/a.png"><img src="http://example.com/b.png">'
    assert sanitise(html) == Shown("<img><img>", 2)
    assert sanitise(html, remote=lambda url: f"/proxy?{url[-5:]}") == Shown(
        '<img src="/proxy?a.png"><img src="/proxy?b.png">'
    )


def test_inline_images_are_served_by_us() -> None:
    html = '<img src="cid:a@b"><img src="cid:unknown">'
    assert sanitise(html, {"a@b": "/api/v1/attachments/1"}) == Shown('<img src="/api/v1/attachments/1"><img>')


def test_links_open_elsewhere_and_tell_nothing() -> None:
    shown = sanitise('<a href="https://example.com/">x</a>')
    assert shown is not None
    assert 'rel="noopener noreferrer nofollow"' in shown.html and 'target="_blank"' in shown.html


def test_harmless_looks_survive() -> None:
    html = '<p style="color:red;font-weight:bold"><b>x</b></p>'
    assert sanitise(html) == Shown(html)


@pytest.mark.parametrize("html", ["<div>" * 1_000, "&" * 100_000, "x" * 2_000_000])
def test_pages_that_cost_too_much_are_not_shown(html: str) -> None:
    assert sanitise(html) is None
