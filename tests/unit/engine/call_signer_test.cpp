#include "coordinator/engine/driver/call_signer.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include "protocol/signing/signature.hpp"

using namespace escrow;
using engine::driver::CallSigner;
using engine::driver::TargetKeys;
using transport::SigningEntry;

namespace {

const std::string secret = "whsec_ZXNjcm93IHRlc3Qgc2VjcmV0LCAzMiBieXRlcyBvayE=";
const std::string old_secret = "whsec_dGhlIHNlY3JldCBiZWZvcmUgaXQ6IDMyIGJ5dGVzISE=";
const std::string private_key = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const std::string public_key = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
constexpr std::chrono::system_clock::time_point now{std::chrono::seconds(1767607200)};

transport::TargetCredentials credentials(std::vector<std::pair<std::string, std::vector<SigningEntry>>> entries) {
  transport::TargetCredentials made;
  for (auto& [match, signing] : entries) {
    transport::TargetCredential one;
    one.match = match;
    one.signing = std::move(signing);
    REQUIRE(made.add(std::move(one)));
  }
  return made;
}

transport::OutboundCall a_call(const std::string& url) {
  transport::OutboundCall call(*protocol::Url::parse(url));
  call.header("Escrow-Gid", "order-17").header("Escrow-Branch", "inventory").header("Escrow-Operation", "action");
  call.header("Escrow-Phase", "forward").body(R"({"sku":"A","count":2})");
  return call;
}

CallSigner signer_of(const transport::TargetCredentials& from) {
  CallSigner signer;
  signer.replace(*TargetKeys::make(from));
  return signer;
}

std::string faults(std::vector<SigningEntry> signing) {
  const auto made = TargetKeys::make(credentials({{"a", {}}, {"b", std::move(signing)}}));
  if (made) return {};
  std::string text;
  for (const auto& fault : made.error()) text += fault + "\n";
  return text;
}

}  // namespace

TEST_CASE("a call is signed with the keys of the first entry that matches its destination, and with no other", "[engine][signing]") {
  const auto signer = signer_of(credentials({{"pay.example:8443", {{{"id", "p"}, {"secret", old_secret}}}},
                                             {"*.example", {{{"id", "k1"}, {"secret", secret}}, {{"id", "k2"}, {"ed25519", private_key}}}},
                                             {"quiet.test", {}}}));
  auto call = a_call("https://stock.example/stock/deduct");
  signer.sign(call, now);
  // The first vector of docs/signing-vectors.json, so the participant's half is tested against the same bytes.
  CHECK(call.headers().find("webhook-id") == "call_9c4dc9c0730d96d0729a382792f9e25e1f359b9ff59e14d2e0af18ec444f2c6f");
  CHECK(call.headers().find("webhook-timestamp") == "1767607200");
  const std::string signatures(call.headers().find("webhook-signature").value());
  CHECK(signatures.starts_with("v1,"));
  CHECK(signatures.find(" v1a,") != std::string::npos);

  auto pay = a_call("https://pay.example:8443/stock/deduct");
  signer.sign(pay, now);
  CHECK(pay.headers().find("webhook-signature").value().find(' ') == std::string_view::npos);
  CHECK(pay.headers().find("webhook-signature") != signatures.substr(0, signatures.find(' ')));

  for (const std::string url : {"https://elsewhere.test/stock/deduct", "https://quiet.test/stock/deduct"}) {
    auto other = a_call(url);
    signer.sign(other, now);
    CHECK_FALSE(other.headers().contains("webhook-signature"));
  }
}

TEST_CASE("each attempt is signed with its own time under the same id", "[engine][signing]") {
  const auto signer = signer_of(credentials({{"*", {{{"id", "k"}, {"ed25519", private_key}}}}}));
  const std::vector<protocol::signing::VerifyingKey> keys{*protocol::signing::VerifyingKey::parse(public_key)};
  std::vector<std::string> seen;
  for (const int later : {0, 400}) {
    auto call = a_call("http://127.0.0.1:8082/stock/deduct");
    call.header("Escrow-Attempt", std::to_string(later));
    signer.sign(call, now + std::chrono::seconds(later));
    const protocol::signing::SignatureHeaders headers{call.headers().find("webhook-id"), call.headers().find("webhook-timestamp"),
                                                      call.headers().find("webhook-signature")};
    const auto refusal =
        protocol::signing::refuse_call(keys, {"POST", "127.0.0.1:8082", "/stock/deduct", "order-17", "inventory", "action", "forward"},
                                       call.body(), headers, 1767607200 + later, std::chrono::seconds(0));
    CHECK_FALSE(refusal);
    seen.emplace_back(*headers.id);
  }
  CHECK(seen[0] == seen[1]);
}

TEST_CASE("without credentials nothing is added, and replaced keys hold from the next call", "[engine][signing]") {
  CallSigner signer;
  auto plain = a_call("http://a/");
  signer.sign(plain, now);
  CHECK(plain.headers().size() == 4);
  signer.replace(*TargetKeys::make(credentials({{"a", {{{"id", "k"}, {"secret", secret}}}}})));
  auto signed_call = a_call("http://a/");
  signer.sign(signed_call, now);
  CHECK(signed_call.headers().size() == 7);
  signer.replace(TargetKeys());
  auto again = a_call("http://a/");
  signer.sign(again, now);
  CHECK(again.headers().size() == 4);
}

TEST_CASE("keys that sign for several destinations are told, and nothing of a key", "[engine][signing]") {
  const auto shared = [](const std::vector<std::pair<std::string, std::vector<SigningEntry>>>& entries) {
    return TargetKeys::make(credentials(entries))->shared_keys();
  };
  const std::vector<SigningEntry> one{{{"id", "k"}, {"ed25519", private_key}}};
  const std::vector<SigningEntry> other{{{"id", "k"}, {"secret", secret}}};
  CHECK(shared({{"a", one}, {"b", other}}).empty());
  CHECK(shared({{"*", {}}, {"a", one}}).empty());
  CHECK(shared({{"a", one}, {"b", {one[0], {{"id", "second"}, {"secret", secret}}}}}).size() == 1);
  CHECK(shared({{"*.internal", one}, {"*:8443", other}}).size() == 2);
  for (const std::string& what : shared({{"*", one}, {"b", one}})) {
    CHECK(what.find(private_key.substr(5, 8)) == std::string::npos);
    CHECK(what.find(public_key.substr(5, 8)) == std::string::npos);
  }
}

TEST_CASE("faults in signing entries name the place and hold nothing of a key", "[engine][signing]") {
  CHECK(faults({{{"id", "k"}, {"secret", secret}}}).empty());
  CHECK(faults({{{"secret", secret}}}) == "entry 2, signing 1: id is missing: a name for people\n");
  CHECK(faults({{{"id", "k"}}}) == "entry 2, signing 1: either secret or ed25519 is needed\n");
  CHECK(faults({{{"id", "k"}, {"secret", secret}, {"ed25519", private_key}}}) ==
        "entry 2, signing 1: either secret or ed25519 is needed\n");
  CHECK(faults({{{"id", "k"}, {"secret", secret}}, {{"id", "k"}, {"secret", old_secret}}}) ==
        "entry 2, signing 2: the id k stands twice in this entry\n");
  CHECK(faults({{{"id", "k"}, {"secret", secret}, {"key", "x"}}}).starts_with("entry 2, signing 1: there is no member key"));
  CHECK(faults({{{"id", "k"}, {"ed25519", public_key}}}).find("public key") != std::string::npos);
  for (const auto& [member, value] : {std::pair{"secret", private_key}, std::pair{"ed25519", secret}, std::pair{"secret", secret + "x"}}) {
    const auto text = faults({{{"id", "k"}, {member, value}}});
    CHECK_FALSE(text.empty());
    CHECK(text.find(value.substr(7, 8)) == std::string::npos);
  }
  std::vector<SigningEntry> many;
  for (int i = 0; i < 17; ++i) many.push_back({{"id", std::to_string(i)}, {"secret", secret}});
  CHECK(faults(many).find("more than 16") != std::string::npos);
  std::vector<SigningEntry> pairs;
  for (int i = 0; i < 5; ++i) pairs.push_back({{"id", std::to_string(i)}, {"ed25519", private_key}});
  CHECK(faults(pairs).find("more than 4") != std::string::npos);
  pairs.pop_back();
  CHECK(faults(pairs).empty());
}
