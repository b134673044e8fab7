"""Kernels whose type and columns are left open, made into MLIR and from there into PTX.

In kernels/*.mlir.in `{T}` is the type in memory, `{C}` the columns and `{H}` half of them. In
`%b = widen %a : {C}` and `%b = narrow %a : {C}` a row of so many columns goes from {T} to f32 and
back (no columns: a scalar); where {T} is no bf16 the two are one value.
"""

import pathlib
import re
import subprocess

FOLDER = pathlib.Path(__file__).parent / "kernels"
CONVERSION = re.compile(r"^ *(%\w+) = (widen|narrow) (%\w+)(?: : (\S+))?\n", re.MULTILINE)
SHAPE = re.compile(r"// (\d+) threads a block, (\d+) blocks for each (\d+) of the extent, (\d+) bytes of shared")


def source(kernel, element, columns):
    """The kernel as MLIR text."""
    same = {}

    def convert(match):
        result, direction, operand, length = match.groups()
        if element != "bf16":
            same[result] = operand
            return ""
        stored, computed = (f"vector<{length}x{t}>" if length else t for t in (element, "f32"))
        if direction == "widen":
            return f"  {result} = arith.extf {operand} : {stored} to {computed}\n"
        return f"  {result} = arith.truncf {operand} : {computed} to {stored}\n"

    text = CONVERSION.sub(convert, (FOLDER / f"{kernel}.mlir.in").read_text())
    for result, operand in same.items():
        text = re.sub(rf"{result}\b", operand, text)
    for key, value in {"T": element, "C": columns, "H": columns // 2}.items():
        text = text.replace("{%s}" % key, str(value))
    return text


def file_name(kernel, element, columns):
    return f"{kernel}-{element}-{columns}.ptx"


def compile_to(folder, translate, architecture, kernel, element, columns):
    """Writes the kernel's PTX into `folder`; `translate` is the path of roux-translate."""
    command = [translate, "--kernel-to-ptx", f"--arch={architecture}", "-", "-o"]
    command.append(str(folder / file_name(kernel, element, columns)))
    subprocess.run(command, input=source(kernel, element, columns).encode(), check=True)


class Compiled:
    """A kernel loaded from `folder`, launched as the first lines of its PTX say."""

    def __init__(self, driver, folder, kernel, element, columns):
        text = (folder / file_name(kernel, element, columns)).read_text()
        self.threads, self.blocks, self.rows, self.shared = map(int, SHAPE.search(text).groups())
        self.function = driver.load(text.encode(), kernel)

    def bind(self, extent, arguments, count, spare=0):
        """A function that launches it over `extent` rows, whose number lies in the buffer `count`;
        the grid has `spare` blocks too many, as a launch recorded for a larger extent has."""
        blocks = (extent + self.rows - 1) // self.rows * self.blocks + spare
        return self.function.bind([blocks], self.threads, [*arguments, count], self.shared)
