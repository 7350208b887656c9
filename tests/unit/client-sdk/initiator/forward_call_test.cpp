#include "client-sdk/src/initiator/forward_call.hpp"

#include <catch2/catch.hpp>

using namespace escrow;

namespace {

ForwardCall a_call() {
  return {"g", "b", protocol::OperationName::try_, "http://h/", {}, {}, {}, std::chrono::milliseconds(1), {}, Context("g", "", "")};
}

http::Answer answer(unsigned status, http::Headers headers = {}, std::string body = {}) {
  return {status, std::move(headers), std::move(body)};
}

}  // namespace

TEST_CASE("an answer to a forward call means what the protocol says", "[sdk][forward]") {
  const auto call = a_call();
  using enum ForwardMeaning;
  for (const unsigned status : {200U, 201U, 204U, 206U}) CHECK(classify(call, answer(status)) == succeeded);
  for (const unsigned status : {409U, 422U}) CHECK(classify(call, answer(status)) == refused);
  for (const unsigned status : {202U, 425U, 429U}) CHECK(classify(call, answer(status)) == postponed);
  for (const unsigned status : {301U, 302U, 400U, 401U, 403U, 404U, 410U, 418U, 500U, 502U, 503U, 504U})
    CHECK(classify(call, answer(status)) == unknown);
  CHECK(classify(call, answer(503, {{"retry-after", "1"}})) == postponed);
}

TEST_CASE("the status decides and never the words in the body", "[sdk][forward]") {
  CHECK(classify(a_call(), answer(200, {}, "FAILURE")) == ForwardMeaning::succeeded);
  CHECK(classify(a_call(), answer(500, {}, "SUCCESS")) == ForwardMeaning::unknown);
}

TEST_CASE("a success that somebody else sent is unknown", "[sdk][forward]") {
  CHECK(classify(a_call(), answer(200, {{"Content-Type", "Text/HTML; charset=utf-8"}})) == ForwardMeaning::unknown);
  CHECK(classify(a_call(), answer(200, {{"escrow-gid", "g2"}})) == ForwardMeaning::unknown);
  CHECK(classify(a_call(), answer(200, {{"Escrow-Branch", "c"}})) == ForwardMeaning::unknown);
  CHECK(classify(a_call(), answer(200, {{"Escrow-Operation", "cancel"}})) == ForwardMeaning::unknown);
  CHECK(classify(a_call(), answer(200, {{"Escrow-Gid", "g"}, {"Escrow-Branch", "b"}, {"Escrow-Operation", "try"}})) ==
        ForwardMeaning::succeeded);
  CHECK(classify(a_call(), answer(200, {}, std::string((std::size_t{1} << 20U) + 1, 'x'))) == ForwardMeaning::unknown);
}
