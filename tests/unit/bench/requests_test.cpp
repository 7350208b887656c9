#include "bench/load/requests.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace {

using namespace escrow::bench;
using Json = nlohmann::json;

Options options(Dialect dialect, Scenario scenario) {
  Options made;
  made.dialect = dialect;
  made.scenario = scenario;
  made.coordinator = loopback_address("127.0.0.1:1");
  made.participants = {loopback_address("127.0.0.1:2"), loopback_address("127.0.0.1:3")};
  made.payload_bytes = 20;
  return made;
}

Json body(const std::string& request) { return Json::parse(request.substr(request.find("\r\n\r\n") + 4)); }

Ending ending(const Requests& requests, const std::string& answer) {
  MessageReader reader;
  answer.copy(reader.prepare(answer.size()), answer.size());
  reader.commit(answer.size());
  Message message;
  REQUIRE(reader.next(message));
  return requests.ending(message);
}

std::string answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("a saga has the same branches and payloads in either protocol", "[bench]") {
  const Options native = options(Dialect::native, Scenario::saga), dtm = options(Dialect::dtm, Scenario::saga);
  const Json ours = body(requests_for(native)->start("g-1", true)), theirs = body(requests_for(dtm)->start("g-1", true));
  CHECK(theirs.at("gid") == ours.at("gid"));
  CHECK(theirs.at("wait_result") == true);
  REQUIRE(theirs.at("steps").size() == ours.at("branches").size());
  for (std::size_t i = 0; i < ours.at("branches").size(); ++i) {
    CHECK(theirs.at("steps").at(i).at("action") == ours.at("branches").at(i).at("action"));
    CHECK(theirs.at("steps").at(i).at("compensate") == ours.at("branches").at(i).at("compensate"));
    CHECK(Json::parse(theirs.at("payloads").at(i).get<std::string>()) == ours.at("branches").at(i).at("payload"));
  }
}

TEST_CASE("a registration has the same operations and payload in either protocol", "[bench]") {
  const Options native = options(Dialect::native, Scenario::tcc), dtm = options(Dialect::dtm, Scenario::tcc);
  const Json ours = body(requests_for(native)->registration("g-1", 1)), theirs = body(requests_for(dtm)->registration("g-1", 1));
  CHECK(theirs.at("branch_id") == "02");
  CHECK(theirs.at("confirm") == ours.at("confirm"));
  CHECK(theirs.at("cancel") == ours.at("cancel"));
  CHECK(Json::parse(theirs.at("data").get<std::string>()) == ours.at("payload"));
}

TEST_CASE("only an answer that says so is a commit", "[bench]") {
  const Options native = options(Dialect::native, Scenario::saga), dtm = options(Dialect::dtm, Scenario::saga);
  const auto ours = requests_for(native), theirs = requests_for(dtm);
  CHECK(ending(*ours, answer(200, R"({"status":"committed"})")) == Ending::committed);
  CHECK(ending(*ours, answer(200, R"({"status":"active"})")) == Ending::wrong);
  CHECK(ending(*theirs, answer(200, R"({"dtm_result":"SUCCESS"})")) == Ending::committed);
  CHECK(ending(*theirs, answer(200, R"({"dtm_result":"ONGOING"})")) == Ending::wrong);
  CHECK(ending(*theirs, answer(409, R"({"dtm_result":"FAILURE"})")) == Ending::aborted);
}

TEST_CASE("the same work exists in dtm only for sagas and TCC", "[bench]") {
  const Options message = options(Dialect::dtm, Scenario::message);
  CHECK_THROWS_AS(requests_for(message), std::invalid_argument);
}
