"""`python -m simulator --port 8001 --hub http://127.0.0.1:8000`: one process of gunicorn, all state in memory."""

from __future__ import annotations

import argparse
from typing import Any

from gunicorn.app.base import BaseApplication

from simulator.app import create_app

THREADS = 64  # an open customer page holds one while it waits for news


class Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, port: int, hub: str):
        self.port, self.hub = port, hub
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"127.0.0.1:{self.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "keepalive": 75,
            "graceful_timeout": 1,
            "loglevel": "warning",
            "proc_name": "yizhan-simulator",
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return create_app(self.hub, f"http://127.0.0.1:{self.port}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--hub", default="http://127.0.0.1:8000", help="where the demo account pushes to")
    asked = parser.parse_args()
    Server(asked.port, asked.hub.rstrip("/")).run()


if __name__ == "__main__":
    main()
