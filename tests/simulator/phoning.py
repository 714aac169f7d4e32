"""How the simulator's telephone is tested: the blueprint in a small server, and a hub that answers with TwiML."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from flask import Flask, Response, request
from werkzeug.serving import make_server

from simulator.faults import Fault, Faults, Log
from simulator.twilio.callbacks import Callbacks
from simulator.twilio.signing import sign
from simulator.twilio.voice.blueprint import voice
from simulator.twilio.world import Account, Number, World
from tests.simulator.driving import wait_until

PAGE = Path(__file__).parents[2] / "simulator" / "page"
ACCOUNT, OURS = "AC5a1e0de30c0ffee00000000000000001", "+85230001000"
TOKEN = "demo-twilio-auth-token"
MING, ALEX, AGENT = "+85251230001", "+14155550123", "+85290000001"


@contextmanager
def served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def response(*verbs: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(verbs)}</Response>'


@dataclass
class PhoneHub:
    """In the hub's place: documents by the path that asks for them, and everything that was asked and told."""

    url: str = ""
    documents: dict[str, Any] = field(default_factory=dict)
    received: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)

    def app(self) -> Flask:
        app = Flask(__name__)

        @app.route("/<path:path>", methods=["GET", "POST"])
        def answer(path: str) -> Response:
            asked = request.full_path.rstrip("?")
            self.received.append((asked, request.values.to_dict()))
            signature = sign(TOKEN, self.url + asked, request.form.items())
            if request.method == "POST" and request.headers.get("X-Twilio-Signature") != signature:
                self.unsigned.append(asked)
            document = self.documents.get(asked, self.documents.get(f"/{path}", ""))
            if callable(document):
                document = document(request.values)
            if isinstance(document, Response):
                return document
            return Response(document, mimetype="text/xml") if document else Response(status=204)

        return app

    def asked(self, path: str) -> list[dict[str, str]]:
        return [fields for asked, fields in list(self.received) if asked == path]

    def statuses(self, path: str) -> list[str]:
        return [fields["CallStatus"] for fields in self.asked(path)]


@dataclass
class Line:
    """The telephone from both sides."""

    url: str
    hub: PhoneHub
    world: World
    faults: Faults

    def get(self, path: str, **query: Any) -> Any:
        return requests.get(f"{self.url}/_sim/voice/{path}", params=query, timeout=40).json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = requests.post(f"{self.url}/_sim/voice/{path}", json=body or {}, timeout=40)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def rest(self, method: str, path: str, token: str = TOKEN, **form: Any) -> Any:
        timeout = form.pop("timeout", 20)
        where = {"params": form} if method == "GET" else {"data": form}
        url = f"{self.url}/2010-04-01/Accounts/{ACCOUNT}/{path}"
        return requests.request(method, url, auth=(ACCOUNT, token), timeout=timeout, **where)  # type: ignore[arg-type]

    def calls(self, *steps: dict[str, Any], by: str = MING, wait: bool = True) -> dict[str, Any]:
        """Somebody calls, and does this; returned when it is over."""
        call = self.post("calls", {"from": by, "to": OURS, "steps": list(steps)})
        return self.over(call["sid"]) if wait else dict(call)

    def over(self, sid: str) -> dict[str, Any]:
        call = dict(self.get(f"calls/{sid}", wait=20))
        assert call["status"] not in ("ringing", "in-progress"), call
        return call

    def phone(self, number: str, *steps: dict[str, Any]) -> None:
        self.post(f"phones/{number}", {"steps": list(steps)})

    def legs(self) -> dict[str, dict[str, Any]]:
        return {call["phone"]: call for call in self.get("calls")["items"]}

    def leg(self, phone: str, holds: Callable[[dict[str, Any]], bool] = bool) -> dict[str, Any]:
        """Of this phone, once it is so."""
        wait_until(lambda: phone in self.legs() and holds(self.legs()[phone]))
        return self.legs()[phone]

    def last(self) -> str:
        return str(self.get("calls")["items"][-1]["sid"])

    def fallback(self, path: str) -> None:
        self.world.numbers[OURS].voice_fallback_url = self.hub.url + path

    def keeps(self, sid: str, document: str) -> None:
        number = self.world.numbers[OURS]
        number.account.bins[sid] = document
        number.voice_fallback_url = f"{self.url}/twiml/{sid}"

    def fails(self, endpoint: str, kind: str, **more: Any) -> None:
        self.faults.add(Fault(endpoint, kind, **more))

    def errors(self) -> list[int]:
        return [error["code"] for error in self.get("errors")["items"]]

    def says(self, document: str | Callable[..., Any], path: str = "/hooks/phone") -> None:
        self.hub.documents[path] = document


def heard(call: dict[str, Any]) -> list[str]:
    """Words and what else a party notices, in order."""
    return [line.get("text", line["kind"]) for line in call["lines"]]


def is_up(call: dict[str, Any]) -> bool:
    return bool(call["status"] == "in-progress")


@contextmanager
def telephone(factor: float = 20.0) -> Iterator[Line]:
    """A network with one number of ours, whose calls go to the hub's /hooks/phone: every form it got was signed."""
    hub, world, faults = PhoneHub(), World(""), Faults()
    app = Flask(__name__, static_folder=PAGE, static_url_path="/page")
    app.register_blueprint(voice(world, Callbacks(world), faults, Log()))
    with served(hub.app()) as hub.url, served(app) as world.own_url:
        account = world.accounts[ACCOUNT] = Account(ACCOUNT, TOKEN)
        urls = {"voice_url": f"{hub.url}/hooks/phone", "status_callback": f"{hub.url}/hooks/phone?on=status"}
        world.numbers[OURS] = Number("PN5a1e0de30c0ffee00000000000000001", OURS, account, **urls)
        line = Line(world.own_url, hub, world, faults)
        line.post("pace", {"factor": factor})
        yield line
    assert hub.unsigned == []
