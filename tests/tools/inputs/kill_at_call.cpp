// A library to preload: ends its process by a signal at one chosen call that changes files, so that
// a test can be at every place where a process may die. KILL_AT=n: before the n-th such call; 0 or
// unset: never. KILL_WITH=n: the signal, SIGKILL where it is unset. COUNT_CALLS=file: how many
// calls there were is written there at the end.
#include <atomic>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

std::atomic<long> calls = 0;
long setting(const char *name, long otherwise) {
  const char *text = std::getenv(name);
  return text ? std::atol(text) : otherwise;
}
void count() {
  static const long last = setting("KILL_AT", 0);
  if (++calls == last)
    kill(getpid(), static_cast<int>(setting("KILL_WITH", SIGKILL)));
}
template <typename Function>
Function *real(const char *name) {
  return reinterpret_cast<Function *>(dlsym(RTLD_NEXT, name));
}
struct Reporter {
  ~Reporter() {
    if (const char *path = std::getenv("COUNT_CALLS"))
      if (FILE *file = std::fopen(path, "w")) {
        std::fprintf(file, "%ld\n", calls.load());
        std::fclose(file);
      }
  }
} reporter;

/// Streams are not files that anybody finds later.
bool isFile(int descriptor) {
  struct stat status;
  return descriptor > 2 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

} // namespace

extern "C" {
int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (flags & O_CREAT)
    count();
  return real<int(const char *, int, ...)>("open")(path, flags, mode);
}
ssize_t write(int descriptor, const void *bytes, size_t size) {
  if (isFile(descriptor))
    count();
  return real<ssize_t(int, const void *, size_t)>("write")(descriptor, bytes, size);
}
int fsync(int descriptor) {
  count();
  return real<int(int)>("fsync")(descriptor);
}
int ftruncate(int descriptor, off_t size) {
  count();
  return real<int(int, off_t)>("ftruncate")(descriptor, size);
}
int close(int descriptor) {
  if (isFile(descriptor))
    count();
  return real<int(int)>("close")(descriptor);
}
int rename(const char *from, const char *to) {
  count();
  return real<int(const char *, const char *)>("rename")(from, to);
}
int renameat2(int folder, const char *from, int other, const char *to, unsigned flags) {
  count();
  return real<int(int, const char *, int, const char *, unsigned)>("renameat2")(folder, from, other,
                                                                                to, flags);
}
int unlink(const char *path) {
  count();
  return real<int(const char *)>("unlink")(path);
}
int remove(const char *path) {
  count();
  return real<int(const char *)>("remove")(path);
}
int unlinkat(int folder, const char *path, int flags) {
  count();
  return real<int(int, const char *, int)>("unlinkat")(folder, path, flags);
}
int mkdir(const char *path, mode_t mode) {
  count();
  return real<int(const char *, mode_t)>("mkdir")(path, mode);
}
}
