#include "coordinator/server/problem.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "protocol/json_writer.hpp"

namespace escrow::server {
namespace {

using protocol::ProblemCode;

/// Long enough for a restart or a full disk to be noticed, short enough that nobody waits for nothing.
std::optional<int> retry_after_seconds(ProblemCode code) {
  switch (code) {
    case ProblemCode::overloaded: return 1;
    case ProblemCode::store_unavailable: return 2;
    case ProblemCode::draining: return 5;
    case ProblemCode::malformed_request:
    case ProblemCode::malformed_json:
    case ProblemCode::unauthenticated:
    case ProblemCode::forbidden:
    case ProblemCode::not_found:
    case ProblemCode::method_not_allowed:
    case ProblemCode::request_timeout:
    case ProblemCode::body_too_large:
    case ProblemCode::unsupported_media_type:
    case ProblemCode::header_too_large:
    case ProblemCode::gid_conflict:
    case ProblemCode::branch_conflict:
    case ProblemCode::already_decided:
    case ProblemCode::not_interactive:
    case ProblemCode::past_pivot:
    case ProblemCode::not_resolvable:
    case ProblemCode::invalid:
    case ProblemCode::internal: return std::nullopt;
  }
  return std::nullopt;
}

/// Said where nobody knew anything more exact.
std::string_view usual_detail(ProblemCode code) {
  switch (code) {
    case ProblemCode::malformed_request: return "the request is not well-formed HTTP";
    case ProblemCode::malformed_json: return "the body is not well-formed JSON";
    case ProblemCode::unauthenticated: return "the request needs a valid bearer token";
    case ProblemCode::forbidden: return "the caller may not do this";
    case ProblemCode::not_found: return "there is nothing of that name here";
    case ProblemCode::method_not_allowed: return "this resource has no such method";
    case ProblemCode::request_timeout: return "the request took too long to arrive";
    case ProblemCode::body_too_large: return "the body is larger than limits.body_bytes allows";
    case ProblemCode::unsupported_media_type: return "a body must be application/json in UTF-8, without a content encoding";
    case ProblemCode::header_too_large: return "the header is larger than limits.header_bytes allows";
    case ProblemCode::gid_conflict: return "another transaction has this gid";
    case ProblemCode::branch_conflict: return "another branch of the transaction has this id";
    case ProblemCode::already_decided: return "the transaction is decided already";
    case ProblemCode::not_interactive: return "only an interactive transaction takes this";
    case ProblemCode::past_pivot: return "the transaction is past its pivot and can only be completed";
    case ProblemCode::not_resolvable: return "the operation is not one that a person may settle now";
    case ProblemCode::invalid: return "the request has faults";
    case ProblemCode::internal: return "something failed here; nothing was recorded, or a repeat with the same gid finds it";
    case ProblemCode::overloaded: return "more work is under way than the limits allow";
    case ProblemCode::store_unavailable: return "the log cannot be written now";
    case ProblemCode::draining: return "the coordinator is shutting down";
  }
  return {};
}

void append_faults(std::string& out, const std::vector<protocol::Fault>& faults) {
  out.append(",\"errors\":[");
  bool first = true;
  for (const protocol::Fault& fault : faults) {
    if (!std::exchange(first, false)) out.push_back(',');
    const bool in_query = !fault.parameter.empty();
    out.append(in_query ? "{\"parameter\":" : "{\"pointer\":");
    protocol::append_json_string(out, in_query ? fault.parameter : fault.pointer);
    out.append(",\"detail\":");
    protocol::append_json_string(out, fault.detail);
    out.push_back('}');
  }
  out.push_back(']');
}

void append_pointers(std::string& out, const std::vector<std::string>& pointers) {
  out.append(",\"differs\":[");
  bool first = true;
  for (const std::string& pointer : pointers) {
    if (!std::exchange(first, false)) out.push_back(',');
    protocol::append_json_string(out, pointer);
  }
  out.push_back(']');
}

}  // namespace

transport::Response Problem::to_response() const {
  const unsigned status = protocol::http_status(code_);
  transport::Response response(static_cast<int>(status));
  response.headers.add("Content-Type", "application/problem+json");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Content-Type-Options", "nosniff");
  if (!allow_.empty()) response.headers.add("Allow", allow_);
  if (!challenge_.empty()) response.headers.add("WWW-Authenticate", challenge_);
  if (retry_after_) {
    response.headers.add("Retry-After", std::to_string(retry_after_->count()));
  } else if (const auto seconds = retry_after_seconds(code_)) {
    response.headers.add("Retry-After", std::to_string(*seconds));
  }

  std::string& out = response.body;
  fmt::format_to(std::back_inserter(out), R"({{"type":"about:blank","title":"{}","status":{},"detail":)", reason_phrase(status), status);
  protocol::append_json_string(out, detail_.empty() ? usual_detail(code_) : std::string_view(detail_));
  fmt::format_to(std::back_inserter(out), R"(,"code":"{}")", protocol::to_string(code_));
  if (faults_) append_faults(out, *faults_);
  if (differs_) append_pointers(out, *differs_);
  out.push_back('}');
  return response;
}

transport::Response render_transport_error(transport::ProtocolError error, std::string_view detail) {
  const auto render = [detail](ProblemCode code) { return Problem(code, std::string(detail)).to_response(); };
  switch (error) {
    case transport::ProtocolError::malformed_request: return render(ProblemCode::malformed_request);
    case transport::ProtocolError::request_timeout: return render(ProblemCode::request_timeout);
    case transport::ProtocolError::body_too_large: return render(ProblemCode::body_too_large);
    case transport::ProtocolError::header_too_large: return render(ProblemCode::header_too_large);
    case transport::ProtocolError::overloaded: return render(ProblemCode::overloaded);
    // What an exception says is for the log, not for a stranger.
    case transport::ProtocolError::internal: return Problem(ProblemCode::internal).to_response();
  }
  return Problem(ProblemCode::internal).to_response();
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return {};
  }
}

}  // namespace escrow::server
