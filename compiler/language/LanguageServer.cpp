//===- LanguageServer.cpp - `roux lsp` -------------------------------------===//
//
// A row a request. A request that makes no sense gets an error as its answer and ends
// nothing: the editor's next one may.
//
//===----------------------------------------------------------------------===//
#include "compiler/language/LanguageServer.h"

#include "compiler/frontend/Formatter.h"
#include "compiler/language/Completion.h"
#include "compiler/language/Document.h"
#include "compiler/language/Hover.h"
#include "compiler/language/Messages.h"
#include "runtime/data/JsonText.h"

#include <fmt/format.h>
#include <set>
#include <simdjson.h>
#include <tuple>

namespace roux::language {

using data::jsonText;
using simdjson::dom::element;

namespace {

/// The protocol's numbers.
enum class Fault { Parse = -32700, Request = -32600, Method = -32601, Parameters = -32602 };

class Server {
public:
  Server(std::FILE *out, std::string_view version) : out(out), version(version) {}

  /// False after a goodbye.
  bool take(const std::string &message);
  int status() const { return saidGoodbye ? 0 : 1; }

private:
  struct Row {
    std::string_view method;
    /// The answer as JSON; of a notification, nothing is made of it.
    std::string (Server::*answer)(element parameters);
  };
  static const Row rows[];

  std::string initialize(element);
  std::string shutdown(element);
  std::string opened(element parameters);
  std::string changed(element parameters);
  std::string closed(element parameters);
  std::string hover(element parameters);
  std::string complete(element parameters);
  std::string definition(element parameters);
  std::string format(element parameters);

  void reply(const std::string &id, const std::string &result);
  void refuse(const std::string &id, Fault fault, std::string_view why);
  /// Checks all open files again: one may use another.
  void publish();
  void publish(const std::string &path, const Document *document);
  const Document &documentOf(element parameters) const;
  std::string rangeText(const Document &document, SourceRange range) const;

  std::FILE *out;
  std::string version;
  OpenTexts open;
  std::map<std::string, std::unique_ptr<Document>> documents;
  bool saidGoodbye = false;
};

} // namespace

const Server::Row Server::rows[] = {
    {"initialize", &Server::initialize},
    {"shutdown", &Server::shutdown},
    {"textDocument/didOpen", &Server::opened},
    {"textDocument/didChange", &Server::changed},
    {"textDocument/didClose", &Server::closed},
    {"textDocument/hover", &Server::hover},
    {"textDocument/completion", &Server::complete},
    {"textDocument/definition", &Server::definition},
    {"textDocument/formatting", &Server::format},
};

static std::string textAt(element object, const char *key) {
  return std::string(std::string_view(object[key]));
}

static std::string pathIn(element parameters) {
  return pathOf(textAt(parameters["textDocument"], "uri"));
}

static std::string text(Position position) {
  return fmt::format(R"({{"line": {}, "character": {}}})", position.line, position.character);
}

static std::string rangeText(std::string_view in, size_t begin, size_t end) {
  return fmt::format(R"({{"start": {}, "end": {}}})", text(positionAt(in, begin)),
                     text(positionAt(in, end)));
}

std::string Server::rangeText(const Document &document, SourceRange range) const {
  return language::rangeText(document.sources.text(range.file), range.begin, range.end);
}

const Document &Server::documentOf(element parameters) const {
  auto known = documents.find(pathIn(parameters));
  if (known == documents.end())
    throw std::invalid_argument("that file is not open");
  return *known->second;
}

/// Where in its document a request is about.
static size_t offsetIn(const Document &document, element parameters) {
  element position = parameters["position"];
  auto number = [&](const char *key) {
    uint64_t value = position[key];
    return static_cast<uint32_t>(std::min<uint64_t>(value, UINT32_MAX));
  };
  return offsetAt(document.text(), {number("line"), number("character")});
}

std::string Server::initialize(element) {
  return fmt::format(
      R"({{"capabilities": {{"textDocumentSync": {{"openClose": true, "change": 1}}, )"
      R"("hoverProvider": true, "definitionProvider": true, "documentFormattingProvider": true, )"
      R"("completionProvider": {{"triggerCharacters": [":", " ", "|", "(", "."]}}}}, )"
      R"("serverInfo": {{"name": "roux", "version": {}}}}})",
      jsonText(version));
}

std::string Server::shutdown(element) {
  saidGoodbye = true;
  return "null";
}

std::string Server::opened(element parameters) {
  open[pathIn(parameters)] = textAt(parameters["textDocument"], "text");
  publish();
  return "null";
}

std::string Server::changed(element parameters) {
  std::string path = pathIn(parameters);
  for (element change : simdjson::dom::array(parameters["contentChanges"]))
    open[path] = textAt(change, "text"); // whole, as was asked for
  publish();
  return "null";
}

std::string Server::closed(element parameters) {
  std::string path = pathIn(parameters);
  open.erase(path);
  documents.erase(path);
  publish(path, nullptr);
  publish();
  return "null";
}

void Server::publish() {
  documents.clear();
  for (const auto &[path, text] : open) {
    auto document = std::make_unique<Document>(path, open);
    publish(path, document.get());
    documents.emplace(path, std::move(document));
  }
}

void Server::publish(const std::string &path, const Document *document) {
  std::string found;
  for (const Diagnostic &diagnostic :
       document ? document->diagnostics.all() : std::vector<Diagnostic>()) {
    // What is wrong in a file that this one uses is said at its beginning.
    bool isHere = diagnostic.where.file == document->file;
    SourceRange where = isHere ? diagnostic.where : SourceRange{document->file, 0, 0};
    std::string message = diagnostic.message;
    if (!isHere)
      message = fmt::format("{}: {}", document->sources.path(diagnostic.where.file), message);
    std::string related;
    for (const DiagnosticNote &note : diagnostic.notes)
      related += fmt::format(R"({}{{"location": {{"uri": {}, "range": {}}}, "message": {}}})",
                             related.empty() ? "" : ", ",
                             jsonText(uriOf(document->sources.path(note.where.file))),
                             rangeText(*document, note.where), jsonText(note.message));
    found += fmt::format(
        R"({}{{"range": {}, "severity": {}, "code": {}, "source": "roux", "message": {}, "relatedInformation": [{}]}})",
        found.empty() ? "" : ", ", rangeText(*document, where),
        diagnostic.severity == Severity::Error ? 1 : 2, jsonText(spelling(diagnostic.code)),
        jsonText(message), related);
  }
  writeMessage(out,
               fmt::format(R"({{"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", )"
                           R"("params": {{"uri": {}, "diagnostics": [{}]}}}})",
                           jsonText(uriOf(path)), found));
}

std::string Server::hover(element parameters) {
  const Document &document = documentOf(parameters);
  std::optional<Hover> hover = hoverAt(document, offsetIn(document, parameters));
  if (!hover)
    return "null";
  return fmt::format(R"({{"contents": {{"kind": "markdown", "value": {}}}, "range": {}}})",
                     jsonText(hover->text), rangeText(document, hover->where));
}

std::string Server::complete(element parameters) {
  const Document &document = documentOf(parameters);
  // As the protocol numbers them: property, keyword, function, variable, field.
  static constexpr int kinds[] = {10, 14, 3, 6, 5};
  std::string items;
  std::set<std::string> known; // two families may have a word in common
  for (const Completion &each : completionsAt(document, offsetIn(document, parameters)))
    if (known.insert(each.label).second)
      items += fmt::format(R"({}{{"label": {}, "kind": {}, "insertText": {}, "detail": {}}})",
                           items.empty() ? "" : ", ", jsonText(each.label),
                           kinds[static_cast<size_t>(each.kind)], jsonText(each.insert),
                           jsonText(each.detail));
  return fmt::format(R"({{"isIncomplete": false, "items": [{}]}})", items);
}

std::string Server::definition(element parameters) {
  const Document &document = documentOf(parameters);
  std::optional<SourceRange> where = definitionAt(document, offsetIn(document, parameters));
  if (!where)
    return "null";
  return fmt::format(R"({{"uri": {}, "range": {}}})",
                     jsonText(uriOf(document.sources.path(where->file))),
                     rangeText(document, *where));
}

std::string Server::format(element parameters) {
  const Document &document = documentOf(parameters);
  Diagnostics mistakes(document.sources);
  std::unique_ptr<ast::File> tree = parse(document.sources, document.file, mistakes);
  if (mistakes.hasErrors())
    return "null";
  std::string_view before = document.text();
  return fmt::format(R"([{{"range": {}, "newText": {}}}])",
                     language::rangeText(before, 0, before.size()),
                     jsonText(roux::format(document.sources, *tree)));
}

void Server::reply(const std::string &id, const std::string &result) {
  writeMessage(out, fmt::format(R"({{"jsonrpc": "2.0", "id": {}, "result": {}}})", id, result));
}

void Server::refuse(const std::string &id, Fault fault, std::string_view why) {
  writeMessage(
      out, fmt::format(R"({{"jsonrpc": "2.0", "id": {}, "error": {{"code": {}, "message": {}}}}})",
                       id, static_cast<int>(fault), jsonText(why)));
}

bool Server::take(const std::string &message) {
  simdjson::dom::parser parser, emptyParser;
  element root, identifier;
  element parameters = emptyParser.parse(std::string("{}")); // of who sends none
  std::string_view method;
  if (parser.parse(message).get(root)) {
    refuse("null", Fault::Parse, "that is not JSON");
    return true;
  }
  // Without an id it is a notification, which has no answer.
  bool isRequest = !root["id"].get(identifier);
  std::string id = isRequest ? simdjson::minify(identifier) : "null";
  if (root["method"].get(method)) {
    if (isRequest)
      refuse(id, Fault::Request, "a request has a method");
    return true;
  }
  if (method == "exit")
    return false;
  for (const Row &row : rows)
    if (row.method == method) {
      try {
        std::ignore = root["params"].get(parameters);
        std::string answer = (this->*row.answer)(parameters);
        if (isRequest)
          reply(id, answer);
      } catch (const std::exception &error) {
        if (isRequest)
          refuse(id, Fault::Parameters, error.what());
      }
      return true;
    }
  if (isRequest)
    refuse(id, Fault::Method, fmt::format("there is no '{}' here", method));
  return true;
}

int serve(std::FILE *in, std::FILE *out, std::string_view version) {
  Server server(out, version);
  while (std::optional<std::string> message = readMessage(in))
    if (!server.take(*message))
      break;
  return server.status();
}

} // namespace roux::language
