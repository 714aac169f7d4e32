"""A picture has its room before it is here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route

from bench.stack import Stack
from tests.e2e.test_hostile import person_in_wechat
from tests.e2e.windows import Pages, agent, opens, rows
from tests.pictures import XMP, exif, photo, png
from tests.stage import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PICTURES = {
    "sticker": (png(60, 40), (60, 40)),
    "pixel": (png(1, 1), (24, 24)),
    "screenshot of a phone": (photo(1170, 2532), (148, 320)),
    "panorama": (png(4000, 300), (260, 24)),
    "camera held upright": (photo(400, 300, exif(6)), (240, 320)),
    "nobody knows": (photo(400, 300, *[XMP] * 20), (260, 200)),
    "another than it said": (png(500, 500), (260, 260)),
}
ANOTHER = png(40, 400)
# all of the thread, piece by piece, for what is not seen is not there; an image as [top, width, height, of its button…]
WALK = """async (box) => {
  const seen = {}
  for (let top = 0; ; top += 300) {
    box.scrollTo(0, top)
    await new Promise((resolve) => setTimeout(resolve, 150))
    for (const image of box.querySelectorAll('.attachment__image')) {
      const { top: at } = image.getBoundingClientRect()
      const { width, height } = image.parentElement.getBoundingClientRect()
      const place = [Math.round(at + box.scrollTop), image.clientWidth, image.clientHeight, width, height]
      seen[image.getAttribute('src')] = { place, here: image.complete && image.naturalWidth > 0 }
    }
    if (top > box.scrollHeight) return { height: box.scrollHeight, seen }
  }
}"""


@pytest.mark.parametrize(("width", "least"), [(1440, 24), (390, 44), (320, 44)])
def test_nothing_moves_when_pictures_come(pages: Pages, stack: Stack, screen: Any, width: int, least: int) -> None:
    says, inbox = person_in_wechat(stack, "Pictures"), agent(pages, stack, width=width)
    held: list[Route] = []
    take = [held.append]
    inbox.route("**/api/v1/attachments/*", lambda route: take[-1](route))
    says(content="转人工")
    for name, (content, _) in PICTURES.items():
        says(image=(f"{name}.png", content))
    says(content="after the pictures")
    opens(inbox, rows(inbox).first)
    images = ready(stack, int(inbox.url.rpartition("/")[2]))
    names = dict(zip(images, PICTURES, strict=True))
    scroller = inbox.locator(".log__scroll")
    scroller.evaluate(WALK)  # now it knows how high everything is
    awaited = scroller.evaluate(WALK)
    assert set(awaited["seen"]) == set(images)
    assert not any(image["here"] for image in awaited["seen"].values())
    screen(inbox, f"pictures-awaited-{width}")

    def comes(route: Route) -> None:
        if names[urlsplit(route.request.url).path] == "another than it said":
            route.fulfill(body=ANOTHER)
        else:
            route.continue_()

    take.append(comes)
    for route in held:
        comes(route)
    come = scroller.evaluate(WALK)
    for place in (0, 0.4, 0.7, 1):
        scroller.evaluate("(box, place) => box.scrollTo(0, (box.scrollHeight - box.clientHeight) * place)", place)
        inbox.wait_for_timeout(300)
        screen(inbox, f"pictures-{width}-{place}")

    assert all(image["here"] for image in come["seen"].values())
    assert come["height"] == awaited["height"]
    places = {names[url]: image["place"] for url, image in come["seen"].items()}
    assert places == {names[url]: image["place"] for url, image in awaited["seen"].items()}
    for name, (_, size) in PICTURES.items():
        _, *large, pressed_width, pressed_height = places[name]
        assert large == list(size), name
        assert min(pressed_width, pressed_height) >= least, name


def ready(stack: Stack, conversation: int) -> list[str]:
    """The addresses of its pictures, when all are fetched."""

    def addresses() -> list[str] | None:
        messages = stack.api().get(f"/conversations/{conversation}/messages")["items"]
        found = [each["url"] for message in messages for each in message["attachments"]]
        return found if len(found) == len(PICTURES) and all(found) else None

    found: list[str] = eventually(addresses)
    return found
