#include "client-sdk/src/initiator/api_call.hpp"

#include <optional>
#include <string_view>
#include <vector>

#include "protocol/json_reader.hpp"
#include "protocol/words.hpp"

namespace escrow {
namespace {

using protocol::JsonType;
using protocol::JsonValue;
using protocol::ProblemCode;

std::string text_of(const JsonValue& object, std::string_view name) {
  const auto value = object.find(name);
  return value && value->is(JsonType::string) ? value->string() : std::string();
}

struct Problem {
  std::optional<ProblemCode> code;
  std::string detail;
  std::vector<FieldFault> faults;
  std::vector<std::string> differs;
};

/// Nothing when the body is no problem document: then it was not a coordinator that answered.
std::optional<Problem> read_problem(const http::Answer& answer) {
  const auto type = answer.header("Content-Type");
  if (!type || !type->starts_with("application/problem+json")) return std::nullopt;
  const auto document = protocol::JsonDocument::read(answer.body);
  if (!document) return std::nullopt;
  const JsonValue root = document.value().root();
  Problem problem;
  problem.code = protocol::from_string<ProblemCode>(text_of(root, "code"));
  problem.detail = text_of(root, "detail");
  if (problem.detail.empty()) problem.detail = text_of(root, "title");
  if (const auto errors = root.find("errors")) {
    for (const JsonValue& fault : errors->elements()) {
      const std::string parameter = text_of(fault, "parameter");
      problem.faults.emplace_back(parameter.empty() ? text_of(fault, "pointer") : parameter, text_of(fault, "detail"));
    }
  }
  if (const auto differs = root.find("differs")) {
    for (const JsonValue& pointer : differs->elements()) {
      if (pointer.is(JsonType::string)) problem.differs.push_back(pointer.string());
    }
  }
  return problem;
}

Errc code_of(ProblemCode code) {
  switch (code) {
    case ProblemCode::unauthenticated:
    case ProblemCode::forbidden: return Errc::unauthenticated;
    case ProblemCode::not_found: return Errc::not_found;
    case ProblemCode::gid_conflict: return Errc::gid_conflict;
    case ProblemCode::branch_conflict: return Errc::branch_conflict;
    case ProblemCode::already_decided: return Errc::already_decided;
    case ProblemCode::not_interactive: return Errc::not_interactive;
    case ProblemCode::past_pivot: return Errc::past_pivot;
    case ProblemCode::invalid:
    case ProblemCode::malformed_request:
    case ProblemCode::malformed_json:
    case ProblemCode::body_too_large:
    case ProblemCode::header_too_large: return Errc::invalid_argument;
    case ProblemCode::method_not_allowed:
    case ProblemCode::request_timeout:
    case ProblemCode::unsupported_media_type:
    case ProblemCode::not_resolvable:
    case ProblemCode::internal:
    case ProblemCode::overloaded:
    case ProblemCode::store_unavailable:
    case ProblemCode::draining: return Errc::rejected;
  }
  return Errc::rejected;
}

Verdict::Kind kind_of(unsigned status, bool is_problem) {
  if (status == 503) return Verdict::Kind::unavailable;
  if (status == 408 || status == 429) return Verdict::Kind::not_recorded;
  // A proxy's page for 4xx never comes from behind it; for anything else nobody knows how far the request went.
  if (status >= 400 && status < 500) return Verdict::Kind::definite;
  if (status >= 300 && status < 400 && !is_problem) return Verdict::Kind::definite;
  return Verdict::Kind::maybe;
}

}  // namespace

Verdict judge(const http::Answer& answer, const std::string& gid) {
  auto problem = read_problem(answer);
  const Verdict::Kind kind = kind_of(answer.status, problem.has_value());
  const std::string status = std::to_string(answer.status);
  if (!problem) {
    const Errc code = kind == Verdict::Kind::unavailable ? Errc::unavailable : Errc::broken_answer;
    return {kind, ClientError(code, status + " without a problem document").gid(gid).http_status(answer.status)};
  }
  Errc code = problem->code ? code_of(*problem->code) : Errc::rejected;
  if (kind == Verdict::Kind::unavailable) code = Errc::unavailable;
  return {kind, ClientError(code, problem->detail.empty() ? status : problem->detail)
                    .gid(gid)
                    .http_status(answer.status)
                    .problem(problem->code)
                    .faults(std::move(problem->faults))
                    .differs(std::move(problem->differs))};
}

}  // namespace escrow
