#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/words.hpp"
#include "tests/fault-injection/sim/history.hpp"

/// The transactions that real processes are tested with: two or three of each mode, which between them come to every operation.
namespace escrow::processes {

enum class Family : std::uint8_t { saga, tcc, mixed, pivot, message };
inline constexpr std::array families{Family::saga, Family::tcc, Family::mixed, Family::pivot, Family::message};
[[nodiscard]] std::string_view to_string(Family family);

/// How the initiator drives a transaction.
enum class Driving : std::uint8_t {
  /// It starts it and looks on.
  looks_on,
  /// It registers and tries branch after branch and says how it ends.
  tries,
  /// It commits locally and then says so.
  commits_message,
  /// It commits locally and is silent, so that it is asked.
  silent_message
};

/// Where participants are, and their paths.
struct Urls {
  std::vector<std::uint16_t> services;
  [[nodiscard]] std::string of(int service, std::string_view path) const;
};

struct Plan {
  int transaction = 0;
  Driving driving = Driving::looks_on;
  /// The body of the start.
  std::string start;
  /// What a `tries` initiator registers, one by one; and the payload and service of each, for its tries.
  struct Branch {
    std::string registration;
    std::string payload;
    int service = 0;
    /// Where the initiator calls it; 0: at the service itself.
    std::uint16_t port = 0;
  };
  std::vector<Branch> branches;
  /// Of a `tries` initiator: what its own calls are, and its last word; `none`: it is never heard of again.
  std::string forward = "try";
  enum class Word : std::uint8_t { as_tried, abort, none } word = Word::as_tried;
  /// Of one that is never heard of again: whether it came to call the last branch that it had registered.
  bool is_last_tried = true;
  /// How it must end, unless its deadline came first.
  protocol::Status outcome = protocol::Status::committed;
  std::vector<sim::Declared> declared;
};

/// How long the active phase may last; far beyond what a test needs, so that nothing but a fault meets it.
struct Timing {
  std::int64_t timeout_ms = 120'000;
  std::int64_t request_timeout_ms = 3'000;
};

/// The transactions of a family, numbered from `first`.
[[nodiscard]] std::vector<Plan> plans_of(Family family, int first, const Urls& urls, const Timing& timing = {});

}  // namespace escrow::processes
