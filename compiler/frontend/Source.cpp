//===- Source.cpp - lines and columns of a place --------------------------===//
//
// Places are byte offsets until a person has to read them; the line table is
// made once for each file, so a thousand diagnostics stay cheap.
//
//===----------------------------------------------------------------------===//
#include "compiler/frontend/Source.h"

#include <algorithm>

namespace roux {

uint32_t SourceManager::add(std::string path, std::string text) {
  File &file = files.emplace_back(File{std::move(path), std::move(text), {0}});
  for (size_t at = file.text.find('\n'); at != std::string::npos; at = file.text.find('\n', at + 1))
    file.lineStarts.push_back(static_cast<uint32_t>(at + 1));
  return size() - 1;
}

LineColumn SourceManager::locate(uint32_t file, uint32_t offset) const {
  const File &in = files[file];
  auto after = std::upper_bound(in.lineStarts.begin(), in.lineStarts.end(), offset);
  LineColumn place;
  place.line = static_cast<uint32_t>(after - in.lineStarts.begin());
  for (uint32_t at = *std::prev(after); at < offset && at < in.text.size(); ++at)
    place.column += (in.text[at] & 0xC0) != 0x80; // continuation bytes belong to one character
  return place;
}

std::string_view SourceManager::line(uint32_t file, uint32_t offset) const {
  const File &in = files[file];
  auto after = std::upper_bound(in.lineStarts.begin(), in.lineStarts.end(), offset);
  size_t begin = *std::prev(after);
  size_t end = after == in.lineStarts.end() ? in.text.size() : *after - 1;
  std::string_view line = std::string_view(in.text).substr(begin, end - begin);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

} // namespace roux
