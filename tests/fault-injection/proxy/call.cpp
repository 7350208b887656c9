#include "tests/fault-injection/proxy/call.hpp"

#include <charconv>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace escrow::proxy {
namespace {

constexpr std::string_view api = "/v1/transactions";

/// What a request to the coordinator asks for, by `/v1/transactions[/GID[/WHAT...]]`.
void read_api(Call& call, std::string_view body) {
  const std::string path = call.path();
  const std::string_view rest = std::string_view(path).substr(api.size());
  if (rest.empty() || rest == "/") {
    call.operation = call.method == "POST" ? "start" : "list";
    if (call.method != "POST") return;
    const auto object = nlohmann::json::parse(body, nullptr, false);
    if (!object.is_object()) return;
    if (const auto gid = object.find("gid"); gid != object.end() && gid->is_string()) call.gid = gid->get<std::string>();
    return;
  }
  if (rest.front() != '/') return;
  const std::size_t slash = rest.find('/', 1);
  call.gid = rest.substr(1, slash == std::string_view::npos ? slash : slash - 1);
  if (slash == std::string_view::npos) {
    call.operation = "look";
    return;
  }
  const std::string_view what = rest.substr(slash + 1);
  if (what == "branches") {
    call.operation = "register";
  } else if (what.ends_with("/resolve")) {
    call.operation = "resolve";
  } else {
    call.operation = what;
  }
}

}  // namespace

Hash& Hash::add(std::string_view part) {
  for (const char c : part) state_ = (state_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  // Where a part ends is part of it.
  state_ = (state_ ^ 0x1FFU) * 1099511628211ULL;
  return *this;
}

Hash& Hash::add(std::uint64_t part) {
  for (int i = 0; i < 8; ++i) state_ = (state_ ^ ((part >> (8 * i)) & 0xFFU)) * 1099511628211ULL;
  return *this;
}

std::uint64_t Hash::value() const {
  // FNV leaves neighbours alike in their upper bits; this spreads them.
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31U);
}

Call call_of(std::string link, Head head, std::string_view body) {
  Call call;
  call.link = std::move(link);
  call.method = head.method;
  call.target = head.target;
  call.gid = head.field("Escrow-Gid");
  call.branch = head.field("Escrow-Branch");
  call.operation = head.field("Escrow-Operation");
  call.phase = head.field("Escrow-Phase");
  const std::string_view attempt = head.field("Escrow-Attempt");
  std::from_chars(attempt.data(), attempt.data() + attempt.size(), call.attempt);
  call.bytes = head.bytes.size() + body.size();
  call.fingerprint = Hash().add(call.target).add(head.field("Idempotency-Key")).add(body).value();
  if (call.operation.empty() && call.target.starts_with(api)) read_api(call, body);
  call.head = std::move(head);
  return call;
}

bool fits(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      retry = in;
    } else if (at < pattern.size() && pattern[at] == text[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++retry;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

bool fits(const Match& match, const Call& call) {
  const auto wrong = [](const std::optional<std::string>& pattern, std::string_view text) { return pattern && !fits(*pattern, text); };
  if (wrong(match.link, call.link) || wrong(match.method, call.method) || wrong(match.path, call.path())) return false;
  if (wrong(match.gid, call.gid) || wrong(match.branch, call.branch) || wrong(match.operation, call.operation)) return false;
  if (wrong(match.phase, call.phase) || (match.attempt && *match.attempt != call.attempt)) return false;
  for (const auto& [name, pattern] : match.headers) {
    if (!call.head.has(name) || !fits(pattern, call.head.field(name))) return false;
  }
  return true;
}

}  // namespace escrow::proxy
