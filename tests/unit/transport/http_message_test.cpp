#include "coordinator/transport/http_message.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace escrow::transport;

TEST_CASE("headers are found without regard to case and keep their order", "[transport][headers]") {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  headers.add("X-A", "1");
  headers.add("x-a", "2");
  CHECK(headers.size() == 3);
  CHECK(headers.find("content-TYPE") == "text/plain");
  CHECK(headers.find("X-a") == "1");
  CHECK(headers.count("X-A") == 2);
  CHECK_FALSE(headers.find("X-").has_value());
  std::string all;
  for (const Header header : headers) all.append(header.name).append("=").append(header.value).append(" ");
  CHECK(all == "Content-Type=text/plain X-A=1 x-a=2 ");
  headers.set("X-A", "3");
  CHECK(headers.count("x-a") == 1);
  CHECK(headers.find("x-a") == "3");
  headers.clear();
  CHECK(headers.empty());
}

TEST_CASE("tokens are found in lists over several headers", "[transport][headers]") {
  Headers headers;
  headers.add("Connection", "keep-alive , Upgrade");
  headers.add("Connection", "CLOSE");
  CHECK(headers.has_token("connection", "close"));
  CHECK(headers.has_token("connection", "upgrade"));
  CHECK_FALSE(headers.has_token("connection", "keep"));
  CHECK_FALSE(headers.has_token("upgrade", "close"));
}

TEST_CASE("percent-encoding is resolved or refused", "[transport][headers]") {
  CHECK(percent_decode("a%3Ab+c%2f") == "a:b+c/");
  CHECK(percent_decode("").value().empty());
  for (const char* malformed : {"%", "%1", "a%g0", "%0x"}) {
    CAPTURE(malformed);
    CHECK_FALSE(percent_decode(malformed).has_value());
  }
}
