#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "protocol/signing/signature.hpp"

namespace escrow::protocol::signing {
namespace {

using nlohmann::json;
using std::chrono::seconds;

json vectors() {
  std::ifstream file(VECTORS);
  REQUIRE(file.is_open());
  return json::parse(file);
}

/// A call of the file; the views of what it is asked for point into it.
struct Call {
  explicit Call(const json& from) : method(from["method"]), target(from["target"]), body(from["body"]), headers(from["headers"]) {}

  std::string method;
  std::string target;
  std::string body;
  std::map<std::string, std::string> headers;

  [[nodiscard]] std::string_view header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
  [[nodiscard]] CallIdentity identity() const {
    return {
        method, header("Host"), target, header("Escrow-Gid"), header("Escrow-Branch"), header("Escrow-Operation"), header("Escrow-Phase")};
  }
  [[nodiscard]] SignatureHeaders signature() const {
    const auto given = [this](const std::string& name) {
      return headers.contains(name) ? std::optional<std::string_view>(header(name)) : std::nullopt;
    };
    return {given("webhook-id"), given("webhook-timestamp"), given("webhook-signature")};
  }
};

std::vector<VerifyingKey> held(const json& file, const json& one) {
  std::vector<VerifyingKey> keys;
  for (const auto& name : one["keys"])
    keys.push_back(*VerifyingKey::parse(file["keys"][name.get<std::string>()]["verifies"].get<std::string>()));
  for (const auto& name : one.value("forward_keys", json::array()))
    keys.push_back(VerifyingKey::parse(file["keys"][name.get<std::string>()]["verifies"].get<std::string>())->for_forward_calls());
  return keys;
}

std::optional<SignatureRefusal> judge(const json& file, const json& one) {
  const Call call(one);
  return refuse_call(held(file, one), call.identity(), call.body, call.signature(), file["now_s"], seconds(file["tolerance_s"].get<int>()));
}

TEST_CASE("every accepted vector is signed byte for byte and verified", "[signing]") {
  const json file = vectors();
  REQUIRE(file["accepted"].size() >= 11);
  for (const auto& one : file["accepted"]) {
    INFO(one["name"]);
    const Call call(one);
    std::vector<SigningKey> keys;
    for (const auto& name : one["signed_with"])
      keys.push_back(*SigningKey::parse(file["keys"][name.get<std::string>()]["signs"].get<std::string>()));
    const auto signature = sign_call(keys, call.identity(), std::stoll(std::string(call.header("webhook-timestamp"))), call.body);
    CHECK(signature.id == call.header("webhook-id"));
    CHECK(signature.timestamp == call.header("webhook-timestamp"));
    CHECK(signature.signatures == call.header("webhook-signature"));
    const auto refusal = judge(file, one);
    CHECK(!refusal);
  }
}

TEST_CASE("every refused vector is refused for its reason", "[signing]") {
  const json file = vectors();
  REQUIRE(file["refused"].size() >= 25);
  std::set<std::string> seen;
  for (const auto& one : file["refused"]) {
    INFO(one["name"]);
    const auto refusal = judge(file, one);
    REQUIRE(refusal);
    CHECK(to_string(refusal->fault) == one["fault"].get<std::string>());
    CHECK_FALSE(refusal->detail.empty());
    seen.insert(one["fault"].get<std::string>());
  }
  CHECK(seen.size() == 7);
}

TEST_CASE("no single changed bit of body, id, timestamp or signature goes through", "[signing]") {
  const json file = vectors();
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}}) {
    const json& one = file["accepted"][index];
    const auto keys = held(file, one);
    const auto refused = [&](const Call& call) {
      return refuse_call(keys, call.identity(), call.body, call.signature(), file["now_s"], seconds(300)).has_value();
    };
    const Call right(one);
    REQUIRE_FALSE(refused(right));
    const auto each_bit = [&](auto text_of) {
      Call call(one);
      std::string& text = text_of(call);
      for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
        const std::string before = text;
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
        INFO(before << " became " << text);
        CHECK(refused(call));
        text = before;
      }
    };
    each_bit([](Call& call) -> std::string& { return call.body; });
    each_bit([](Call& call) -> std::string& { return call.target; });
    // Every bit but the one that makes a capital of a letter.
    Call elsewhere(one);
    for (const char* host : {"stock.exampl", "stock.example:80", "tock.example", "stock.example.", "stock-example"}) {
      elsewhere.headers["Host"] = host;
      CHECK(refused(elsewhere));
    }
    for (const std::string name :
         {"webhook-id", "webhook-timestamp", "webhook-signature", "Escrow-Gid", "Escrow-Branch", "Escrow-Operation", "Escrow-Phase"}) {
      each_bit([&name](Call& call) -> std::string& { return call.headers.at(name); });
    }
  }
}

TEST_CASE("no two calls have the same id, and no id has a dot", "[signing]") {
  // Whatever can be moved over a border between two members.
  const std::vector<std::string> words{"", "a", "a.b", "b", "a/b", "a\nb", ".", "ab"};
  std::set<std::string> ids;
  std::size_t calls = 0;
  for (const auto& method : {"POST", "PO"}) {
    for (const auto& target : {"/a", "/a?b", "/"}) {
      for (const auto& gid : words) {
        for (const auto& branch : words) {
          for (const auto& operation : {"action", "compensate"}) {
            for (const auto& phase : {"forward", "final", ""}) {
              // A member with a line feed can't come over HTTP; where it did, it must not name the call of its two halves.
              if (gid.find('\n') != std::string::npos || branch.find('\n') != std::string::npos) continue;
              const auto id = call_id({method, "h", target, gid, branch, operation, phase});
              CHECK(id.find('.') == std::string::npos);
              ids.insert(id);
              ++calls;
            }
          }
        }
      }
    }
  }
  CHECK(ids.size() == calls);
}

TEST_CASE("a member with the end of a line names no call, not even the one that it begins with", "[signing]") {
  CHECK(call_id({"POST", "h", "/", "a\nb", "", "action", "forward"}).empty());
  CHECK(call_id({"POST", "h", "/", "a\r", "", "action", "forward"}).empty());
  const json file = vectors();
  const json& one = file["accepted"][0];
  Call call(one);
  const auto refusal = [&] {
    return refuse_call(held(file, one), call.identity(), call.body, call.signature(), file["now_s"], seconds(300));
  };
  REQUIRE_FALSE(refusal());
  call.headers["Escrow-Gid"] += "\nanything";
  REQUIRE(refusal());
  CHECK(refusal()->fault == SignatureFault::other_call);
  call.headers["webhook-id"] = "";
  CHECK(refusal()->fault == SignatureFault::other_call);
}

TEST_CASE("four signatures of Ed25519 are verified and a fifth is not", "[signing]") {
  const json file = vectors();
  const json& one = file["accepted"][1];
  Call call(one);
  const std::string right(call.header("webhook-signature"));
  REQUIRE(right.starts_with("v1a,"));
  const std::string wrong = "v1a," + std::string(86, 'A') + "== ";
  const auto refusal = [&] {
    return refuse_call(held(file, one), call.identity(), call.body, call.signature(), file["now_s"], seconds(300));
  };
  call.headers["webhook-signature"] = wrong + wrong + wrong + right;
  CHECK_FALSE(refusal());
  call.headers["webhook-signature"] = wrong + wrong + wrong + wrong + right;
  REQUIRE(refusal());
  CHECK(refusal()->fault == SignatureFault::malformed);
}

TEST_CASE("sixteen signatures are looked at and a seventeenth is not", "[signing]") {
  const json file = vectors();
  const json& one = file["accepted"][0];
  Call call(one);
  const std::string right(call.header("webhook-signature"));
  std::string others;
  for (std::size_t i = 1; i < most_signatures; ++i) others += "v1,AAAA ";
  const auto refusal = [&] {
    return refuse_call(held(file, one), call.identity(), call.body, call.signature(), file["now_s"], seconds(300));
  };
  call.headers["webhook-signature"] = others + right;
  CHECK_FALSE(refusal());
  call.headers["webhook-signature"] = others + "v1,AAAA " + right;
  REQUIRE(refusal());
  CHECK(refusal()->fault == SignatureFault::malformed);
}

TEST_CASE("a refused clock says by how much and in which direction", "[signing]") {
  const json file = vectors();
  const json& one = file["accepted"][0];
  const Call call(one);
  const std::int64_t now = file["now_s"];
  const auto at = [&](std::int64_t now_s) {
    return refuse_call(held(file, one), call.identity(), call.body, call.signature(), now_s, seconds(60));
  };
  CHECK_FALSE(at(now + 60));
  CHECK_FALSE(at(now - 60));
  REQUIRE(at(now + 61));
  CHECK(at(now + 61)->detail.find("61 s before") != std::string::npos);
  REQUIRE(at(now - 75));
  CHECK(at(now - 75)->detail.find("75 s after") != std::string::npos);
}

}  // namespace
}  // namespace escrow::protocol::signing
