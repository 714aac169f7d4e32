"""Plays the providers on loopback by their real rules: the customer's side of the demo, the tests and the bench."""
