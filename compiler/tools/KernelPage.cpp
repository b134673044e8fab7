//===- KernelPage.cpp - a recipe beside the code that its lines become -----===//
//
// Links go from a line to the first instructions of each kernel that it became, and
// from every instruction back to its line.
//
//===----------------------------------------------------------------------===//
#include "compiler/tools/KernelPage.h"

#include "compiler/tools/KernelPageStyle.h"
#include "runtime/report/Html.h"
#include "runtime/report/ReportStyle.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

namespace roux {

using report::escaped;

namespace {

/// A column of a kernel.
struct Form {
  char letter; ///< of its places
  std::string_view title;
  LinedCode ListedKernel::*code;
};
constexpr Form forms[] = {{'i', "kernel IR", &ListedKernel::ir},
                          {'p', "PTX", &ListedKernel::ptx},
                          {'s', "SASS", &ListedKernel::sass}};
constexpr size_t formCount = std::size(forms);

/// How much of a kernel a line became, in each form.
using Counts = std::array<unsigned, formCount>;

class Writer {
public:
  explicit Writer(const KernelPage &page);
  std::string write();

private:
  struct Kernel {
    const ListedKernel &listed;
    size_t number;
    std::map<RecipeLine, Counts> lines;
  };

  size_t shownForms() const { return page.listed.withoutSASS.empty() ? formCount : formCount - 1; }
  const std::string *textOf(const RecipeLine &line) const;
  std::string idOf(const RecipeLine &line) const;
  std::string placeIn(const Kernel &kernel, const RecipeLine &line, size_t form) const;
  std::string hue(const RecipeLine &line) const;
  std::string backLink(const RecipeLine &line) const;

  std::string file(size_t number) const;
  std::string kernelsOf(const RecipeLine &line) const;
  std::string kernel(const Kernel &kernel) const;
  std::string linesOf(const Kernel &kernel) const;
  std::string column(const Kernel &kernel, size_t form) const;

  const KernelPage &page;
  std::vector<Kernel> kernels;
  std::map<std::string, size_t> numbers;            ///< of files
  std::vector<std::vector<std::string>> texts;      ///< their lines
  std::map<RecipeLine, std::vector<size_t>> became; ///< kernels of a line
};

} // namespace

static std::vector<std::string> linesOfText(const std::string &text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

Writer::Writer(const KernelPage &page) : page(page) {
  for (const PageFile &file : page.files) {
    numbers.emplace(file.path, texts.size());
    texts.push_back(linesOfText(file.text));
  }
  for (const ListedKernel &listed : page.listed.kernels) {
    Kernel &kernel = kernels.emplace_back(Kernel{listed, kernels.size(), {}});
    for (size_t form = 0; form < formCount; ++form)
      for (const CodePiece &piece : listed.*forms[form].code)
        if (textOf(piece.from) && piece.instructions)
          kernel.lines[piece.from][form] += piece.instructions;
    for (const auto &[line, counts] : kernel.lines)
      became[line].push_back(kernel.number);
  }
}

/// Null where the line is of no text of the page.
const std::string *Writer::textOf(const RecipeLine &line) const {
  auto file = numbers.find(line.file);
  if (file == numbers.end() || line.line < 1 || line.line > texts[file->second].size())
    return nullptr;
  return &texts[file->second][line.line - 1];
}

std::string Writer::idOf(const RecipeLine &line) const {
  size_t file = numbers.at(line.file);
  return file ? fmt::format("F{}L{}", file, line.line) : fmt::format("L{}", line.line);
}

/// Where the code of `line` begins in that form of the kernel.
std::string Writer::placeIn(const Kernel &kernel, const RecipeLine &line, size_t form) const {
  return fmt::format("k{}{}{}", kernel.number, forms[form].letter, idOf(line));
}

/// Neighbours among the lines that became code are far apart on the wheel of colours.
std::string Writer::hue(const RecipeLine &line) const {
  auto place = std::distance(became.begin(), became.find(line));
  return fmt::format("style=\"--h:{}\"", place * 137 % 360);
}

std::string Writer::backLink(const RecipeLine &line) const {
  return fmt::format("<a class=\"no\" href=\"#{}\" title=\"{}\">{}</a>", idOf(line),
                     escaped(*textOf(line)), line.line);
}

/// The kernels that a line became a part of, most code first.
std::string Writer::kernelsOf(const RecipeLine &line) const {
  size_t form = shownForms() - 1;
  std::vector<size_t> all = became.at(line);
  auto countIn = [&](size_t kernel) { return kernels[kernel].lines.at(line)[form]; };
  std::ranges::sort(all, {},
                    [&](size_t kernel) { return std::pair(-int64_t(countIn(kernel)), kernel); });
  unsigned sum = 0;
  std::string items;
  for (size_t each : all) {
    sum += countIn(each);
    size_t there = form;
    while (there && !kernels[each].lines.at(line)[there])
      --there;
    items += fmt::format("<li><a href=\"#{}\">{}</a><span>{}</span></li>\n",
                         placeIn(kernels[each], line, there), escaped(kernels[each].listed.name),
                         countIn(each));
  }
  return fmt::format("<details><summary>{} kernel{}, {} instructions</summary><ul>\n{}</ul>"
                     "</details>\n",
                     all.size(), all.size() == 1 ? "" : "s", sum, items);
}

std::string Writer::file(size_t number) const {
  const PageFile &file = page.files[number];
  std::string out = fmt::format("<h2>{}</h2>\n", escaped(file.path));
  for (size_t i = 0; i < texts[number].size(); ++i) {
    RecipeLine line{file.path, static_cast<unsigned>(i + 1)};
    bool became = this->became.contains(line);
    out += fmt::format("<div class=\"line{}\" id=\"{}\"{}><span class=\"no\">{}</span>"
                       "<code>{}</code></div>\n",
                       became ? " of" : "", idOf(line), became ? " " + hue(line) : "", i + 1,
                       escaped(texts[number][i]));
    if (became)
      out += kernelsOf(line);
  }
  return out;
}

/// A table of the lines that a kernel came from, with links into its columns.
std::string Writer::linesOf(const Kernel &kernel) const {
  std::string out = "<div class=\"wide\"><table><tr><th class=\"words\">line</th>";
  for (size_t form = 0; form < shownForms(); ++form)
    out += fmt::format("<th>{}</th>", forms[form].title);
  out += "</tr>\n";
  for (const auto &[line, counts] : kernel.lines) {
    out += fmt::format("<tr><td class=\"words of\" {}>{} <code>{}</code></td>", hue(line),
                       backLink(line), escaped(*textOf(line)));
    for (size_t form = 0; form < shownForms(); ++form)
      out += counts[form] ? fmt::format("<td><a href=\"#{}\">{}</a></td>",
                                        placeIn(kernel, line, form), counts[form])
                          : "<td>0</td>";
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

/// "  /*0050*/                   EXIT ;" as "0050  EXIT ;": half of a column is enough for it.
static std::string shortened(const std::string &text) {
  std::string out;
  for (const std::string &line : linesOfText(text)) {
    size_t begin = line.find("/*"), end = line.find("*/");
    size_t operation = end == std::string::npos ? end : line.find_first_not_of(' ', end + 2);
    bool isInstruction = operation != std::string::npos && begin == line.find_first_not_of(' ');
    out += isInstruction
               ? line.substr(begin + 2, end - begin - 2) + "  " + line.substr(operation) + "\n"
               : line + "\n";
  }
  return out;
}

std::string Writer::column(const Kernel &kernel, size_t form) const {
  std::string out = fmt::format("<section><h3>{}</h3><div class=\"code\">\n", forms[form].title);
  std::set<RecipeLine> begun;
  for (const CodePiece &piece : kernel.listed.*forms[form].code) {
    std::string text = escaped(forms[form].letter == 's' ? shortened(piece.text) : piece.text);
    while (text.ends_with('\n'))
      text.pop_back();
    if (!textOf(piece.from)) {
      out += fmt::format("<div class=\"piece\"><span></span><code>{}</code></div>\n", text);
      continue;
    }
    bool isFirst = piece.instructions && begun.insert(piece.from).second;
    std::string id =
        isFirst ? fmt::format(" id=\"{}\"", placeIn(kernel, piece.from, form)) : std::string();
    out += fmt::format("<div class=\"piece of\"{} {}>{}<code>{}</code></div>\n", id,
                       hue(piece.from), backLink(piece.from), text);
  }
  return out + "</div></section>\n";
}

std::string Writer::kernel(const Kernel &kernel) const {
  std::string counts;
  for (size_t form = 0; form < shownForms(); ++form) {
    unsigned sum = 0;
    for (const CodePiece &piece : kernel.listed.*forms[form].code)
      sum += piece.instructions;
    counts += fmt::format("<span>{} {}</span>", sum,
                          form ? fmt::format("of {}", forms[form].title) : "operations");
  }
  std::string out =
      fmt::format("<details class=\"kernel\" id=\"k{}\"><summary><b>{}</b>{}</summary>\n",
                  kernel.number, escaped(kernel.listed.name), counts);
  for (const std::string &launch : kernel.listed.launches)
    out += fmt::format("<p class=\"note\">{}</p>\n", escaped(launch));
  out += linesOf(kernel);
  out += fmt::format("<div class=\"forms\" style=\"--forms:{}\">\n", shownForms());
  for (size_t form = 0; form < shownForms(); ++form)
    out += column(kernel, form);
  return out + "</div></details>\n";
}

std::string Writer::write() {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0}</title>\n<style>{2}{3}</style></head>\n<body><main>\n<h1>{0}</h1>\n"
      "<p class=\"sub\">{1}</p>\n",
      escaped(page.title), escaped(page.subtitle), report::reportStyle(), kernelPageStyle());
  if (!page.listed.withoutSASS.empty())
    out += fmt::format("<p class=\"warning\">SASS is left out: {}</p>\n",
                       escaped(page.listed.withoutSASS));
  out += "<div class=\"two\"><aside>\n";
  for (size_t number = 0; number < page.files.size(); ++number)
    out += file(number);
  out += "</aside><div>\n";
  for (const Kernel &each : kernels)
    out += kernel(each);
  return out + "</div></div></main></body></html>\n";
}

std::string kernelPage(const KernelPage &page) {
  return Writer(page).write();
}

} // namespace roux
