"""Engines that answer customers before people do."""
