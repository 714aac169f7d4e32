"""Engines that ask others: what they answer is data, and whatever they do, the customer does not wait for it."""
