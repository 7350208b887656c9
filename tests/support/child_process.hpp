#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace escrow::testing {

/// A program started by a test, ended by its pid and by nothing else. Its standard error goes to a file, its standard output to us.
/// It is killed, too, when the thread that started it ends: start it on one that outlives it.
class ChildProcess {
 public:
  /// `environment` adds to ours or replaces what it holds, as `NAME=value`. Throws std::runtime_error when it can't be started.
  ChildProcess(std::vector<std::string> command, const std::string& error_file, std::vector<std::string> environment = {});
  /// SIGKILL, if it still runs.
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  /// The next line of its standard output; nothing when it has closed it or said nothing for `patience`.
  [[nodiscard]] std::optional<std::string> read_line(std::chrono::milliseconds patience);
  void signal(int number) const;
  /// Returns when it has ended, and leaves its number taken, so that `signal` still cannot meet anybody else.
  void wait_for_end() const;
  /// Waits for its end: the exit status, or 128 + the signal.
  int wait();
  /// SIGKILL and wait.
  void kill();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffered_;
};

/// A new empty directory that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace escrow::testing
