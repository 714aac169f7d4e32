"""The hub over HTTP: providers' pushes, the API, the live stream, the inbox."""
