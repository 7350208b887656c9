#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/child_process.hpp"

namespace escrow::processes {

/// A server that is started again as soon as it has ended, life after life, until it is stopped. It says on its standard output where it
/// listens, in a line that ends with `http://127.0.0.1:PORT`. Any thread may ask.
class KeptProcess {
 public:
  struct Program {
    /// Makes the command of a life from the port of the last one, 0 at first.
    std::function<std::vector<std::string>(std::uint16_t last_port)> command;
    std::string error_file;
    /// For each of its lives, `NAME=value`.
    std::vector<std::string> environment = {};
    /// Its fault rules, FAULT_POINTS_FILE; empty: it has none.
    std::string rules_file = {};
    /// Told the port of each life that is ready; answers the port that others are told, for a proxy that stands before it. Empty: the same.
    std::function<std::uint16_t(std::uint16_t port)> shown_as = {};
  };

  explicit KeptProcess(Program program);
  /// SIGKILL, if it still lives.
  ~KeptProcess();
  KeptProcess(const KeptProcess&) = delete;
  KeptProcess& operator=(const KeptProcess&) = delete;

  /// A life that has said where it listens; waits for one. Throws std::runtime_error when none comes for a minute, or twenty lives one
  /// after the other ended before they said so although nothing was planned for them.
  struct Life {
    std::uint64_t number = 0;
    std::uint16_t port = 0;
  };
  [[nodiscard]] Life life();
  /// Returns when this life has ended, or after `patience`.
  bool wait_for_end(std::uint64_t life, std::chrono::milliseconds patience);

  /// Fault rules for a life that is ready, from now on; waits for one.
  void set_rules(const std::string& rules);
  /// What the next lives are to have, one after the other; the ones behind them have none.
  void plan_rules(const std::vector<std::string>& rules);

  void signal(int number);
  void kill() { signal(9); }
  /// Whether a SIGSTOP holds it.
  [[nodiscard]] bool is_stopped();
  /// SIGTERM, no further life; the exit status.
  int stop();
  /// As `stop`, with SIGKILL.
  void end();
  /// Lives that have ended, by what they ended with (128 + the signal).
  [[nodiscard]] std::vector<int> endings();
  [[nodiscard]] pid_t pid();

 private:
  void keep();
  void write_rules(const std::string& rules) const;
  int end_with(int signal_number);

  const Program program_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> planned_;
  std::optional<testing::ChildProcess> child_;
  std::uint64_t number_ = 0;
  std::uint16_t port_ = 0;
  std::uint16_t shown_port_ = 0;
  bool is_ready_ = false;
  bool is_stopping_ = false;
  bool has_given_up_ = false;
  std::vector<int> endings_;
  std::thread keeper_;  // last: uses the rest
};

}  // namespace escrow::processes
