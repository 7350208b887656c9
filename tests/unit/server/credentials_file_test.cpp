#include "coordinator/server/credentials_file.hpp"

#include <catch2/catch.hpp>

using namespace escrow::server;

namespace {

std::vector<std::string> faults(std::string_view text) {
  std::vector<std::string> out;
  const auto read = parse_credentials(text, "c.yaml");
  if (read) return out;
  for (const ConfigFault& fault : read.error()) {
    CHECK(fault.key == "targets.credentials_file");
    out.push_back(fault.detail);
  }
  return out;
}

using Faults = std::vector<std::string>;

}  // namespace

TEST_CASE("the credentials of targets are read in the order of the file", "[server][credentials]") {
  const auto read = parse_credentials(R"(
- match: pay.example:8443
  ca_file: /etc/ca.pem
  certificate_file: /etc/own.pem
  key_file: /etc/own.key
- match: "*.example"
  signing:
    - {id: k1, secret: whsec_b25l}
    - {id: k2, ed25519: whsk_dHdv}
)",
                                      "c.yaml");
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  const auto& pay = (*read)[0];
  CHECK(pay.ca_file == "/etc/ca.pem");
  CHECK(pay.certificate_file == "/etc/own.pem");
  CHECK(pay.key_file == "/etc/own.key");
  CHECK(pay.signing.empty());
  const auto* const other = read->find("stock.example", 443);
  REQUIRE(other != nullptr);
  REQUIRE(other->signing.size() == 2);
  CHECK(other->signing[0] == escrow::transport::SigningEntry{{"id", "k1"}, {"secret", "whsec_b25l"}});
  CHECK(other->signing[1].at("ed25519") == "whsk_dHdv");
  CHECK(parse_credentials("", "c.yaml")->size() == 0);
  CHECK(read_credentials("")->size() == 0);
}

TEST_CASE("each fault of a credentials file names file, entry and member", "[server][credentials]") {
  CHECK(faults("match: a") == Faults{"c.yaml: must be a list of entries, each with match"});
  CHECK(faults("- a") == Faults{"c.yaml: entry 1: must be a map with match and what belongs to it"});
  CHECK(faults("- {ca_file: x}") == Faults{"c.yaml: entry 1, match: is missing"});
  CHECK(faults("- {match: a}\n- {match: b, key_file: k}") ==
        Faults{"c.yaml: entry 2, certificate_file: must be set together with the other one"});
  CHECK(faults("- {match: b, certificate_file: k}") == Faults{"c.yaml: entry 1, key_file: must be set together with the other one"});
  CHECK(faults("- {match: b, match: b}") == Faults{"c.yaml: entry 1, match: stands twice"});
  CHECK(faults("- {match: [b]}") == Faults{"c.yaml: entry 1, match: must be one plain value"});
  CHECK(faults("- {match: b, ca_file: }") == Faults{"c.yaml: entry 1, ca_file: must be one plain value"});
  CHECK(faults("- {match: b, ca: x}\n- {match: 'http://x'}").size() == 2);
  CHECK(faults("- {match: b, signing: x}") == Faults{"c.yaml: entry 1, signing: must be a list of secrets"});
  CHECK(faults("- {match: b, signing: [x, {id: [1]}]}") ==
        Faults{"c.yaml: entry 1, signing 1: must be a map", "c.yaml: entry 1, signing 2, id: must be one plain value"});
  CHECK(read_credentials("/nonexistent/c.yaml").error().at(0).detail.starts_with("/nonexistent/c.yaml can't be read"));
}

TEST_CASE("a credentials file that is no YAML is told of without quoting it", "[server][credentials]") {
  const Faults told = faults("- {match: a, signing: [{secret: whsec_c2VjcmV0, ]}");
  REQUIRE(told.size() == 1);
  CHECK(told[0].find("whsec") == std::string::npos);
  CHECK(told[0].starts_with("c.yaml: is no YAML: line 1"));
}

TEST_CASE("a secret that a typing error has made part of a name is not told", "[server][credentials]") {
  for (const char* text :
       {"- {match: a, signing: [{id: k1, secret:whsec_MfKQ9r8GKYqrTwjUPD8I}]}", "- {match: a, secret whsec_MfKQ9r8GKYqrTwjUPD8I: 1}",
        "- match: a\n  signing:\n  - ? whsec_MfKQ9r8GKYqrTwjUPD8I\n"}) {
    const auto told = faults(text);
    CHECK_FALSE(told.empty());
    for (const std::string& fault : told) CHECK(fault.find("MfKQ9r8G") == std::string::npos);
  }
}
