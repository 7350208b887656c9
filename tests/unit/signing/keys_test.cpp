#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "protocol/signing/base64.hpp"
#include "protocol/signing/key_list.hpp"
#include "protocol/signing/signing_key.hpp"
#include "protocol/signing/verifying_key.hpp"

namespace escrow::protocol::signing {
namespace {

const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

TEST_CASE("base64 is that of RFC 4648, and nothing else is read", "[signing]") {
  const std::vector<std::pair<std::string, std::string>> known{
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : known) {
    CHECK(to_base64(bytes) == text);
    CHECK(from_base64(text) == bytes);
    CHECK(from_base64(text.substr(0, text.find('='))) == bytes);
  }
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(from_base64(to_base64(all)) == all);
  for (const std::string wrong :
       {"Z", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "====", "=", "Zm 9v", "Zm9v\n", "Zm-_", "Zm9v====", "Z=g="}) {
    INFO(wrong);
    CHECK_FALSE(from_base64(wrong));
  }
}

TEST_CASE("the example that Standard Webhooks publishes is signed as it is there", "[signing]") {
  const auto key = SigningKey::parse(secret);
  REQUIRE(key);
  CHECK(key->sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("the public key of RFC 8032 belongs to its seed", "[signing]") {
  const auto key = SigningKey::parse("whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
  REQUIRE(key);
  CHECK(key->verifying_text() == "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  CHECK_FALSE(key->is_symmetric());
  // Seed and public key in one, as other libraries write it.
  const auto both = SigningKey::parse("whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==");
  REQUIRE(both);
  CHECK(both->sign("call_1", 1, "x") == key->sign("call_1", 1, "x"));
}

TEST_CASE("a key that is none is refused without a word of it", "[signing]") {
  const std::vector<std::string> wrong{"",
                                       "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                       "whsec_",
                                       "whsec_c2hvcnQ=",
                                       "whsec_" + to_base64(std::string(23, 'x')),
                                       "whsec_" + to_base64(std::string(65, 'x')),
                                       "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
                                       "whsk_" + to_base64(std::string(31, 'x')),
                                       "whsk_" + to_base64(std::string(64, 'x')),
                                       "whpk_" + to_base64(std::string(33, 'x')),
                                       " " + secret};
  for (const auto& text : wrong) {
    INFO(text);
    const auto signs = SigningKey::parse(text);
    const auto verifies = VerifyingKey::parse(text);
    REQUIRE_FALSE(signs);
    REQUIRE_FALSE(verifies);
    const auto behind = text.substr(text.find('_') + 1);
    if (behind.size() > 4) {
      CHECK(signs.error().find(behind) == std::string::npos);
      CHECK(verifies.error().find(behind) == std::string::npos);
    }
  }
  // A private key has no business at a participant, and a public one signs nothing.
  CHECK(VerifyingKey::parse("whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").error().find("whpk_") != std::string::npos);
  CHECK(SigningKey::parse("whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").error().find("public") != std::string::npos);
}

TEST_CASE("a key file holds a key a line, and says which line is wrong but not what it holds", "[signing]") {
  const auto read = read_key_list("# the new one\n" + secret + "\r\n\n  whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= # until May\n");
  REQUIRE(read);
  CHECK(read->size() == 2);
  CHECK(read_key_list("").error() == "it holds no key");
  CHECK(read_key_list("# nothing\n\n").error() == "it holds no key");
  const auto broken = read_key_list(secret + "\nwhsec_tooshort\n");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().starts_with("line 2: "));
  CHECK(broken.error().find("tooshort") == std::string::npos);
}

}  // namespace
}  // namespace escrow::protocol::signing
