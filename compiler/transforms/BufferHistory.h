//===- BufferHistory.h - what a program has done to a buffer --------------===//
//
// Followed launch by launch: what of the buffer holds something, and what of that
// nothing has read. Each step is refused that no right program makes; messages are
// reported on the launch or the declaration.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/transforms/KernelAccess.h"
#include "compiler/transforms/WrittenRanges.h"

namespace roux::kernel {

class BufferHistory {
public:
  BufferHistory(mlir::Operation *declaration, Role role, mlir::StringRef name, int64_t elements)
      : declaration(declaration), role(role), name(name), elements(elements) {}

  mlir::Operation *declaration;
  Role role;
  mlir::StringRef name;
  int64_t elements;
  bool isTouched = false; ///< by any launch

  /// Where it is declared: in a loop it holds nothing of the turn before.
  mlir::LogicalResult declare();
  /// A launch touches elements [begin, end), or some of them that it alone knows.
  mlir::LogicalResult touchRange(LaunchOp op, AccessKind kind, int64_t begin, int64_t end);
  mlir::LogicalResult touchSomewhere(LaunchOp op, AccessKind kind, int64_t begin, int64_t end);
  /// Of an activation: what of its writes is read. `access` reaches no farther than [begin, end).
  mlir::LogicalResult follow(LaunchOp op, const Access &access, int64_t begin, int64_t end);
  /// What an entry declares by name, it declares for what it does to it.
  mlir::LogicalResult verifyEnd(bool trainsAll) const;
  mlir::LogicalResult refuse(mlir::Operation *op, const mlir::Twine &what) const;

private:
  mlir::LogicalResult touchGradient(LaunchOp op, AccessKind kind, int64_t begin, int64_t end);
  /// Of what lay between the two, nobody will read any more.
  mlir::LogicalResult forget(int64_t begin, int64_t end) const;
  mlir::LogicalResult verifyRead(bool trainsAll) const;

  /// What nothing has read yet, at most: columns that lie between are in it, too.
  struct UnreadWrite {
    LaunchOp by;
    int64_t begin, end;
  };
  /// Of activations and outputs; others are whole when the program begins. Of a gradient what the
  /// program has added to.
  WrittenRanges written = {};
  WrittenRanges scattered = {}; ///< of an activation: somewhere there it has been written
  bool isAdded = false;         ///< of a gradient: the program adds to it
  mlir::SmallVector<UnreadWrite, 4> unread = {}; ///< of activations
  bool isRead = false;
  LaunchOp writtenBy = {}; ///< one of those whose writes need be read but once
};

} // namespace roux::kernel
