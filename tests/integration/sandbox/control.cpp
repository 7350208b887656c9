#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

/// Tries what the sandbox must stop. Exit status 0: it was permitted; otherwise the error number, or the process is killed.
int main(int count, char** arguments) {
  const std::string_view what = count > 1 ? arguments[1] : "";
  const char* const path = count > 2 ? arguments[2] : "";
  const auto result = [](long value) { return value >= 0 ? 0 : errno; };
  if (what == "nothing") return 0;
  if (what == "write") return result(::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (what == "netlink") return result(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (what == "become-root") return result(::syscall(SYS_setresuid, 0, 0, 0));
  if (what == "chroot") return result(::syscall(SYS_chroot, path));
  if (what == "trace") return result(::syscall(SYS_ptrace, 0, 0, nullptr, nullptr));
  if (what == "write-and-execute") {
    return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
  }
  return EINVAL;
}
