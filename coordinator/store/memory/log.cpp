#include "coordinator/store/memory/log.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "coordinator/store/memory/disk.hpp"
#include "protocol/planted_bug.hpp"

namespace escrow::store {
namespace {

using Content = MemoryDisk::Content;
using Kept = MemoryDisk::Kept;

bool fits_into_an_update(const Write& write) { return protocol::is_terminal(write.status) == write.finished_at_ms.has_value(); }

class MemoryLog final : public Log {
 public:
  explicit MemoryLog(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {
    disk_->with([this](Content& content) {
      run_ = ++content.run;
      store_id_ = content.store_id;
      latest_ms_ = content.latest_ms;
    });
  }

  std::vector<WriteResult> apply(const std::vector<Write>& writes) override {
    return disk_->with([&](Content& content) {
      std::vector<WriteResult> results;
      std::map<std::string_view, WriteAnswer> refused;
      for (const auto& write : writes) {
        if (const auto earlier = refused.find(write.gid.text()); earlier != refused.end()) {
          results.push_back({earlier->second, 0, "an earlier write of the same transaction was refused"});
          continue;
        }
        results.push_back(apply_one(content, write));
        if (results.back().answer != WriteAnswer::ok) refused.emplace(write.gid.text(), results.back().answer);
      }
      return results;
    });
  }

  Result<std::size_t> remove_finished(std::int64_t finished_before_ms, std::int64_t tombstone_until_ms, std::size_t limit) override {
    return disk_->with([&](Content& content) -> Result<std::size_t> {
      std::size_t removed = 0;
      for (auto kept = content.transactions.begin(); kept != content.transactions.end() && removed < limit;) {
        const auto& row = kept->second.stored.row;
        if (!row.finished_at_ms || *row.finished_at_ms >= finished_before_ms) {
          ++kept;
          continue;
        }
        for (const std::int64_t seq : kept->second.events) {
          content.events.erase(seq);
          content.removed_seq = std::max(content.removed_seq, seq);
        }
        content.tombstones[row.gid] = tombstone_until_ms;
        content.ids.erase(row.gid);
        kept = content.transactions.erase(kept);
        ++removed;
      }
      return removed;
    });
  }

  Result<std::size_t> remove_tombstones(std::int64_t until_ms, std::size_t limit) override {
    return disk_->with([&](Content& content) -> Result<std::size_t> {
      std::size_t removed = 0;
      std::erase_if(content.tombstones,
                    [&](const auto& tombstone) { return tombstone.second <= until_ms && removed < limit && ++removed > 0; });
      return removed;
    });
  }

  Result<void> probe() override { return {}; }
  const std::string& store_id() const override { return store_id_; }
  std::int64_t run() const override { return run_; }
  std::int64_t latest_ms() const override { return latest_ms_; }
  bool is_durable() const override { return false; }
  Result<std::unique_ptr<Reader>> open_reader() override { return open_memory_reader(disk_); }

 private:
  WriteResult apply_one(Content& content, const Write& write) {
    const auto found = content.ids.find(write.gid.text());
    const std::int64_t stored = found == content.ids.end() ? 0 : content.transactions.at(found->second).stored.row.revision;
    if (stored != write.expected_revision && !ESCROW_PLANTED(unconditional_write))
      return {WriteAnswer::conflict, 0, "another revision is stored"};
    if (stored == 0 && content.tombstones.contains(write.gid.text())) return {WriteAnswer::conflict, 0, "the gid is retired"};
    if (!fits_into_an_update(write)) return {WriteAnswer::unavailable, 0, "the write does not fit into the log"};

    const std::int64_t id = stored == 0 ? ++content.last_id : found->second;
    content.ids.emplace(write.gid.text(), id);
    Kept& kept = content.transactions[id];
    write_row(content, kept, write, id);
    write_once(kept, write);
    for (const auto& event : write.history) {
      const std::int64_t seq = ++content.last_seq;
      content.events.emplace(seq, StoredEvent{seq, write.gid, event});
      kept.events.push_back(seq);
    }
    content.latest_ms = std::max(content.latest_ms, write.updated_at_ms);
    return {WriteAnswer::ok, content.last_seq, {}};
  }

  void write_row(Content& content, Kept& kept, const Write& write, std::int64_t id) const {
    auto& row = kept.stored.row;
    if (row.due_at_ms) content.due.erase({*row.due_at_ms, id});
    row.gid = write.gid.text();
    row.revision = write.expected_revision + 1;
    row.run = ESCROW_PLANTED(log_forgets_the_run) ? row.run : run_;
    row.status = to_string(write.status);
    row.mode = to_string(write.mode);
    row.name = write.name;
    row.attention = write.attention ? 1 : 0;
    row.started_at_ms = write.started_at_ms;
    row.updated_at_ms = write.updated_at_ms;
    row.finished_at_ms = write.finished_at_ms;
    row.due_at_ms = ESCROW_PLANTED(log_forgets_what_is_due) ? std::nullopt : write.due_at_ms;
    row.state = write.state;
    row.checksum = checksum_of(row, row.state);
    if (row.due_at_ms) content.due.insert({*row.due_at_ms, id});
  }

  static void write_once(Kept& kept, const Write& write) {
    const std::string& gid = write.gid.text();
    auto& stored = kept.stored;
    if (write.expected_revision == 0) {
      stored.request = RequestRow{write.request, request_checksum(gid, write.request)};
      kept.attributes = write.attributes;
    }
    for (const auto& branch : write.branches) {
      const auto payload = branch.payload ? std::optional<std::string_view>(*branch.payload) : std::nullopt;
      stored.branches.push_back(
          {branch.index, branch.request, branch.payload, branch_checksum(gid, branch.index, branch.request, payload)});
    }
    for (const auto& [ref, output] : write.outputs) {
      const std::int64_t revision = write.expected_revision + 1;
      const auto role = to_string(ref.role);
      stored.outputs.push_back({ref.branch, std::string(role), revision, output, output_checksum(gid, ref.branch, role, revision, output)});
    }
    std::ranges::sort(stored.outputs, {},
                      [](const OutputRow& row) { return std::tuple(row.branch, std::string_view(row.role), row.revision); });
  }

  std::shared_ptr<MemoryDisk> disk_;
  std::int64_t run_ = 0;
  std::int64_t latest_ms_ = 0;
  std::string store_id_;
};

}  // namespace

std::shared_ptr<MemoryDisk> make_memory_disk(std::string store_id) {
  Content content;
  content.store_id = std::move(store_id);
  return std::make_shared<MemoryDisk>(std::move(content));
}

std::shared_ptr<MemoryDisk> copy_of(const MemoryDisk& disk) { return std::make_shared<MemoryDisk>(disk.content()); }

std::unique_ptr<Log> open_memory_log(std::shared_ptr<MemoryDisk> disk) { return std::make_unique<MemoryLog>(std::move(disk)); }

}  // namespace escrow::store
