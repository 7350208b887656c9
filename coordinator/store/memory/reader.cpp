#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "coordinator/store/cursor.hpp"
#include "coordinator/store/memory/disk.hpp"

namespace escrow::store {
namespace {

using Content = MemoryDisk::Content;
using Kept = MemoryDisk::Kept;
using protocol::Gid;
using protocol::Status;

bool matches(const Filter& filter, const Kept& kept) {
  const auto& row = kept.stored.row;
  const auto is_status = [&](Status status) { return row.status == to_string(status); };
  if (!filter.status.empty() && std::ranges::none_of(filter.status, is_status)) return false;
  if (filter.mode && row.mode != to_string(*filter.mode)) return false;
  if (filter.name && row.name != filter.name) return false;
  if (filter.attention && (row.attention != 0) != *filter.attention) return false;
  if (filter.started_after_ms && row.started_at_ms <= *filter.started_after_ms) return false;
  if (filter.started_before_ms && row.started_at_ms >= *filter.started_before_ms) return false;
  return std::ranges::all_of(filter.attributes, [&](const auto& wanted) {
    const auto found = kept.attributes.find(wanted.first);
    return found != kept.attributes.end() && found->second == wanted.second;
  });
}

class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {}

  Result<Found> load(const Gid& gid) override {
    return disk_->with([&](const Content& content) -> Result<Found> {
      Found found;
      const auto id = content.ids.find(gid.text());
      if (id == content.ids.end()) {
        found.retired = content.tombstones.contains(gid.text());
        return found;
      }
      auto transaction = decode_transaction(content.transactions.at(id->second).stored);
      if (transaction) {
        found.transaction = std::move(*transaction);
      } else {
        found.corrupt = transaction.error().detail;
      }
      return found;
    });
  }

  Result<DuePage> load_due(std::int64_t until_ms, std::size_t limit, const std::optional<DuePosition>& after) override {
    return disk_->with([&](const Content& content) -> Result<DuePage> {
      DuePage page;
      page.complete_until_ms = until_ms;
      auto due = after ? content.due.upper_bound({after->due_at_ms, after->id}) : content.due.begin();
      for (std::size_t taken = 0; due != content.due.end() && due->first <= until_ms && taken < limit; ++due, ++taken) {
        const auto& [due_at_ms, id] = *due;
        auto transaction = decode_transaction(content.transactions.at(id).stored);
        if (transaction) {
          page.transactions.emplace_back(due_at_ms, std::move(*transaction));
        } else {
          page.corrupt.emplace_back(Gid::parse(content.transactions.at(id).stored.row.gid).value_or(Gid()), transaction.error().detail);
        }
        if (taken + 1 == limit) {
          page.next = DuePosition{due_at_ms, id};
          page.complete_until_ms = due_at_ms - 1;
        }
      }
      return page;
    });
  }

  Result<Page> list(const Filter& filter, std::size_t limit, const std::optional<std::string>& cursor) override {
    const auto start = start_of_list(filter, cursor);
    if (!start) return start.error();
    return disk_->with([&](const Content& content) -> Result<Page> {
      std::vector<std::pair<ListPosition, const Kept*>> found;
      for (const auto& [id, kept] : content.transactions) {
        const ListPosition place{kept.stored.row.started_at_ms, id};
        const bool is_behind = filter.oldest_first ? *start < place : place < *start;
        if (is_behind && matches(filter, kept)) found.emplace_back(place, &kept);
      }
      std::ranges::sort(found, std::greater<>());
      if (filter.oldest_first) std::ranges::reverse(found);
      Page page;
      if (found.size() > limit) {
        page.next_cursor = to_cursor(filter, limit > 0 ? found[limit - 1].first : *start);
        found.resize(limit);
      }
      for (const auto& [place, kept] : found) add(page, *kept);
      return page;
    });
  }

  Result<std::vector<StoredEvent>> events(const Gid& gid, std::int64_t after_seq, std::size_t limit) override {
    return disk_->with([&](const Content& content) -> Result<std::vector<StoredEvent>> {
      std::vector<StoredEvent> found;
      const auto id = content.ids.find(gid.text());
      if (id == content.ids.end()) return found;
      for (const std::int64_t seq : content.transactions.at(id->second).events) {
        if (seq > after_seq && found.size() < limit) found.push_back(content.events.at(seq));
      }
      return found;
    });
  }

  Result<std::vector<StoredEvent>> events_after(std::int64_t after_seq, std::size_t limit) override {
    return disk_->with([&](const Content& content) -> Result<std::vector<StoredEvent>> {
      std::vector<StoredEvent> found;
      for (auto event = content.events.upper_bound(after_seq); event != content.events.end() && found.size() < limit; ++event) {
        found.push_back(event->second);
      }
      return found;
    });
  }

  Result<std::pair<std::int64_t, std::int64_t>> seq_range() override {
    return disk_->with([](const Content& content) -> Result<std::pair<std::int64_t, std::int64_t>> {
      return std::pair(content.removed_seq + 1, content.last_seq);
    });
  }

  Result<Counts> counts() override {
    return disk_->with([](const Content& content) -> Result<Counts> {
      Counts counts;
      for (const Status status : {Status::active, Status::committing, Status::aborting}) counts.unfinished[status] = 0;
      for (const auto& [id, kept] : content.transactions) {
        const auto status = protocol::from_string<Status>(kept.stored.row.status);
        if (status && !protocol::is_terminal(*status)) ++counts.unfinished[*status];
        if (kept.stored.row.attention != 0) ++counts.attention;
      }
      return counts;
    });
  }

 private:
  static void add(Page& page, const Kept& kept) {
    StoredTransaction summary = kept.stored;
    summary.with_branches = summary.row.attention != 0;
    summary.with_payloads = false;
    for (auto& branch : summary.branches) branch.payload.reset();
    auto transaction = decode_transaction(summary);
    if (transaction) {
      page.transactions.push_back(std::move(*transaction));
    } else {
      page.corrupt.emplace_back(Gid::parse(summary.row.gid).value_or(Gid()), transaction.error().detail);
    }
  }

  std::shared_ptr<MemoryDisk> disk_;
};

}  // namespace

std::unique_ptr<Reader> open_memory_reader(std::shared_ptr<MemoryDisk> disk) { return std::make_unique<MemoryReader>(std::move(disk)); }

}  // namespace escrow::store
