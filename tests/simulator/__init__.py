"""Tests of the simulator, by its HTTP API and with its rules."""
