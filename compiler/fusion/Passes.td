//===- Passes.td - kernels joined with kernels ----------------------------===//

#ifndef COMPILER_FUSION_PASSES_TD
#define COMPILER_FUSION_PASSES_TD

include "mlir/Pass/PassBase.td"

class KernelFusion<string flag> : Pass<flag, "::mlir::ModuleOp"> {
  let dependentDialects = ["::roux::kernel::KernelDialect", "::mlir::arith::ArithDialect"];
}

def MergeContracts : KernelFusion<"kernel-merge-contracts"> {
  let summary = "form the products of one operand, or of one sum, in one kernel";
  let description = [{
    Two launches of matmuls over the same rows become one where they read an operand in common
    (query, key and value; gate and up; the gradients of their weights), or where the second adds to
    what the first stores (the gradients that several linears owe to their common input).

    Each product keeps its own sum, and what is stored between them is rounded as before: results are
    the same bits. A product that could share an operand and does not says why.
  }];
}

def FuseEpilogue : KernelFusion<"kernel-fuse-epilogue"> {
  let summary = "do to a product's rows what follows while they are at hand";
  let description = [{
    A row kernel that reads the rows which a matmul stores becomes part of the matmul's result body:
    elementwise ones as they are, those of parts of a row (rotary positions of each head, sums over
    a head) by giving the body windows. The rows of several results meet in one body. Rows that are
    reduced whole keep their kernel, with a remark.

    Rows that are reduced and that a product reads (a norm's) are not made where it lays them out: each
    block of its columns would make them again. A remark says what that would cost and save.
  }];
  let options = [Option<"blockColumns", "block-columns", "int64_t", "0",
                        "columns of a product's block on the target; 0: no remark on prologues">];
}

def FuseRows : KernelFusion<"kernel-fuse-rows"> {
  let summary = "run a row body behind the one whose rows it reads";
  let description = [{
    Two row kernels of one extent of which the second reads, row by row, what the first stores.
    Declined, with a remark, where the second needs other rows or stores rows of another length.

    A kernel that sums rows over the extent of another, which reads the same ones, becomes a
    `kernel.fold_rows` of it: on targets that have a second phase, whose blocks of a sum have
    `fold-block` rows.
  }];
  let options = [Option<"foldBlock", "fold-block", "int64_t", "0",
                        "rows of a block of a sum; 0: sums stay kernels of their own">];
}

def DropStores : KernelFusion<"kernel-drop-stores"> {
  let summary = "keep what nothing reads any more out of memory";
  let description = [{
    Of an activation that no launch reads, the stores go, then the argument and the buffer.
  }];
}

def ShareKernels : KernelFusion<"kernel-share"> {
  let summary = "keep each joined kernel once and drop those that nothing launches";
  let description = [{
    Joined kernels with equal bodies become one; those of one name that differ are numbered from 2.
  }];
}

def MarkFewRows : KernelFusion<"kernel-mark-few-rows"> {
  let summary = "say which matmuls are launched for the rows of sequences that are being written";
  let description = [{
    The matmuls `nt` that a program `decode` launches get `few_rows`: a processor multiplies the rows
    of two or three register tiles, or fewer, without laying the right operand out, to the same bits.
    Other kernels have no code for that; nor has AMX, or where terms do not fill whole vectors.

    With `apart` what is marked is a kernel of its own, `X_few_rows`, where another program launches
    `X` too: a GPU has other code for few rows, which adds in another order.
  }];
  let options = [Option<"apart", "apart", "bool", "false",
                        "kernels of few rows are no others' at the same time">];
}

#endif // COMPILER_FUSION_PASSES_TD
