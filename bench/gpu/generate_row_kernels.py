#!/usr/bin/env python3
"""Writes row kernels in many launch shapes, as MLIR and as PTX, for row_kernels.py to time.

  generate_row_kernels.py OUT [--chip sm_90a] [--mlir-opt mlir-opt-22]

The row family (norms, softmax and loss, optimizer) moves bytes; what decides its speed is how a row
is spread over threads. So each kernel here comes with `lanes` threads a row and `rows` rows a
block, one block per group of rows or a grid that fits the machine and strides over them.
OUT/kernels.json lists every file with its launch shape. Needs MLIR 22 and no GPU.
"""

import argparse
import json
import pathlib
import subprocess

from row_layout import (
    ELEMENTS,
    SHARED,
    Body,
    LongRow,
    Row,
    exp2,
    merge_over_block,
    module,
    over_rows,
)

CHANNELS = (64, 128, 256, 512, 1024, 2048, 4096, 8192)
VOCABULARIES = (4096, 32000, 128256)
PARAMETERS = 1 << 27
MULTIPROCESSORS = 132
THREADS_PER_MULTIPROCESSOR = 2048


def rms_norm(channels, lanes, rows, stride):
    """y = x * rsqrt(mean(x^2) + 1e-5) * w; bf16 in and out, f32 inside. 4 bytes an element."""
    body = Body()
    row = Row(body, channels, lanes, rows)
    matrix, vector = f"memref<{ELEMENTS // channels}x{channels}xbf16>", f"memref<{channels}xbf16>"

    def emit(index):
        x = row.load("%x", matrix, index)
        mean = body.binary(
            "mulf",
            row.sum(row.total(row.each("mulf", x, x)), bool(stride)),
            body.constant(f"{1.0 / channels!r}", "f32"),
            "f32",
        )
        shifted = body.binary("addf", mean, body.constant("1.0e-5", "f32"), "f32")
        scale = row.spread(body.value(f"math.rsqrt {shifted} : f32"))
        w = row.load("%w", vector)
        row.store(
            row.each("mulf", row.each("mulf", x, [scale] * row.chunks), w), "%y", matrix, index
        )

    over_rows(body, row, stride, emit)
    arguments = (
        f"%x: {matrix} {{llvm.noalias, llvm.readonly}}, "
        f"%w: {vector} {{llvm.noalias, llvm.readonly}}, "
        f"%y: {matrix} {{llvm.noalias}}, %rows: index"
    )
    return module("rms_norm", arguments, row.workgroup(), lanes * rows, body)


def rms_norm_gradient(channels, lanes, rows, stride):
    """dx of rms_norm, and partial sums of dw in f32 per row slot. 6 bytes an element."""
    body = Body()
    row = Row(body, channels, lanes, rows)
    matrix, vector = f"memref<{ELEMENTS // channels}x{channels}xbf16>", f"memref<{channels}xbf16>"
    partials = f"memref<{stride * rows}x{channels}xf32>"
    zero = body.constant("dense<0.0>", row.float)
    w = row.load("%w", vector)
    block = body.value("gpu.block_id x")
    groups = body.binary("divui", "%rows", body.constant(rows))
    names = [f"%dw{i}" for i in range(row.chunks)]
    carried = ", ".join(f"{name} = {zero}" for name in names)
    kinds = ", ".join([row.float] * row.chunks)
    body.add(
        f"%sum:{row.chunks} = scf.for %group = {block} to {groups} step "
        f"{body.constant(stride)} iter_args({carried}) -> ({kinds}) {{"
    )
    index = body.binary("addi", body.binary("muli", "%group", body.constant(rows)), row.sub)
    x, dy = row.load("%x", matrix, index), row.load("%dy", matrix, index)
    inverse = body.constant(f"{1.0 / channels!r}", "f32")
    square = row.sum(row.total(row.each("mulf", x, x)), True)
    g = row.each("mulf", dy, w)
    dot = row.sum(row.total(row.each("mulf", g, x)), True)
    shifted = body.binary(
        "addf", body.binary("mulf", square, inverse, "f32"), body.constant("1.0e-5", "f32"), "f32"
    )
    scale = body.value(f"math.rsqrt {shifted} : f32")
    squared = body.binary("mulf", scale, scale, "f32")
    pull = row.spread(body.binary("mulf", squared, body.binary("mulf", dot, inverse, "f32"), "f32"))
    wide = [row.spread(scale)] * row.chunks
    inner = row.each("subf", g, row.each("mulf", x, [pull] * row.chunks))
    row.store(row.each("mulf", inner, wide), "%dx", matrix, index)
    sums = row.each("addf", names, row.each("mulf", dy, row.each("mulf", x, wide)))
    body.add(f"scf.yield {', '.join(sums)} : {kinds}")
    body.add("}")
    slot = body.binary("addi", body.binary("muli", block, body.constant(rows)), row.sub)
    for chunk, column in enumerate(row.columns):
        body.add(
            f"vector.store %sum#{chunk}, %dw[{slot}, {column}] "
            f"{{alignment = {4 * min(4, row.width)}}} : {partials}, {row.float}"
        )
    arguments = (
        f"%x: {matrix} {{llvm.noalias, llvm.readonly}}, "
        f"%w: {vector} {{llvm.noalias, llvm.readonly}}, "
        f"%dy: {matrix} {{llvm.noalias, llvm.readonly}}, "
        f"%dx: {matrix} {{llvm.noalias}}, %dw: {partials} {{llvm.noalias}}, %rows: index"
    )
    return module("rms_norm_gradient", arguments, row.workgroup(), lanes * rows, body)


def adamw(threads, unroll, stride):
    """One AdamW update, all f32: reads p, g, m, v, writes p, m, v. 28 bytes a parameter."""
    body = Body()
    kind, flat = "vector<4xf32>", f"memref<{PARAMETERS}xf32>"
    thread, block = body.value("gpu.thread_id x"), body.value("gpu.block_id x")
    spread = {
        name: body.value(f"vector.broadcast %{name} : f32 to {kind}")
        for name in ("rate", "correct1", "correct2", "decay")
    }
    number = {
        value: body.constant(f"dense<{value}>", kind)
        for value in ("0.9", "0.1", "0.95", "0.05", "1.0e-8")
    }

    def emit(group):
        base = body.binary(
            "addi", body.binary("muli", group, body.constant(threads * unroll)), thread
        )
        places = [
            body.binary(
                "muli", body.binary("addi", base, body.constant(i * threads)), body.constant(4)
            )
            for i in range(unroll)
        ]
        loaded = [
            [
                body.value(f"vector.load %{name}[{place}] {{alignment = 16}} : {flat}, {kind}")
                for name in "pgmv"
            ]
            for place in places
        ]
        for place, (p, g, m, v) in zip(places, loaded):

            def op(name, left, right):
                return body.binary(name, left, right, kind)

            m = op("addf", op("mulf", m, number["0.9"]), op("mulf", g, number["0.1"]))
            v = op(
                "addf", op("mulf", v, number["0.95"]), op("mulf", op("mulf", g, g), number["0.05"])
            )
            root = body.value(f"math.sqrt {op('mulf', v, spread['correct2'])} : {kind}")
            step = op("divf", op("mulf", m, spread["correct1"]), op("addf", root, number["1.0e-8"]))
            kept = op("mulf", p, spread["decay"])
            p = op("subf", kept, op("mulf", spread["rate"], step))
            for name, value in (("p", p), ("m", m), ("v", v)):
                body.add(
                    f"vector.store {value}, %{name}[{place}] {{alignment = 16}} : {flat}, {kind}"
                )

    if stride:
        groups = body.binary("divui", "%count", body.constant(threads * unroll * 4))
        body.add(f"scf.for %group = {block} to {groups} step {body.constant(stride)} {{")
        emit("%group")
        body.add("}")
    else:
        emit(block)
    arguments = ", ".join(f"%{name}: {flat} {{llvm.noalias}}" for name in "pgmv")
    arguments += ", " + ", ".join(
        f"%{name}: f32" for name in ("rate", "correct1", "correct2", "decay")
    )
    return module("adamw", arguments + ", %count: index", "", threads, body)


def softmax_loss(length, threads, unroll):
    """Logits z become w (softmax(z) - onehot(target)), loss = logsumexp(z) - z[target].

    One block a row, which is read twice: the second read should come from the L2. 4 bytes an
    element.
    """
    body = Body()
    row = LongRow(body, length, threads, unroll)
    index = body.value("gpu.block_id x")
    rows = ELEMENTS // length
    target32 = body.value(f"memref.load %target[{index}] : memref<{rows}xi32>")
    target = body.value(f"arith.index_cast {target32} : i32 to index")
    chosen = body.value(f"memref.load %z[{index}, {target}] : {row.kind}")
    weight = body.value(f"memref.load %weight[{index}] : memref<{rows}xf32>")

    def accumulate(columns, state):
        values = row.load(index, columns)
        high = values[0]
        for value in values[1:]:
            high = body.binary("maxnumf", high, value, row.float)
        high = body.value(f"vector.reduction <maxnumf>, {high} : {row.float} into f32")
        high = body.binary("maxnumf", high, state[0], "f32")
        wide = body.value(f"vector.broadcast {high} : f32 to {row.float}")
        parts = [
            exp2(body, body.binary("subf", value, wide, row.float), row.float) for value in values
        ]
        while len(parts) > 1:
            parts = [
                body.binary("addf", *parts[i : i + 2], row.float) for i in range(0, len(parts), 2)
            ]
        part = body.value(
            f"vector.reduction <add>, {parts[0]} fastmath<reassoc> : " f"{row.float} into f32"
        )
        kept = exp2(body, body.binary("subf", state[0], high, "f32"))
        return [high, body.binary("addf", body.binary("mulf", state[1], kept, "f32"), part, "f32")]

    start = [body.constant("-1.0e30", "f32"), body.constant("0.0", "f32")]
    pair = row.walk(start, accumulate)
    largest, total = merge_over_block(body, row.thread, threads // 32, *pair)
    log_sum = body.binary("addf", largest, body.value(f"math.log2 {total} : f32"), "f32")
    wide_log = body.value(f"vector.broadcast {log_sum} : f32 to {row.float}")
    wide_weight = body.value(f"vector.broadcast {weight} : f32 to {row.float}")

    def write(columns, _):
        for column, value in zip(columns, row.load(index, columns)):
            share = exp2(body, body.binary("subf", value, wide_log, row.float), row.float)
            half = body.value(
                f"arith.truncf {body.binary('mulf', share, wide_weight, row.float)} : "
                f"{row.float} to {row.half}"
            )
            body.add(
                f"vector.store {half}, %dz[{index}, {column}] {{alignment = 16}} : "
                f"{row.kind}, {row.half}"
            )

    row.walk([], write)
    body.add("gpu.barrier")  # the target's element is written twice; the second must be last
    is_first = body.value(f"arith.cmpi eq, {row.thread}, {body.constant(0)} : index")
    body.add(f"scf.if {is_first} {{")
    wide = body.value(f"arith.extf {chosen} : bf16 to f32")
    chosen2 = body.binary("mulf", wide, body.constant("1.44269504", "f32"), "f32")
    below = body.binary("subf", log_sum, chosen2, "f32")
    loss = body.binary("mulf", below, body.constant("0.693147181", "f32"), "f32")
    body.add(f"memref.store {loss}, %loss[{index}] : memref<{rows}xf32>")
    share = exp2(body, body.binary("subf", chosen2, log_sum, "f32"))
    missing = body.binary("subf", share, body.constant("1.0", "f32"), "f32")
    half = body.value(f"arith.truncf {body.binary('mulf', missing, weight, 'f32')} : f32 to bf16")
    body.add(f"memref.store {half}, %dz[{index}, {target}] : {row.kind}")
    body.add("}")
    arguments = (
        f"%z: {row.kind}, %dz: {row.kind}, %target: memref<{rows}xi32>, "
        f"%weight: memref<{rows}xf32>, %loss: memref<{rows}xf32>"
    )
    workgroup = f"\n        workgroup(%sums : memref<2x{threads // 32}xf32, {SHARED}>)"
    return module("softmax_loss", arguments, workgroup, threads, body)


class Manifest:
    """Compiles each kernel as it is added and records its launch shape."""

    def __init__(self, folder, chip, mlir_opt):
        self.folder, self.chip, self.mlir_opt, self.entries = folder, chip, mlir_opt, []

    def add(self, name, text, **fields):
        source = self.folder / f"{name}.mlir"
        source.write_text(text)
        pipeline = (
            f"--gpu-lower-to-nvvm-pipeline=cubin-chip={self.chip} cubin-features=+ptx90 "
            "cubin-format=isa kernel-bare-ptr-calling-convention=1 opt-level=3"
        )
        done = subprocess.run(
            [self.mlir_opt, str(source), pipeline], capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{source}: {done.stderr[:2000]}")
        assembly = done.stdout.split('assembly = "', 1)[1].split('"', 1)[0]
        assembly = assembly.replace("\\0A", "\n").replace("\\09", "\t").replace("\\22", '"')
        assembly = assembly.replace("\\00", "")
        if ".extern .func" in assembly:  # the pipeline does not say when it finds no libdevice
            raise SystemExit(f"{source}: libdevice was not linked; set CUDA_HOME")
        (self.folder / f"{name}.ptx").write_text(assembly)
        self.entries.append({"file": f"{name}.ptx", **fields})

    def write(self):
        (self.folder / "kernels.json").write_text(
            "[\n" + ",\n".join(json.dumps(entry) for entry in self.entries) + "\n]\n"
        )


def row_shapes(channels, most_chunks):
    """(lanes, rows) worth trying: 2 to 16 bytes a load, at most `most_chunks` loads a thread."""
    for lanes in (8, 16, 32, 64, 128, 256, 512, 1024):
        width = min(8, channels // lanes)
        if width < 2 or channels // (lanes * width) > most_chunks:
            continue
        for threads in (128, 256, 512, 1024):
            if threads >= lanes:
                yield lanes, threads // lanes


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--chip", default="sm_90a")
    parser.add_argument("--mlir-opt", default="mlir-opt-22")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(options.folder, options.chip, options.mlir_opt)
    for channels in CHANNELS:
        for lanes, rows in row_shapes(channels, 8):
            threads = lanes * rows
            full = MULTIPROCESSORS * THREADS_PER_MULTIPROCESSOR // threads
            shape = {"channels": channels, "lanes": lanes, "rows": rows, "threads": threads}
            name = f"{channels}_{lanes}x{rows}"
            manifest.add(
                f"rms_norm_{name}",
                rms_norm(channels, lanes, rows, 0),
                kernel="rms_norm",
                grid=0,
                **shape,
            )
            if threads in (256, 512):
                manifest.add(
                    f"rms_norm_{name}_grid",
                    rms_norm(channels, lanes, rows, full),
                    kernel="rms_norm",
                    grid=full,
                    **shape,
                )
            chunks = channels // (lanes * min(8, channels // lanes))
            if threads in (256, 512) and chunks <= 4:
                for share in (1, 2, 4):
                    grid = full // share
                    manifest.add(
                        f"rms_norm_gradient_{name}_{grid}",
                        rms_norm_gradient(channels, lanes, rows, grid),
                        kernel="rms_norm_gradient",
                        grid=grid,
                        **shape,
                    )
    for threads in (128, 256, 512, 1024):
        for unroll in (1, 2, 4):
            for grid in (0, MULTIPROCESSORS * THREADS_PER_MULTIPROCESSOR // threads):
                manifest.add(
                    f"adamw_{threads}_{unroll}_{grid}",
                    adamw(threads, unroll, grid),
                    kernel="adamw",
                    threads=threads,
                    unroll=unroll,
                    grid=grid,
                )
    for length in VOCABULARIES:
        for threads in (128, 256, 512, 1024):
            for unroll in (1, 2, 4):
                if threads * unroll * 8 <= length:
                    manifest.add(
                        f"softmax_loss_{length}_{threads}_{unroll}",
                        softmax_loss(length, threads, unroll),
                        kernel="softmax_loss",
                        channels=length,
                        threads=threads,
                        unroll=unroll,
                        grid=0,
                        rows=1,
                    )
    manifest.write()


if __name__ == "__main__":
    main()
