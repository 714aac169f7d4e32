"""Finds what a text means among labelled examples: without a model of any language, on one core."""

from workers.bots.matching.matcher import Matcher, train
from workers.bots.matching.storage import fingerprint, trained

__all__ = ["Matcher", "fingerprint", "train", "trained"]
