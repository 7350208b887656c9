#include "coordinator/store/codec.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/fault-injection/fuzz/targets.hpp"

#include <algorithm>
#include <tuple>

namespace escrow::fuzz {
namespace {

using store::StoredTransaction;

StoredTransaction rows_of(const core::Transaction& transaction) {
  testing::RandomTransactions random(1);
  const store::Write write = store::encode_write(transaction, core::from_ms(1000), random.history());
  StoredTransaction stored;
  stored.row = {.gid = write.gid.text(),
                .revision = write.expected_revision + 1,
                .run = 1,
                .status = std::string(to_string(write.status)),
                .mode = std::string(to_string(write.mode)),
                .name = write.name,
                .attention = write.attention ? 1 : 0,
                .started_at_ms = write.started_at_ms,
                .updated_at_ms = write.updated_at_ms,
                .finished_at_ms = write.finished_at_ms,
                .due_at_ms = write.due_at_ms,
                .state = write.state,
                .checksum = 0};
  stored.request = store::RequestRow{write.request, 0};
  for (const auto& branch : write.branches) stored.branches.push_back({branch.index, branch.request, branch.payload, 0});
  for (const auto& output : write.outputs) {
    stored.outputs.push_back({output.ref.branch, std::string(to_string(output.ref.role)), stored.row.revision, output.output, 0});
  }
  std::sort(stored.outputs.begin(), stored.outputs.end(),
            [](const auto& a, const auto& b) { return std::tie(a.branch, a.role, a.revision) < std::tie(b.branch, b.role, b.revision); });
  return stored;
}

/// As if whoever changed the rows knew how they are sealed.
void seal(StoredTransaction& stored) {
  const std::string& gid = stored.row.gid;
  stored.row.checksum = store::checksum_of(stored.row, stored.row.state);
  if (stored.request) stored.request->checksum = store::request_checksum(gid, stored.request->request);
  for (auto& branch : stored.branches) {
    const auto payload = branch.payload ? std::optional<std::string_view>(*branch.payload) : std::nullopt;
    branch.checksum = store::branch_checksum(gid, branch.branch, branch.request, payload);
  }
  for (auto& output : stored.outputs) {
    output.checksum = store::output_checksum(gid, output.branch, output.role, output.revision, output.output);
  }
}

void change(std::string& text, Input& in) {
  const std::size_t at = in.below(text.size() + 1);
  const auto byte = static_cast<char>(in.byte());
  switch (in.below(4)) {
    case 0:
      if (at < text.size()) text[at] = byte;
      break;
    case 1: text.insert(at, 1, byte); break;
    case 2: text.erase(at, in.below(16)); break;
    default: text.insert(at, std::string_view(text).substr(0, in.below(64))); break;
  }
}

void change(std::int64_t& number, Input& in) {
  const std::int64_t by = in.below(256);
  switch (in.below(4)) {
    case 0: number = static_cast<std::int64_t>(static_cast<std::uint64_t>(number) + static_cast<std::uint64_t>(by)); break;
    case 1: number = by - 128; break;
    case 2: number = static_cast<std::int64_t>(static_cast<std::uint64_t>(number) ^ (std::uint64_t{1} << (by % 64))); break;
    default: number = by % 2 == 0 ? INT64_MAX : INT64_MIN; break;
  }
}

void change(StoredTransaction& stored, Input& in) {
  switch (in.below(12)) {
    case 0: return change(stored.row.state, in);
    case 1: return change(stored.row.status, in);
    case 2: return change(stored.row.mode, in);
    case 3: return change(stored.row.revision, in);
    case 4: return change(stored.row.started_at_ms, in);
    case 5: stored.row.finished_at_ms = in.byte(); return;
    case 6: return change(stored.row.gid, in);
    case 7:
      if (stored.request) change(stored.request->request, in);
      return;
    case 8:
      if (stored.branches.empty()) return;
      return change(stored.branches[in.below(stored.branches.size())].request, in);
    case 9:
      if (stored.branches.empty()) return;
      stored.branches.erase(stored.branches.begin() + static_cast<std::ptrdiff_t>(in.below(stored.branches.size())));
      return;
    case 10:
      if (stored.outputs.empty()) return;
      return change(stored.outputs[in.below(stored.outputs.size())].output, in);
    default: return change(stored.row.updated_at_ms, in);
  }
}

std::string bytes_of(const StoredTransaction& stored) {
  std::string all;
  const auto add = [&all](std::string_view text) { all.append(std::to_string(text.size())).append(":").append(text); };
  const auto& row = stored.row;
  for (const std::string* text : {&row.gid, &row.status, &row.mode, &row.state}) add(*text);
  for (const std::int64_t number : {row.revision, row.started_at_ms, row.updated_at_ms, row.finished_at_ms.value_or(-1)})
    add(std::to_string(number));
  if (stored.request) add(stored.request->request);
  for (const auto& branch : stored.branches) add(std::to_string(branch.branch) + branch.request);
  for (const auto& output : stored.outputs) add(output.output);
  return all;
}

}  // namespace

/// Which transaction, whether its seals are made anew, and then changes to its rows. What was changed behind a seal is found; what was
/// sealed again is refused, or a transaction that can be stored and read again.
void log_row(std::string_view input) {
  Input in(input);
  testing::RandomTransactions random(in.below(64));
  const core::Transaction original = random.start("g");
  const bool is_sealed_again = in.below(2) == 1;
  StoredTransaction stored = rows_of(original);
  seal(stored);
  const std::string before = bytes_of(stored);
  for (int i = 0; i < 8 && !in.is_empty(); ++i) change(stored, in);
  const bool is_changed = bytes_of(stored) != before;
  if (is_sealed_again) seal(stored);
  const auto decoded = store::decode_transaction(stored);
  if (!is_changed)
    return check(decoded.has_value(), "rows that nobody has changed can't be read: " + (decoded ? std::string() : decoded.error().detail));
  if (!is_sealed_again) return check(!decoded, "rows that somebody has changed are read");
  if (!decoded) return check(!decoded.error().detail.empty(), "refused without a word");
  if (decoded->revision != 1) return;
  StoredTransaction again = rows_of(*decoded);
  seal(again);
  const auto twice = store::decode_transaction(again);
  check(twice.has_value(), "what was read can't be stored and read: " + (twice ? std::string() : twice.error().detail));
  check(testing::text_of(*twice) == testing::text_of(*decoded), "what was read and stored is another transaction");
}

}  // namespace escrow::fuzz
