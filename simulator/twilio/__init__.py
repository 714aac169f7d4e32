"""Twilio on loopback: accounts with numbers, text messages and calls, and the phones of the people they reach."""
