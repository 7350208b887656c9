#pragma once

#include <memory>
#include <string>

#include "coordinator/store/log.hpp"
#include "tests/support/child_process.hpp"

/// The implementations of the log that the contract holds for.
namespace escrow::testing {

/// One place where a log lives, and the logs that are opened there one after another.
class LogPlace {
 public:
  virtual ~LogPlace() = default;
  /// A new run. The log opened before must be gone.
  [[nodiscard]] virtual std::unique_ptr<store::Log> open() = 0;
  /// Whether what a log wrote is there for the next one.
  [[nodiscard]] virtual bool remembers() const = 0;
};

/// `sqlite file`, `sqlite memory` or `memory`.
[[nodiscard]] std::unique_ptr<LogPlace> log_place(const std::string& kind);

}  // namespace escrow::testing
