#include "coordinator/transport/target_credentials.hpp"

#include "coordinator/transport/errors.hpp"

#include <catch2/catch.hpp>

using namespace escrow::transport;

namespace {

TargetCredentials matching(std::initializer_list<const char*> matches) {
  TargetCredentials credentials;
  for (const char* match : matches) {
    TargetCredential credential;
    credential.match = match;
    REQUIRE(credentials.add(std::move(credential)));
  }
  return credentials;
}

std::string found(const TargetCredentials& credentials, std::string_view host, std::uint16_t port) {
  const TargetCredential* const credential = credentials.find(host, port);
  return credential == nullptr ? "none" : credential->match;
}

}  // namespace

TEST_CASE("the first credential that names host and port counts", "[transport][credentials]") {
  const TargetCredentials credentials =
      matching({"pay.example:8443", "Pay.Example", "*.example", "*.internal:443", "[::1]:8443", "[::2]", "10.0.0.1", "*:9443"});
  CHECK(found(credentials, "pay.example", 8443) == "pay.example:8443");
  CHECK(found(credentials, "pay.example", 443) == "Pay.Example");
  CHECK(found(credentials, "pay.example.", 443) == "Pay.Example");
  CHECK(found(credentials, "a.b.example", 1) == "*.example");
  CHECK(found(credentials, "example", 1) == "none");
  CHECK(found(credentials, "badexample", 1) == "none");
  CHECK(found(credentials, ".example", 1) == "none");
  CHECK(found(credentials, "a.internal", 443) == "*.internal:443");
  CHECK(found(credentials, "a.internal", 444) == "none");
  CHECK(found(credentials, "::1", 8443) == "[::1]:8443");
  CHECK(found(credentials, "::1", 443) == "none");
  CHECK(found(credentials, "::2", 7) == "[::2]");
  CHECK(found(credentials, "10.0.0.1", 80) == "10.0.0.1");
  CHECK(found(credentials, "10.0.0.2", 80) == "none");
  CHECK(found(credentials, "anything", 9443) == "*:9443");
  CHECK(credentials.index_of("pay.example", 443) == 1);
  CHECK(credentials.index_of("nobody", 1) == credentials.size());
  CHECK(found(TargetCredentials(), "pay.example", 443) == "none");
  CHECK(found(matching({"*", "pay.example"}), "pay.example", 443) == "*");
}

TEST_CASE("what is no host with a port is no match", "[transport][credentials]") {
  for (const char* match :
       {"", "*.", "**", "*a", "pay.example:", "pay.example:0", "pay.example:99999", "https://pay.example", "pay.example/",
        "pay.example/path", "a b", "user@pay.example", "::1", "[::1", "pay.*.example", "pay.example?q"}) {
    INFO(match);
    TargetCredentials credentials;
    TargetCredential credential;
    credential.match = match;
    const auto added = credentials.add(std::move(credential));
    REQUIRE_FALSE(added);
    CHECK(added.error().code == make_error_code(Errc::target_rule_invalid));
    CHECK(credentials.size() == 0);
  }
}
