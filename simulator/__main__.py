"""`python -m simulator --port 8001 --hub http://127.0.0.1:8000`: one process of gunicorn, all state in memory. Two and
three above its port it speaks IMAP and SMTP.
"""

from __future__ import annotations

import argparse
from typing import Any

from gunicorn.app.base import BaseApplication

from simulator.app import create_app
from simulator.mail.servers import Ports

THREADS = 64  # an open customer page holds one while it waits for news


class Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, port: int, hub: str, mail_ports: Ports):
        self.port, self.hub, self.mail_ports = port, hub, mail_ports
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
        """In the worker: the threads that start here would not survive the fork."""
        return create_app(self.hub, f"http://127.0.0.1:{self.port}", self.mail_ports)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--hub", default="http://127.0.0.1:8000", help="where the demo account pushes to")
    parser.add_argument("--imap-port", type=int, help="two above --port unless told")
    parser.add_argument("--smtp-port", type=int, help="three above --port unless told")
    asked = parser.parse_args()
    mail_ports = Ports(asked.imap_port or asked.port + 2, asked.smtp_port or asked.port + 3)
    Server(asked.port, asked.hub.rstrip("/"), mail_ports).run()


if __name__ == "__main__":
    main()
