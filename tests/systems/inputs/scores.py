"""Score files, as runtime/score/README.md says they are."""
import struct

import numpy


def read_scores(path):
    """By key: the numbers, and the tokens' values."""
    data, at, found = path.read_bytes(), 16, {}
    while at < len(data):
        _, key, numbers, spans, tokens, _ = struct.unpack_from("<QQIIII", data, at)
        at += 32
        values = struct.unpack_from(f"<{numbers}d", data, at)
        at += 8 * numbers + 8 * spans
        found[key] = values, numpy.frombuffer(data, "<f4", tokens, at)
        at += (4 * tokens + 7) // 8 * 8
    return found
