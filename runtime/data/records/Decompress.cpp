//===- Decompress.cpp - zlib and libzstd, streamed ------------------------===//
//
// A truncated file must not pass for a whole one: both formats say where a
// stream ends, and input that stops elsewhere is an error.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/Decompress.h"

#include <fmt/format.h>
#include <memory>
#include <vector>
#include <zlib.h>
#include <zstd.h>

namespace roux::data {

Compression tellCompression(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b"))
    return Compression::Gzip;
  return bytes.starts_with("\x28\xb5\x2f\xfd") ? Compression::Zstd : Compression::None;
}

static constexpr size_t outputBytes = 1 << 20;

static void gunzip(const std::function<std::string_view()> &read,
                   const std::function<void(std::string_view)> &write) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) // 16: with gzip's header
    throw std::bad_alloc();
  std::unique_ptr<z_stream, int (*)(z_stream *)> guard(&stream, inflateEnd);
  std::vector<char> output(outputBytes);
  uint64_t before = 0; // input bytes of the pieces already read
  bool ended = false;
  for (std::string_view input = read(); !input.empty(); before += input.size(), input = read()) {
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(input.data()));
    stream.avail_in = input.size();
    // A full output buffer may leave more inside zlib although the input is used up.
    do {
      if (ended)
        inflateReset(&stream);
      stream.next_out = reinterpret_cast<Bytef *>(output.data());
      stream.avail_out = output.size();
      int status = inflate(&stream, Z_NO_FLUSH);
      write({output.data(), output.size() - stream.avail_out});
      ended = status == Z_STREAM_END;
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        throw CompressionError(
            fmt::format("gzip data are damaged ({})", stream.msg ? stream.msg : "no valid stream"),
            before + input.size() - stream.avail_in);
    } while (stream.avail_in || (!ended && stream.avail_out == 0));
  }
  if (!ended)
    throw CompressionError("gzip data end before their stream does", before);
}

static void unzstd(const std::function<std::string_view()> &read,
                   const std::function<void(std::string_view)> &write) {
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream *)> stream(ZSTD_createDStream(),
                                                                   ZSTD_freeDStream);
  std::vector<char> output(outputBytes);
  uint64_t before = 0;
  size_t status = 1; // 0: at the end of a frame
  for (std::string_view input = read(); !input.empty(); before += input.size(), input = read()) {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{output.data(), output.size(), 0};
      status = ZSTD_decompressStream(stream.get(), &out, &in);
      if (ZSTD_isError(status))
        throw CompressionError(fmt::format("zstd data are damaged ({})", ZSTD_getErrorName(status)),
                               before + in.pos);
      write({output.data(), out.pos});
      full = out.pos == out.size && status != 0;
    }
  }
  if (status != 0)
    throw CompressionError("zstd data end before their frame does", before);
}

void decompress(Compression compression, const std::function<std::string_view()> &read,
                const std::function<void(std::string_view)> &write) {
  if (compression == Compression::Gzip)
    return gunzip(read, write);
  if (compression == Compression::Zstd)
    return unzstd(read, write);
  for (std::string_view input = read(); !input.empty(); input = read())
    write(input);
}

} // namespace roux::data
