#include "bench/net/message_reader.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <string_view>

using escrow::bench::Message;
using escrow::bench::MessageReader;

namespace {

void feed(MessageReader& reader, std::string_view bytes) {
  std::memcpy(reader.prepare(bytes.size()), bytes.data(), bytes.size());
  reader.commit(bytes.size());
}

}  // namespace

TEST_CASE("Messages are cut wherever the bytes were split") {
  constexpr std::string_view two =
      "POST /a HTTP/1.1\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 409 Conflict\r\nContent-Length:2\r\nX: y\r\n\r\nno";
  for (std::size_t split = 0; split <= two.size(); ++split) {
    MessageReader reader;
    Message message;
    std::string seen;
    const auto take = [&] {
      while (reader.next(message)) {
        seen.append(message.target()).append("|").append(std::to_string(message.status())).append("|").append(message.body).append(" ");
      }
    };
    feed(reader, two.substr(0, split));
    take();
    feed(reader, two.substr(split));
    take();
    INFO(split);
    CHECK(seen == "/a|0|hello 409|409|no ");
    CHECK_FALSE(reader.broken());
  }
}

TEST_CASE("A message without a length has no body") {
  MessageReader reader;
  Message message;
  feed(reader, "HTTP/1.1 404 Not Found\r\n\r\n");
  REQUIRE(reader.next(message));
  CHECK(message.status() == 404);
  CHECK(message.body.empty());
}

TEST_CASE("What the reader does not know breaks it") {
  for (const std::string_view bytes :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"}) {
    MessageReader reader;
    Message message;
    feed(reader, bytes);
    CHECK_FALSE(reader.next(message));
    CHECK(reader.broken());
  }
}
