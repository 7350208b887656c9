#include "coordinator/engine/node/destinations.hpp"

#include <algorithm>
#include <utility>

#include "protocol/assert.hpp"
#include "protocol/planted_bug.hpp"
#include "protocol/url.hpp"

namespace escrow::engine::node {
namespace {

// What a probe of a paused destination or an endless outage costs: destinations that nobody has used for long are dropped beyond this.
constexpr std::size_t remembered_destinations = 10'000;

bool is_plain_host(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; }
bool is_plain_path(char c) {
  return is_plain_host(c) || (c >= 'A' && c <= 'Z') || c == '/' || c == '_' || c == '~' || c == '?' || c == '=' || c == '&';
}

/// Most URLs are spelled as their destination is, which can be seen without taking them apart. Nothing: not this one, or not sure.
std::optional<Target> plain_target_of(std::string_view url) {
  const bool is_tls = url.starts_with("https://");
  if (!is_tls && !url.starts_with("http://")) return std::nullopt;
  const std::size_t scheme = is_tls ? 8 : 7;
  const auto rest = url.substr(scheme);
  const auto host_end = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_plain_host) - rest.begin());
  const std::string_view host = rest.substr(0, host_end);
  // One label of a name is at most that long.
  if (host.empty() || host.size() > 63 || host.front() == '.' || host.back() == '.' || host.find("..") != std::string_view::npos)
    return std::nullopt;
  std::size_t path = host_end;
  if (path < rest.size() && rest[path] == ':') {
    const auto port = rest.substr(path + 1, rest.find_first_not_of("0123456789", path + 1) - path - 1);
    const bool is_large = port.size() > 5 || (port.size() == 5 && port > "65535");
    if (port.empty() || is_large || port.front() == '0') return std::nullopt;
    path += 1 + port.size();
  }
  if (path >= rest.size() || rest[path] != '/' || !std::ranges::all_of(rest.substr(path), is_plain_path) ||
      url.size() > protocol::max_url_length)
    return std::nullopt;
  std::string destination(url.substr(0, scheme + path));
  if (path == host_end) destination += is_tls ? ":443" : ":80";
  const auto target = rest.substr(path);
  return Target{std::move(destination), std::string(target.substr(0, target.find('?')))};
}

}  // namespace

Target target_of(std::string_view url) {
  if (auto plain = plain_target_of(url)) return std::move(*plain);
  const auto parsed = protocol::Url::parse(url);
  // Stored by rules that no longer hold: a destination of its own, whose calls fail one by one.
  if (!parsed) return {std::string(url), {}};
  return {parsed->destination(), parsed->target().substr(0, parsed->target().find('?'))};
}

bool Destinations::breaker_lets_through(const Destination& destination, core::Time now) const {
  if (!destination.paused_until) return true;
  return *destination.paused_until <= now && !destination.probing;
}

// Of a destination's slots one path holds at most half while another one waits.
bool Destinations::has_slot(const Destination& destination, const Path& path) const {
  if (destination.open >= settings_.calls_per_destination) return false;
  const bool another_waits = destination.held_back > path.waiting.size();
  return !another_waits || path.open < std::max<std::size_t>(1, settings_.calls_per_destination / 2);
}

void Destinations::take(Destination& destination, Path& path, core::Time now) {
  ++destination.open;
  ++path.open;
  ++destination.calls;
  if (destination.paused_until && *destination.paused_until <= now) destination.probing = true;
}

bool Destinations::acquire(const HeldBack& call, bool past_breaker, core::Time now) {
  const Target& target = call.target;
  if (destinations_.size() >= remembered_destinations && !destinations_.contains(target.destination)) {
    std::erase_if(destinations_, [](const auto& entry) { return entry.second.open == 0 && entry.second.held_back == 0; });
  }
  Destination& destination = destinations_[target.destination];
  Path& path = destination.paths[target.path];
  const bool may_pass = past_breaker || (breaker_lets_through(destination, now) && path.waiting.empty() && has_slot(destination, path));
  if (may_pass) {
    take(destination, path, now);
    return true;
  }
  hold_back(destination, call);
  return false;
}

void Destinations::hold_back(Destination& destination, HeldBack call) {
  const std::string name = call.target.path;
  auto& waiting = destination.paths[name].waiting;
  if (!waiting.empty()) destination.by_latest.erase({waiting.begin()->first, name});
  waiting_.insert(call.target.destination);
  const core::Time latest = call.latest;
  waiting.emplace(latest, std::move(call));
  destination.by_latest.emplace(waiting.begin()->first, name);
  destination.waiting.insert(name);
  ++destination.held_back;
}

HeldBack Destinations::hand_out(Destination& destination, const std::string& name, core::Time now) {
  Path& path = destination.paths.at(name);
  destination.last_path = name;
  destination.by_latest.erase({path.waiting.begin()->first, destination.last_path});
  HeldBack call = std::move(path.waiting.begin()->second);
  path.waiting.erase(path.waiting.begin());
  --destination.held_back;
  if (path.waiting.empty()) {
    destination.waiting.erase(destination.last_path);
  } else {
    destination.by_latest.emplace(path.waiting.begin()->first, destination.last_path);
  }
  take(destination, path, now);
  return call;
}

void Destinations::give_back(const Target& target) {
  free_slot(target);
  --destinations_.at(target.destination).calls;
}

void Destinations::free_slot(const Target& target) {
  Destination& destination = destinations_.at(target.destination);
  const auto path = destination.paths.find(target.path);
  ESCROW_ASSERT(path != destination.paths.end() && path->second.open > 0 && destination.open > 0);
  --destination.open;
  --path->second.open;
  // Paths may carry ids, so they are not remembered.
  if (path->second.open == 0 && path->second.waiting.empty()) destination.paths.erase(path);
  if (destination.open == 0) destination.probing = false;
}

void Destinations::record(const Target& target, const core::Outcome& outcome, bool healthy, core::Duration took, core::Time now) {
  Destination& destination = destinations_.at(target.destination);
  ++destination.outcomes.at(static_cast<std::size_t>(outcome.outcome));
  CallStep& step = destination.recent.at(now);
  ++step.calls;
  step.took.add(took);
  if (healthy) {
    destination.last_success_at = now;
    return;
  }
  ++step.errors;
  destination.last_error_at = now;
  destination.last_error = outcome.detail;
}

void Destinations::release(const Target& target, bool healthy, core::Time now) {
  free_slot(target);
  Destination& destination = destinations_.at(target.destination);
  destination.probing = false;
  if (healthy) {
    destination.failures_in_row = 0;
    destination.paused_until.reset();
    return;
  }
  ++destination.failures;
  ++destination.failures_in_row;
  if (destination.failures_in_row >= settings_.breaker_failures) destination.paused_until = now + settings_.breaker_pause;
}

// In turn, beginning behind the path that was served last. At most a few that wait hold half of the slots, so this is short.
const std::string* Destinations::path_in_turn(const Destination& destination) const {
  if (destination.open >= settings_.calls_per_destination) return nullptr;
  auto name = destination.waiting.upper_bound(destination.last_path);
  for (std::size_t seen = 0; seen < destination.waiting.size(); ++seen, ++name) {
    if (name == destination.waiting.end()) name = destination.waiting.begin();
    if (has_slot(destination, destination.paths.at(*name))) return &*name;
  }
  return nullptr;
}

std::optional<HeldBack> Destinations::next(Destination& destination, core::Time now) {
  if (destination.by_latest.empty() || ESCROW_PLANTED(held_back_for_ever)) return std::nullopt;
  if (destination.by_latest.begin()->first <= now) return hand_out(destination, std::string(destination.by_latest.begin()->second), now);
  if (!breaker_lets_through(destination, now)) return std::nullopt;
  const std::string* path = path_in_turn(destination);
  return path == nullptr ? std::nullopt : std::optional(hand_out(destination, std::string(*path), now));
}

std::vector<HeldBack> Destinations::released(core::Time now) {
  std::vector<HeldBack> calls;
  for (auto name = waiting_.begin(); name != waiting_.end();) {
    Destination& destination = destinations_.at(*name);
    while (auto call = next(destination, now)) calls.push_back(std::move(*call));
    name = destination.held_back == 0 ? waiting_.erase(name) : std::next(name);
  }
  return calls;
}

std::optional<core::Time> Destinations::next_release() const {
  std::optional<core::Time> soonest;
  const auto sooner = [&soonest](core::Time time) { soonest = soonest ? std::min(*soonest, time) : time; };
  for (const auto& name : waiting_) {
    const Destination& destination = destinations_.at(name);
    // Where nothing has a slot it is a call's end that lets the next one out, not the end of the pause.
    if (destination.paused_until && !destination.probing && path_in_turn(destination) != nullptr) sooner(*destination.paused_until);
    sooner(destination.by_latest.begin()->first);
  }
  return soonest;
}

BreakerState Destinations::breaker_of(const Destination& destination) {
  if (!destination.paused_until) return BreakerState::closed;
  return destination.probing ? BreakerState::probing : BreakerState::open;
}

std::vector<Destinations::View> Destinations::view(core::Time now) const {
  std::vector<View> views;
  const std::int64_t second = CallTraffic::second_of(now);
  for (const auto& [name, destination] : destinations_) {
    View view;
    view.name = name;
    view.open = destination.open;
    view.held_back = destination.held_back;
    view.breaker = breaker_of(destination);
    view.failures_in_row = destination.failures_in_row;
    if (view.breaker == BreakerState::open) view.open_until = destination.paused_until;
    view.calls = destination.calls;
    view.failures = destination.failures;
    view.outcomes = destination.outcomes;
    view.recent = destination.recent.sum(second - CallTraffic::kept_s + 1, second + 1);
    view.last_error_at = destination.last_error_at;
    view.last_error = destination.last_error;
    view.last_success_at = destination.last_success_at;
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace escrow::engine::node
