#include "protocol/headers.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace escrow::protocol;

TEST_CASE("header names that are ours are refused in every case", "[protocol][headers]") {
  for (const std::string name : {"Host", "content-length", "Transfer-Encoding", "Connection", "Expect", "Escrow-Gid", "escrow-anything",
                                 "Idempotency-Key", "traceparent", "tracestate", "webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE"}) {
    INFO(name);
    CHECK(is_reserved_header(name));
  }
  for (const std::string name : {"X-Tenant", "Authorization", "webhook", "webhook-id-2", "X-Escrow-Gid", "escrow"}) {
    INFO(name);
    CHECK_FALSE(is_reserved_header(name));
  }
}
