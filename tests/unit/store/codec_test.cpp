#include <catch2/catch.hpp>

#include <functional>
#include <nlohmann/json.hpp>

#include "coordinator/store/codec.hpp"
#include "tests/contract/stored_rows.hpp"
#include "tests/contract/transactions.hpp"

using namespace escrow;
using namespace escrow::testing;
using store::StoredTransaction;

namespace {

std::string decoded(const StoredTransaction& kept) {
  const auto transaction = decode_transaction(kept);
  if (transaction) return text_of(*transaction);
  CHECK(transaction.error().code == store::LogErrc::corrupt);
  return "corrupt";
}

StoredTransaction example(std::uint64_t seed, std::string* text = nullptr) {
  RandomTransactions random(seed);
  auto transaction = random.start("an.example");
  std::vector<store::Write> writes{store::encode_write(transaction, transaction.updated_at, {})};
  for (int i = 0; i < 4; ++i) {
    random.change(transaction);
    writes.push_back(store::encode_write(transaction, transaction.updated_at, {}));
  }
  transaction.run = 3;
  if (text != nullptr) *text = text_of(transaction);
  return stored(writes);
}

/// Runs `look` with every bit of every text of the rows flipped, one after another.
void flip_each_bit(StoredTransaction& kept, const std::function<void(const char*)>& look) {
  const auto flip = [&](std::string& text, const char* name) {
    for (char& byte : text) {
      for (int bit = 0; bit < 8; ++bit) {
        byte = static_cast<char>(byte ^ (1 << bit));
        look(name);
        byte = static_cast<char>(byte ^ (1 << bit));
      }
    }
  };
  const auto flip_number = [&](std::int64_t& number, const char* name) {
    for (int bit = 0; bit < 64; ++bit) {
      number ^= static_cast<std::int64_t>(std::uint64_t{1} << bit);
      look(name);
      number ^= static_cast<std::int64_t>(std::uint64_t{1} << bit);
    }
  };
  flip(kept.row.gid, "gid");
  flip(kept.row.status, "status");
  flip(kept.row.mode, "mode");
  flip(kept.row.state, "state");
  if (kept.row.name) flip(*kept.row.name, "name");
  for (auto* number :
       {&kept.row.revision, &kept.row.run, &kept.row.attention, &kept.row.started_at_ms, &kept.row.updated_at_ms, &kept.row.checksum}) {
    flip_number(*number, "number");
  }
  if (kept.row.due_at_ms) flip_number(*kept.row.due_at_ms, "due_at_ms");
  flip(kept.request->request, "request");
  for (auto& branch : kept.branches) {
    flip(branch.request, "branch");
    if (branch.payload) {
      branch.payload->resize(std::min<std::size_t>(branch.payload->size(), 40));
      branch.checksum = store::branch_checksum(kept.row.gid, branch.branch, branch.request, *branch.payload);
      flip(*branch.payload, "payload");
    }
    flip_number(branch.branch, "branch number");
  }
  for (auto& output : kept.outputs) flip(output.output, "output");
}

}  // namespace

TEST_CASE("everything of a transaction survives being stored", "[store]") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    std::string expected;
    const auto kept = example(seed, &expected);
    REQUIRE(decoded(kept) == expected);
  }
}

TEST_CASE("branches of the start are one copy after reading", "[store]") {
  auto transaction = started("gid");
  const auto read = decode_transaction(stored({start_of(transaction)}));
  REQUIRE(read);
  REQUIRE(read->request->branches.size() == 2);
  CHECK(read->branches[0].request.get() == &read->request->branches[0]);
  CHECK(read->branches[1].request.get() == &read->request->branches[1]);
}

TEST_CASE("a write holds only what is new in its revision", "[store]") {
  auto transaction = started("gid");
  CHECK(start_of(transaction).branches.size() == 2);
  transaction.branches[0].forward->output = std::make_shared<const std::string>("{}");
  transaction.branches[0].forward->output_revision = 2;
  const auto second = next_of(transaction);
  CHECK(second.expected_revision == 1);
  CHECK(second.branches.empty());
  CHECK(second.request.empty());
  REQUIRE(second.outputs.size() == 1);
  CHECK(second.outputs[0].ref == core::OperationRef{0, protocol::Role::forward});
  CHECK(next_of(transaction).outputs.empty());
}

TEST_CASE("a write of what has ended has nothing due", "[store]") {
  auto transaction = started("gid");
  auto ended = end_of(transaction);
  CHECK_FALSE(ended.due_at_ms);
  CHECK_FALSE(store::encode_write(transaction, core::from_ms(5), {}).due_at_ms);
}

TEST_CASE("the state of a usual transaction is short", "[store]") { CHECK(start_of(started("gid")).state.size() < 250); }

TEST_CASE("a flipped bit anywhere is found", "[store]") {
  std::string expected;
  auto kept = example(11, &expected);
  REQUIRE(kept.row.state.size() > 200);
  std::int64_t flips = 0;
  std::string first_missed;
  flip_each_bit(kept, [&](const char* name) {
    ++flips;
    if (decode_transaction(kept) && first_missed.empty()) first_missed = name;
  });
  CHECK(first_missed.empty());
  CHECK(flips > 5'000);
}

TEST_CASE("rows of another transaction are found", "[store]") {
  const auto one = example(1);
  auto mixed = one;
  const auto other = stored({start_of(started("other"))});
  mixed.request = other.request;
  CHECK(decoded(mixed) == "corrupt");
  mixed = one;
  mixed.row = other.row;
  CHECK(decoded(mixed) == "corrupt");
  mixed = one;
  mixed.branches = other.branches;
  mixed.branches.resize(one.branches.size());
  CHECK(decoded(mixed) == "corrupt");
}

TEST_CASE("a missing row is found", "[store]") {
  const auto whole = stored({start_of(started("gid"))});
  auto lacking = whole;
  lacking.request.reset();
  CHECK(decoded(lacking) == "corrupt");
  lacking = whole;
  lacking.branches.pop_back();
  CHECK(decoded(lacking) == "corrupt");
  lacking = whole;
  lacking.branches.erase(lacking.branches.begin());
  CHECK(decoded(lacking) == "corrupt");
}

TEST_CASE("rows newer than the state are passed over", "[store]") {
  auto transaction = started("gid");
  auto kept = stored({start_of(transaction)});
  transaction.run = 3;
  kept.branches.push_back({2, "{}", std::nullopt, 0});
  kept.outputs.push_back({0, "forward", 2, "{}", 0});
  CHECK(decoded(kept) == text_of(transaction));
}

TEST_CASE("impossible values under a right checksum are corrupt and never an exception", "[store]") {
  const auto original = stored({start_of(started("gid"))});
  const auto with_state = [&](const std::string& state) {
    auto changed = original;
    changed.row.state = state;
    changed.row.checksum = checksum_of(changed.row, state);
    return decoded(changed);
  };
  const std::string operation = R"({"state":"waiting"})";
  const std::string branch = R"({"registered_revision":1,"forward":)" + operation + R"(,"undo":)" + operation + "}";
  REQUIRE(with_state(R"({"order":"sequential","branches":[)" + branch + "," + branch + "]}") != "corrupt");
  const std::vector<std::string> impossible{
      std::string(),
      std::string("{"),
      std::string("null"),
      std::string("[]"),
      std::string("{}"),
      std::string(R"({"order":"sequential"})"),
      R"({"order":"sideways","branches":[)" + branch + "," + branch + "]}",
      R"({"order":"sequential","unknown":1,"branches":[)" + branch + "," + branch + "]}",
      R"({"order":"sequential","pivot_reached":1,"branches":[)" + branch + "," + branch + "]}",
      R"({"order":"sequential","deadline_at_ms":-1,"branches":[)" + branch + "," + branch + "]}",
      R"({"order":"sequential","deadline_at_ms":1e400,"branches":[)" + branch + "," + branch + "]}",
      R"({"order":"sequential","deadline_at_ms":18446744073709551615,"branches":[)" + branch + "," + branch + "]}",
      R"({"order":"sequential","check":{"state":"waiting"},"branches":[)" + branch + "," + branch + "]}",
      R"({"order":"sequential","abort_reason":{"code":"boredom","detail":""},"branches":[)" + branch + "," + branch + "]}",
      R"({"order":"sequential","branches":[)" + branch + "]}",
      R"({"order":"sequential","branches":[1,2]})",
      R"({"order":"sequential","branches":[)" + branch + R"(,{"registered_revision":2}]})",
      R"({"order":"sequential","branches":[)" + branch + R"(,{"registered_revision":1,"confirm":{"state":"waiting"}}]})",
      R"({"order":"sequential","branches":[)" + branch + R"(,{"registered_revision":1,"forward":{"state":"waiting","attempts":-1}}]})",
      R"({"order":"sequential","branches":[)" + branch +
          R"(,{"registered_revision":1,"forward":{"state":"succeeded","output_revision":1}}]})",
      std::string(100'000, '['),
  };
  for (const std::string& state : impossible) {
    CAPTURE(state.substr(0, 120));
    CHECK(with_state(state) == "corrupt");
  }
}

TEST_CASE("branches that wait for one another in a circle are corrupt", "[store]") {
  auto kept = stored({start_of(started("gid"))});
  auto first = nlohmann::json::parse(kept.branches[0].request);
  for (const auto& predecessors : {nlohmann::json{1}, nlohmann::json{0}, nlohmann::json{2}, nlohmann::json{-1}, nlohmann::json{"one"}}) {
    first["predecessors"] = predecessors;
    auto& branch = kept.branches[0];
    branch.request = first.dump();
    branch.checksum = store::branch_checksum("gid", 0, branch.request, *branch.payload);
    CAPTURE(branch.request);
    CHECK(decoded(kept) == "corrupt");
  }
}

TEST_CASE("a status and a time of end that contradict each other are corrupt", "[store]") {
  auto kept = stored({start_of(started("gid"))});
  kept.row.finished_at_ms = 5;
  kept.row.checksum = checksum_of(kept.row, kept.row.state);
  CHECK(decoded(kept) == "corrupt");
  kept.row.finished_at_ms.reset();
  kept.row.status = "committed";
  kept.row.checksum = checksum_of(kept.row, kept.row.state);
  CHECK(decoded(kept) == "corrupt");
}
