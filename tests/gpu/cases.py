"""What each kernel is given and what it must leave, by NumPy in float64, written from its formula.

A case is a function of (data, rows, columns) that returns the extent and the kernel's arguments.
Inputs are rounded to their type first, so an error is the kernel's own.
"""

import numpy as np

import bfloat16

#: Bounds of the relative L2 error.
BOUNDS = {
    # One rounding to 8 bits, at most 2^-8 of an element (1.7e-3 over many; a row of gradients of a
    # loss is one large element).
    "bf16": 4e-3,
    # Sums of up to 32000 terms in trees: a few units in the last place (6e-8), and the device's
    # exp, rsqrt, log and division, two units each.
    "f32": 2e-6,
    # The reference's own precision.
    "f64": 1e-14,
}


class Array:
    """An argument in device memory: `values` before the launch (None: poison), `expected` after."""

    def __init__(self, element, values=None, expected=None):
        self.element, self.values, self.expected = element, values, expected

    def shape(self):
        return (self.expected if self.values is None else self.values).shape


class Data:
    """Random arguments with elements of one type in memory."""

    def __init__(self, element, seed):
        self.element, self.random = element, np.random.default_rng(seed)

    def rows(self, *shape, element=None, scale=1, positive=False):
        element = element or self.element
        values = self.random.standard_normal(shape, dtype=np.float32) * np.float32(scale)
        values = np.abs(values) if positive else values
        if element == "bf16":
            return Array(element, bfloat16.to_float(bfloat16.from_float(values)))
        return Array(element, values.astype(np.float64))

    def out(self, expected, element=None):
        return Array(element or self.element, None, expected)

    def numbers(self, values):
        return Array("i32", np.asarray(values, np.int32))


def rms_norm(data, rows, columns):
    x, w = data.rows(rows, columns), data.rows(columns)
    inverse = 1 / np.sqrt((x.values**2).mean(1, keepdims=True) + 1e-5)
    return rows, [x, w, data.out(x.values * inverse * w.values)]


def rms_norm_gradient(data, rows, columns):
    dy, x, w = data.rows(rows, columns), data.rows(rows, columns), data.rows(columns)
    inverse = 1 / np.sqrt((x.values**2).mean(1, keepdims=True) + 1e-5)
    g = dy.values * w.values
    pull = inverse**3 * (g * x.values).mean(1, keepdims=True)
    dx = data.out(g * inverse - x.values * pull)
    return rows, [dy, x, w, dx, data.out(inverse[:, 0], "f32")]


def rms_norm_weight_gradient(data, rows, columns):
    dy, x = data.rows(rows, columns), data.rows(rows, columns)
    inverses = data.rows(rows, element="f32", positive=True)
    dw = data.rows(1, columns, element="f32")
    dw.expected = dw.values + (dy.values * x.values * inverses.values[:, None]).sum(0)
    return 1, [dy, x, inverses, rows, dw]


def _silu(gate):
    sigmoid = 1 / (1 + np.exp(-gate))
    return sigmoid, gate * sigmoid


def gated_silu(data, rows, columns):
    gate, up = data.rows(rows, columns, scale=4), data.rows(rows, columns)
    return rows, [gate, up, data.out(_silu(gate.values)[1] * up.values)]


def gated_silu_gradient(data, rows, columns):
    dy, gate, up = (data.rows(rows, columns) for _ in range(3))
    sigmoid, silu = _silu(gate.values)
    gate.expected = dy.values * up.values * (sigmoid + silu * (1 - sigmoid))
    up.expected = dy.values * silu
    return rows, [dy, gate, up]


def rope(data, rows, columns):
    heads, half = 3, columns // 2
    x = data.rows(rows * heads, columns)
    angles = data.random.random((100, half)) * 6
    cos, sin = (data.rows(100, half, element="f32") for _ in range(2))
    cos.values, sin.values = (f(angles).astype(np.float32).astype(np.float64) for f in (np.cos, np.sin))
    positions = data.numbers(data.random.integers(0, 100, rows))
    at = np.repeat(positions.values, heads)
    c, s, low, high = cos.values[at], sin.values[at], x.values[:, :half], x.values[:, half:]
    x.expected = np.hstack([low * c - high * s, high * c + low * s])
    return rows * heads, [x, positions, cos, sin, heads]


def adamw(data, rows, columns):
    p, g, m = (data.rows(rows, columns) for _ in range(3))
    v = data.rows(rows, columns, positive=True)
    clip = data.rows(1, positive=True)
    rate, first, second = (float(np.float32(x)) for x in (0.01, 0.7, 0.3))
    gradient = g.values * clip.values
    m.expected = 0.9 * m.values + 0.1 * gradient
    v.expected = 0.95 * v.values + 0.05 * gradient**2
    change = m.expected / first / (np.sqrt(v.expected / second) + 1e-8)
    p.expected = p.values * (1 - rate * 0.1) - rate * change
    return rows, [p, g, m, v, rate, first, second, clip]


def cross_entropy(data, rows, columns):
    logits = data.rows(rows, columns, scale=4)
    labels = data.random.integers(0, columns, rows)
    labels[0] = columns - 1
    weights = data.rows(rows, element="f32", positive=True)
    at = np.arange(rows), labels
    largest = logits.values.max(1, keepdims=True)
    p = np.exp(logits.values - largest)
    total = p.sum(1, keepdims=True)
    loss = np.log(total[:, 0]) + largest[:, 0] - logits.values[at]
    p /= total
    p[at] -= 1
    logits.expected = p * weights.values[:, None]
    return rows, [logits, data.numbers(labels), weights, data.out(loss, "f32")]


def squared_norm(data, rows, columns):
    g = data.rows(rows, columns)
    return rows, [g, data.out((g.values**2).sum(1))]


def gather(data, rows, columns):
    table, ids = data.rows(77, columns), data.random.integers(0, 77, rows)
    return rows, [data.numbers(ids), table, data.out(table.values[ids])]


def gather_gradient(data, rows, columns):
    dy, table = data.rows(rows, columns), data.rows(77, columns, element="f32")
    ids = data.random.integers(0, 77, rows)  # some ids have no token
    begins = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=77))])
    table.expected = table.values.copy()
    np.add.at(table.expected, ids, dy.values)
    return 77, [dy, data.numbers(begins), data.numbers(np.argsort(ids, kind="stable")), table]


WIDTHS = (64, 1023, 4096, 32000)
BOTH = ("f32", "bf16")

#: Kernel: its reference, its types in memory, its columns.
CASES = {
    "rms_norm": (rms_norm, BOTH, (128, 512, 8192) + WIDTHS),
    "rms_norm_gradient": (rms_norm_gradient, BOTH, (128, 512, 8192) + WIDTHS),
    "rms_norm_weight_gradient": (rms_norm_weight_gradient, BOTH, WIDTHS),
    "gated_silu": (gated_silu, BOTH, WIDTHS),
    "gated_silu_gradient": (gated_silu_gradient, BOTH, WIDTHS),
    "rope": (rope, BOTH, (64, 128, 62)),
    "adamw": (adamw, ("f32",), WIDTHS),
    "cross_entropy": (cross_entropy, BOTH, WIDTHS),
    "squared_norm": (squared_norm, ("f64",), (1, 30, 1000, 4096)),
    "gather": (gather, BOTH, WIDTHS),
    "gather_gradient": (gather_gradient, BOTH, WIDTHS),
}


def row_counts(columns, emulated):
    """One row, and a number that fills neither a block nor a warp of any kernel."""
    if emulated:
        return (1, 3) if columns > 8192 else (1, 37)
    return (1, 257) if columns > 8192 else (1, 1023)
