#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>

#include <escrow/error.hpp>

#include "client-sdk/src/barrier/rules.hpp"

/// A barrier table in memory, with the local transaction around it: what a simulator's participant would bring.
namespace escrow::test {

using StoredKey = std::tuple<std::string, std::string, std::string>;

struct Database {
  std::map<StoredKey, barrier::Row> rows;
  /// The business: how much has been taken.
  int taken = 0;

  bool operator==(const Database& other) const {
    const auto same = [](const auto& left, const auto& right) {
      return left.first == right.first && left.second.cause == right.second.cause && left.second.outcome == right.second.outcome &&
             left.second.output == right.second.output;
    };
    return taken == other.taken && rows.size() == other.rows.size() && std::equal(rows.begin(), rows.end(), other.rows.begin(), same);
  }
};

/// One open transaction: a working copy that is kept by commit. Fails at the step numbered `fail_at` when that is given.
class MemoryRows final : public barrier::BarrierRows {
 public:
  explicit MemoryRows(Database& database, int fail_at = 0, Errc failure = Errc::database)
      : database_(database), working_(database), fail_at_(fail_at), failure_(failure) {}

  Result<bool> insert(const barrier::RowKey& key, const barrier::Row& row) override {
    if (fails()) return broken();
    return working_.rows.emplace(stored(key), row).second;
  }
  Result<std::optional<barrier::Row>> find(const barrier::RowKey& key) override {
    if (fails()) return broken();
    const auto found = working_.rows.find(stored(key));
    if (found == working_.rows.end()) return std::optional<barrier::Row>();
    return std::optional(found->second);
  }
  Result<void> update(const barrier::RowKey& key, barrier::RowOutcome outcome, std::string_view output) override {
    if (fails()) return broken();
    auto& row = working_.rows.at(stored(key));
    row.outcome = outcome;
    row.output = std::string(output);
    return {};
  }
  Result<void> open_savepoint() override {
    if (fails()) return broken();
    saved_ = working_;
    return {};
  }
  Result<void> release_savepoint() override {
    if (fails()) return broken();
    saved_.reset();
    return {};
  }
  Result<void> return_to_savepoint() override {
    if (fails()) return broken();
    working_ = saved_.value();
    return {};
  }

  int& taken() { return working_.taken; }
  void commit() { database_ = working_; }
  [[nodiscard]] int steps() const { return steps_; }

 private:
  static StoredKey stored(const barrier::RowKey& key) {
    return {std::string(key.gid), std::string(key.branch), std::string(key.operation)};
  }
  bool fails() { return ++steps_ == fail_at_; }
  [[nodiscard]] Error broken() const { return make_error(failure_, "planted"); }

  Database& database_;
  Database working_;
  std::optional<Database> saved_;
  int steps_ = 0;
  int fail_at_;
  Errc failure_;
};

}  // namespace escrow::test
