#include "coordinator/store/codec.hpp"
#include "tests/contract/stored_rows.hpp"
#include "tests/contract/transactions.hpp"
#include "tests/fault-injection/fuzz/targets.hpp"

namespace escrow::fuzz {
namespace {

using store::StoredTransaction;

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
  const auto by = static_cast<std::int64_t>(in.below(256));
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

/// Everything that `change` may change.
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

struct Example {
  StoredTransaction rows;
  std::string bytes;
};

/// Transactions of every shape at their start and up to three revisions on, each made once.
const Example& example(std::size_t number) {
  constexpr std::size_t count = 64;
  constexpr std::size_t most_changes = 4;
  // What is large takes time to read and has no more members than what is small.
  constexpr std::size_t large = 4'000;
  static std::vector<Example> made(count);
  Example& one = made[number % count];
  for (std::size_t seed = number % count; one.bytes.empty() || one.bytes.size() > large; seed += count) {
    testing::RandomTransactions random(seed);
    core::Transaction transaction = random.start("g");
    std::vector<store::Write> writes{store::encode_write(transaction, core::from_ms(1000), random.history())};
    for (std::size_t i = 0; i < number % most_changes; ++i) {
      random.change(transaction);
      writes.push_back(store::encode_write(transaction, core::from_ms(1000), random.history()));
    }
    one.rows = testing::stored(writes);
    one.bytes = bytes_of(one.rows);
  }
  return one;
}

}  // namespace

/// Which transaction, whether its seals are made anew, and then changes to its rows. What was changed behind a seal is found; what was
/// sealed again is refused, or a transaction that can be stored and read again.
void log_row(std::string_view input) {
  Input in(input);
  const Example& original = example(in.below(64));
  const bool is_sealed_again = in.below(2) == 1;
  StoredTransaction kept = original.rows;
  for (int i = 0; i < 8 && !in.is_empty(); ++i) change(kept, in);
  const bool is_changed = bytes_of(kept) != original.bytes;
  if (is_sealed_again) testing::seal(kept);
  const auto decoded = store::decode_transaction(kept);
  if (!is_changed)
    return check(decoded.has_value(), "rows that nobody has changed can't be read: " + (decoded ? std::string() : decoded.error().detail));
  if (!is_sealed_again) return check(!decoded, "rows that somebody has changed are read");
  if (!decoded) return check(!decoded.error().detail.empty(), "refused without a word");
  // Of a later revision a write holds only what is new in it.
  if (decoded->revision != 1) return;
  const auto twice = store::decode_transaction(testing::stored({store::encode_write(*decoded, core::from_ms(1000), {})}));
  check(twice.has_value(), "what was read can't be stored and read: " + (twice ? std::string() : twice.error().detail));
  core::Transaction again = *twice;
  again.run = decoded->run;
  check(testing::text_of(again) == testing::text_of(*decoded), "what was read and stored is another transaction");
}

}  // namespace escrow::fuzz
