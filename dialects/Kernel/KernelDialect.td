// The kernel dialect itself and its enums; the ops are in KernelBody.td (inside kernels) and
// KernelHost.td (what launches them).
#ifndef DIALECTS_KERNEL_KERNELDIALECT_TD
#define DIALECTS_KERNEL_KERNELDIALECT_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::roux::kernel";
  let summary = "what is launched: fused bodies over rows or tiles, and the launch order";
  let description = [{
    A module of this dialect holds `kernel.func`s, the bodies, and `kernel.program`s, the entries
    that launch them (`train`, `nll`, `prefill`, `decode`). There is no device in it: one
    conversion per target removes it. There is no tensor and no gradient either; those are in the
    step dialect.

    **Buffers** are memrefs. In a kernel they have one of four shapes, `T` being f32, f64, bf16,
    f16, i32 or i64:

    | type | what it is |
    |---|---|
    | `memref<?xCxT>`, `memref<RxCxT>` | rows of C columns: a token stream, a matrix of weights |
    | `memref<?xT>`, `memref<RxT>` | one scalar per row: labels, weights, positions, statistics |
    | `memref<CxT>` (read without an index) | one row shared by all rows: a norm's weight, a bias |

    Rows lie one after another without gaps, so an element's offset is `row * C + column`, in 64
    bits. C is always static, the number of rows never matters to the code.

    **Three families.** A kernel's body is one of

    * a *row* body: a straight line of ops on whole rows (below);
    * one `kernel.contract`, matmuls whose operands and results pass through row bodies;
    * one attention op, whose gradients pass through row bodies.

    **The ragged contract.** A kernel has one extent, given by its launch and read when it runs:
    the number of rows (row bodies), of rows of the result (`nt`, `nn`) or of terms of the sum
    (`tn`), of work items (attention). No code depends on it or on segment lengths.

    **Order.** Every result is a fixed function of its inputs: sums have an order that depends
    only on the number of terms and on the target, never on threads or on what else is launched;
    what a row gets does not depend on the other rows.

    **Row bodies.** The body is written for one row; `kernel.row` is its index. A row's values are
    `vector<CxT>` and go through ordinary `arith` and `math` ops elementwise; scalars are ordinary
    scalars and become rows by `vector.broadcast`; rows become scalars by `kernel.reduce`. The
    lowering is demand driven: rows never exist as wholes, each is recomputed a chunk at a time in
    the loops that read it, so the only cost of a long chain is its arithmetic.

    ```mlir
    kernel.func @rms_norm(%x: memref<?x64xf32>, %w: memref<64xf32>, %y: memref<?x64xf32>) {
      %row = kernel.row
      %v = kernel.load %x[%row] : memref<?x64xf32> -> vector<64xf32>
      %squares = arith.mulf %v, %v : vector<64xf32>
      %sum = kernel.reduce add %squares : vector<64xf32>
      %scale = arith.constant 1.562500e-02 : f32
      %epsilon = arith.constant 1.0e-5 : f32
      %mean = arith.mulf %sum, %scale : f32
      %shifted = arith.addf %mean, %epsilon : f32
      %inverse = math.rsqrt %shifted : f32
      %factor = vector.broadcast %inverse : f32 to vector<64xf32>
      %weight = kernel.load %w[] : memref<64xf32> -> vector<64xf32>
      %normed = arith.mulf %v, %factor : vector<64xf32>
      %result = arith.mulf %normed, %weight : vector<64xf32>
      kernel.store %result, %y[%row] : vector<64xf32>, memref<?x64xf32>
      kernel.return
    }
    ```

    Rules, which the verifier checks because a body is run in another order than it is written:

    * all loads of a buffer come before its first store, and rows are stored after the last
      reduction (the recomputation would read what was stored);
    * a buffer that is both read and stored is read at the columns being stored only, and all rows
      that a body stores have the same number of columns;
    * within one body two arguments are the same buffer or disjoint: a launch may pass one buffer
      for two arguments (work in place) if they are indexed by the same rows.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"];
  let useDefaultAttributePrinterParser = 1;
}

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

class Kernel_Enum<string name, string summary, list<I32EnumCase> cases>
    : I32Enum<name, summary, cases> {
  let cppNamespace = "::roux::kernel";
}

def Kernel_Reduction : Kernel_Enum<"Reduction", "how a row becomes a scalar", [
  I32EnumCase<"Add", 0, "add">,
  I32EnumCase<"Max", 1, "max">,
  I32EnumCase<"Min", 2, "min">,
]>;
def Kernel_ReductionAttr : EnumAttr<Kernel_Dialect, Kernel_Reduction, "reduction">;

def Kernel_Form : Kernel_Enum<"Form", "which operands of a matmul are transposed", [
  I32EnumCase<"NT", 0, "nt">,
  I32EnumCase<"NN", 1, "nn">,
  I32EnumCase<"TN", 2, "tn">,
]>;
def Kernel_FormAttr : EnumAttr<Kernel_Dialect, Kernel_Form, "form">;

def Kernel_Role : Kernel_Enum<"Role", "who owns a buffer and how long it lives", [
  I32EnumCase<"Parameter", 0, "parameter">,
  I32EnumCase<"Gradient", 1, "gradient">,
  I32EnumCase<"State", 2, "state">,
  I32EnumCase<"Input", 3, "input">,
  I32EnumCase<"Output", 4, "output">,
  I32EnumCase<"Activation", 5, "activation">,
]>;
def Kernel_RoleAttr : EnumAttr<Kernel_Dialect, Kernel_Role, "role">;

#endif // DIALECTS_KERNEL_KERNELDIALECT_TD
