"""Processes without users: they do what the database says is due."""
