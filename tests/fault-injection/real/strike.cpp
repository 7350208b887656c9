#include "tests/fault-injection/real/strike.hpp"

#include <algorithm>

#include "protocol/words.hpp"
#include "tests/fault-injection/sim/identities.hpp"

namespace escrow::real {
namespace {

using sim::Point;

constexpr std::string_view bad_gateway = "{status: 502, headers: {Content-Type: text/html}, body: \"<html>bad gateway</html>\"}";

/// What happens to a call that meets this fault; empty: nothing that a proxy does.
std::string action_of(Point point) {
  switch (point) {
    case Point::service_down: return "reset_request: 0";
    case Point::request_reset: return "reset_request: 60";
    case Point::service_silent:
    case Point::request_lost: return "lose_request: true";
    case Point::service_deaf:
    case Point::answer_lost: return "lose_response: true";
    // Longer than the request's time limit.
    case Point::delivered_late: return "delay: 700";
    case Point::duplicated_now: return "duplicate: {copies: 1}";
    case Point::duplicated_late: return "duplicate: {after_ms: 250}";
    case Point::slow_link: return "delay: 60, pace_response: {bytes: 40, every_ms: 2}";
    case Point::garbled_answer: return "garble_response: {at: 0, bytes: 4}";
    case Point::proxy_before: return "answer: " + std::string(bad_gateway);
    case Point::proxy_after: return "replace_response: " + std::string(bad_gateway);
    // What the wire shows of a participant that dies before, and behind, its local commit.
    case Point::participant_crash_before: return "answer: {raw: \"\"}";
    case Point::participant_crash_after: return "replace_response: {raw: \"\"}";
    case Point::participant_busy: return "answer: {status: 425}";
    case Point::participant_in_progress: return "replace_response: {status: 202}";
    case Point::participant_overloaded: return "answer: {status: 503, headers: {Retry-After: \"1\"}}";
    case Point::participant_too_many: return "answer: {status: 429, headers: {Retry-After: \"1\"}}";
    case Point::participant_failed: return "answer: {status: 503}";
    case Point::refused_final: return "answer: {status: 409}";
    case Point::api_request_lost: return "reset_request: 0";
    case Point::api_answer_lost: return "close_response: 0";
    case Point::api_duplicated: return "duplicate: {copies: 1}";
    case Point::api_duplicated_late: return "duplicate: {after_ms: 100}";
    default: return "";
  }
}

bool is_outage(Point point) { return point == Point::service_down || point == Point::service_silent || point == Point::service_deaf; }

bool is_of_api(Point point) { return point >= Point::api_request_lost && point <= Point::api_duplicated_late; }

std::string_view word_of_question(int operation) {
  constexpr std::string_view words[] = {"start", "look", "register", "commit", "abort", "extend", "retry", "resolve"};
  const auto index = static_cast<std::size_t>(operation - sim::of_ask);
  return index < std::size(words) ? words[index] : "";
}

std::string rule(const Place& place, std::size_t number, const std::string& match, const std::string& how_often,
                 const std::string& action) {
  return "{name: " + place.name + "-" + std::to_string(number) + ", match: {" + match + "}" + how_often + ", do: {" + action + "}}";
}

}  // namespace

Questions questions_in(const std::vector<sim::Fired>& occasions) {
  Questions questions;
  for (const sim::Fired& one : occasions) {
    if (!is_of_api(one.point)) continue;
    auto& known = questions[{one.identity.transaction, one.identity.operation}];
    if (std::ranges::find(known, one.identity.branch) == known.end()) known.push_back(one.identity.branch);
  }
  return questions;
}

std::optional<Strike> strike_of(const sim::Fired& fault, const Questions& questions, const Place& place, std::string_view& why) {
  const sim::Identity& who = fault.identity;
  Strike strike;
  if (fault.point == Point::refused_forward) {
    strike.refusals.emplace_back(who.transaction, who.branch);
    return strike;
  }
  const std::string action = action_of(fault.point);
  if (action.empty()) {
    why = fault.point < Point::service_down ? "of the coordinator's process or its log: killed and starved at its failpoints instead"
                                            : "of the client's own program";
    return std::nullopt;
  }
  if (is_outage(fault.point)) {
    // The place is the service; the first two processes stand for the three of the simulation.
    const std::string link = place.lane + "." + std::to_string(who.place % 2);
    strike.rules.push_back(rule(place, 0, "link: \"" + link + "\"", fault.until_healed ? "" : ", times: 2", action));
    return strike;
  }
  const std::string gid = "gid: " + place.gids.at(static_cast<std::size_t>(std::max(who.transaction, 0)));
  if (is_of_api(fault.point)) {
    const auto found = questions.find({who.transaction, who.operation});
    const auto& known = found == questions.end() ? std::vector<int>() : found->second;
    const auto at = std::ranges::find(known, who.branch) - known.begin();
    const std::string from = ", skip: " + std::to_string(at);
    strike.rules.push_back(rule(place, 0, "link: api, " + gid + ", operation: " + std::string(word_of_question(who.operation)),
                                from + (fault.until_healed ? "" : ", times: 1"), action));
    return strike;
  }
  if (who.operation < 0 || who.operation > static_cast<int>(protocol::OperationName::check)) {
    why = "of the initiator's own local transaction";
    return std::nullopt;
  }
  const auto operation = static_cast<protocol::OperationName>(who.operation);
  std::string match = gid + ", operation: " + std::string(protocol::to_string(operation));
  if (who.branch >= 0) match += ", branch: b" + std::to_string(who.branch);
  const auto attempt = std::max<std::int64_t>(who.attempt, 1);
  const std::string how_often = fault.until_healed ? ", skip: " + std::to_string(attempt - 1) : ", nth: " + std::to_string(attempt);
  strike.rules.push_back(rule(place, 0, match, how_often, action));
  return strike;
}

}  // namespace escrow::real
