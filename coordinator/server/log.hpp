#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// The log that people and machines read: one JSON object a line, fields rather than prose, never payloads, headers or tokens. (What must
/// not be forgotten is in `store`, which the design calls the log, too.)
namespace escrow::server {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
[[nodiscard]] std::string_view to_string(LogLevel level);
[[nodiscard]] std::optional<LogLevel> log_level_of(std::string_view text);

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, bool> value;
};

/// Writes lines to a descriptor through a bounded queue and a thread of its own. Whoever logs never waits: when the descriptor takes
/// nothing (a pipe nobody reads, a full disk), lines are dropped and counted, and the count is told once it takes lines again.
class Logger {
 public:
  /// `queue_bytes` is what may wait at most.
  Logger(int descriptor, LogLevel least, std::size_t queue_bytes = std::size_t{1} << 20U);
  /// Gives what waits a second to leave.
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  /// Any thread. `event` is a fixed word or two, to search for.
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::info, event, fields); }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::warning, event, fields); }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::error, event, fields); }

  /// Returns when what was written before has left, or after a second.
  void flush();

  [[nodiscard]] bool wants(LogLevel level) const noexcept { return level >= least_; }
  /// Lines dropped since the start.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct State;
  LogLevel least_;
  std::unique_ptr<State> state_;
};

}  // namespace escrow::server
