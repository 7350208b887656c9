#include "tests/fault-injection/proxy/swarm.hpp"

#include <algorithm>

namespace escrow::proxy {
namespace {

struct Known {
  std::string_view name;
  double weight;
};
// In the order of the enumerators.
constexpr std::array<Known, kinds> known{{
    {"lose_request", 0.01},
    {"lose_response", 0.015},
    {"reset_before", 0.02},
    {"reset_request", 0.02},
    {"reset_after_request", 0.02},
    {"reset_response", 0.02},
    {"close_response", 0.02},
    {"stall_response", 0.005},
    {"delay_request", 0.04},
    {"delay_response", 0.04},
    {"drip_response", 0.01},
    {"duplicate_now", 0.03},
    {"duplicate_late", 0.03},
    {"garble_response", 0.02},
    {"unavailable_before", 0.02},
    {"bad_gateway_after", 0.02},
    {"login_page_after", 0.015},
    {"reorder", 0.02},
}};
// Repeats are told apart as long as no more different requests than this were seen.
constexpr std::size_t most_seen = 200'000;

double unit(std::uint64_t value) { return static_cast<double>(value >> 11U) * 0x1.0p-53; }

Action action_of(Kind kind, std::uint64_t draw, Duration most_delay) {
  const auto below = [draw](std::uint64_t bound) { return static_cast<std::size_t>(draw % std::max<std::uint64_t>(bound, 1)); };
  const Duration pause(static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most_delay.count()) + 1)));
  Action action;
  const auto place = [](std::size_t bytes) { return Place{Place::Kind::bytes, bytes}; };
  switch (kind) {
    case Kind::lose_request: action.request.is_lost = true; break;
    case Kind::lose_response: action.response.is_lost = true; break;
    case Kind::reset_before: action.request.cut = Cut{Cut::How::reset, place(0)}; break;
    case Kind::reset_request: action.request.cut = Cut{Cut::How::reset, place(1 + below(300))}; break;
    case Kind::reset_after_request: action.response.cut = Cut{Cut::How::reset, place(0)}; break;
    case Kind::reset_response: action.response.cut = Cut{Cut::How::reset, place(1 + below(120))}; break;
    case Kind::close_response: action.response.cut = Cut{Cut::How::close, place(below(120))}; break;
    case Kind::stall_response: action.response.cut = Cut{Cut::How::stall, place(below(120))}; break;
    case Kind::delay_request: action.request.delay = Delay{pause, pause}; break;
    case Kind::delay_response: action.response.delay = Delay{pause, pause}; break;
    case Kind::drip_response: action.response.pace = Pace{7, Duration(2)}; break;
    case Kind::duplicate_now: action.duplicate = Duplicate{1 + static_cast<int>(below(2)), Duration(0), std::nullopt}; break;
    case Kind::duplicate_late: action.duplicate = Duplicate{1, pause * 4, std::nullopt}; break;
    // Only what no reader takes for an answer: a status or a body that arrives as another one is beyond any protocol without checksums.
    case Kind::garble_response: action.response.garble = Garble{place(0), 4}; break;
    case Kind::unavailable_before: action.answer = Said{503, "", {}, "", std::nullopt}; break;
    case Kind::bad_gateway_after:
      action.replacement = Said{502, "", {{"Content-Type", "text/html"}}, "<html>bad gateway</html>", std::nullopt};
      break;
    case Kind::login_page_after:
      action.replacement = Said{200, "", {{"Content-Type", "text/html"}}, "<!doctype html><title>Log in</title>", std::nullopt};
      break;
    case Kind::reorder: action.reorder = Duration(200); break;
  }
  return action;
}

}  // namespace

std::string_view name_of(Kind kind) { return known.at(static_cast<std::size_t>(kind)).name; }

std::optional<Kind> kind_named(std::string_view name) {
  const auto found = std::ranges::find(known, name, &Known::name);
  if (found == known.end()) return std::nullopt;
  return static_cast<Kind>(found - known.begin());
}

SwarmOptions SwarmOptions::usual(std::uint64_t seed) {
  SwarmOptions options;
  options.seed = seed;
  for (std::size_t i = 0; i < kinds; ++i) options.weights.at(i) = known.at(i).weight;
  return options;
}

Swarm::Swarm(SwarmOptions options) : options_(std::move(options)) {
  if (!options_.is_scaled) return;
  for (std::size_t i = 0; i < kinds; ++i) {
    const std::string name(known.at(i).name);
    const bool is_off = Hash().add(options_.seed).add("off").add(name).value() % 4 == 0;
    const double scale = 3 * unit(Hash().add(options_.seed).add("scale").add(name).value());
    options_.weights.at(i) *= is_off ? 0 : scale;
  }
}

std::optional<std::pair<Kind, Action>> Swarm::draw(const Call& call) {
  const auto& links = options_.links;
  if (!links.empty() && std::ranges::find(links, call.link) == links.end()) return std::nullopt;
  Hash identity;
  identity.add(options_.seed).add(call.link).add(call.method).add(call.gid).add(call.branch).add(call.operation);
  identity.add(static_cast<std::uint64_t>(call.attempt));
  if (call.gid.empty()) identity.add(call.target);
  if (seen_.size() >= most_seen) seen_.clear();
  const std::uint32_t again = seen_[identity.value()]++;
  identity.add(again);
  for (std::size_t i = 0; i < kinds; ++i) {
    Hash one = identity;
    const std::uint64_t drawn = one.add(known.at(i).name).value();
    if (unit(drawn) >= options_.weights.at(i)) continue;
    const auto kind = static_cast<Kind>(i);
    return std::pair(kind, action_of(kind, one.add("how").value(), options_.most_delay));
  }
  return std::nullopt;
}

}  // namespace escrow::proxy
