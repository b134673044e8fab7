#!/usr/bin/env python3
"""PyTorch's operations at the sizes of a step of bench/gpu/step.py: what its kernels are held to, row by row.

    bench/gpu/peers.py SHAPE [--rows G1,G2,G3] [--device cuda|cpu] [--seconds 60]

A line of JSON for everything that was timed, at once, so that whoever stops this has what there was; what fails is a line
with `error`. G1: the layers' matrix products in three passes, bf16, one at a time as a model in PyTorch has them (`count` of
them are in a step). G2: causal attention over the segments, forward and backward: one call a segment, and `varlen_attn` where
there is one. G3: cross-entropy of the last linear layer and its gradients: of all rows at once, the same compiled, and in
chunks that are computed again. Median milliseconds of CUDA events, or of the clock; `operations` are those of the formula,
attention's causal half. Numbers are drawn: zeros take less power. `--device cpu` is to try it.
"""
import argparse
import json
import statistics
import time

from step import SHAPES

CHUNK = 2048


class Peers:
    def __init__(self, torch, given):
        self.torch, self.given = torch, given
        layers, self.dim, self.heads, self.kv_heads, self.ffn, self.vocabulary, _, self.segments = SHAPES[given.shape]
        self.layers, self.head, self.tokens = layers, self.dim // self.heads, sum(self.segments)
        self.end = time.monotonic() + given.seconds
        torch.manual_seed(0)
        torch.set_default_device(given.device)

    def tell(self, row, **found):
        print(json.dumps({"row": row, **found}), flush=True)

    def try_one(self, row, measure, **what):
        """`measure`'s numbers as a line; what fails, memory that is not there above all, must not take the rest with it."""
        if time.monotonic() > self.end:
            return self.tell(row, **what, error="no time left")
        try:
            self.tell(row, **what, **measure())
        except Exception as error:
            self.tell(row, **what, error=f"{type(error).__name__}: {error}"[:300])
        if self.given.device == "cuda":
            self.torch.cuda.empty_cache()

    def drawn(self, *size, scale=1.0, learns=False):
        values = self.torch.randn(*size, dtype=self.torch.bfloat16) * scale
        return values.requires_grad_() if learns else values

    def milliseconds(self, work, warm=2, most=10, seconds=2.0):
        for _ in range(warm):
            work()
        times, begin = [], time.monotonic()
        while len(times) < most and (not times or time.monotonic() - begin < seconds):
            times.append(self.once(work))
        return round(statistics.median(times), 4)

    def once(self, work):
        if self.given.device != "cuda":
            begin = time.perf_counter()
            work()
            return 1e3 * (time.perf_counter() - begin)
        first, last = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        work()
        last.record()
        last.synchronize()
        return first.elapsed_time(last)

    def products(self):
        keys = self.head * self.kv_heads
        for columns, terms, count in ((self.dim, self.dim, 2), (keys, self.dim, 2), (self.ffn, self.dim, 2),
                                      (self.dim, self.ffn, 1)):
            for name, make in (("forward", lambda x, w, g: lambda: x @ w.T), ("input", lambda x, w, g: lambda: g @ w),
                               ("weight", lambda x, w, g: lambda: g.T @ x)):
                operands = lambda: (self.drawn(self.tokens, terms), self.drawn(columns, terms), self.drawn(self.tokens, columns))
                self.try_one("G1", lambda: {"ms": self.milliseconds(make(*operands()))}, of=name, columns=columns, terms=terms,
                             rows=self.tokens, count=count * self.layers, operations=2 * self.tokens * columns * terms)

    def per_segment(self):
        attend = self.torch.nn.functional.scaled_dot_product_attention

        def run(q, k, v):
            parts, at = [], 0
            for length in self.segments:
                one = [t[at:at + length].transpose(0, 1)[None] for t in (q, k, v)]
                parts.append(attend(*one, is_causal=True, enable_gqa=self.heads != self.kv_heads)[0].transpose(0, 1))
                at += length
            return self.torch.cat(parts)
        return run

    def varlen(self):
        from torch.nn.attention.varlen import varlen_attn
        bounds = self.torch.tensor([0, *self.segments]).cumsum(0).int()
        longest, groups = max(self.segments), self.heads // self.kv_heads

        def run(q, k, v):  # every head has keys of its own there
            k, v = (t.repeat_interleave(groups, 1) for t in (k, v))
            try:
                return varlen_attn(q, k, v, bounds, bounds, longest, longest, is_causal=True)
            except TypeError:  # a later PyTorch
                return varlen_attn(q, k, v, bounds, bounds, longest, longest, window_size=(-1, 0))
        return run

    def attention(self):
        operations = 2 * self.heads * self.head * sum(n * n for n in self.segments)

        def both(made):
            attend = made()
            operands = [self.drawn(self.tokens, n, self.head, learns=True) for n in (self.heads, self.kv_heads, self.kv_heads)]
            forward = self.milliseconds(lambda: attend(*operands))
            result = attend(*operands)
            gradient = self.torch.randn_like(result)
            backward = lambda: self.torch.autograd.grad(result, operands, gradient, retain_graph=True)
            return {"forward_ms": forward, "backward_ms": self.milliseconds(backward)}
        for mode, made in (("per segment", self.per_segment), ("varlen", self.varlen)):
            self.try_one("G2", lambda: both(made), mode=mode, segments=len(self.segments), heads=[self.heads, self.kv_heads, self.head],
                         forward_operations=operations, backward_operations=2.5 * operations)

    def loss(self):
        torch, functional = self.torch, self.torch.nn.functional

        def whole(x, w, labels):
            return functional.cross_entropy(functional.linear(x, w).float(), labels, reduction="sum")

        def chunked(x, w, labels):
            again = lambda *rows: torch.utils.checkpoint.checkpoint(whole, *rows, use_reentrant=False)
            return sum(again(x[at:at + CHUNK], w, labels[at:at + CHUNK]) for at in range(0, len(x), CHUNK))

        def measured(loss):
            import torch.utils.checkpoint  # which `chunked` asks for
            x, w = self.drawn(self.tokens, self.dim, learns=True), self.drawn(self.vocabulary, self.dim, scale=0.02, learns=True)
            labels = torch.randint(0, self.vocabulary, (self.tokens,))
            on_gpu = self.given.device == "cuda"
            before = torch.cuda.memory_allocated() if on_gpu else 0
            if on_gpu:
                torch.cuda.reset_peak_memory_stats()
            ms = self.milliseconds(lambda: torch.autograd.grad(loss(x, w, labels), (x, w)), warm=1, most=5, seconds=3)
            more = round((torch.cuda.max_memory_allocated() - before) / 2**20) if on_gpu else None
            return {"ms": ms, "megabytes": more}
        # The one that may find no memory last.
        for mode, loss in (("compiled", torch.compile(whole)), ("chunked", chunked), ("whole", whole)):
            self.try_one("G3", lambda: measured(loss), mode=mode, rows=self.tokens, channels=self.dim, words=self.vocabulary)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--rows", default="G1,G2,G3", help="which, in this order")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    rows = {"G1": Peers.products, "G2": Peers.attention, "G3": Peers.loss}
    wanted = given.rows.split(",")
    if unknown := set(wanted) - set(rows):
        parser.error(f"there is no row {', '.join(sorted(unknown))}, only {', '.join(rows)}")
    try:
        import torch
        peers = Peers(torch, given)
    except Exception as error:  # no PyTorch, or no GPU: said of every row
        for row in wanted:
            print(json.dumps({"row": row, "error": f"{type(error).__name__}: {error}"[:300]}), flush=True)
        return
    print(json.dumps({"torch": torch.__version__, "device": given.device, "shape": given.shape}), flush=True)
    for row in wanted:
        rows[row](peers)


if __name__ == "__main__":
    main()
