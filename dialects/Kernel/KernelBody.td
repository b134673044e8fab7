// The ops inside kernels: the function, row bodies, the matmul and the attention family.
#ifndef DIALECTS_KERNEL_KERNELBODY_TD
#define DIALECTS_KERNEL_KERNELBODY_TD

include "dialects/Kernel/KernelDialect.td"
include "mlir/IR/BuiltinTypes.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_Row : VectorOfRankAndType<[1], [AnyFloat, AnySignlessInteger, Index]>;
def Kernel_RowOrScalar : AnyTypeOf<[Kernel_Row, AnyFloat, AnySignlessInteger, Index],
                                   "a row (vector) or a scalar">;

def Kernel_FuncOp : Kernel_Op<"func", [FunctionOpInterface, IsolatedFromAbove]> {
  let summary = "one kernel: a row body, a matmul or an attention";
  let description = [{
    Arguments are buffers (memrefs of the dialect's shapes) and scalars (`index`, `i32`, `i64`,
    `f32`, `f64`); there are no results. The body is one block ending in `kernel.return`.

    With `attributes {few_rows}`, of a matmul `nt`, a processor has code for launches of few rows as
    well, to the same bits (`kernel-mark-few-rows`). A GPU has that code alone: for eight rows at a
    time, of which each eight read the right operand again, and adding in another order.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs, UnitAttr:$few_rows);
  let regions = (region SizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::TypeRange":$inputs)>];
  let skipDefaultBuilders = 1;
  let extraClassDeclaration = [{
    llvm::ArrayRef<mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    llvm::ArrayRef<mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    mlir::Region *getCallableRegion() { return &getBody(); }
  }];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Kernel_ReturnOp : Kernel_Op<"return", [Pure, Terminator, HasParent<"FuncOp">]> {
  let summary = "ends a kernel's body";
  let assemblyFormat = "attr-dict";
}

def Kernel_YieldOp : Kernel_Op<"yield", [Pure, Terminator]> {
  let summary = "hands a row to the op around the region";
  let arguments = (ins Optional<Kernel_Row>:$row);
  let builders = [OpBuilder<(ins), [{ (void)$_state; }]>];
  let assemblyFormat = "($row^ `:` type($row))? attr-dict";
}

def Kernel_RowOp : Kernel_Op<"row", [Pure, HasParent<"FuncOp">]> {
  let summary = "index of the row this body runs for";
  let description = "From 0 to the launch's extent. Only in row bodies; regions have an argument instead.";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Kernel_ColumnOp : Kernel_Op<"column", [Pure]> {
  let summary = "each column's own index, from 0";
  let description = [{
    ```mlir
    %column = kernel.column : vector<50257xi32>
    ```
    Compared with a label it makes the one-hot row of a cross-entropy's gradient.
  }];
  let results = (outs VectorOfRankAndType<[1], [I32]>:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Kernel_LoadOp : Kernel_Op<"load"> {
  let summary = "read a row, a window of its columns, a scalar of a column, or one element";
  let description = [{
    | indices | buffer | result |
    |---|---|---|
    | `[%row]` | `memref<?xCxT>` | `vector<CxT>`, the row; with `from N`, `vector<DxT>`, columns N … N+D-1 |
    | `[%row, %column]` | `memref<?xCxT>` | `T`, one element: the logit of a label |
    | `[%row]` | `memref<?xT>` | `T` |
    | `[]` | `memref<CxT>` | `vector<CxT>`, shared by all rows; `from N` as above |

    An index may be any `index` value: `%row`, `%row` divided by the heads, an id read from a
    column (gather). It must lie in the buffer; nothing checks it at run time, so ids are checked
    where they enter.
  }];
  let arguments = (ins Arg<AnyMemRef, "where to read", [MemRead]>:$buffer,
                       Variadic<Index>:$indices, DefaultValuedAttr<I64Attr, "0">:$from);
  let results = (outs Kernel_RowOrScalar:$result);
  let assemblyFormat = [{
    $buffer `[` $indices `]` (`from` $from^)? attr-dict `:` type($buffer) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Kernel_StoreOp : Kernel_Op<"store"> {
  let summary = "write a row, a window of its columns, or a scalar of a column";
  let description = [{
    The mirror of `kernel.load`, without the single element. Adding to what is there is a load, an
    add and a store. Two rows must not store to one place.
  }];
  let arguments = (ins Kernel_RowOrScalar:$value,
                       Arg<AnyMemRef, "where to write", [MemWrite]>:$buffer,
                       Variadic<Index>:$indices, DefaultValuedAttr<I64Attr, "0">:$from);
  let assemblyFormat = [{
    $value `,` $buffer `[` $indices `]` (`from` $from^)? attr-dict `:` type($value) `,` type($buffer)
  }];
  let hasVerifier = 1;
}

def Kernel_ReduceOp : Kernel_Op<"reduce", [Pure, TypesMatchWith<
    "the result is an element of the row", "row", "result",
    "::mlir::cast<::mlir::VectorType>($_self).getElementType()">]> {
  let summary = "sum, largest or smallest element of a row";
  let description = [{
    `add` sums lane by lane in a chunk of the target's width, then the lanes in a tree: an order
    that depends on the number of columns and the target only. `max` and `min` are `maximumf` and
    `minimumf`: NaN wins.
  }];
  let arguments = (ins Kernel_ReductionAttr:$kind, Kernel_Row:$row);
  let results = (outs AnyTypeOf<[AnyFloat]>:$result);
  let assemblyFormat = "$kind $row attr-dict `:` type($row)";
  let hasVerifier = 1;
}

def Kernel_FoldOp : Kernel_Op<"fold", [RecursiveMemoryEffects,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "sum of rows over a range";
  let description = [{
    The row `sum over j in [begin, end) of body(j)`, column by column. The order follows from the
    target (`fold_block` of its description) and from end - begin alone: blocks of rows are added in
    the order of j, then their sums in order, so the rounding error does not grow with the count.
    The body is a row body without reductions, stores and folds; it may use values around it.

    The gradient of an embedding (the tokens of each id are one range of a list) and of a norm's
    weight (one row, folded over all tokens):

    ```mlir
    %sum = kernel.fold %begin to %end {
    ^bb0(%j: index):
      %token = kernel.load %members[%j] : memref<?xi32> -> i32
      %at = arith.index_cast %token : i32 to index
      %row = kernel.load %dy[%at] : memref<?x64xf32> -> vector<64xf32>
      kernel.yield %row : vector<64xf32>
    } : vector<64xf32>
    ```
    A body whose rows all come through folds and that reduces nothing is split over columns as
    well as rows, so one row is enough to keep all threads busy.
  }];
  let arguments = (ins Index:$begin, Index:$end);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Kernel_Row:$result);
  let assemblyFormat = "$begin `to` $end $body attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Kernel_FoldRowsOp : Kernel_Op<"fold_rows", [HasParent<"FuncOp">]> {
  let summary = "sum of the launch's own rows, handed on when all of them are done";
  let description = [{
    The sum of `value` over all rows of the launch, in the order of `kernel.fold`: a block of rows
    gathers in its row of `partials`, and when all rows are done the blocks are added in order. The
    region, a row body without reductions, gets the sum once; its indices are constants.

    The gradient of a norm's weight beside that of its input, which reads the same rows:

    ```mlir
    kernel.fold_rows %product by %partials {
    ^bb0(%sum: vector<64xf32>):
      %zero = arith.constant 0 : index
      %old = kernel.load %gradient[%zero] : memref<1x64xf32> -> vector<64xf32>
      %new = arith.addf %old, %sum : vector<64xf32>
      kernel.store %new, %gradient[%zero] : vector<64xf32>, memref<1x64xf32>
      kernel.yield
    } : vector<64xf32>, memref<?x64xf32>
    ```
  }];
  let arguments = (ins Kernel_Row:$value, AnyMemRef:$partials);
  let regions = (region SizedRegion<1>:$result);
  let assemblyFormat = "$value `by` $partials $result attr-dict `:` type($value) `,` type($partials)";
  let hasVerifier = 1;
}

def Kernel_PartOp : Kernel_Op<"part", [Pure]> {
  let summary = "columns of a row that is computed";
  let description = [{
    ```mlir
    %high = kernel.part %head from 32 : vector<64xf32> -> vector<32xf32>
    ```
    Columns 32 to 63 of `%head`: of a row that lay in a buffer a load would say the same. Not in
    bodies that run for part of a row at a time.
  }];
  let arguments = (ins Kernel_Row:$row, I64Attr:$from);
  let results = (outs Kernel_Row:$result);
  let assemblyFormat = "$row `from` $from attr-dict `:` type($row) `->` type($result)";
  let hasVerifier = 1;
}

def Kernel_ContractOp : Kernel_Op<"contract", [HasParent<"FuncOp">]> {
  let summary = "matmuls whose operands and results pass through row bodies";
  let description = [{
    | form | result (i, n) is the sum over k of | rows of `left` | rows of `right` | the extent is |
    |---|---|---|---|---|
    | `nt` | `left(i)[k] * right(n)[k]` | i, K columns | n, K columns | the number of i |
    | `nn` | `left(i)[k] * right(k)[n]` | i, K columns | k, N columns | the number of i |
    | `tn` | `left(k)[i] * right(k)[n]` | k, M columns | k, N columns | the number of k |

    `left` and `right` are row bodies without reductions: they get a row index and yield the row,
    so a norm's scale or an activation is applied on the way in. `result` gets the index i and row
    i of the result as a `vector` of the accumulator's type, and stores it: bias, residual,
    activation, accumulation into a gradient. It too has no reductions, and may run for a window
    of the columns at a time.

    The sum is in the accumulator's type, f32 or f64; operands are widened to it, so bf16 operands
    give the exact products. Its order is a fixed function of the number of terms, the types and the
    target: never of the extent of `nt` and `nn`, of neighbouring rows, of threads or of other
    products; a GPU has two orders, the second for kernels of `few_rows`. The CPU adds terms in order by fused multiply-adds; where both regions yield bf16 it
    may add them in pairs, the second of a pair first (vdpbf16ps), or take the first and the second
    terms of 16 pairs apart and then together (AMX), and takes numbers below 2^-126 as 0.

    ```mlir
    kernel.func @linear(%x: memref<?x64xf32>, %w: memref<192x64xf32>, %bias: memref<192xf32>,
                        %y: memref<?x192xf32>) {
      kernel.contract nt left {
      ^bb0(%i: index):
        %v = kernel.load %x[%i] : memref<?x64xf32> -> vector<64xf32>
        kernel.yield %v : vector<64xf32>
      } right {
      ^bb0(%n: index):
        %v = kernel.load %w[%n] : memref<192x64xf32> -> vector<64xf32>
        kernel.yield %v : vector<64xf32>
      } result {
      ^bb0(%i: index, %sum: vector<192xf32>):
        %b = kernel.load %bias[] : memref<192xf32> -> vector<192xf32>
        %v = arith.addf %sum, %b : vector<192xf32>
        kernel.store %v, %y[%i] : vector<192xf32>, memref<?x192xf32>
        kernel.yield
      }
      kernel.return
    }
    ```
    **Several products.** There may be several `left`s, `right`s and `result`s, counted from 0; each
    `result` says of which it gets the products, as one sum each, all of one shape:

    ```mlir
    kernel.contract nt left { … } right { … } right { … } right { … }
      result of 0 * 0, 0 * 1 { ^bb0(%i: index, %gate: …, %up: …) … }
      result of 0 * 2 { … }
    ```
    are a gate and an up projection of one stream, that meet in one body, and a third product.
    Results differ in columns as they like, in `tn` in rows too.

    **Windows.** `result windows 8` runs the body for each of 8 equal parts of a row: the index is
    `i * 8 + window` and sums are as long as a window, so buffers are seen as rows of that length. The
    body sees a whole window at a time, a head say, and may reduce it or take parts of it.

    What a `result` stores to is not read by a `left` or `right`, not even through another argument of
    the launch: blocks of the result are stored while others still need the operands.
  }];
  let arguments = (ins Kernel_FormAttr:$form, I64Attr:$lefts, I64Attr:$rights,
                       DenseI64ArrayAttr:$products, DenseI64ArrayAttr:$windows);
  let regions = (region VariadicRegion<SizedRegion<1>>:$bodies);
  let builders = [OpBuilder<(ins "Form":$form, "int64_t":$lefts, "int64_t":$rights,
                                 "::llvm::ArrayRef<int64_t>":$products,
                                 "::llvm::ArrayRef<int64_t>":$windows)>];
  let skipDefaultBuilders = 1;
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// The operand bodies whose products one sum is of.
    struct Product {
      unsigned left, right;
    };
    mlir::Region &left(unsigned at) { return getBodies()[at]; }
    mlir::Region &right(unsigned at) { return getBodies()[getLefts() + at]; }
    mlir::Region &result(unsigned at) { return getBodies()[getLefts() + getRights() + at]; }
    unsigned results() { return getWindows().size(); }
    /// Of the sums of result `at`, in their order.
    llvm::SmallVector<Product> productsOf(unsigned at);
    bool isOperand(mlir::Region &body) {
      return body.getRegionNumber() < getLefts() + getRights();
    }

    /// f32 or f64.
    mlir::FloatType accumulator();
    /// Columns of a whole row of result `at`.
    int64_t columns(unsigned at);
    /// Rows of result `at`; -1 where the extent says it (`nt`, `nn`).
    int64_t rows(unsigned at);
    /// Terms of a sum; -1 where the extent says it (`tn`).
    int64_t terms(Product product);
  }];
  let hasVerifier = 1;
}

def Kernel_AttentionOp : Kernel_Op<"attention", [HasParent<"FuncOp">]> {
  let summary = "attention over segments, forward, by streaming softmax";
  let description = [{
    Flash attention, which stores no scores. For query row i at position p of its segment, head h:
    `output(i,h) = sum over j of exp(scale * query(i,h) . key(j,g) - logsumexp(i,h)) * value(j,g)`
    where g = h / (heads / kv_heads) and j runs over the segment's rows at positions <= p and
    > p - window (`window` 0: no limit). With `softcap` c a scaled product s is `c * tanh(s / c)`.
    `logsumexp` (`memref<?xHxT>`) is kept for the gradient.
    Query and output are `memref<?x(heads*D)>`, key and value `memref<?x(kv_heads*D)>`.

    The launch's extent is the number of work items, the rows of `work` (`memref<?x6xi32>`), which
    the runtime lists for each micro-batch, longest first so that they balance:

    | column | |
    |---|---|
    | 0 | first query row |
    | 1 | query rows, at most `block` |
    | 2, 3 | first key row, end of key rows |
    | 4 | position of the first query in the segment |
    | 5 | head |

    Positions count from the first key row (column 2). One query per sequence over a cache of keys (`decode`) is the same op with `block` 1.
    With `grouped`, which is of such only, column 5 is g, and the item is the one query's heads of that group:
    a key is read once for all of them.
    Output may be the query's buffer, and nothing else that is read. An item touches its own segment
    only and goes through the keys in blocks from the
    segment's first (key blocks wholly outside the window are left out), so a row's result does
    not depend on what else is packed.
  }];
  let arguments = (ins AnyMemRef:$query, AnyMemRef:$key, AnyMemRef:$value, AnyMemRef:$output,
                       AnyMemRef:$logsumexp, AnyMemRef:$work,
                       I64Attr:$heads, I64Attr:$kv_heads, I64Attr:$block,
                       DefaultValuedAttr<I64Attr, "0">:$window, F64Attr:$scale,
                       OptionalAttr<F64Attr>:$softcap, UnitAttr:$grouped);
  let assemblyFormat = [{
    $query `,` $key `,` $value `into` $output `,` $logsumexp `over` $work attr-dict `:`
    type($query) `,` type($key) `,` type($value) `,` type($output) `,` type($logsumexp) `,`
    type($work)
  }];
  let extraClassDeclaration = "int64_t headColumns();";
  let hasVerifier = 1;
}

def Kernel_AttentionGradientOp : Kernel_Op<"attention_gradient", [HasParent<"FuncOp">]> {
  let summary = "gradients of attention with respect to queries, keys and values";
  let description = [{
    Of flash attention. With `P = exp(scale * query . key - logsumexp)` and
    `S = P * (output_gradient . value - delta)`, over the heads of a key head's group:
    of the query `scale * sum over j of S * key`, of the key `scale * sum over i of S * query`, of
    the value `sum over i of P * output_gradient`. With `softcap` c, s the capped score, S has the
    factor `1 - (s / c)^2` beside. `delta` (`memref<?xHxT>`) is the row sum of
    `output_gradient * output` per head, made by a row kernel.

    The launch's extent is the number of items, the rows of `work` (`memref<?x7xi32>`): one for
    each key head of a segment, or of each part that a long segment's keys are cut into
    (runtime/LaunchLists.h). Its columns: first key row, key rows, first row and end of the segment,
    position of the first key in it, key head, and what is added to a query's row to give its row of
    `partials` (`memref<?x(heads*D)xT>`). There the item gathers what its keys give to the queries
    that see them. When all items are done the `sum_count` rows of `sums` (`memref<?x11xi32>`: first
    query row, rows, how many parts, and each part's row of `partials`) say which parts are added,
    in order, to give the query's gradient. So no sum depends on who runs what.

    Each gradient passes through a row body that gets one head of one row: the index is
    `row * heads + head` (of key and value: `row * kv_heads + head`), as for a buffer seen as rows
    of heads, and the row is of the type that sums are kept in.

    `library`, if it is there, is what a device's own library needs beside to do the same: the
    attention's output, and a workspace (`memref<?xNxi32>`, AttentionForm's workspaceBytes() for each
    row). The kernel uses neither.

    ```mlir
    kernel.attention_gradient %q, %k, %v, %do, %l, %d over %work
      gathering %partials by %sums, %sum_count {…} : … query {
    ^bb0(%i: index, %sum: vector<64xf32>):
      kernel.store %sum, %dq[%i] : vector<64xf32>, memref<?x64xf32>
      kernel.yield
    } key {…} value {…}
    ```
  }];
  let arguments = (ins AnyMemRef:$query, AnyMemRef:$key, AnyMemRef:$value,
                       AnyMemRef:$output_gradient, AnyMemRef:$logsumexp, AnyMemRef:$delta,
                       AnyMemRef:$work, AnyMemRef:$partials, AnyMemRef:$sums, Index:$sum_count,
                       Variadic<AnyMemRef>:$library,
                       I64Attr:$heads, I64Attr:$kv_heads, I64Attr:$block,
                       DefaultValuedAttr<I64Attr, "0">:$window, F64Attr:$scale,
                       OptionalAttr<F64Attr>:$softcap);
  let regions = (region SizedRegion<1>:$query_result, SizedRegion<1>:$key_result,
                        SizedRegion<1>:$value_result);
  let assemblyFormat = [{
    $query `,` $key `,` $value `,` $output_gradient `,` $logsumexp `,` $delta `over` $work
    `gathering` $partials `by` $sums `,` $sum_count (`library` $library^ `:` type($library))?
    attr-dict `:` type($query) `,` type($key) `,`
    type($value) `,` type($output_gradient) `,` type($logsumexp) `,` type($delta) `,` type($work)
    `,` type($partials) `,` type($sums)
    `query` $query_result `key` $key_result `value` $value_result
  }];
  let extraClassDeclaration = [{
    int64_t headColumns();
    /// Whether operand `at` is written, and what it held is of no use.
    bool isScratch(unsigned at);
  }];
  let hasVerifier = 1;
}

#endif // DIALECTS_KERNEL_KERNELBODY_TD
