"""The arrays that the parts of a matcher hand to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float32]
Doubles = NDArray[np.float64]
Keys = NDArray[np.uint32]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
Sparse = Any  # scipy ships no types
