#include <escrow/context.hpp>

#include <cstdint>
#include <random>
#include <string_view>
#include <utility>

#include "protocol/headers.hpp"

namespace escrow {
namespace {

thread_local const Context* current_context = nullptr;

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t trace_at = 3;
constexpr std::size_t trace_length = 32;
constexpr std::size_t span_at = 36;
constexpr std::size_t span_length = 16;
constexpr std::size_t flags_at = 53;
constexpr std::size_t traceparent_length = 55;

bool is_hex(std::string_view text) { return text.find_first_not_of(hex_digits) == std::string_view::npos; }
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

/// W3C Trace Context 3.2.2: version 00 exactly, or a later version that starts alike.
bool is_traceparent(std::string_view text) {
  if (text.size() < traceparent_length || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const auto version = text.substr(0, 2);
  if (!is_hex(version) || version == "ff") return false;
  if (version == "00" && text.size() != traceparent_length) return false;
  if (text.size() > traceparent_length && text[traceparent_length] != '-') return false;
  const auto trace = text.substr(trace_at, trace_length);
  const auto span = text.substr(span_at, span_length);
  return is_hex(trace) && !is_zero(trace) && is_hex(span) && !is_zero(span) && is_hex(text.substr(flags_at, 2));
}

/// `count` random hexadecimal digits, never all zero.
std::string random_hex(std::size_t count) {
  thread_local std::mt19937_64 random{(std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}()};
  std::string text;
  do {
    text.clear();
    while (text.size() < count) {
      std::uint64_t bits = random();
      for (int i = 0; i < 16 && text.size() < count; ++i, bits >>= 4) text += hex_digits[bits & 15];
    }
  } while (is_zero(text));
  return text;
}

}  // namespace

Context::Context(const Branch& branch) : Context(branch.gid(), branch.traceparent(), branch.tracestate()) {}

Context::Context(std::string gid, const std::string& traceparent, std::string tracestate) : gid_(std::move(gid)) {
  if (!is_traceparent(traceparent)) return;
  traceparent_ = traceparent;
  tracestate_ = std::move(tracestate);
}

const Context* Context::current() noexcept { return current_context; }

std::string Context::child_traceparent() const {
  if (traceparent_.empty()) return {};
  // A later version may have more members than we know; what we send is version 00.
  return "00-" + traceparent_.substr(trace_at, trace_length) + "-" + random_hex(span_length) + "-" + traceparent_.substr(flags_at, 2);
}

ContextScope::ContextScope(Context context) : context_(std::move(context)), outer_(current_context) { current_context = &context_; }

ContextScope::~ContextScope() { current_context = outer_; }

std::vector<std::pair<std::string, std::string>> outgoing_headers() {
  std::vector<std::pair<std::string, std::string>> headers;
  const Context* context = Context::current();
  if (context == nullptr) return headers;
  if (!context->traceparent().empty()) {
    headers.emplace_back(protocol::header_traceparent, context->child_traceparent());
    if (!context->tracestate().empty()) headers.emplace_back(protocol::header_tracestate, context->tracestate());
  }
  if (!context->gid().empty()) headers.emplace_back(protocol::header_gid, context->gid());
  return headers;
}

std::string new_traceparent() { return "00-" + random_hex(trace_length) + "-" + random_hex(span_length) + "-01"; }

}  // namespace escrow
