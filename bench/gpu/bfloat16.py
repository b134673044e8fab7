"""bf16 in NumPy, which has no such type: arrays of uint16 that hold the upper half of an f32.

Also the one measure of error used by every benchmark: the relative L2 distance to a reference in
float64.
"""

import numpy as np


def from_float(values):
    """Rounds to nearest even, as the hardware does; NaN is not expected."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def to_float(bits, dtype=np.float64):
    return (bits.astype(np.uint32) << 16).view(np.float32).astype(dtype)


def random(generator, shape, scale=1.0):
    """Standard normal values times `scale`."""
    values = generator.standard_normal(shape, dtype=np.float32)
    return from_float(values * np.float32(scale))


def relative_error(result, reference):
    """‖result − reference‖ / ‖reference‖ in float64; NaN when any result is NaN."""
    result = np.asarray(result, np.float64)
    return float(np.linalg.norm(result - reference) / np.linalg.norm(reference))


def count_unwritten(bits):
    """How many bf16 elements still hold the poison (or are NaN for a worse reason)."""
    return int(np.count_nonzero((bits & 0x7FFF) > 0x7F80))
