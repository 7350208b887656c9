#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"

namespace escrow::testing {

/// The real `escrowd` on a free port of loopback, with its log in `directory`; ended by its pid. Throws std::runtime_error, with what it
/// wrote to its standard error, when it does not become ready.
class EscrowdProcess {
 public:
  /// `more` are further flags.
  EscrowdProcess(const std::string& program, const std::string& directory, const std::vector<std::string>& more = {});

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// SIGKILL: what was told is in the log, nothing else.
  void kill() { child_.kill(); }
  /// SIGTERM; answers the exit status.
  int stop();
  ChildProcess& child() { return child_; }

 private:
  std::string error_file_;
  ChildProcess child_;
  std::uint16_t port_ = 0;
};

/// Runs a program to its end: exit status, standard output and standard error.
struct FinishedProcess {
  int status = 0;
  std::string output;
  std::string errors;
};
[[nodiscard]] FinishedProcess run_to_end(const std::vector<std::string>& command, const std::string& directory);

}  // namespace escrow::testing
