#include "tests/integration/api/coordinator.hpp"

#include <catch2/catch.hpp>

namespace escrow::testing {

Coordinator::Coordinator(std::vector<std::string> flags) : flags_(std::move(flags)) {
  process_.emplace(ESCROWD, directory_.path(), flags_);
  contract_.emplace(send_http(port(), "GET", "/openapi.json").body);
}

HttpMessage Coordinator::request(const std::string& method, const std::string& target, const std::string& body,
                                 const std::vector<std::pair<std::string, std::string>>& headers) {
  HttpMessage answer = send_http(port(), method, target, body, headers);
  INFO(method << " " << target << " " << body.substr(0, 500) << "\n" << answer.status << " " << answer.body.substr(0, 2'000));
  for (const std::string& violation : contract_->violations(method, target, answer)) {
    INFO(violation);
    CHECK(violation.empty());
  }
  return answer;
}

json Coordinator::get(const std::string& target, int status) {
  const HttpMessage answer = request("GET", target);
  INFO(target << " " << answer.body);
  REQUIRE(answer.status == status);
  return json::parse(answer.body);
}

json Coordinator::post(const std::string& target, const json& body, int status) {
  const HttpMessage answer = request("POST", target, body.is_null() ? "" : body.dump());
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
  process_.emplace(ESCROWD, directory_.path(), flags_);
}

json quick_retry(int max_attempts) { return {{"initial_ms", 5}, {"max_ms", 40}, {"max_attempts", max_attempts}}; }

}  // namespace escrow::testing
