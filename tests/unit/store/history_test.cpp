#include <catch2/catch.hpp>

#include "coordinator/store/history.hpp"

using namespace escrow;

namespace {

core::HistoryEvent full_event() {
  core::HistoryEvent event;
  event.type = protocol::EventType::attempt_failed;
  event.at = core::from_ms(1'700'000'000'123);
  event.branch = protocol::BranchId::parse("b-1").value();
  event.operation = protocol::OperationName::compensate;
  event.attempt = 7;
  event.detail = "refused: \"no\"\n";
  event.actor = "ops";
  return event;
}

bool is_same(const core::HistoryEvent& one, const core::HistoryEvent& other) {
  return one.type == other.type && one.at == other.at && one.branch == other.branch && one.operation == other.operation &&
         one.attempt == other.attempt && one.detail == other.detail && one.actor == other.actor;
}

}  // namespace

TEST_CASE("events of a write are read back as they were", "[store]") {
  core::HistoryEvent bare;
  bare.at = core::from_ms(0);
  const auto text = store::encode_history({full_event(), bare});
  const auto read = store::decode_history(text);
  REQUIRE(read.size() == 2);
  REQUIRE(read[0]);
  REQUIRE(read[1]);
  CHECK(is_same(*read[0], full_event()));
  CHECK(is_same(*read[1], bare));
  CHECK(text.find("null") == std::string::npos);
  CHECK(store::decode_history(store::encode_history({})).empty());
}

TEST_CASE("an event that cannot be read is nothing and the others keep their places", "[store]") {
  const auto text = store::encode_history({full_event(), full_event(), full_event()});
  for (const char* word : {R"("type":"attempt_failed")", R"("type":7)", R"("type":"of_a_later_version")"}) {
    auto damaged = text;
    const std::string known = R"("type":"attempt_failed")";
    damaged.replace(damaged.find(known, damaged.find("},{")), known.size(), word);
    const auto read = store::decode_history(damaged);
    REQUIRE(read.size() == 3);
    CHECK(read[0]);
    CHECK(read[1].has_value() == (word == known));
    CHECK(read[2]);
  }
  for (const char* nothing : {"", "{}", "[", "7", "null"}) CHECK(store::decode_history(nothing).empty());
  CHECK(store::decode_history("[1, null]").size() == 2);
}
