#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace escrow::testing {

/// The way from a test to its coordinator. Straight as a rule (`straight_line.cpp`); the same tests are run on one that makes trouble
/// (`tests/fault-injection/passthrough/bad_line.cpp`).
class Line {
 public:
  Line() = default;
  virtual ~Line() = default;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// Where a coordinator that listens at this port is to be asked.
  virtual std::uint16_t lead_to(std::uint16_t port) = 0;
  /// A header of questions that are asked again when their answers are lost; of others none is lost.
  [[nodiscard]] virtual std::optional<std::string> mark() const = 0;
  /// Whether the coordinator is to be killed while the next question of that kind is asked.
  [[nodiscard]] virtual bool kills_now() = 0;
};

/// Null: none is needed. `directory` is the test's own.
[[nodiscard]] std::unique_ptr<Line> make_line(const std::string& directory);

}  // namespace escrow::testing
