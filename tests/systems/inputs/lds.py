"""The miner's long-dependency score, from the released code's description, over any perplexity."""
import math


def lds(spans, pairs, perplexity, span=255):
    """`perplexity(of, given)` of lists of ids; `given` may be None."""
    alone, helped = {}, {}
    for later, earlier in pairs:
        if later not in alone:
            alone[later] = perplexity(spans[later], None)
        helped[later, earlier] = perplexity(spans[later], spans[earlier])
    total = 0.0
    for later in alone:
        gains = {e: alone[l] - value for (l, e), value in helped.items() if l == later}
        top = max(gains.values())
        weights = {e: math.exp(gain - top) for e, gain in gains.items()}
        whole = sum(weights.values())
        entropy = -sum(w / whole * math.log(w / whole) for w in weights.values() if w > 0)
        count = len(gains)
        specific = 1.0 if count == 1 else min(max(1 - entropy / math.log(count), 0), 1)
        for earlier, gain in gains.items():
            strength = gain / alone[later]
            if strength > 0.1:
                total += (strength + min(max((later - earlier) / span, 0), 1)) * specific
    return total
