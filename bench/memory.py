"""What the processes of a stack cost: proportional set size, so that shared pages count once."""

from __future__ import annotations

from pathlib import Path

from bench.stack import Stack


def megabytes(stack: Stack) -> float:
    """All processes but the simulator's."""
    ours = set(stack.tree()) - set(stack.pids("simulator"))
    return sum(kilobytes(pid) for pid in ours) / 1024


def kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
