"""The web server's way in: `gunicorn wsgi:app`."""

from hub.app import create_app

app = create_app()
