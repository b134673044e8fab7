//===- BufferHistory.cpp - what a program has done to a buffer ------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//
#include "compiler/transforms/BufferHistory.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

LogicalResult BufferHistory::refuse(Operation *op, const Twine &what) const {
  InFlightDiagnostic report = op->emitOpError(what);
  report.attachNote(declaration->getLoc()) << "'" << name << "' is declared here";
  return report;
}

LogicalResult BufferHistory::forget(int64_t begin, int64_t end) const {
  for (const UnreadWrite &write : unread)
    if (write.begin >= begin && write.end <= end)
      return refuse(write.by, "writes to '" + name + "' what nothing reads");
  return success();
}

LogicalResult BufferHistory::declare() {
  written = scattered = {};
  return forget(0, elements);
}

LogicalResult BufferHistory::touchGradient(LaunchOp op, AccessKind kind, int64_t begin,
                                           int64_t end) {
  if (kind == AccessKind::Write)
    return refuse(op, "stores to gradient '" + name + "', which is added to only");
  if (kind == AccessKind::Add) {
    isAdded = true;
    written.add(begin, end);
  } else if (isAdded) {
    return refuse(op, "reads gradient '" + name + "', to which this program adds");
  }
  return success();
}

LogicalResult BufferHistory::touchSomewhere(LaunchOp op, AccessKind kind, int64_t begin,
                                            int64_t end) {
  if (role == Role::Gradient)
    return touchGradient(op, kind, begin, end);
  if (role != Role::Activation && role != Role::Output)
    return success();
  if (kind == AccessKind::Write)
    scattered.add(begin, end);
  else if (begin < end && !written.overlaps(begin, end) && !scattered.overlaps(begin, end))
    return refuse(op, "reads some of '" + name + "', of which nothing has been written");
  return success();
}

LogicalResult BufferHistory::touchRange(LaunchOp op, AccessKind kind, int64_t begin, int64_t end) {
  if (begin >= end)
    return success();
  if (begin < 0 || end > elements)
    return refuse(op, "reaches element " + Twine(begin < 0 ? begin : end - 1) + " of '" + name +
                          "', which has " + Twine(elements));
  if (role == Role::Gradient)
    return touchGradient(op, kind, begin, end);
  if (role != Role::Activation && role != Role::Output)
    return success();
  if (kind != AccessKind::Write) {
    int64_t missing = written.firstMissing(begin, end);
    if (missing < end)
      return refuse(op, "reads element " + Twine(missing) + " of '" + name +
                            "', which nothing has written");
    return success();
  }
  if (role == Role::Output && written.overlaps(begin, end))
    return refuse(op, "writes to output '" + name + "' a second time");
  written.add(begin, end);
  return success();
}

LogicalResult BufferHistory::follow(LaunchOp op, const Access &access, int64_t begin, int64_t end) {
  if (begin >= end)
    return success();
  if (access.kind != AccessKind::Write)
    llvm::erase_if(
        unread, [=](const UnreadWrite &write) { return write.begin < end && write.end > begin; });
  isRead |= access.kind == AccessKind::Read;
  if (access.kind != AccessKind::Write || access.readers == Readers::None)
    return success(); // a sum may have been read where it was formed
  bool isWhole = access.rows.kind == RowRange::Whole || access.columns == access.rowElements;
  if (isWhole && access.rows.kind != RowRange::Unknown && failed(forget(begin, end)))
    return failure();
  if (access.readers == Readers::Each)
    unread.push_back({op, begin, end});
  else
    writtenBy = op;
  return success();
}

LogicalResult BufferHistory::verifyEnd(bool trainsAll) const {
  int64_t missing = written.firstMissing(0, elements);
  bool isWritten = missing >= elements;
  if (role == Role::Output && !isWritten)
    return declaration->emitOpError()
           << "'" << name << "' is an output whose element " << missing << " is never written";
  if (role == Role::Gradient && isAdded && !isWritten)
    return declaration->emitOpError()
           << "'" << name << "' is a gradient to whose element " << missing << " nothing is added";
  if (role != Role::Activation && role != Role::Input && !isTouched)
    return declaration->emitOpError()
           << "'" << name << "' is a " << stringifyRole(role) << " that no launch reads or writes";
  return verifyRead(trainsAll);
}

LogicalResult BufferHistory::verifyRead(bool trainsAll) const {
  if (!trainsAll && isRead)
    return success();
  if (trainsAll && writtenBy && !isRead)
    return refuse(writtenBy, "writes to '" + name + "' what nothing reads");
  return forget(0, elements);
}
