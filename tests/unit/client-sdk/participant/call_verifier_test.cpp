#include <escrow/call_verifier.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <escrow/error.hpp>
#include <escrow/participant_server.hpp>
#include <nlohmann/json.hpp>

#include "client-sdk/src/participant/router.hpp"
#include "tests/support/child_process.hpp"

namespace escrow {
namespace {

using nlohmann::json;
using participant::Router;

json vectors() {
  std::ifstream file(VECTORS);
  REQUIRE(file.is_open());
  return json::parse(file);
}

std::string key_of(const json& file, const std::string& name) { return file["keys"][name]["verifies"]; }

SignatureOptions options_of(const json& file, const std::vector<std::string>& keys, const std::vector<std::string>& forward_keys = {}) {
  SignatureOptions options;
  for (const auto& name : keys) options.key(key_of(file, name));
  for (const auto& name : forward_keys) options.initiator_key(key_of(file, name));
  const std::chrono::system_clock::time_point now{std::chrono::seconds(file["now_s"].get<std::int64_t>())};
  return options.clock([now] { return now; });
}

Branch::Headers headers_of(const json& one) {
  Branch::Headers headers;
  for (const auto& [name, value] : one["headers"].items()) headers.emplace_back(name, value);
  return headers;
}

/// A participant that serves every operation of the vectors, and counts what came through to a handler.
class Service {
 public:
  Service(const json& file, const json& one) {
    const auto count = [this](const Branch&, const std::string&) {
      ++handled;
      return Outcome::succeeded();
    };
    for (const auto operation : {Operation::action, Operation::compensate}) {
      router.add_operation("/stock/deduct", operation, count);
      router.add_operation("/stock/restore", operation, count);
    }
    router.add_operation("/invoices/check", Operation::check, count);
    auto verifier = CallVerifier::make(options_of(file, one["keys"], one.value("forward_keys", std::vector<std::string>())));
    REQUIRE(verifier);
    router.verify_with(std::move(*verifier));
  }

  participant::Routed route(const json& one) {
    auto request = HttpRequest::parse(one["method"], one["target"].get<std::string>(), headers_of(one), one["body"]);
    REQUIRE(request);
    return router.route(std::move(*request));
  }

  int handled = 0;
  std::vector<std::string> lines;
  Router router{[this](const std::string& line) { lines.push_back(line); }};
};

TEST_CASE("a rightly signed call reaches its handler, a check too", "[sdk][signing]") {
  const json file = vectors();
  for (const auto& one : file["accepted"]) {
    INFO(one["name"]);
    Service service(file, one);
    CHECK(service.route(one).answer.status == 200);
    CHECK(service.handled == 1);
    CHECK(service.lines.empty());
  }
}

TEST_CASE("whatever is wrong with a signature, no handler sees the call and the answer is 401", "[sdk][signing]") {
  const json file = vectors();
  int asked = 0;
  for (const auto& one : file["refused"]) {
    if (one["method"] != "POST") continue;  // the router has no such route
    INFO(one["name"]);
    Service service(file, one);
    const auto routed = service.route(one);
    CHECK(routed.answer.status == 401);
    CHECK(routed.answer.content_type == "application/problem+json");
    CHECK(json::parse(routed.answer.body)["code"] == "unauthenticated");
    CHECK(routed.authenticate == "Webhook-Signature");
    CHECK_FALSE(routed.branch);
    CHECK(service.handled == 0);
    CHECK(service.lines.size() == 1);
    for (const auto& [name, key] : file["keys"].items()) {
      const auto behind = key["verifies"].get<std::string>().substr(6);
      CHECK(routed.answer.body.find(behind) == std::string::npos);
      CHECK(service.lines.front().find(behind) == std::string::npos);
    }
    ++asked;
  }
  CHECK(asked >= 25);
}

TEST_CASE("a flood of refused calls does not flood the log", "[sdk][signing]") {
  const json file = vectors();
  const json& one = file["refused"][0];
  Service service(file, one);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 1'000; ++i) CHECK(service.route(one).answer.status == 401);
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(service.lines.size() <= 2 + static_cast<std::size_t>(took / std::chrono::seconds(1)));
}

TEST_CASE("headers of a signature that come twice are refused", "[sdk][signing]") {
  const json file = vectors();
  const json& one = file["accepted"][0];
  const auto verifier = CallVerifier::make(options_of(file, one["keys"]));
  for (const std::string name : {"webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE"}) {
    auto headers = headers_of(one);
    CHECK(verifier->verify("POST", "/stock/deduct", headers, one["body"].get<std::string>()));
    std::string lower = name;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    headers.emplace_back(name, one["headers"][lower]);
    const auto verified = verifier->verify("POST", "/stock/deduct", headers, one["body"].get<std::string>());
    REQUIRE_FALSE(verified);
    CHECK(verified.error().code == Errc::unverified_call);
  }
}

TEST_CASE("behind a proxy that takes a prefix off the path, the path that was called is verified", "[sdk][signing]") {
  const json file = vectors();
  const json& one = file["accepted"][0];
  const auto headers = headers_of(one);
  const auto body = one["body"].get<std::string>();
  const auto verifier = CallVerifier::make(options_of(file, one["keys"]).behind_prefix("/stock"));
  CHECK(verifier->verify("POST", "/deduct", headers, body));
  CHECK_FALSE(verifier->verify("POST", "/stock/deduct", headers, body));
}

TEST_CASE("a call that was signed for another host is none, whatever Host it comes with", "[sdk][signing]") {
  const json file = vectors();
  const json& one = file["accepted"][0];
  const auto body = one["body"].get<std::string>();
  const auto verifies = [&](const SignatureOptions& options, const std::string& host) {
    auto headers = headers_of(one);
    for (auto& [name, value] : headers) {
      if (name == "Host") value = host;
    }
    return CallVerifier::make(options)->verify("POST", "/stock/deduct", headers, body).has_value();
  };
  const SignatureOptions plain = options_of(file, one["keys"]);
  CHECK(verifies(plain, "stock.example"));
  CHECK(verifies(plain, "STOCK.example"));
  CHECK_FALSE(verifies(plain, "pay.example"));
  // The other participant, which knows what it is called: no Host that a forger writes makes the call its own.
  auto other = plain;
  other.called_as("pay.example").called_as("pay.internal:8443");
  CHECK_FALSE(verifies(other, "stock.example"));
  CHECK_FALSE(verifies(other, "pay.example"));
  // Behind a proxy that changes Host.
  auto behind = plain;
  behind.called_as("old.example").called_as("Stock.example");
  CHECK(verifies(behind, "127.0.0.1:9000"));
  CHECK(verifies(behind, ""));
}

TEST_CASE("a rightly signed call under the key of another one is refused before its handler", "[sdk][signing]") {
  const json file = vectors();
  REQUIRE(file["rightly_signed_and_refused"].size() >= 2);
  for (const auto& one : file["rightly_signed_and_refused"]) {
    INFO(one["name"]);
    Service service(file, one);
    CHECK(service.route(one).answer.status >= 400);
    CHECK(service.handled == 0);
  }
}

TEST_CASE("the service's own routes are not verified, and an operation on the same path is", "[sdk][signing]") {
  const json file = vectors();
  Service service(file, file["accepted"][0]);
  service.router.add_plain("POST", "/stock/deduct", [](const HttpRequest&) { return json_answer(201, "{}"); });
  const auto ask = [&](HttpRequest::Fields headers) {
    return service.router.route(*HttpRequest::parse("POST", "/stock/deduct", std::move(headers), "{}")).answer.status;
  };
  CHECK(ask({}) == 201);
  CHECK(ask({{"Escrow-Operation", "action"}}) == 401);
  CHECK(service.handled == 0);
}

TEST_CASE("a server does not start with keys that can't verify anything", "[sdk][signing]") {
  const escrow::testing::TemporaryDirectory directory;
  const std::string empty = directory.path() + "/empty";
  std::ofstream(empty) << "# no key\n";
  const std::vector<SignatureOptions> wrong{SignatureOptions(),
                                            SignatureOptions().key("whsec_short"),
                                            SignatureOptions().key_file(empty),
                                            SignatureOptions().key_file(directory.path() + "/missing"),
                                            SignatureOptions().key_file(directory.path()),
                                            SignatureOptions().key("whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")};
  for (const auto& options : wrong) {
    ParticipantServer server(ServerOptions().verify_calls(options));
    const auto started = server.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().code == Errc::invalid_argument);
    CHECK(started.error().detail.find("nWGxne") == std::string::npos);
    CHECK(server.port() == 0);
  }
}

/// A key file that is replaced as an operator does it, or written over in place.
class KeyFile {
 public:
  [[nodiscard]] const std::string& path() const { return path_; }
  void write(const std::string& text) const { std::ofstream(path_, std::ios::trunc) << text; }
  void replace(const std::string& text) const {
    std::ofstream(path_ + ".new") << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  void remove() const { std::filesystem::remove(path_); }

 private:
  escrow::testing::TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/keys";
};

TEST_CASE("keys change with overlap while calls go on, without a restart", "[sdk][signing]") {
  const json file = vectors();
  const std::string old_key = key_of(file, "hmac, the one before");
  const std::string new_key = key_of(file, "hmac");
  const json& by_new = file["accepted"][0];
  const json& by_both = file["accepted"][6];
  REQUIRE(by_both["signed_with"].size() == 2);

  const KeyFile keys;
  keys.write(old_key + "\n");
  std::vector<std::string> lines;
  const auto verifier = CallVerifier::make(options_of(file, {}).key_file(keys.path()).look_every(std::chrono::milliseconds(0)),
                                           [&lines](const std::string& line) { lines.push_back(line); });
  REQUIRE(verifier);
  const auto takes = [&](const json& one) {
    return verifier->verify("POST", "/stock/deduct", headers_of(one), one["body"].get<std::string>()).has_value();
  };

  // The coordinator signs with both as long as participants have either.
  CHECK(takes(by_both));
  CHECK_FALSE(takes(by_new));
  keys.replace(old_key + "\n" + new_key + "\n");
  CHECK(takes(by_both));
  CHECK(takes(by_new));
  keys.write(new_key + "\n");
  CHECK(takes(by_both));
  CHECK(takes(by_new));
  keys.write(key_of(file, "hmac, of another target") + "\n");
  CHECK_FALSE(takes(by_both));
  CHECK_FALSE(takes(by_new));

  // What can't be used leaves the keys as they are, and is told without a word of a key.
  keys.replace(new_key + "\n");
  CHECK(takes(by_new));
  lines.clear();
  for (const std::string broken : {"", "whsec_dGhpcyBpcyB0b28gc2hvcnQ=", "garbage"}) {
    keys.replace(broken);
    CHECK(takes(by_new));
    REQUIRE_FALSE(lines.empty());
    CHECK(lines.back().find("stay as they were") != std::string::npos);
    CHECK((broken.empty() || lines.back().find(broken) == std::string::npos));
    lines.clear();
  }
  keys.remove();
  CHECK(takes(by_new));
  // A directory in its place can be opened and not be read.
  std::filesystem::create_directory(keys.path());
  lines.clear();
  CHECK(takes(by_new));
  REQUIRE_FALSE(lines.empty());
  CHECK(lines.back().find("stay as they were") != std::string::npos);
  std::filesystem::remove(keys.path());
  keys.write(old_key + "\n");
  CHECK(takes(by_both));
  CHECK_FALSE(takes(by_new));
}

TEST_CASE("a key file from a host whose clock is ahead is not told of with every call", "[sdk][signing]") {
  const json file = vectors();
  const KeyFile keys;
  keys.write(key_of(file, "hmac") + "\n");
  const auto later = std::filesystem::file_time_type::clock::now() + std::chrono::hours(1);
  std::filesystem::last_write_time(keys.path(), later);
  int told = 0;
  const auto verifier = CallVerifier::make(options_of(file, {}).key_file(keys.path()).look_every(std::chrono::milliseconds(0)),
                                           [&told](const std::string&) { ++told; });
  REQUIRE(verifier);
  const json& one = file["accepted"][0];
  const auto takes = [&] { return verifier->verify("POST", "/stock/deduct", headers_of(one), one["body"].get<std::string>()).has_value(); };
  for (int i = 0; i < 10; ++i) CHECK(takes());
  CHECK(told == 0);
  // Written just now, it is read with every look for a while, and told of where it says something else.
  keys.replace(key_of(file, "hmac") + "\n# the same key\n");
  for (int i = 0; i < 10; ++i) CHECK(takes());
  CHECK(told == 1);
}

TEST_CASE("what a stranger writes into a path is not written into the log", "[sdk][signing]") {
  const json file = vectors();
  std::vector<std::string> lines;
  Router router([&lines](const std::string& line) { lines.push_back(line); });
  router.add_operation("/{tenant}/take", Operation::action, [](const Branch&, std::string_view) { return Outcome::succeeded(); });
  router.verify_with(*CallVerifier::make(options_of(file, {"hmac"})));
  const auto routed = router.route(*HttpRequest::parse("POST", "/x%0Aescrow:%20all%20is%20well/take", {}, "{}"));
  CHECK(routed.answer.status == 401);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("refused a call to /{tenant}: "));
  CHECK(lines[0].find("all is well") == std::string::npos);
  CHECK(lines[0].find('\n') == std::string::npos);
}

}  // namespace
}  // namespace escrow
