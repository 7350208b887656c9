#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <escrow/error.hpp>
#include <escrow/outcome.hpp>

namespace escrow {

TEST_CASE("each outcome has its status", "[sdk][outcome]") {
  CHECK(Outcome::succeeded().to_http().status == 200);
  CHECK(Outcome::refused("x").to_http().status == 409);
  CHECK(Outcome::in_progress().to_http().status == 202);
  CHECK(Outcome::busy().to_http().status == 425);
  CHECK(Outcome::unavailable("x").to_http().status == 503);
}

TEST_CASE("success carries its output as it is, or no body at all", "[sdk][outcome]") {
  const auto with = Outcome::succeeded("{\"n\": 1.00}").to_http();
  CHECK(with.body == "{\"n\": 1.00}");
  CHECK(with.content_type == "application/json");
  const auto without = Outcome::succeeded().to_http();
  CHECK(without.body.empty());
  CHECK(without.content_type.empty());
}

TEST_CASE("a refusal is a problem document with the reason, whatever bytes it holds", "[sdk][outcome]") {
  const auto answer = Outcome::refused("out of \"stock\" \xff").to_http();
  CHECK(answer.content_type == "application/problem+json");
  const auto document = nlohmann::json::parse(answer.body);
  CHECK(document["status"] == 409);
  CHECK(document["code"] == "refused");
  CHECK_THAT(document["detail"].get<std::string>(), Catch::Matchers::StartsWith("out of \"stock\""));
}

TEST_CASE("only what is under way asks to be asked again later, and never after 0 seconds", "[sdk][outcome]") {
  CHECK(Outcome::in_progress(std::chrono::seconds(0)).to_http().retry_after == std::chrono::seconds(1));
  CHECK(Outcome::in_progress(std::chrono::seconds(7)).to_http().retry_after == std::chrono::seconds(7));
  CHECK(Outcome::busy("x", std::chrono::seconds(2)).to_http().retry_after == std::chrono::seconds(2));
  CHECK_FALSE(Outcome::busy().to_http().retry_after.has_value());
  CHECK_FALSE(Outcome::unavailable("x").to_http().retry_after.has_value());
}

TEST_CASE("only yes and no are definite", "[sdk][outcome]") {
  CHECK(Outcome::succeeded().is_definite());
  CHECK(Outcome::refused("x").is_definite());
  CHECK_FALSE(Outcome::in_progress().is_definite());
  CHECK_FALSE(Outcome::busy().is_definite());
  CHECK_FALSE(Outcome::unavailable("x").is_definite());
}

TEST_CASE("every error code of the SDK has its own words", "[sdk][outcome]") {
  for (int value = 1; value <= static_cast<int>(Errc::listen); ++value) {
    CHECK(sdk_category().message(value) != "unknown error");
  }
  CHECK(make_error(Errc::busy, "x").code == Errc::busy);
}

}  // namespace escrow
