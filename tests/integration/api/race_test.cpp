#include <catch2/catch.hpp>

#include <algorithm>
#include <future>

#include "tests/integration/api/coordinator.hpp"
#include "tests/support/raw_socket.hpp"

using namespace escrow::testing;

/// Requests that meet: whatever their order, all answers agree with one another and with the log.
namespace {

/// Sends all at once, each on a connection of its own.
std::vector<HttpMessage> send_together(const Coordinator& coordinator, const std::vector<std::pair<std::string, std::string>>& posts) {
  std::vector<std::future<HttpMessage>> sending;
  for (const auto& [target, body] : posts) {
    sending.push_back(std::async(
        std::launch::async, [port = coordinator.port(), target = target, body = body] { return send_http(port, "POST", target, body); }));
  }
  std::vector<HttpMessage> answers;
  for (auto& one : sending) answers.push_back(one.get());
  return answers;
}

std::ptrdiff_t with_status(const std::vector<HttpMessage>& answers, int status) {
  return std::ranges::count(answers, status, &HttpMessage::status);
}

}  // namespace

TEST_CASE("D01 equal starts at once are one transaction, told once as new", "[api][race]") {
  Coordinator coordinator;
  FakeParticipant service;
  for (int round = 0; round < 10; ++round) {
    const json body{{"gid", "g" + std::to_string(round)}, {"mode", "saga"}, {"branches", {{{"id", "a"}, {"action", service.url("/a")}}}}};
    const auto answers = send_together(coordinator, std::vector(6, std::pair(std::string("/v1/transactions?wait_ms=10000"), body.dump())));
    CHECK(with_status(answers, 201) == 1);
    CHECK(with_status(answers, 200) == 5);
    for (const auto& answer : answers) CHECK(json::parse(answer.body).at("status") == "committed");
  }
  CHECK(service.calls("/a").size() == 10);
}

TEST_CASE("D02 different starts of one gid at once leave one winner", "[api][race][one-life]") {
  Coordinator coordinator;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::pair<std::string, std::string>> posts;
    for (int i = 0; i < 4; ++i) {
      posts.emplace_back(
          "/v1/transactions",
          json{{"gid", "g" + std::to_string(round)}, {"mode", "tcc"}, {"interactive", true}, {"name", std::to_string(i)}}.dump());
    }
    const auto answers = send_together(coordinator, posts);
    CHECK(with_status(answers, 201) == 1);
    CHECK(with_status(answers, 409) == 3);
    const auto winner = std::ranges::find(answers, 201, &HttpMessage::status);
    CHECK(coordinator.get("/v1/transactions/g" + std::to_string(round)).at("name") == json::parse(winner->body).at("name"));
  }
}

TEST_CASE("D09 commit and abort at once leave one decision that both answers agree with", "[api][race][one-life]") {
  Coordinator coordinator;
  FakeParticipant service;
  for (int round = 0; round < 15; ++round) {
    const std::string gid = "g" + std::to_string(round);
    const json branch{{"id", "a"}, {"confirm", service.url("/" + gid + "/confirm")}, {"cancel", service.url("/" + gid + "/cancel")}};
    coordinator.post("/v1/transactions", {{"gid", gid}, {"mode", "tcc"}, {"interactive", true}, {"branches", {branch}}}, 201);
    const std::string path = "/v1/transactions/" + gid;
    const auto answers =
        send_together(coordinator, {{path + "/commit", ""}, {path + "/abort", ""}, {path + "/commit", ""}, {path + "/abort", ""}});
    const json end = coordinator.finished(gid);
    const bool committed = end.at("status") == "committed";
    for (std::size_t i = 0; i < answers.size(); ++i) CHECK(answers[i].status == ((i % 2 == 0) == committed ? 200 : 409));
    CHECK(service.calls("/" + gid + "/confirm").size() == (committed ? 1 : 0));
    CHECK(service.calls("/" + gid + "/cancel").size() == (committed ? 0 : 1));
  }
}

TEST_CASE("D12 a registration that races the decision is part of it or refused", "[api][race][one-life]") {
  Coordinator coordinator;
  FakeParticipant service;
  for (int round = 0; round < 15; ++round) {
    const std::string gid = "g" + std::to_string(round);
    const std::string path = "/v1/transactions/" + gid;
    coordinator.post("/v1/transactions", {{"gid", gid}, {"mode", "tcc"}, {"interactive", true}}, 201);
    const json branch{{"id", "a"}, {"confirm", service.url("/confirm")}, {"cancel", service.url("/" + gid + "/cancel")}};
    const auto answers = send_together(coordinator, {{path + "/branches", branch.dump()}, {path + "/abort", ""}});
    CHECK(answers[1].status == 200);
    const json end = coordinator.finished(gid);
    const bool registered = answers[0].status == 201;
    CHECK((registered || answers[0].status == 409));
    CHECK(end.at("branches").size() == (registered ? 1 : 0));
    CHECK(service.calls("/" + gid + "/cancel").size() == (registered ? 1 : 0));
  }
}

TEST_CASE("a caller that hangs up while it waits changes nothing", "[api][race][one-life]") {
  Coordinator coordinator;
  FakeParticipant service;
  Gate gate;
  service.on("/a", [&](const HttpMessage&, int) {
    gate.wait();
    return ParticipantAnswer();
  });
  const std::string body =
      json{{"gid", "g"}, {"mode", "saga"}, {"request_timeout_ms", 9'000}, {"branches", {{{"id", "a"}, {"action", service.url("/a")}}}}}
          .dump();
  {
    const RawSocket socket = RawSocket::connect(coordinator.port());
    socket.send("POST /v1/transactions?wait_ms=60000 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    REQUIRE(service.wait_for_calls("/a", 1));
    socket.reset_on_close();
  }
  gate.open();
  CHECK(coordinator.finished("g").at("status") == "committed");
  CHECK(service.calls("/a").size() == 1);
}
