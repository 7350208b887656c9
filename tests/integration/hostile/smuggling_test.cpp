#include <catch2/catch.hpp>

#include "tests/integration/api/coordinator.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/raw_socket.hpp"

using namespace escrow::testing;

/// Messages of which two readers may see two different ends: what stands behind the end that an attacker means must never be taken for a
/// message of its own, neither from clients nor from participants.
namespace {

struct Attack {
  const char* name;
  std::string bytes;
};

/// What an attacker wants to be handled.
const std::string body = R"({"gid":"smuggled","mode":"saga","branches":[{"id":"a","action":"http://127.0.0.1:1/a"}]})";
const std::string smuggled = "POST /v1/transactions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body;

/// A request to a real route with these framing fields and this body, and the other request behind it.
std::string with(const std::string& fields, const std::string& content) {
  return "POST /v1/retry HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" + fields + "\r\n" + content + smuggled;
}

std::string get_with(const std::string& fields) { return "GET /v1/info HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + "\r\n" + smuggled; }

std::vector<Attack> attacks() {
  const std::string nul(1, '\0');
  const std::string length = "Content-Length: 4\r\n";
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::string no_chunks = "0\r\n\r\n";
  return {
      {"CL.TE", with("Content-Length: 5\r\n" + chunked, no_chunks)},
      {"TE.CL", with(chunked + "Content-Length: 5\r\n", no_chunks)},
      {"CL.TE with a length that swallows", with("Content-Length: 400\r\n" + chunked, no_chunks)},
      {"CL.0", with("Content-Length: 0\r\nContent-Length: 4\r\n", "abcd")},
      {"two equal lengths", with(length + length, "abcd")},
      {"two different lengths", with(length + "Content-Length: 0\r\n", "abcd")},
      {"a list of lengths", with("Content-Length: 4, 4\r\n", "abcd")},
      {"a list of different lengths", with("Content-Length: 4, 0\r\n", "abcd")},
      {"a signed length", with("Content-Length: +4\r\n", "abcd")},
      {"a negative length", with("Content-Length: -4\r\n", "abcd")},
      {"a hexadecimal length", with("Content-Length: 0x4\r\n", "abcd")},
      {"a length with a fraction", with("Content-Length: 4.0\r\n", "abcd")},
      {"a length with a space inside", with("Content-Length: 0 4\r\n", "abcd")},
      {"a length that overflows 64 bits", with("Content-Length: 18446744073709551620\r\n", "abcd")},
      {"a length of thirty digits", with("Content-Length: " + std::string(30, '9') + "\r\n", "abcd")},
      {"an empty length", with("Content-Length:\r\n", "abcd")},
      {"a length with a space before the colon", with("Content-Length : 4\r\n", "abcd")},
      {"a length with a tab before the colon", with("Content-Length\t: 4\r\n", "abcd")},
      {"a length with a NUL", with("Content-Length: 4" + nul + "\r\n", "abcd")},
      {"a name with a NUL", with("Content-Length" + nul + ": 4\r\n", "abcd")},
      {"a folded length", with("Content-Length:\r\n 4\r\n", "abcd")},
      {"a folded coding", with("Transfer-Encoding:\r\n chunked\r\n", no_chunks)},
      {"a coding behind a folded field", with("X: y\r\n Transfer-Encoding: chunked\r\n" + chunked, no_chunks)},
      {"a space before the colon of the coding", with("Transfer-Encoding : chunked\r\n", no_chunks)},
      {"an unknown coding", with("Transfer-Encoding: xchunked\r\n", no_chunks)},
      {"a coding in quotes", with("Transfer-Encoding: \"chunked\"\r\n", no_chunks)},
      {"chunked twice", with(chunked + chunked, no_chunks)},
      {"chunked and identity", with("Transfer-Encoding: chunked, identity\r\n", no_chunks)},
      {"identity and chunked in two fields", with("Transfer-Encoding: identity\r\n" + chunked, no_chunks)},
      {"gzip before chunked", with("Transfer-Encoding: gzip, chunked\r\n", no_chunks)},
      {"a vertical tab before chunked", with("Transfer-Encoding: \x0b"
                                             "chunked\r\n",
                                             no_chunks)},
      {"a CR in a field", with("X: y\rContent-Length: 4\r\n", "abcd")},
      {"an LF alone behind a field", with("X: y\nContent-Length: 4\r\n", "abcd")},
      {"an LF alone behind the coding", with("Transfer-Encoding: chunked\nX: y\r\n", no_chunks)},
      {"a field without a colon", with("Content-Length 4\r\n", "abcd")},
      {"an empty field name", with(": x\r\n" + length, "abcd")},
      {"a chunk of negative size", with(chunked, "-1\r\n" + no_chunks)},
      {"a chunk size with 0x", with(chunked, "0x0\r\n\r\n")},
      {"a chunk size that overflows 64 bits", with(chunked, "10000000000000000\r\n" + no_chunks)},
      {"a chunk size with a space", with(chunked, "0 \r\n\r\n")},
      {"a chunk size with an LF alone", with(chunked, "0\n\r\n")},
      {"an LF alone in a chunk extension", with(chunked, "0;a\nb\r\n\r\n")},
      {"a CR in a chunk extension", with(chunked, "0;a\rb\r\n\r\n")},
      {"a chunk longer than its size", with(chunked, "2\r\n{}}\r\n" + no_chunks)},
      {"an LF alone behind a chunk", with(chunked, "2\r\n{}\n" + no_chunks)},
      {"no chunk size", with(chunked, "\r\n" + no_chunks)},
      {"a folded trailer", with(chunked, "0\r\nX: y\r\n z\r\n\r\n")},
      {"an LF alone as the end of the trailers", with(chunked, "0\r\n\n")},
      {"chunked in HTTP/1.0 that is kept",
       "POST /v1/retry HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n" + chunked + "\r\n" + no_chunks + smuggled},
      {"two hosts", get_with("Host: other\r\n")},
      {"an absolute target and another host", "GET http://other/v1/info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + smuggled},
      {"no host", "GET /v1/info HTTP/1.1\r\n\r\n" + smuggled},
      {"a space in the target", "GET /v1/info x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + smuggled},
      {"a line break in the target", "GET /v1/info\r\nX: y HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + smuggled},
      {"HTTP/0.9", "GET /v1/info\r\n\r\n" + smuggled},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + smuggled},
      {"a space in front of the first field", "GET /v1/info HTTP/1.1\r\n Host: 127.0.0.1\r\n\r\n" + smuggled},
      {"NUL in the target", "GET /v1/info" + nul + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + smuggled},
  };
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

}  // namespace

TEST_CASE("J10 a request that can be read in two ways is the last on its connection", "[hostile][smuggling]") {
  Coordinator coordinator;
  for (const Attack& attack : attacks()) {
    // In one piece, and cut where a reader that is too fast has only seen half.
    for (const std::size_t cut : {std::string::npos, attack.bytes.find("\r\n\r\n") + 4}) {
      INFO(attack.name << (cut == std::string::npos ? "" : ", cut"));
      RawSocket socket = RawSocket::connect(coordinator.port());
      socket.send(attack.bytes.substr(0, cut));
      if (cut < attack.bytes.size()) socket.send(attack.bytes.substr(cut));
      const std::string answer = socket.receive_all();
      // A size above every limit is too large before it is malformed.
      CHECK(parse_http(answer).status == (attack.name == std::string_view("a chunk size that overflows 64 bits") ? 413 : 400));
      CHECK(count(answer, "HTTP/1.1 ") == 1);
      CHECK(parse_http(answer).header("Connection") == "close");
    }
  }
  CHECK(coordinator.transactions() == 0);
  // It would have been started had it been seen: the follow-up is a good request.
  RawSocket honest = RawSocket::connect(coordinator.port());
  honest.send(get_with("Content-Length: 0\r\n"));
  CHECK(parse_http(honest.receive_message()).status == 200);
  CHECK(parse_http(honest.receive_message()).status == 201);
  CHECK(coordinator.transactions() == 1);
}

TEST_CASE("J10 requests that follow each other on one connection are handled once each", "[hostile][smuggling]") {
  Coordinator coordinator;
  const auto start = [](const std::string& gid) {
    const std::string text = R"({"gid":")" + gid + R"(","mode":"saga","interactive":true})";
    return "POST /v1/transactions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(text.size()) + "\r\n\r\n" + text;
  };
  const std::string all = start("one") + start("two") + "GET /v1/transactions/one HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + start("three");
  for (const std::size_t piece : {all.size(), std::size_t{97}, std::size_t{1}}) {
    RawSocket socket = RawSocket::connect(coordinator.port());
    for (std::size_t at = 0; at < all.size(); at += piece) socket.send(std::string_view(all).substr(at, piece));
    const bool is_first = piece == all.size();
    for (const int status : {is_first ? 201 : 200, is_first ? 201 : 200, 200, is_first ? 201 : 200}) {
      CHECK(parse_http(socket.receive_message()).status == status);
    }
    socket.close_write();
    CHECK(socket.receive_all().empty());
  }
  CHECK(coordinator.transactions() == 3);
}

TEST_CASE("F03 an answer that can be read in two ways is unknown and the last on its connection", "[hostile][smuggling]") {
  const std::string nul(1, '\0');
  const std::string next = "HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n";  // for whoever takes it for the next answer
  const std::vector<Attack> answers{
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 2\r\n\r\nok" + next},
      {"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next},
      {"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next},
      {"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + next},
      {"longer than announced", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + next},
      {"shorter than announced", "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nok"},
      {"a bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + next},
      {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"},
      {"a folded length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n 0\r\n\r\n" + next},
      {"an LF alone", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n" + next},
      {"a NUL", "HTTP/1.1 200 OK\r\nX: " + nul + "\r\nContent-Length: 0\r\n\r\n" + next},
      {"a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n" + next},
      {"a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n" + next},
      {"no HTTP", "ICY 200 OK\r\n\r\n" + next},
  };
  Coordinator coordinator;
  const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  for (const Attack& attack : answers) {
    INFO(attack.name);
    RawServer participant([&](RawSocket& connection, int number) {
      if (connection.receive_message().empty()) return;
      connection.send(number == 0 ? attack.bytes : good);
    });
    static int number = 0;
    const json ended =
        coordinator.run({{"gid", "g" + std::to_string(++number)},
                         {"mode", "saga"},
                         {"retry", quick_retry()},
                         {"branches", {{{"id", "a"}, {"action", participant.url("/a")}, {"compensate", participant.url("/c")}}}}});
    CHECK(ended.at("status") == "committed");
    CHECK(participant.connections() == 2);
    const json events = coordinator.get("/v1/transactions/g" + std::to_string(number) + "/events").at("events");
    const auto failed = std::find_if(events.begin(), events.end(), [](const json& event) { return event.at("type") == "attempt_failed"; });
    REQUIRE(failed != events.end());
    CHECK(failed->at("detail").get<std::string>().starts_with("broken_answer: "));
  }
}
