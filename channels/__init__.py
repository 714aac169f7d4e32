"""Providers' formats on one side, the hub's values on the other."""
