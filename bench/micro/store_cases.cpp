#include "bench/micro/cases.hpp"
#include "bench/micro/saga.hpp"
#include "coordinator/store/codec.hpp"
#include "coordinator/store/sqlite/log.hpp"

namespace escrow::bench::micro {
namespace {

struct Rows {
  store::Write start;
  store::Write end;
};

/// What a saga writes at its start and at its end.
Rows rows_of(std::size_t number) {
  auto begun = core::begin(start_request(number), {}, begun_at);
  core::Transaction& transaction = begun.transaction;
  ++transaction.revision;
  for (auto& branch : transaction.branches) branch.registered_revision = transaction.revision;
  Rows rows;
  rows.start = store::encode_write(transaction, begun_at, std::move(begun.decision.history));
  std::vector<core::HistoryEvent> history;
  drive_to_end(transaction, history);
  ++transaction.revision;
  rows.end = store::encode_write(transaction, std::nullopt, std::move(history));
  return rows;
}

}  // namespace

void encode_saga(std::size_t times) {
  auto begun = core::begin(start_request(0), {}, begun_at);
  auto ended = begun.transaction;
  std::vector<core::HistoryEvent> history;
  begun.transaction.revision = 1;
  for (auto& branch : begun.transaction.branches) branch.registered_revision = 1;
  drive_to_end(ended, history);
  ended.revision = 2;
  for (std::size_t i = 0; i < times; ++i) {
    const auto start = store::encode_write(begun.transaction, begun_at, begun.decision.history);
    const auto end = store::encode_write(ended, std::nullopt, history);
    require(start.branches.size() == 2 && end.branches.empty(), "branches are not written once");
  }
}

void decode_saga(std::size_t times) {
  const auto write = rows_of(0).start;
  const auto& gid = write.gid.text();
  store::StoredTransaction stored;
  stored.row = {.gid = gid,
                .revision = 1,
                .run = 1,
                .status = std::string(protocol::to_string(write.status)),
                .mode = std::string(protocol::to_string(write.mode)),
                .name = write.name,
                .attention = 0,
                .started_at_ms = write.started_at_ms,
                .updated_at_ms = write.updated_at_ms,
                .finished_at_ms = write.finished_at_ms,
                .due_at_ms = write.due_at_ms,
                .state = write.state,
                .checksum = 0};
  stored.row.checksum = store::checksum_of(stored.row, write.state);
  stored.request = store::RequestRow{write.request, store::request_checksum(gid, write.request)};
  for (const auto& branch : write.branches) {
    const auto checksum = store::branch_checksum(gid, branch.index, branch.request, branch.payload);
    stored.branches.push_back({branch.index, branch.request, branch.payload, checksum});
  }
  for (std::size_t i = 0; i < times; ++i) require(store::decode_transaction(stored).has_value(), "what was encoded can't be decoded");
}

void store_batch(std::size_t times) {
  constexpr std::size_t batch = 64;
  auto log = store::sqlite::open_log({});
  require(log.has_value(), "the log can't be opened");
  for (std::size_t i = 0; i < times; ++i) {
    std::vector<store::Write> starts, ends;
    for (std::size_t k = 0; k < batch; ++k) {
      auto rows = rows_of(i * batch + k);
      starts.push_back(std::move(rows.start));
      ends.push_back(std::move(rows.end));
    }
    for (const auto* writes : {&starts, &ends})
      for (const auto& result : (*log)->apply(*writes)) require(result.answer == store::WriteAnswer::ok, "a write was refused");
  }
}

}  // namespace escrow::bench::micro
