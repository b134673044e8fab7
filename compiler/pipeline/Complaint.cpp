//===- Complaint.cpp - a diagnostic of MLIR, in words or as JSON ----------===//
//
// See the header. Remarks are no mistakes and stay words.
//
//===----------------------------------------------------------------------===//
#include "compiler/pipeline/Complaint.h"

#include "compiler/pipeline/ComplaintForm.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace roux {

static bool inJson = false;

void complainInJson() {
  inJson = true;
}

static constexpr StringLiteral severities[] = {"note", "warning", "error", "remark"};

static StringRef severityOf(const Diagnostic &diagnostic) {
  return severities[static_cast<size_t>(diagnostic.getSeverity())];
}

/// The first place in a file that is part of the diagnostic's.
static FileLineColLoc placeOf(const Diagnostic &diagnostic) {
  FileLineColLoc found;
  diagnostic.getLocation()->walk([&](Location part) {
    found = dyn_cast<FileLineColLoc>(part);
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

static void sayInWords(Diagnostic &diagnostic) {
  if (FileLineColLoc place = placeOf(diagnostic))
    llvm::errs() << place.getFilename().getValue() << ":" << place.getLine() << ":"
                 << place.getColumn() << ": ";
  llvm::errs() << severityOf(diagnostic) << ": " << diagnostic << "\n";
  for (Diagnostic &note : diagnostic.getNotes())
    sayInWords(note);
}

static llvm::json::Object objectOf(const Diagnostic &diagnostic) {
  llvm::json::Object object{{"message", llvm::json::fixUTF8(diagnostic.str())}};
  if (FileLineColLoc place = placeOf(diagnostic)) {
    object["file"] = llvm::json::fixUTF8(place.getFilename().getValue());
    object["line"] = place.getLine();
    object["column"] = place.getColumn();
  }
  return object;
}

void complain(Diagnostic &diagnostic) {
  if (!inJson || diagnostic.getSeverity() == DiagnosticSeverity::Remark)
    return sayInWords(diagnostic);
  llvm::json::Object object = objectOf(diagnostic);
  object["severity"] = severityOf(diagnostic);
  object["code"] = "failed";
  llvm::json::Array notes;
  for (const Diagnostic &note : diagnostic.getNotes())
    notes.push_back(objectOf(note));
  object["notes"] = std::move(notes);
  llvm::outs() << llvm::json::Value(std::move(object)) << "\n";
  llvm::outs().flush();
}

} // namespace roux
