//===- KernelAccess.h - what a kernel does to its arguments ---------------===//
//
// Which rows and columns of each buffer a kernel reads, writes or adds to, as a
// function of its launch. Told from the body alone, so it holds for kernels that
// somebody edited as well.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/Kernel/Kernel.h"

namespace roux::kernel {

/// Rows that an index runs over.
struct RowRange {
  enum Kind : uint8_t {
    Fixed,        ///< begin to end
    UpToExtent,   ///< 0 to the launch's extent times `factor` divided by `divisor`, rounded up
    UpToArgument, ///< 0 to the count that is argument `end`
    Whole,        ///< all that the argument holds
    Unknown,      ///< an index read from a buffer
  };
  Kind kind = Unknown;
  int64_t begin = 0, end = 0;
  int64_t factor = 1, divisor = 1;
};

enum class AccessKind : uint8_t { Read, Write, Add };

/// Who must read what is written.
enum class Readers : uint8_t {
  Each, ///< somebody, each time
  Once, ///< somebody, at some time: the kernel itself goes on with the value, as one that was
        ///< joined
  None, ///< room to work in, or what is made beside the result whoever wants it
};

/// One load or store, or all that an attention does to one buffer.
struct Access {
  AccessKind kind;
  unsigned argument;
  RowRange rows;
  int64_t rowElements;             ///< of a whole row
  int64_t from, columns;           ///< the part of each row
  Readers readers = Readers::Each; ///< of a write
  /// Each row of the launch, or of a product's result, has its own row here and none of another's.
  bool isByRow = false;
};

/// In the order of the body. Where columns are not known before it runs, rows are not either.
llvm::SmallVector<Access> accessesOf(FuncOp function);

} // namespace roux::kernel
