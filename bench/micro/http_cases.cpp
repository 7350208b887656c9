#include <fmt/format.h>

#include "bench/micro/cases.hpp"
#include "bench/micro/saga.hpp"
#include "coordinator/transport/message_parser.hpp"
#include "coordinator/transport/message_writer.hpp"

namespace escrow::bench::micro {
namespace {

constexpr const char* date = "Sun, 06 Nov 1994 08:49:37 GMT";

}  // namespace

void http_request(std::size_t times) {
  const std::string body = start_body(0);
  const std::string bytes = fmt::format(
      "POST /v1/transactions?wait_ms=30000 HTTP/1.1\r\nHost: 127.0.0.1:7400\r\nContent-Type: application/json\r\nContent-Length: "
      "{}\r\n\r\n{}",
      body.size(), body);
  transport::RequestParser parser({});
  transport::Response response;
  response.status = 201;
  response.headers.add("Content-Type", "application/json");
  response.body = body;
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    parser.restart();
    std::string_view left = bytes;
    while (!left.empty()) {
      const std::size_t taken = parser.feed(left);
      require(taken > 0, "the request is not parsed");
      left.remove_prefix(taken);
    }
    require(parser.state() == transport::ParseState::complete, "the request is not complete");
    out.clear();
    require(transport::write_answer_head(out, response, transport::AnswerFraming::content_length, true, 11, date), "no answer's head");
  }
}

void http_call(std::size_t times) {
  transport::OutboundCall call(*protocol::Url::parse("http://127.0.0.1:9000/reserve"));
  call.header("Content-Type", "application/json");
  for (const auto* header : {"Escrow-Gid", "Escrow-Branch", "Escrow-Operation", "Escrow-Attempt", "Escrow-Phase", "Idempotency-Key"})
    call.header(header, "019f0000-0000-7000-8000-000000000000");
  call.body(std::string(200, 'x'));
  const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";
  transport::AnswerParser parser({});
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    out.clear();
    require(transport::write_request_head(out, call), "no request's head");
    parser.restart(false);
    std::string_view left = bytes;
    while (!left.empty()) {
      const std::size_t taken = parser.feed(left);
      require(taken > 0, "the answer is not parsed");
      left.remove_prefix(taken);
    }
    require(parser.state() == transport::ParseState::complete, "the answer is not complete");
  }
}

}  // namespace escrow::bench::micro
