// The ops outside kernels: an entry's buffers, its loops and the order of its launches.
#ifndef DIALECTS_KERNEL_KERNELHOST_TD
#define DIALECTS_KERNEL_KERNELHOST_TD

include "dialects/Kernel/KernelDialect.td"
include "mlir/IR/BuiltinTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_ProgramOp : Kernel_Op<"program", [Symbol, IsolatedFromAbove, NoTerminator]> {
  let summary = "an entry: buffers and launches in the order they run";
  let description = [{
    Data, not code: the compiler turns it into a list the runtime walks, so it can be printed,
    timed, and saved beside its kernels. Entries are named `train`, `nll`, `prefill`, `decode`.
    Allowed inside: the ops below, and `arith` on `index` (`constant`, `addi`, `subi`, `muli`,
    `divui`, `ceildivui`, `minui`, `maxui`).

    ```mlir
    kernel.program @nll {
      %tokens = kernel.extent "tokens"
      %chunk = arith.constant 256 : index
      %x = kernel.buffer activation "x"[%tokens] : memref<?x64xf32>
      %w = kernel.buffer parameter "layers.attention.query"[] : memref<6x64x64xf32>
      %zero = arith.constant 0 : index
      %layers = arith.constant 6 : index
      kernel.repeat %zero to %layers {
      ^bb0(%layer: index):
        %wl = kernel.slice %w[%layer] : memref<6x64x64xf32> -> memref<64x64xf32>
        kernel.launch @linear[%tokens](%x, %wl) : memref<?x64xf32>, memref<64x64xf32>
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name $body attr-dict";
  let hasRegionVerifier = 1;
}

def Kernel_ExtentOp : Kernel_Op<"extent", [Pure]> {
  let summary = "a count known when the entry runs: tokens, segments, targets";
  let arguments = (ins StrAttr:$name);
  let results = (outs Index:$result);
  let assemblyFormat = "$name attr-dict";
}

def Kernel_ScalarOp : Kernel_Op<"scalar", [Pure]> {
  let summary = "a number given with each run: learning rate, denominator";
  let arguments = (ins StrAttr:$name);
  let results = (outs AnyTypeOf<[F32, F64, I32, I64]>:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
}

def Kernel_BufferOp : Kernel_Op<"buffer"> {
  let summary = "storage that launches read and write";
  let description = [{
    | role | owner, lifetime |
    |---|---|
    | `parameter`, `gradient`, `state` | the model, and the caches of what it writes: by name, shared by all entries, kept between runs |
    | `input`, `output` | the caller: by name, for one run |
    | `activation` | the entry's arena: from its first use to its last; one declared inside a loop holds nothing from one turn to the next |

    One index gives the size of each dynamic dimension. A buffer of every layer has the layer as
    its first dimension.
  }];
  let arguments = (ins Kernel_RoleAttr:$role, StrAttr:$name, Variadic<Index>:$sizes);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$role $name `[` $sizes `]` attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Kernel_ConstantOp : Kernel_Op<"constant", [Pure]> {
  let summary = "numbers the program carries: the frequencies of rotary positions";
  let description = [{
    The name is for people; constants are told apart by their values.

    ```mlir
    %f = kernel.constant "frequencies" dense<[1.0, 0.1]> : tensor<2xf64> as memref<2xf64>
    ```
  }];
  let arguments = (ins StrAttr:$name, ElementsAttr:$value);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$name $value `as` type($result) attr-dict";
  let hasVerifier = 1;
}

def Kernel_SliceOp : Kernel_Op<"slice", [Pure]> {
  let summary = "one entry of the first dimension: a layer's part";
  let arguments = (ins AnyMemRef:$buffer, Index:$at);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$buffer `[` $at `]` attr-dict `:` type($buffer) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_WindowOp : Kernel_Op<"window", [Pure]> {
  let summary = "the buffer from a row on: a chunk of the tokens";
  let description = [{
    How many rows are used is the launch's extent. The result may split or join rows, as
    `memref<?x64xf32>` seen per head as `memref<?x8xf32>`; `first` counts rows of the operand.
  }];
  let arguments = (ins AnyMemRef:$buffer, Index:$first);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$buffer `from` $first attr-dict `:` type($buffer) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_RepeatOp : Kernel_Op<"repeat", [NoTerminator]> {
  let summary = "a loop over layers or chunks";
  let description = "`reverse` runs it from the last index to the first.";
  let arguments = (ins Index:$begin, Index:$end, UnitAttr:$reverse);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$begin `to` $end (`reverse` $reverse^)? $body attr-dict";
  let hasVerifier = 1;
}

def Kernel_LaunchOp : Kernel_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "run a kernel over an extent";
  let description = [{
    They match the kernel's arguments in element type and static sizes.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Index:$extent, Variadic<AnyType>:$arguments);
  let assemblyFormat = "$callee `[` $extent `]` `(` $arguments `)` attr-dict `:` type($arguments)";
}

#endif // DIALECTS_KERNEL_KERNELHOST_TD
