//===- Ptxas.cpp - NVIDIA's assembler, a process a module -----------------===//
//
// Not libnvJitLink, which makes every module one that others may be linked to: there
// ptxas ignores setmaxnreg, on which our products' registers hang, and calls what it
// else has in place. A process costs 12 ms, and is asked once for each kernel ever.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/PTXAssembler.h"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;
extern char **environ;

namespace roux::cuda {
namespace {

/// A folder that is gone afterwards.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::error_code failed;
    path = (fs::temp_directory_path(failed) / "roux-ptxas-XXXXXX").string();
    if (failed || !mkdtemp(path.data()))
      throw CudaError(fmt::format("no temporary folder for ptxas, {}: {}", path,
                                  failed ? failed.message() : std::strerror(errno)));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  std::string file(const char *name) const { return path + "/" + name; }

private:
  std::string path;
};

class Ptxas : public PTXAssembler {
public:
  explicit Ptxas(std::string program);
  std::string name() const override { return "ptxas " + version; }
  std::string assemble(const std::string &ptx, const std::string &architecture) override;

private:
  std::string program, version;
};

} // namespace

static std::string contentsOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

static std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

/// Runs `command` with what it says in the file `said`; how it ended, or nothing where it did well.
static std::string whyNot(std::vector<std::string> command, const std::string &said) {
  std::vector<char *> arguments;
  for (std::string &each : command)
    arguments.push_back(each.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, said.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  pid_t process = 0;
  int failed = posix_spawn(&process, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failed)
    return std::strerror(failed);
  int status = 0;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR)
      return std::strerror(errno);
  if (WIFSIGNALED(status))
    return fmt::format("ended by signal {}", WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : fmt::format("exit status {}", WEXITSTATUS(status));
}

Ptxas::Ptxas(std::string given) : program(std::move(given)) {
  TemporaryFolder folder;
  std::string why = whyNot({program, "--version"}, folder.file("said"));
  std::string said = contentsOf(folder.file("said"));
  size_t at = said.rfind(", V");
  if (!why.empty() || at == said.npos)
    throw CudaError(
        fmt::format("{} does not say its version: {}", program, why.empty() ? trimmed(said) : why));
  version = said.substr(at + 3, said.find_first_not_of("0123456789.", at + 3) - at - 3);
}

std::string Ptxas::assemble(const std::string &ptx, const std::string &architecture) {
  TemporaryFolder folder;
  std::string source = folder.file("ptx"), cubin = folder.file("cubin"), said = folder.file("said");
  std::ofstream file(source, std::ios::binary);
  if (!(file << ptx) || !file.flush())
    throw CudaError(fmt::format("{} cannot be written for ptxas", source));
  std::string why = whyNot({program, "-arch=" + architecture, source, "-o", cubin}, said);
  std::string made = contentsOf(cubin);
  if (why.empty() && !made.starts_with("\x7f"
                                       "ELF"))
    why = "it left no cubin";
  if (!why.empty())
    throw CudaError(trimmed(fmt::format("{}\n{}", why, contentsOf(said))));
  return made;
}

std::string foldersOfPtxas() {
  auto variable = [](const char *name) {
    const char *value = std::getenv(name);
    return std::string(value ? value : "");
  };
  std::string home = variable("CUDA_HOME");
  return (home.empty() ? "" : home + "/bin:") + variable("PATH") + ":/usr/local/cuda/bin";
}

std::unique_ptr<PTXAssembler> openPtxas(const std::string &folders) {
  std::istringstream all(folders);
  for (std::string folder; std::getline(all, folder, ':');)
    if (std::string program = folder + "/ptxas"; access(program.c_str(), X_OK) == 0)
      return std::make_unique<Ptxas>(program);
  throw CudaError("no ptxas: neither in CUDA_HOME, nor in PATH, nor in /usr/local/cuda/bin; it "
                  "comes with the CUDA toolkit");
}

} // namespace roux::cuda
