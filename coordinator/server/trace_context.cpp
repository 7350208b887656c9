#include "coordinator/server/trace_context.hpp"

#include <algorithm>

#include "protocol/headers.hpp"

namespace escrow::server {
namespace {

/// W3C Trace Context 3.3.1.3 asks to carry at least this much of tracestate.
constexpr std::size_t tracestate_limit = 512;

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= 0x20 && c < 0x7F) || c == '\t'; });
}

}  // namespace

bool is_traceparent(std::string_view text) {
  constexpr std::size_t length = 55;
  if (text.size() < length || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  if (!is_lower_hex(version) || version == "ff" || !is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(text.substr(53, 2)))
    return false;
  if (is_zero(trace) || is_zero(parent)) return false;
  return text.size() == length || (version != "00" && text[length] == '-' && is_printable(text));
}

core::Trace trace_of(const transport::Headers& headers) {
  core::Trace trace;
  const auto parent = headers.find(protocol::header_traceparent);
  if (!parent || headers.count(protocol::header_traceparent) != 1 || !is_traceparent(*parent)) return trace;
  // What a later version appends is not ours to pass on.
  trace.traceparent = std::string(parent->substr(0, 55));
  for (const transport::Header header : headers) {
    if (!protocol::equal_header_names(header.name, protocol::header_tracestate) || header.value.empty()) continue;
    if (!trace.tracestate.empty()) trace.tracestate += ',';
    trace.tracestate += header.value;
  }
  if (trace.tracestate.size() > tracestate_limit || !is_printable(trace.tracestate)) trace.tracestate.clear();
  return trace;
}

}  // namespace escrow::server
