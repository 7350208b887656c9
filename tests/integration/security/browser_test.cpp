#include <catch2/catch.hpp>

#include "tests/integration/security/guarded_coordinator.hpp"
#include "tests/support/raw_socket.hpp"

using namespace escrow::testing;

/// What a page on another site can make a browser do, tried against the real program. The browser of an operator may sit on the same
/// machine as the coordinator, where nobody is asked for a token.
namespace {

/// A coordinator as a developer runs it: on loopback, and nobody is asked.
class OpenCoordinator {
 public:
  explicit OpenCoordinator(const std::string& settings = "") {
    write_file(directory_.path() + "/escrow.yaml", settings);
    process_.emplace(ESCROWD, directory_.path(), std::vector<std::string>{"--config", directory_.path() + "/escrow.yaml"});
  }
  HttpMessage request(const std::string& method, const std::string& target, const std::string& body = "", const HeaderList& headers = {}) {
    HttpMessage answer = send_http(process_->port(), method, target, body, headers);
    CHECK(answer.header("Access-Control-Allow-Origin") == std::nullopt);
    CHECK(answer.header("Access-Control-Allow-Methods") == std::nullopt);
    CHECK(answer.header("Access-Control-Allow-Headers") == std::nullopt);
    return answer;
  }
  std::size_t transactions() { return json::parse(request("GET", "/v1/transactions").body).at("transactions").size(); }
  std::string own(const std::string& scheme = "http") const { return scheme + "://127.0.0.1:" + std::to_string(process_->port()); }

 private:
  TemporaryDirectory directory_;
  std::optional<EscrowdProcess> process_;
};

std::string code(const HttpMessage& answer) {
  const json body = json::parse(answer.body, nullptr, false);
  return body.is_discarded() ? "" : body.value("code", "");
}

const std::string start = R"({"gid":"forged","mode":"saga","interactive":true})";

}  // namespace

TEST_CASE("a form on another site starts, commits and aborts nothing", "[security][browser]") {
  OpenCoordinator coordinator;
  REQUIRE(coordinator.request("POST", "/v1/transactions", R"({"gid":"mine","mode":"saga","interactive":true})").status == 201);
  // The three types that a form can have, with and without what newer browsers add.
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}) {
    CHECK(code(coordinator.request("POST", "/v1/transactions", start, {{"Content-Type", type}})) == "unsupported_media_type");
    CHECK(code(coordinator.request("POST", "/v1/transactions", start, {{"Content-Type", type}, {"Origin", "http://evil.example"}})) ==
          "forbidden");
    // A form without fields has no body, but it has a type.
    CHECK(code(coordinator.request("POST", "/v1/transactions/mine/abort", "", {{"Content-Type", type}})) == "unsupported_media_type");
    CHECK(code(coordinator.request("POST", "/v1/transactions/mine/abort", "",
                                   {{"Content-Type", type}, {"Sec-Fetch-Site", "cross-site"}})) == "forbidden");
  }
  for (const char* origin : {"http://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example", "file://"})
    CHECK(code(coordinator.request("POST", "/v1/transactions/mine/abort", "", {{"Origin", origin}})) == "forbidden");
  for (const char* site : {"cross-site", "same-site"}) {
    CHECK(code(coordinator.request("POST", "/v1/transactions", start, {{"Sec-Fetch-Site", site}})) == "forbidden");
    CHECK(code(coordinator.request("POST", "/v1/transactions", start, {{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", "navigate"}})) ==
          "forbidden");
  }
  CHECK(coordinator.transactions() == 1);
  CHECK(json::parse(coordinator.request("GET", "/v1/transactions/mine").body).at("status") == "active");
  // The console's own page may.
  CHECK(coordinator.request("POST", "/v1/transactions/mine/abort", "", {{"Origin", coordinator.own()}, {"Sec-Fetch-Site", "same-origin"}})
            .status == 200);
}

TEST_CASE("a preflight is told nothing", "[security][browser]") {
  OpenCoordinator coordinator;
  const HttpMessage answer = coordinator.request("OPTIONS", "/v1/transactions", "",
                                                 {{"Origin", "http://evil.example"},
                                                  {"Access-Control-Request-Method", "POST"},
                                                  {"Access-Control-Request-Headers", "authorization,content-type"}});
  CHECK(code(answer) == "forbidden");
  GuardedCoordinator guarded;
  CHECK(send_http(guarded.port(), "OPTIONS", "/v1/transactions").status == 401);
}

TEST_CASE("another site reads nothing, neither by script nor by picture", "[security][browser]") {
  OpenCoordinator coordinator;
  CHECK(code(coordinator.request("GET", "/v1/transactions", "", {{"Origin", "http://evil.example"}})) == "forbidden");
  CHECK(code(coordinator.request("GET", "/v1/transactions", "", {{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "no-cors"}})) ==
        "forbidden");
  const HeaderList frame{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "iframe"}};
  CHECK(code(coordinator.request("GET", "/", "", frame)) == "forbidden");
  // A link to the console in a ticket is no attack.
  const HeaderList link{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}};
  CHECK(coordinator.request("GET", "/", "", link).status == 200);
}

TEST_CASE("a name that was pointed at loopback is no name of ours", "[security][browser]") {
  OpenCoordinator coordinator;
  for (const char* host :
       {"evil.example", "evil.example:7400", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[2001:db8::1]:80"}) {
    INFO(host);
    CHECK(code(coordinator.request("GET", "/v1/transactions", "", {{"Host", host}})) == "forbidden");
    CHECK(code(coordinator.request("POST", "/v1/transactions", start, {{"Host", host}, {"Origin", std::string("http://") + host}})) ==
          "forbidden");
    CHECK(code(coordinator.request("GET", "/healthz/ready", "", {{"Host", host}})) == "forbidden");
  }
  for (const char* host : {"localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9"})
    CHECK(coordinator.request("GET", "/v1/transactions", "", {{"Host", host}}).status == 200);
  CHECK(coordinator.transactions() == 0);
}

TEST_CASE("names behind a proxy are those that the configuration lists", "[security][browser]") {
  OpenCoordinator coordinator("server.hosts: [Escrow.example.com, \"10.1.2.3\"]\n");
  for (const char* host : {"escrow.example.com", "ESCROW.example.com:443", "10.1.2.3:80", "localhost"})
    CHECK(coordinator.request("GET", "/v1/transactions", "", {{"Host", host}}).status == 200);
  for (const char* host : {"evil.example", "example.com", "escrow.example.com.evil.example", "10.1.2.4"})
    CHECK(code(coordinator.request("GET", "/v1/transactions", "", {{"Host", host}})) == "forbidden");
}

TEST_CASE("pages come with what keeps a browser safe", "[security][browser]") {
  OpenCoordinator coordinator;
  const HttpMessage page = coordinator.request("GET", "/", "", {{"Accept", "text/html"}});
  REQUIRE(page.status == 200);
  const std::string policy = page.header("Content-Security-Policy").value_or("");
  for (const char* directive :
       {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"})
    CHECK(policy.find(directive) != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(page.header("X-Frame-Options") == "DENY");
  CHECK(page.header("Referrer-Policy") == "no-referrer");
  CHECK(page.header("Cross-Origin-Opener-Policy") == "same-origin");
  CHECK(page.header("Cross-Origin-Resource-Policy") == "same-origin");
  for (const char* target :
       {"/", "/console/index.html", "/v1/transactions", "/v1/nothing", "/metrics", "/healthz/ready", "/openapi.json"}) {
    INFO(target);
    CHECK(coordinator.request("GET", target).header("X-Content-Type-Options") == "nosniff");
  }
}
