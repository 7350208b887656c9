#include "coordinator/engine/driver/outcome.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "coordinator/engine/driver/answer_class.hpp"
#include "coordinator/transport/retry_after.hpp"
#include "protocol/headers.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/utf8.hpp"

namespace escrow::engine::driver {
namespace {

using Class = core::Outcome::Class;

constexpr std::size_t longest_detail = 1024;

std::string printable(std::string_view text) {
  std::string clean;
  while (!text.empty() && clean.size() < longest_detail) {
    const std::size_t length = protocol::utf8_length(text);
    const bool is_control = length == 1 && (static_cast<unsigned char>(text[0]) < 0x20 || text[0] == 0x7f);
    if (length > 0 && !is_control) clean.append(text.substr(0, length));
    if (is_control && !clean.empty() && clean.back() != ' ') clean.push_back(' ');
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  while (!clean.empty() && clean.back() == ' ') clean.pop_back();
  return std::string(protocol::cut_utf8(clean, longest_detail));
}

bool has_media_type(const transport::Answer& answer, std::string_view type) {
  const auto value = answer.headers.find("Content-Type").value_or("");
  return transport::equals_ignoring_case(value.substr(0, type.size()), type);
}

bool is_html(const transport::Answer& answer) {
  if (has_media_type(answer, "text/html") || has_media_type(answer, "application/xhtml")) return true;
  // A proxy that says nothing of the type still begins its page like this.
  const auto start = answer.body.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) return false;
  const std::string_view body = std::string_view(answer.body).substr(start);
  return transport::equals_ignoring_case(body.substr(0, 5), "<html") || transport::equals_ignoring_case(body.substr(0, 9), "<!doctype");
}

/// The header of an answer that shows it belongs to another call; empty: none does.
std::string_view foreign_header(const transport::Answer& answer, const node::CallWanted& call) {
  const std::array<std::pair<std::string_view, std::string_view>, 3> sent{
      std::pair{protocol::header_gid, std::string_view(call.gid.text())},
      std::pair{protocol::header_branch, call.branch ? std::string_view(call.branch->id.text()) : std::string_view()},
      std::pair{protocol::header_operation, protocol::to_string(call.operation)}};
  for (const auto& [name, value] : sent) {
    const auto echoed = answer.headers.find(name);
    if (echoed && *echoed != value) return name;
  }
  return {};
}

/// The participant's own words, where it has some: a member of a JSON body that says why, or a line of plain text.
std::string words_of(const transport::Answer& answer) {
  if (answer.body.empty() || answer.body.size() > longest_output) return {};
  if (has_media_type(answer, "text/plain")) return printable(std::string_view(answer.body).substr(0, answer.body.find('\n')));
  const auto document = protocol::JsonDocument::read(answer.body);
  if (!document) return {};
  for (const std::string_view member : {"detail", "reason", "message", "title", "error"}) {
    const auto value = document->root().find(member);
    if (value && value->is(protocol::JsonType::string)) return printable(value->string());
  }
  return {};
}

core::Outcome unknown(unsigned status, std::string detail) {
  core::Outcome outcome;
  outcome.status = status;
  outcome.detail = std::move(detail);
  return outcome;
}

}  // namespace

core::Outcome outcome_of(const transport::CallAnswer& call_answer, const node::CallWanted& call,
                         std::chrono::system_clock::time_point wall) {
  if (!call_answer.answered()) {
    const auto& failure = call_answer.failure();
    std::string detail(transport::to_string(failure.kind));
    if (!failure.detail.empty()) detail.append(": ").append(failure.detail);
    return unknown(0, printable(detail));
  }
  const transport::Answer& answer = call_answer.answer();
  const auto status = static_cast<unsigned>(answer.status);
  if (status >= 200 && status < 300) {
    if (is_html(answer)) return unknown(status, std::to_string(status) + " with an HTML page: somebody else answered");
    const auto foreign = foreign_header(answer, call);
    if (!foreign.empty()) return unknown(status, std::to_string(status) + " with " + std::string(foreign) + " of another call");
  }
  core::Outcome outcome;
  outcome.status = status;
  const auto retry_after = answer.headers.find("Retry-After");
  outcome.outcome = class_of(status, retry_after.has_value());
  if (outcome.outcome == Class::in_progress || outcome.outcome == Class::postponed) {
    if (retry_after) outcome.retry_after = transport::parse_retry_after(*retry_after, wall);
  }
  if (outcome.outcome == Class::succeeded) {
    const bool keeps =
        !answer.body.empty() && answer.body.size() <= longest_output && protocol::is_valid_json(answer.body, protocol::output_depth_limit);
    if (keeps) outcome.output = std::make_shared<const std::string>(answer.body);
    return outcome;
  }
  const std::string words = words_of(answer);
  outcome.detail = std::to_string(status) + (words.empty() ? " from participant" : ": " + words);
  outcome.detail = std::string(protocol::cut_utf8(outcome.detail, longest_detail));
  return outcome;
}

}  // namespace escrow::engine::driver
