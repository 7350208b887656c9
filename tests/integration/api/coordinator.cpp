#include "tests/integration/api/coordinator.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <stdexcept>

namespace escrow::testing {

namespace {

/// Nothing: no whole answer came.
std::optional<HttpMessage> whole_answer(std::uint16_t port, const std::string& method, const std::string& target, const std::string& body,
                                        const std::string& mark) {
  try {
    HttpMessage answer = send_http(port, method, target, body, {{mark, "1"}});
    const auto length = answer.header("Content-Length");
    if (answer.status != 0 && length && answer.body.size() == std::stoul(*length)) return answer;
  } catch (const std::runtime_error&) {
    // Nobody listens.
  }
  return std::nullopt;
}

}  // namespace

Coordinator::Coordinator(std::vector<std::string> flags) : flags_(std::move(flags)), line_(make_line(directory_.path())) {
  start();
  contract_.emplace(send_http(process_->port(), "GET", "/openapi.json").body);
}

void Coordinator::start() {
  process_.emplace(ESCROWD, directory_.path(), flags_);
  port_ = line_ ? line_->lead_to(process_->port()) : process_->port();
}

HttpMessage Coordinator::judged(const std::string& method, const std::string& target, const std::string& body, HttpMessage answer) {
  INFO(method << " " << target << " " << body.substr(0, 500) << "\n" << answer.status << " " << answer.body.substr(0, 2'000));
  for (const std::string& violation : contract_->violations(method, target, answer)) {
    INFO(violation);
    CHECK(violation.empty());
  }
  return answer;
}

HttpMessage Coordinator::request(const std::string& method, const std::string& target, const std::string& body,
                                 const std::vector<std::pair<std::string, std::string>>& headers) {
  return judged(method, target, body, send_http(port(), method, target, body, headers));
}

HttpMessage Coordinator::ask(const std::string& method, const std::string& target, const std::string& body, int status) {
  const auto mark = line_ ? line_->mark() : std::nullopt;
  // A start without a gid would be another one, an extension said twice is two of them, and what is retried may have ended when it is said
  // again.
  const bool is_start = method == "POST" && (target == "/v1/transactions" || target.starts_with("/v1/transactions?"));
  const bool says_more_when_repeated =
      (is_start && body.find("\"gid\"") == std::string::npos) || target.ends_with("/extend") || target.ends_with("/retry");
  if (!mark || says_more_when_repeated) return request(method, target, body);
  constexpr int most = 200;
  for (int turn = 0; turn < most; ++turn) {
    const bool kills = line_->kills_now();
    auto asked = std::async(std::launch::async, [&, port = port()] { return whole_answer(port, method, target, body, *mark); });
    if (kills) {
      // While it is asked, or a moment after it was answered.
      (void)asked.wait_for(std::chrono::milliseconds(turn % 10));
      process_->kill();
    }
    auto answer = asked.get();
    if (kills) start();
    if (!answer) continue;
    HttpMessage known = judged(method, target, body, *std::move(answer));
    if (turn > 0 && status == 201 && known.status == 200) known.status = 201;
    return known;
  }
  FAIL("no whole answer to " << method << " " << target);
  return {};
}

json Coordinator::get(const std::string& target, int status) {
  const HttpMessage answer = ask("GET", target, "", status);
  INFO(target << " " << answer.body);
  REQUIRE(answer.status == status);
  return json::parse(answer.body);
}

json Coordinator::post(const std::string& target, const json& body, int status) {
  const HttpMessage answer = ask("POST", target, body.is_null() ? "" : body.dump(), status);
  INFO(target << " " << answer.body);
  REQUIRE(answer.status == status);
  return json::parse(answer.body);
}

json Coordinator::run(const json& body) { return post("/v1/transactions?wait_ms=10000", body, 201); }

json Coordinator::finished(const std::string& gid) {
  json seen = get("/v1/transactions/" + gid + "?wait_ms=10000");
  INFO(seen.dump());
  REQUIRE((seen.at("status") == "committed" || seen.at("status") == "aborted"));
  return seen;
}

json Coordinator::eventually(const std::string& gid, bool (*holds)(const json&)) {
  json seen;
  // Each turn waits inside the coordinator, so this is no busy loop.
  for (int turn = 0; turn < 500; ++turn) {
    seen = get("/v1/transactions/" + gid + "?wait_ms=20");
    if (holds(seen)) return seen;
  }
  FAIL("it never came to be: " << seen.dump());
  return seen;
}

std::size_t Coordinator::transactions() { return get("/v1/transactions?limit=500").at("transactions").size(); }

void Coordinator::crash() {
  process_->kill();
  start();
}

json quick_retry(int max_attempts) { return {{"initial_ms", 5}, {"max_ms", 40}, {"max_attempts", max_attempts}}; }

}  // namespace escrow::testing
