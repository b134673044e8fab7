//===- RecordSourceTest.cpp - files of records, whole and damaged ---------===//
//
// Nothing may be lost without being counted, whatever a file holds, and the
// number of threads may not be seen in any result.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/records/RecordSource.h"
#include "runtime/data/records/Parallel.h"
#include "runtime/data/records/SourceLibrary.h"
#include "tests/Paths.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <zlib.h>
#include <zstd.h>

using namespace roux::data;

namespace {

class RecordSourceTest : public testing::Test {
protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "roux-records-XXXXXX";
    folder = mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void write(const std::string &name, std::string_view bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  }
  RecordSource open(const std::string &files, SourceKind kind = SourceKind::Chat,
                    OnError onError = OnError::Stop, unsigned threads = 2) {
    SourceSpec spec;
    spec.name = "d";
    spec.kind = kind;
    spec.files = files;
    spec.folder = folder;
    spec.onError = onError;
    spec.maxRecord = maxRecord;
    ledger = {};
    return RecordSource(spec, ledger, threads);
  }
  std::string errorOf(const std::string &files, SourceKind kind = SourceKind::Chat) {
    try {
      open(files, kind);
    } catch (const FileError &error) {
      std::string message = error.what();
      size_t at = message.find(folder.string() + "/");
      return at == 0 ? message.substr(folder.string().size() + 1) : message;
    }
    return "accepted";
  }
  uint64_t malformed() const {
    const LedgerLine *line = ledger.find(Fate::Malformed, "d: on_error: skip");
    return line ? line->sequences : 0;
  }

  std::filesystem::path folder;
  Ledger ledger;
  uint64_t maxRecord = uint64_t(1) << 30;
};

std::string chatLine(size_t number, size_t length = 20) {
  return R"({"messages": [{"role": "user", "content": ")" + std::to_string(number) +
         R"("}, {"role": "assistant", "content": ")" + std::string(length, 'a') + "\\n\"}]}\n";
}

std::string gzip(std::string_view text) {
  std::string packed(text.size() + 1000, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_out = packed.size();
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string zstd(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

TEST_F(RecordSourceTest, ReadsPlainAndCompressedAlike) {
  std::string text;
  for (size_t i = 0; i < 3000; ++i)
    text += chatLine(i, i % 7 == 0 ? 20000 : 30) + (i % 100 == 0 ? "\n" : "");
  text.pop_back(); // no newline at the end
  write("a.jsonl", text);
  write("a.jsonl.gz", gzip(text.substr(0, 5000)) + gzip(text.substr(5000)));
  write("a.zst", zstd(text));
  for (const char *name : {"a.jsonl", "a.jsonl.gz", "a.zst"}) {
    RecordSource source = open(name);
    ASSERT_EQ(source.size(), 3000u) << name;
    RecordSource::Reader reader(source);
    EXPECT_EQ(reader.read(2999).messages[0].content, "2999");
    EXPECT_EQ(reader.read(7).messages[1].content.size(), 20001u);
    EXPECT_EQ(source.ordinal(0), 0u);
    EXPECT_EQ(source.ordinal(1), 2u); // a blank line counts as a line
    EXPECT_EQ(ledger.find(Fate::Noted, "d: layout messages")->sequences, 3000u);
  }
}

TEST_F(RecordSourceTest, IsTheSameOnAnyNumberOfThreads) {
  std::string text;
  for (size_t i = 0; i < 40000; ++i)
    text += i % 997 == 5 ? "{bad\n" : chatLine(i, i % 400);
  write("a.jsonl", text);
  RecordSource one = open("a.jsonl", SourceKind::Chat, OnError::Skip, 1);
  std::string first = ledger.text();
  RecordSource eight = open("a.jsonl", SourceKind::Chat, OnError::Skip, 8);
  EXPECT_EQ(ledger.text(), first);
  EXPECT_EQ(one.size(), eight.size());
  EXPECT_EQ(one.size() + malformed(), 40000u);
  EXPECT_EQ(one.contentHash(), eight.contentHash());
  for (uint64_t i = 0; i < one.size(); i += 1000)
    EXPECT_EQ(one.ordinal(i), eight.ordinal(i));
  text[text.size() / 2] ^= 1;
  write("a.jsonl", text);
  EXPECT_NE(open("a.jsonl", SourceKind::Chat, OnError::Skip).contentHash(), one.contentHash());
}

TEST_F(RecordSourceTest, NamesFileRecordAndByte) {
  std::string good = chatLine(0);
  write("a.jsonl", good + "\n" + good + R"({"messages": [1]})" + "\n{broken\n");
  EXPECT_EQ(errorOf("a.jsonl"), "a.jsonl:4: byte " + std::to_string(2 * good.size() + 1 + 14) +
                                    ": message 0 is no object");
  EXPECT_EQ(errorOf("none*.jsonl"), "none*.jsonl: no such file");
  std::filesystem::create_directory(folder / "folder");
  EXPECT_EQ(errorOf("folder"), "folder: is a folder, expected a file");
}

TEST_F(RecordSourceTest, CountsWhatItSkips) {
  write("a.jsonl", chatLine(0) + "{bad\n" + chatLine(1) + "[]\n" + chatLine(2));
  RecordSource source = open("a.jsonl", SourceKind::Chat, OnError::Skip);
  EXPECT_EQ(source.size(), 3u);
  EXPECT_EQ(malformed(), 2u);
  EXPECT_EQ(source.ordinal(2), 4u); // bad records keep their numbers
  EXPECT_TRUE(source.name(2).ends_with("a.jsonl:5"));
}

TEST_F(RecordSourceTest, RefusesTruncatedArchives) {
  std::string text;
  for (size_t i = 0; i < 500; ++i)
    text += chatLine(i * 7919 % 1000);
  std::string packed = gzip(text), zpacked = zstd(text);
  write("t.gz", packed.substr(0, packed.size() / 2));
  write("t.zst", zpacked.substr(0, zpacked.size() / 2));
  write("crc.gz", packed.substr(0, packed.size() - 6) + "xxxxxx");
  EXPECT_EQ(errorOf("t.gz"), "t.gz: byte " + std::to_string(packed.size() / 2) +
                                 " of the compressed file: gzip data end before their stream does");
  EXPECT_NE(errorOf("t.zst").find("zstd data end before their frame does"), std::string::npos);
  EXPECT_NE(errorOf("crc.gz").find("gzip data are damaged (incorrect data check)"),
            std::string::npos);
  RecordSource source = open("t.gz", SourceKind::Chat, OnError::Skip);
  EXPECT_GT(source.size(), 100u);
  EXPECT_LT(source.size(), 500u);
  EXPECT_GE(malformed(), 1u); // the damage, and the record it cut in two
}

// A line over max_record comes through a pipe without ever being held in memory.
TEST_F(RecordSourceTest, BoundsARecordFromAPipe) {
  maxRecord = 100'000;
  std::filesystem::path pipe = folder / "pipe.jsonl";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  auto produce = [&] {
    std::ofstream out(pipe, std::ios::binary);
    out << chatLine(1) << R"({"messages": [{"role": "user", "content": ")";
    std::string block(1 << 20, 'x');
    for (int i = 0; i < 300 && out; ++i)
      out << block;
    out << "\"}]}\n" << chatLine(2) << "{bad\n";
  };
  std::thread first(produce);
  RecordSource source = open("pipe.jsonl", SourceKind::Chat, OnError::Skip);
  first.join();
  EXPECT_EQ(source.size(), 2u);
  EXPECT_EQ(malformed(), 2u);
  const LedgerLine &line = *ledger.find(Fate::Malformed, "d: on_error: skip");
  EXPECT_NE(line.first[0].find("pipe.jsonl:2: byte"), std::string::npos);
  EXPECT_NE(line.first[0].find("longer than max_record (100000 bytes)"), std::string::npos);
  // The byte of the next problem counts what was not kept.
  EXPECT_NE(line.first[1].find("pipe.jsonl:4: byte 3145"), std::string::npos) << line.first[1];
  std::thread second(produce);
  EXPECT_NE(errorOf("pipe.jsonl").find("longer than max_record"), std::string::npos);
  second.join();
}

TEST_F(RecordSourceTest, ReadsPlainTextFilesAsOneRecordEach) {
  write("b.txt", "second\n");
  write("a.txt", "first");
  write("c.txt", "\xff");
  RecordSource source = open("*.txt", SourceKind::Text, OnError::Skip);
  ASSERT_EQ(source.size(), 2u);
  EXPECT_EQ(malformed(), 1u);
  RecordSource::Reader reader(source);
  EXPECT_EQ(reader.read(1).document, "second\n");
  EXPECT_EQ(reader.read(0).document, "first");
  EXPECT_EQ(errorOf("c.txt", SourceKind::Text), "c.txt: the bytes are no UTF-8");
}

TEST_F(RecordSourceTest, KeepsNaughtyStringsAndRefusesBadUtf8) {
  std::filesystem::path parsers = roux::referenceData() + "/parsers";
  if (!std::filesystem::exists(parsers))
    GTEST_SKIP() << parsers << " is not here";
  std::ifstream naughty(parsers / "blns/blns.txt");
  std::string line, text;
  std::vector<std::string> expected;
  while (std::getline(naughty, line)) {
    std::string escaped;
    for (unsigned char c : line) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", c);
      escaped += c < 0x20 || c == '"' || c == '\\' ? std::string(code) : std::string(1, c);
    }
    text += "{\"text\": \"" + escaped + "\"}\n";
    expected.push_back(line);
  }
  write("n.jsonl", text);
  RecordSource source = open("n.jsonl", SourceKind::Text);
  ASSERT_EQ(source.size(), expected.size());
  RecordSource::Reader reader(source);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(reader.read(i).document, expected[i]) << i;

  std::stringstream bytes;
  bytes << std::ifstream(parsers / "utf8/utf8tests.bin").rdbuf();
  std::istringstream lines(bytes.str());
  uint64_t count = 0;
  text.clear();
  while (std::getline(lines, line)) {
    text += "{\"text\": \"" + line + "\"}\n";
    ++count;
  }
  write("u.jsonl", text);
  RecordSource utf8 = open("u.jsonl", SourceKind::Text, OnError::Skip);
  EXPECT_EQ(utf8.size() + malformed(), count);
  EXPECT_GT(malformed(), 0u);
}

TEST_F(RecordSourceTest, ReadsTheReferenceChats) {
  std::filesystem::path chats = roux::referenceData() + "/chat";
  if (!std::filesystem::exists(chats))
    GTEST_SKIP() << chats << " is not here";
  RecordSource source = open((chats / "mixed_chat.jsonl").string());
  EXPECT_EQ(source.size(), 1694u);
  RecordSource::Reader reader(source);
  uint64_t several = 0;
  for (uint64_t i = 0; i < source.size(); ++i)
    several += reader.read(i).messages.size() > 2;
  EXPECT_EQ(several, 147u);
}

class Indexed : public RecordSourceTest {
protected:
  void SetUp() override {
    RecordSourceTest::SetUp();
    spec.name = "d";
    spec.kind = SourceKind::Text;
    spec.files = "*.jsonl";
    spec.folder = folder;
    spec.onError = OnError::Skip;
  }
  /// As if the file had been there for a while: its identity is settled.
  void settle() { std::this_thread::sleep_for(std::chrono::milliseconds(2100)); }
  std::string text(const RecordSource &source, uint64_t number) {
    RecordSource::Reader reader(source);
    return std::string(reader.read(number).document);
  }
  std::filesystem::path index() {
    for (const auto &entry : std::filesystem::directory_iterator(folder / "kept"))
      return entry.path();
    return {};
  }
  static std::string bytesOf(const std::filesystem::path &file) {
    std::stringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    return bytes.str();
  }
  SourceSpec spec;
};

// An index stands for the files as they were; any change of them makes another.
TEST_F(Indexed, UnchangedFilesAreNotReadAgain) {
  write("a.jsonl", "{\"text\": \"one\"}\n\n{bad\n{\"text\": \"two\", \"k\": 1}\n");
  write("b.jsonl", "");
  write("c.jsonl", "{\"text\": \"three\"}\n");
  settle();
  uint64_t hash = RecordSource(spec, ledger, 2, folder / "kept").contentHash();
  std::string told = ledger.json();
  ASSERT_FALSE(index().empty());
  ledger = {};
  RecordSource again(spec, ledger, 2, folder / "kept");
  EXPECT_EQ(ledger.json(), told);
  EXPECT_EQ(again.contentHash(), hash);
  ASSERT_EQ(again.size(), 3u);
  std::stringstream maps; // nothing of the data is in memory
  maps << std::ifstream("/proc/self/maps").rdbuf();
  EXPECT_EQ(maps.str().find((folder / "a.jsonl").string()), std::string::npos);
  EXPECT_EQ(text(again, 1), "two");
  EXPECT_EQ(again.name(1), (folder / "a.jsonl:4").string());
  EXPECT_EQ(again.ordinal(2), 4u);
  EXPECT_EQ(again.keys().keys().at(0).key, "k");
  // Behind the back of a source that has not read them yet.
  write("c.jsonl", "{\"text\": \"other\"}\n");
  RecordSource::Reader reader(again);
  EXPECT_EQ(reader.read(0).document, "one");
  EXPECT_THROW(reader.read(2), FileError);
  ledger = {};
  RecordSource changed(spec, ledger, 2, folder / "kept");
  EXPECT_EQ(text(changed, 2), "other");
  EXPECT_NE(changed.contentHash(), hash);
}

// Whatever happens to an index, the files are read again, and it is said why.
TEST_F(Indexed, DamagedIndexesAreMadeAgain) {
  write("a.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n");
  settle();
  uint64_t hash = RecordSource(spec, ledger, 1, folder / "kept").contentHash();
  std::string whole = bytesOf(index());
  auto look = [&](const std::string &bytes, size_t at) {
    std::ofstream(index(), std::ios::binary) << bytes;
    RecordSource source(spec, ledger = {}, 1, folder / "kept");
    EXPECT_EQ(source.contentHash(), hash) << at;
    EXPECT_EQ(text(source, 1), "two") << at;
    return source.notes().empty() ? "" : source.notes()[0];
  };
  EXPECT_EQ(look(whole, 0), "");
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    ASSERT_EQ(look(damaged, at), at < 16 ? "reading d again: its index is of another format"
                                         : "reading d again: its index is damaged");
    ASSERT_EQ(look(whole.substr(0, at), at), "reading d again: its index is damaged") << at;
    ASSERT_EQ(bytesOf(index()), whole);
  }
}

TEST_F(Indexed, SaysWhatHasChanged) {
  write("a.jsonl", "{\"text\": \"one\"}\n");
  write("b.jsonl", "{\"text\": \"two\"}\n");
  auto note = [&] {
    RecordSource source(spec, ledger, 1, folder / "kept");
    return source.notes().empty() ? "" : source.notes()[0];
  };
  settle();
  EXPECT_EQ(note(), "");
  ASSERT_FALSE(index().empty());
  write("b.jsonl", "{\"text\": \"TWO\"}\n");
  EXPECT_EQ(note(), "reading d again: " + (folder / "b.jsonl").string() + " has changed");
  write("c.jsonl", "");
  EXPECT_EQ(note(), "reading d again: " + (folder / "b.jsonl").string() + " has changed");
  settle();
  note();
  EXPECT_EQ(note(), "");
  std::filesystem::remove(folder / "c.jsonl");
  EXPECT_EQ(note(), "reading d again: " + (folder / "c.jsonl").string() + " is gone");
  write("0.jsonl", "");
  EXPECT_EQ(note(), "reading d again: " + (folder / "0.jsonl").string() + " is new");
  std::filesystem::remove(folder / "0.jsonl");
  EXPECT_EQ(note(), "");
  spec.onError = OnError::Stop;
  EXPECT_EQ(note(), "reading d again: its definition is another now");
}

TEST_F(Indexed, SaysWhereItCannotBeKept) {
  write("a.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n");
  write("kept", "no folder");
  settle();
  RecordSource source(spec, ledger, 1, folder / "kept");
  EXPECT_EQ(text(source, 1), "two");
  ASSERT_EQ(source.notes().size(), 1u);
  EXPECT_EQ(source.notes()[0].find("note: d will be read whole each time, as its index cannot be "
                                   "kept: "),
            0u)
      << source.notes()[0];
}

// What was indexed and what is read must be the same bytes.
TEST_F(Indexed, RefusesFilesThatChangeMeanwhile) {
  write("a.jsonl", "{\"text\": \"one\"}\n");
  RecordSource source(spec, ledger, 1);
  source.checkUnchanged();
  std::ofstream(folder / "a.jsonl", std::ios::app) << "{\"text\": \"two\"}\n";
  try {
    source.checkUnchanged();
    ADD_FAILURE() << "changed";
  } catch (const FileError &error) {
    EXPECT_EQ(error.what(),
              (folder / "a.jsonl").string() + ": changed while it was being read; start again");
  }
}

TEST_F(Indexed, CompressedFilesAreNotUnpackedAgain) {
  write("a.jsonl.gz", gzip("{\"text\": \"one\"}\n{\"text\": \"two\"}\n"));
  spec.files = "a.jsonl.gz";
  settle();
  RecordSource(spec, ledger, 1, folder / "kept");
  RecordSource again(spec, ledger, 1, folder / "kept");
  ASSERT_EQ(again.size(), 2u);
  EXPECT_TRUE(again.notes().empty());
  write("a.jsonl.gz", "no archive any more"); // it would be seen now
  EXPECT_THROW(again.checkUnchanged(), FileError);
}

TEST_F(Indexed, OneSourceServesAll) {
  write("a.jsonl", "{\"text\": \"one\"}\n");
  SourceLibrary library;
  EXPECT_EQ(library.open(spec), library.open(spec));
  SourceSpec other = spec;
  other.onError = OnError::Stop;
  EXPECT_NE(library.open(spec), library.open(other));
}

TEST_F(RecordSourceTest, RefusesWhatHasNoEnd) {
  EXPECT_EQ(errorOf("/dev/zero", SourceKind::Text),
            "/dev/zero: is a device, which has no end; expected a file or a pipe");
  write("bomb.gz", gzip(std::string(size_t(80) << 20, '\n')));
  EXPECT_NE(errorOf("bomb.gz").find("unpacks to more than 100 times its size"), std::string::npos);
}

// Work is done in any order, what follows from it in one.
TEST(Parallel, CommitsInOrder) {
  for (unsigned threads : {1u, 2u, 7u}) {
    std::vector<size_t> committed;
    std::atomic<size_t> ahead = 0, most = 0;
    inOrder(
        500, threads, 3,
        [&](size_t piece, unsigned thread) {
          ASSERT_LT(thread, threads);
          size_t now = ++ahead;
          for (size_t seen = most; now > seen && !most.compare_exchange_weak(seen, now);)
            ;
          if (piece % 50 == 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        },
        [&](size_t piece) {
          committed.push_back(piece);
          --ahead;
        });
    ASSERT_EQ(committed.size(), 500u);
    EXPECT_TRUE(std::is_sorted(committed.begin(), committed.end()));
    EXPECT_LE(most, threads * 3);
  }
  std::vector<size_t> committed;
  auto fail = [](size_t piece, unsigned) {
    if (piece >= 40)
      throw std::runtime_error(std::to_string(piece));
  };
  try {
    inOrder(100, 4, 3, fail, [&](size_t piece) { committed.push_back(piece); });
    ADD_FAILURE();
  } catch (const std::runtime_error &error) {
    EXPECT_STREQ(error.what(), "40");
  }
  EXPECT_EQ(committed.size(), 40u);
}

TEST(Parallel, ReportsTheFirstFailureByNumber) {
  for (unsigned threads : {1u, 4u})
    try {
      inParallel(100, threads, [](size_t piece, unsigned) {
        if (piece % 10 == 7)
          throw std::runtime_error(std::to_string(piece));
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error &error) {
      EXPECT_EQ(std::string(error.what()), "7");
    }
}

} // namespace
