#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/fault-injection/proxy/call.hpp"
#include "tests/fault-injection/proxy/rule.hpp"

/// Faults drawn from a seed: which of them a request meets follows from the seed and from what it is, not from what came before it.
namespace escrow::proxy {

/// What the swarm may do to a request.
enum class Kind : std::uint8_t {
  lose_request,
  lose_response,
  reset_before,
  reset_request,
  reset_after_request,
  reset_response,
  close_response,
  stall_response,
  delay_request,
  delay_response,
  drip_response,
  duplicate_now,
  duplicate_late,
  garble_response,
  unavailable_before,
  bad_gateway_after,
  login_page_after,
  reorder
};
inline constexpr std::size_t kinds = static_cast<std::size_t>(Kind::reorder) + 1;

[[nodiscard]] std::string_view name_of(Kind kind);
[[nodiscard]] std::optional<Kind> kind_named(std::string_view name);

struct SwarmOptions {
  std::uint64_t seed = 1;
  /// Empty: all of them.
  std::vector<std::string> links;
  /// How likely each kind is for a request, before the run's own scale.
  std::array<double, kinds> weights{};
  /// A quarter of the kinds is off in a run, the others are scaled by 0 to 3; otherwise the weights are as they are.
  bool is_scaled = true;
  /// The longest delay of a request, an answer or a copy.
  Duration most_delay{400};

  /// Weights for a run in which most requests pass.
  [[nodiscard]] static SwarmOptions usual(std::uint64_t seed);
};

class Swarm {
 public:
  explicit Swarm(SwarmOptions options);

  /// What happens to this request, and its name; nothing: it passes.
  [[nodiscard]] std::optional<std::pair<Kind, Action>> draw(const Call& call);
  [[nodiscard]] const SwarmOptions& options() const { return options_; }

 private:
  SwarmOptions options_;
  /// How often requests that are the same were seen, by their hash: repeats of a client have no number of their own.
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;
};

}  // namespace escrow::proxy
