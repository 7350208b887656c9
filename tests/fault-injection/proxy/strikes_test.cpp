#include <catch2/catch.hpp>

#include <algorithm>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/fault-injection/proxy/lane.hpp"

/// Each rule is seen to do what it says to one exchange.
namespace {

using namespace escrow::testing;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

}  // namespace

TEST_CASE("a request is reset before any byte, in its middle, or behind its end", "[fault-proxy]") {
  SECTION("before any byte nothing arrives") {
    Lane lane(rule("reset_request: 0"));
    CHECK(asked(lane).was_reset);
    CHECK(lane.connections() == 0);
  }
  SECTION("in its middle a part of it arrives") {
    std::promise<std::string> heard;
    RawServer server([&](RawSocket& connection, int) { heard.set_value(connection.receive_all()); });
    TemporaryDirectory directory;
    ProxyProcess proxy(
        FAULT_PROXY, directory.path(),
        "links: [{name: x, to: \"127.0.0.1:" + std::to_string(server.port()) + "\"}]\nrules: [" + rule("close_request: 40") + "]");
    RawSocket client = RawSocket::connect(proxy.port("x"));
    client.send(request());
    CHECK(read_to_end(client).bytes.empty());
    CHECK(heard.get_future().get() == request().substr(0, 40));
    CHECK(proxy.wait_for({{"event", "ended"}, {"note", "the request is cut"}}));
  }
  SECTION("behind its head") {
    Lane lane(rule("reset_request: head"));
    CHECK(asked(lane).was_reset);
    // If the server had time to read it.
    for (const std::string& part : lane.received()) CHECK(request().starts_with(part));
    CHECK(lane.received() != std::vector<std::string>{request()});
  }
  SECTION("behind its end all of it arrives") {
    Lane lane(rule("reset_request: all"));
    CHECK(asked(lane).was_reset);
    CHECK(lane.wait_for(1));
    CHECK(lane.received().at(0) == request());
    CHECK(lane.proxy().wait_for({{"event", "response"}, {"status", 200}}));
  }
}

TEST_CASE("a lost request never arrives and a lost answer does not either", "[fault-proxy]") {
  SECTION("request") {
    Lane lane(rule("lose_request: true"));
    RawSocket client = lane.connect();
    client.send(request());
    CHECK(lane.proxy().wait_for({{"event", "ended"}, {"note", "the request is lost"}}));
    CHECK(read_up_to(client, 1, std::chrono::milliseconds(50)).bytes.empty());
    CHECK(lane.connections() == 0);
  }
  SECTION("answer") {
    Lane lane(rule("lose_response: true"));
    RawSocket client = lane.connect();
    client.send(request());
    CHECK(lane.proxy().wait_for({{"event", "ended"}, {"note", "the answer is lost"}, {"status", 200}}));
    const Seen seen = read_up_to(client, 1, std::chrono::milliseconds(50));
    CHECK(seen.bytes.empty());
    CHECK_FALSE(seen.was_closed);
    CHECK(lane.received().size() == 1);
  }
}

TEST_CASE("an answer is cut after so many bytes, and the connection reset, closed, half closed or left silent", "[fault-proxy]") {
  SECTION("reset behind the head") {
    Lane lane(rule("reset_response: head"));
    const Seen seen = asked(lane);
    CHECK(answer.starts_with(seen.bytes));
    CHECK(seen.was_reset);
  }
  SECTION("closed after twenty bytes") {
    Lane lane(rule("close_response: 20"));
    const Seen seen = asked(lane);
    CHECK(seen.bytes == answer.substr(0, 20));
    CHECK(seen.was_closed);
  }
  SECTION("closed before the first") {
    Lane lane(rule("close_response: 0"));
    const Seen seen = asked(lane);
    CHECK(seen.bytes.empty());
    CHECK(seen.was_closed);
    CHECK(lane.wait_for(1));
  }
  SECTION("silent after twenty bytes") {
    Lane lane(rule("stall_response: 20"));
    RawSocket client = lane.connect();
    client.send(request());
    CHECK(read_up_to(client, 20).bytes == answer.substr(0, 20));
    const Seen seen = read_up_to(client, 1, std::chrono::milliseconds(50));
    CHECK(seen.bytes.empty());
    CHECK_FALSE(seen.was_closed);
  }
  SECTION("half closed after twenty bytes") {
    Lane lane(rule("half_close_response: 20"));
    RawSocket client = lane.connect();
    client.send(request());
    const Seen seen = read_to_end(client);
    CHECK(seen.bytes == answer.substr(0, 20));
    CHECK(seen.was_closed);
    // Our side still goes.
    CHECK(client.send("more"));
  }
  SECTION("closed behind the whole answer") {
    Lane lane(rule("close_response: all"));
    RawSocket client = lane.connect();
    client.send(request());
    const Seen seen = read_to_end(client);
    CHECK(seen.bytes == answer);
    CHECK(seen.was_closed);
  }
}

TEST_CASE("a request that is half closed reaches a server that reads to the end", "[fault-proxy]") {
  RawServer server([](RawSocket& connection, int) {
    const std::string heard = connection.receive_all();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + std::to_string(heard.size()));
  });
  TemporaryDirectory directory;
  ProxyProcess proxy(
      FAULT_PROXY, directory.path(),
      "links: [{name: x, to: \"127.0.0.1:" + std::to_string(server.port()) + "\"}]\nrules: [" + rule("half_close_request: 100") + "]");
  RawSocket client = RawSocket::connect(proxy.port("x"));
  client.send(request());
  CHECK(client.receive_message().ends_with("100"));
}

TEST_CASE("a stalled request leaves the server with half of it", "[fault-proxy]") {
  Lane lane(rule("stall_request: 30"));
  RawSocket client = lane.connect();
  client.send(request());
  CHECK(lane.proxy().wait_for({{"event", "ended"}, {"note", "the request is cut"}}));
  CHECK(read_up_to(client, 1, std::chrono::milliseconds(50)).bytes.empty());
  CHECK(lane.connections() == 1);
  CHECK(lane.received().empty());
}

TEST_CASE("requests and answers are delayed by at least as long as the rule says", "[fault-proxy]") {
  for (const std::string action : {"delay: 150", "delay_response: 150", "delay: {least_ms: 150, most_ms: 160}"}) {
    INFO(action);
    Lane lane(rule(action));
    const auto begin = Clock::now();
    CHECK(asked(lane).bytes == answer);
    CHECK(Clock::now() - begin >= std::chrono::milliseconds(150));
  }
}

TEST_CASE("an answer drips, or comes with so many bytes a second", "[fault-proxy]") {
  for (const std::string action : {"pace_response: {bytes: 10, every_ms: 20}", "bandwidth_response: 500",
                                   "pace_request: {bytes: 10, every_ms: 20}", "bandwidth_request: 500"}) {
    INFO(action);
    Lane lane(rule(action));
    const auto begin = Clock::now();
    CHECK(asked(lane).bytes == answer);
    // About 85 bytes, 10 every 20 ms.
    CHECK(Clock::now() - begin >= std::chrono::milliseconds(150));
  }
}

TEST_CASE("copies of a request arrive at once, later, and behind an event", "[fault-proxy]") {
  SECTION("at once") {
    Lane lane(rule("duplicate: {copies: 2}"));
    CHECK(asked(lane).bytes == answer);
    CHECK(lane.wait_for(3));
    CHECK(lane.received() == std::vector<std::string>(3, request()));
  }
  SECTION("later") {
    Lane lane(rule("duplicate: {after_ms: 100}"));
    const auto begin = Clock::now();
    CHECK(asked(lane).bytes == answer);
    CHECK(lane.wait_for(2));
    CHECK(Clock::now() - begin >= std::chrono::milliseconds(100));
  }
  SECTION("behind an event") {
    Lane lane("{match: {operation: try}, do: {duplicate: {hold_until: {event: response, operation: cancel}}}}");
    CHECK(asked(lane).bytes == answer);
    CHECK(asked(lane, request("cancel")).bytes == answer);
    CHECK(lane.wait_for(3));
    CHECK(lane.received() == std::vector<std::string>{request(), request("cancel"), request()});
  }
}

TEST_CASE("a request is held until another one was answered, even when its client has given up", "[fault-proxy]") {
  Lane lane("{match: {operation: try}, times: 1, do: {hold_until: {event: response, operation: cancel}}}");
  RawSocket held = lane.connect();
  held.send(request());
  CHECK(lane.proxy().wait_for({{"event", "request"}, {"operation", "try"}}));
  SECTION("whoever waits gets the answer") {
    CHECK(asked(lane, request("cancel", 1, "other")).bytes == answer);
    CHECK(read_up_to(held, 1, std::chrono::milliseconds(50)).bytes.empty());
    CHECK(asked(lane, request("cancel")).bytes == answer);
    CHECK(read_up_to(held, answer.size()).bytes == answer);
    CHECK(lane.received() == std::vector<std::string>{request("cancel", 1, "other"), request("cancel"), request()});
  }
  SECTION("who has given up changes nothing") {
    held.close();
    CHECK(asked(lane, request("cancel")).bytes == answer);
    CHECK(lane.wait_for(2));
    CHECK(lane.received().back() == request());
  }
}

TEST_CASE("an answer is held until a signal, and goes on after its patience without one", "[fault-proxy]") {
  Lane lane(
      "{match: {gid: g}, do: {hold_response_until: {signal: go}}}\n  - {match: {gid: h}, do: {hold_until: {signal: never, patience_ms: "
      "50}}}");
  RawSocket held = lane.connect();
  held.send(request());
  CHECK(lane.proxy().wait_for({{"event", "response"}}));
  CHECK(read_up_to(held, 1, std::chrono::milliseconds(50)).bytes.empty());
  lane.proxy().command("POST", "/signals/go");
  CHECK(read_up_to(held, answer.size()).bytes == answer);
  CHECK(asked(lane, request("try", 1, "h")).bytes == answer);
}

TEST_CASE("a request goes behind the next one on its link", "[fault-proxy]") {
  Lane lane("{match: {attempt: 1}, do: {reorder: 5000}}");
  RawSocket first = lane.connect();
  first.send(request("try", 1));
  CHECK(lane.proxy().wait_for({{"event", "request"}, {"attempt", 1}}));
  CHECK(asked(lane, request("try", 2)).bytes == answer);
  CHECK(read_up_to(first, answer.size()).bytes == answer);
  // The order in which they left: they go by two connections, which nobody has to read in that order.
  std::vector<int> attempts;
  for (const json& entry : lane.proxy().history()) {
    if (entry["event"] == "forwarded") attempts.push_back(entry["attempt"]);
  }
  CHECK(attempts == std::vector<int>{2, 1});
  std::vector<std::string> received = lane.received();
  std::ranges::sort(received);
  CHECK(received == std::vector<std::string>{request("try", 1), request("try", 2)});
}

TEST_CASE("bytes are garbled where the rule says, the same ones for the same seed", "[fault-proxy]") {
  std::string first;
  for (int i = 0; i < 2; ++i) {
    Lane lane(rule("garble_response: {at: head, bytes: 3}"));
    const std::string bytes = asked(lane).bytes;
    REQUIRE(bytes.size() == answer.size());
    const std::size_t head = answer.size() - body.size();
    CHECK(bytes.substr(0, head) == answer.substr(0, head));
    for (std::size_t at = head; at < head + 3; ++at) CHECK(bytes[at] != answer[at]);
    CHECK(bytes.substr(head + 3) == answer.substr(head + 3));
    if (i == 0) first = bytes;
    CHECK(bytes == first);
  }
  Lane lane(rule("garble_request: {at: 6, bytes: 1}"));
  (void)asked(lane);
  CHECK(lane.wait_for(1));
  CHECK(lane.received().at(0).substr(0, 6) == request().substr(0, 6));
  CHECK(lane.received().at(0)[6] != request()[6]);
}

TEST_CASE("the proxy answers itself, redirects, or replaces an answer that came", "[fault-proxy]") {
  SECTION("itself") {
    Lane lane("{do: {answer: {status: 503, reason: Busy, headers: {Retry-After: \"3\"}, body: later}}}");
    CHECK(asked(lane).bytes == "HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 5\r\n\r\nlater");
    CHECK(lane.connections() == 0);
  }
  SECTION("redirect") {
    Lane lane("{do: {redirect: {to: \"http://127.0.0.1:1/x\", status: 308}}}");
    CHECK(asked(lane).bytes == "HTTP/1.1 308 Said\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n");
  }
  SECTION("replaced, on a connection that is kept") {
    Lane lane("{times: 1, do: {replace_response: {status: 502, body: \"<html>\", headers: {Content-Type: text/html}}}}");
    RawSocket client = lane.connect();
    client.send(request());
    CHECK(client.receive_message().starts_with("HTTP/1.1 502"));
    client.send(request("try", 2));
    CHECK(client.receive_message() == answer);
    CHECK(lane.received().size() == 2);
  }
  SECTION("raw bytes") {
    Lane lane("{do: {replace_response: {raw: \"HTTP/1.1 banana\\r\\n\\r\\n\"}}}");
    const Seen seen = asked(lane);
    CHECK(seen.bytes == "HTTP/1.1 banana\r\n\r\n");
    CHECK(seen.was_closed);
    CHECK(lane.received().size() == 1);
  }
}

TEST_CASE("an answer announces a length that it does not have", "[fault-proxy]") {
  for (const int off : {-3, 4}) {
    Lane lane(rule("length_off_by: " + std::to_string(off)));
    const std::string bytes = asked(lane).bytes;
    CHECK_THAT(bytes, Catch::Contains("Content-Length: " + std::to_string(13 + off) + "\r\n"));
    CHECK(bytes.ends_with(body));
  }
}

TEST_CASE("clogged requests or answers arrive when the rule is gone", "[fault-proxy]") {
  for (const std::string side : {"requests", "responses", "both"}) {
    INFO(side);
    Lane lane("{name: clog, do: {clog: " + side + "}}");
    RawSocket client = lane.connect();
    client.send(request());
    CHECK(lane.proxy().wait_for({{"event", side == "responses" ? "response" : "request"}}));
    CHECK(read_up_to(client, 1, std::chrono::milliseconds(50)).bytes.empty());
    CHECK(lane.received().size() == (side == "responses" ? 1 : 0));
    lane.proxy().command("DELETE", "/rules/clog");
    CHECK(read_up_to(client, answer.size()).bytes == answer);
  }
}
