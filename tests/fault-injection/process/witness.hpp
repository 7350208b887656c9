#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/words.hpp"
#include "tests/fault-injection/sim/history.hpp"

/// What clients asked and were told, in their own words and on their own clock.
namespace escrow::processes {

/// Nanoseconds since 1970: one clock for all observers, since all live on one machine.
[[nodiscard]] std::int64_t now_ns();

struct AskedNote {
  std::int64_t at_ns = 0;
  sim::Asked asked;
};
struct ToldNote {
  std::int64_t at_ns = 0;
  sim::Told told;
  /// What was said of the transaction.
  std::optional<protocol::Status> status;
};

class Witness {
 public:
  /// Answers the question's token.
  std::uint64_t ask(int transaction, sim::Ask what, sim::BranchSet branches = {},
                    protocol::OperationName operation = protocol::OperationName::check);
  void tell(std::uint64_t token, int transaction, sim::Ask what, std::optional<protocol::ProblemCode> problem, bool created,
            std::optional<protocol::Status> status);

  [[nodiscard]] std::vector<AskedNote> asked() const;
  [[nodiscard]] std::vector<ToldNote> told() const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t last_token_ = 0;
  std::vector<AskedNote> asked_;
  std::vector<ToldNote> told_;
};

}  // namespace escrow::processes
