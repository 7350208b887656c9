#include <catch2/catch.hpp>

#include <filesystem>

#include "coordinator/store/sqlite/log.hpp"
#include "stored_by_version_1.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/support/child_process.hpp"

using namespace escrow;
using namespace escrow::testing;

TEST_CASE("a database of version 1 is brought to this version and read in full", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  std::filesystem::copy_file(std::string(ESCROW_FIXTURES) + "/v1.db", path);

  for (const std::int64_t run : {2, 3}) {
    auto log = store::sqlite::open_log({.path = path});
    REQUIRE(log);
    CHECK((*log)->run() == run);
    const auto reader = std::move(*(*log)->open_reader());
    for (const auto& expected : stored_by_version_1()) {
      const auto found = reader->load(expected.gid());
      REQUIRE(found);
      REQUIRE(found->corrupt.value_or("whole") == "whole");
      REQUIRE(found->transaction);
      CHECK(text_of(*found->transaction) == text_of(expected));
      CHECK(reader->events(expected.gid(), 0, 10)->at(0).event.actor == "anonymous");
    }
    CHECK(reader->load(protocol::Gid::parse(retired_by_version_1).value())->retired);
    CHECK(reader->list({.name = "place-order"}, 100, std::nullopt)->transactions.size() == 20);
    CHECK(reader->list({.attributes = {{"customer", "c-42"}}}, 100, std::nullopt)->transactions.size() == 20);
    CHECK(reader->load_due(4'000'000'000'000, 100)->transactions.size() == 12);
  }
}

TEST_CASE("transactions of version 1 can be written on", "[store][sqlite]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/escrow.db";
  std::filesystem::copy_file(std::string(ESCROW_FIXTURES) + "/v1.db", path);
  auto log = store::sqlite::open_log({.path = path});
  REQUIRE(log);
  for (auto transaction : stored_by_version_1()) {
    ++transaction.revision;
    CHECK((*log)->apply({store::encode_write(transaction, transaction.updated_at, {})})[0].answer == store::WriteAnswer::ok);
  }
}
