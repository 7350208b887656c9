#include "coordinator/transport/message_writer.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace escrow::transport;
using namespace std::chrono_literals;

namespace {

OutboundCall call_to(const std::string& url) { return OutboundCall(*escrow::protocol::Url::parse(url)); }

}  // namespace

TEST_CASE("the head of an answer says how its body ends", "[transport][writer]") {
  Response response(201);
  response.headers.add("Location", "/v1/transactions/a");
  response.body = "{}";
  std::string head;
  REQUIRE(write_answer_head(head, response, AnswerFraming::content_length, true, 11, "D"));
  CHECK(head == "HTTP/1.1 201 Created\r\nDate: D\r\nLocation: /v1/transactions/a\r\nContent-Length: 2\r\n\r\n");
  REQUIRE(write_answer_head(head, response, AnswerFraming::chunked, false, 11, "D"));
  CHECK(head ==
        "HTTP/1.1 201 Created\r\nDate: D\r\nLocation: /v1/transactions/a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  REQUIRE(write_answer_head(head, Response(204), AnswerFraming::content_length, true, 10, "D"));
  CHECK(head == "HTTP/1.1 204 No Content\r\nDate: D\r\nConnection: keep-alive\r\n\r\n");
}

TEST_CASE("an answer cannot smuggle lines or framing", "[transport][writer]") {
  std::string head;
  for (const char* value : {"a\r\nX: y", "a\nb", "a\rb", "a\x01", "a\x7f"}) {
    Response response(200);
    response.headers.add("X-A", value);
    CHECK_FALSE(write_answer_head(head, response, AnswerFraming::content_length, true, 11, "D"));
  }
  for (const char* name : {"Content-Length", "transfer-encoding", "Connection", "Date", "", "A B", "A:", "A\r\n"}) {
    CAPTURE(name);
    Response response(200);
    response.headers.add(name, "1");
    CHECK_FALSE(write_answer_head(head, response, AnswerFraming::content_length, true, 11, "D"));
  }
  for (const int status : {0, 100, 199, 600, -1}) {
    CHECK_FALSE(write_answer_head(head, Response(status), AnswerFraming::content_length, true, 11, "D"));
  }
}

TEST_CASE("the head of a call carries host and length", "[transport][writer]") {
  std::string head;
  OutboundCall with_body = call_to("http://h:81/a?b");
  with_body.header("Escrow-Gid", "g").body(std::string("{}"));
  REQUIRE(write_request_head(head, with_body));
  CHECK(head == "POST /a?b HTTP/1.1\r\nHost: h:81\r\nEscrow-Gid: g\r\nContent-Length: 2\r\n\r\n");
  REQUIRE(write_request_head(head, call_to("http://h/")));
  CHECK(head == "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  OutboundCall get = call_to("http://h/");
  get.method("GET");
  REQUIRE(write_request_head(head, get));
  CHECK(head == "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST_CASE("a call cannot smuggle lines or framing", "[transport][writer]") {
  std::string head;
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "Connection", "X Y", "X\r\nY", ""}) {
    CAPTURE(name);
    OutboundCall call = call_to("http://h/");
    call.header(name, "1");
    CHECK_FALSE(write_request_head(head, call));
  }
  OutboundCall value = call_to("http://h/");
  value.header("X", "a\r\nY: b");
  CHECK_FALSE(write_request_head(head, value));
  OutboundCall method = call_to("http://h/");
  method.method("GET / HTTP/1.1\r\n");
  CHECK_FALSE(write_request_head(head, method));
}

TEST_CASE("the date is the one of RFC 9110", "[transport][writer]") {
  DateHeader date;
  const std::chrono::system_clock::time_point at{784111777s};
  CHECK(date.text(at) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(date.text(at + 999ms) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(date.text(at + 1s) == "Sun, 06 Nov 1994 08:49:38 GMT");
}
