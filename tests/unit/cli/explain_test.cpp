#include "cli/explain.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/cli/sample.hpp"

using namespace escrow::cli;
using namespace escrow::cli::testing;

/// What is said of a transaction in every state that it can be in.
namespace {

constexpr Millis now = ten_o_clock + 10'000;
const OperationSample done{"succeeded", 1};
const OperationSample waiting{};
const OperationSample skipped{"skipped"};

json aborting(const std::vector<OperationSample>& undo) {
  json value = saga("aborting", {done, done, {"failed", 1, "409: out of stock"}}, undo);
  value["abort_reason"] = {{"code", "branch_failed"}, {"branch", "inventory"}, {"detail", "409: out of stock"}};
  return value;
}

json attention(const char* branch, const char* operation, const char* reason) {
  return {{"since", at(2'000)}, {"branch", branch == nullptr ? json() : json(branch)}, {"operation", operation}, {"reason", reason}};
}

Explanation explained(const json& value) { return explain(read(value), now); }

using Commands = std::vector<std::string>;

}  // namespace

TEST_CASE("a committed transaction is done", "[cli][explain]") {
  json value = saga("committed", {done, done}, {skipped, skipped});
  value["finished_at"] = at(1'200);
  const auto said = explained(value);
  CHECK(said.why == "It committed after 1.2 s; all 2 branches are done. Nothing is owed any more.");
  CHECK(said.next.empty());
  CHECK(said.commands.empty());
  value["branches"] = json::array();
  CHECK(explained(value).why == "It committed after 1.2 s; it had no branches.");
}

TEST_CASE("an aborted transaction says why and what was undone", "[cli][explain]") {
  json value = aborting({done, done});
  value["status"] = "aborted";
  value["finished_at"] = at(840);
  CHECK(explained(value).why ==
        "It aborted after 840 ms because inventory said no: “409: out of stock”. Undone: order, payment. Nothing is owed any more.");
  value["branches"][0]["operations"]["compensate"] = operation(skipped);
  value["branches"][1]["operations"]["compensate"] = operation(skipped);
  CHECK(explained(value).why.find("There was nothing to undo.") != std::string::npos);
}

TEST_CASE("each reason for an abort is said in words", "[cli][explain]") {
  json value = aborting({});
  const auto cause = [&](const char* code, const char* detail) {
    value["abort_reason"] = {{"code", code}, {"branch", "inventory"}, {"detail", detail}};
    return abort_cause(read(value));
  };
  CHECK(cause("branch_failed", "") == "inventory said no");
  CHECK(cause("attempts_exhausted", "500") == "inventory gave no definite answer and its attempts were used up: “500”");
  CHECK(cause("timeout", "") == "its time was over");
  CHECK(cause("initiator", "customer left") == "its initiator said so: “customer left”");
  CHECK(cause("operator", "ticket 1") == "an operator said so: “ticket 1”");
  CHECK(cause("check_refused", "") == "its initiator did not know of it when asked");
  CHECK(cause("new_code", "x") == "new_code: “x”");
}

TEST_CASE("what is being called is named", "[cli][explain]") {
  const auto said = explained(saga("active", {done, {"calling", 2}, waiting}, {waiting, waiting}));
  CHECK(said.why == "It is going forward: payment: action is being called at this moment (attempt 2).");
  CHECK(
      said.next ==
      "The answer decides how it goes on; a call without an answer in time is made again, and the transaction aborts if it is not done in "
      "50 s (10:01:00 UTC).");
  CHECK(explained(saga("active", {{"calling", 1}, {"calling", 1}, {"calling", 1}}, {})).why ==
        "It is going forward: order: action and 2 other operations are being called at this moment (attempt 1).");
  CHECK(explained(saga("active", {done, waiting}, {})).why == "It is going forward; nothing of it is being called at this moment.");
}

TEST_CASE("a forward call that fails says how often and until when", "[cli][explain]") {
  json value = saga("active", {done, {"backing_off", 3, "timeout: no complete answer within 1000 ms", at(22'000)}}, {waiting});
  auto said = explained(value);
  CHECK(said.why ==
        "It is going forward, but payment: action has not succeeded after 3 calls; the last answer: “timeout: no complete answer "
        "within 1000 ms”.");
  CHECK(said.next ==
        "payment: action is called again in 12 s (10:00:22 UTC); if it has not succeeded before its attempts are used up or the "
        "time is over in 50 s (10:01:00 UTC), the transaction aborts.");
  CHECK(said.commands == Commands{"escrowctl transactions retry order-17"});
  value["deadline_at"] = nullptr;
  CHECK(explained(value).next ==
        "payment: action is called again in 12 s (10:00:22 UTC), until its attempts are used up; then the transaction "
        "aborts.");
}

TEST_CASE("past the pivot nothing gives up any more", "[cli][explain]") {
  json value = saga("active", {done, {"backing_off", 3, "503 from participant", at(22'000)}}, {waiting});
  value["branches"][1]["pivot"] = true;
  auto said = explained(value);
  CHECK(said.why.starts_with("It is past its point of no return, but payment: action has not succeeded after 3 calls"));
  CHECK(said.next == "payment: action is called again in 12 s (10:00:22 UTC), and so on until it succeeds.");
  value["attention"] = {attention("payment", "action", "10 calls without success, the last: 503 from participant")};
  said = explained(value);
  CHECK(said.why ==
        "It is past its point of no return, and is stuck: payment: action is not getting done: “10 calls without success, the "
        "last: 503 from participant”. It has needed a person for 8.0 s.");
  CHECK(said.commands.back() ==
        "escrowctl transactions resolve order-17 --branch payment --operation action --outcome succeeded|refused --reason WHY");
}

TEST_CASE("an undo that is refused is stuck, and says who waits for it and what can be done", "[cli][explain]") {
  json value = aborting({waiting, {"backing_off", 1, "409: already shipped", at(40'000)}});
  value["attention"] = {attention("payment", "compensate", "refused: 409: already shipped")};
  const auto said = explained(value);
  CHECK(said.why ==
        "It aborts because inventory said no: “409: out of stock”, and is stuck: payment: compensate says no: “409: already "
        "shipped”. It has needed a person for 8.0 s.");
  CHECK(said.next == "payment: compensate is called again in 30 s (10:00:40 UTC), and so on until it succeeds. 1 undo waits for it.");
  CHECK(said.commands == Commands{"escrowctl transactions retry order-17",
                                  "escrowctl transactions resolve order-17 --branch payment --operation compensate --outcome succeeded "
                                  "--reason WHY"});
}

TEST_CASE("a service that is gone or hangs is told by its last answer", "[cli][explain]") {
  json value = aborting({{"calling", 12, "refused: cannot connect to 127.0.0.1: Connection refused"}, done});
  auto said = explained(value);
  CHECK(said.why.find("order: compensate is being called at this moment (attempt 12)") != std::string::npos);
  value["attention"] = {attention("order", "compensate", "10 calls without success, the last: refused: cannot connect to 127.0.0.1")};
  said = explained(value);
  CHECK(said.why.find("order: compensate is not getting done: “10 calls without success") != std::string::npos);
  CHECK(said.next == "order: compensate is being called again at this moment, and so on until it succeeds.");
}

TEST_CASE("what has waited longest comes first, and the others are counted", "[cli][explain]") {
  json value = aborting({{"backing_off", 2, "500", at(11'000)}, {"backing_off", 2, "409", at(12'000)}});
  value["order"] = "parallel";
  CHECK(explained(value).why.ends_with("the last answer: “500”. 1 other operation is in trouble as well."));
  value["attention"] = {attention("payment", "compensate", "refused: 409")};
  CHECK(explained(value).why.find("and is stuck: payment: compensate says no: “409”") != std::string::npos);
  CHECK(explained(value).next.find("waits for it") == std::string::npos);
}

TEST_CASE("a decided commit goes on until all is confirmed", "[cli][explain]") {
  json value = saga("committing", {done}, {});
  value["branches"][0]["kind"] = "tcc";
  value["branches"][0]["operations"] = {
      {"try", operation(done)}, {"confirm", operation({"backing_off", 4, "500", at(15'000)})}, {"cancel", operation(skipped)}};
  const auto said = explained(value);
  CHECK(said.why == "It is decided to commit, but order: confirm has not succeeded after 4 calls; the last answer: “500”.");
  CHECK(said.next == "order: confirm is called again in 5.0 s (10:00:15 UTC), and so on until it succeeds.");
}

TEST_CASE("an interactive transaction waits for its initiator", "[cli][explain]") {
  json value = saga("active", {}, {});
  value["interactive"] = true;
  auto said = explained(value);
  CHECK(said.why == "It waits for its initiator to say commit or abort; it has no branch yet.");
  CHECK(said.next == "If it says nothing, the transaction aborts in 50 s (10:01:00 UTC).");
  CHECK(said.commands.size() == 2);
}

TEST_CASE("a two-phase message is asked for, and says so when nobody answers", "[cli][explain]") {
  json value = saga("active", {}, {});
  value["interactive"] = true;
  value["mode"] = "message";
  value["deadline_at"] = nullptr;
  value["check"] = operation({"backing_off", 0, nullptr, at(20'000)}, "http://shop/check");
  CHECK(explained(value).next == "The initiator is asked in 10 s (10:00:20 UTC) at http://shop/check.");
  value["check"] = operation({"backing_off", 11, "404 from participant", at(20'000)}, "http://shop/check");
  value["attention"] = {attention(nullptr, "check", "11 calls without success, the last: 404 from participant")};
  const auto said = explained(value);
  CHECK(said.why.find("and is stuck: the check of the initiator is not getting done") != std::string::npos);
  CHECK(said.commands.back() == "escrowctl transactions resolve order-17 --outcome committed|aborted --reason WHY");
}

TEST_CASE("words of a participant never steer the terminal", "[cli][explain]") {
  json value = aborting({waiting, {"backing_off", 1, "409", at(40'000)}});
  value["attention"] = {attention("payment", "compensate", "refused: 409: \x1b[2Jgone\x07")};
  const auto said = explained(value);
  CHECK(said.why.find('\x1b') == std::string::npos);
  CHECK(said.why.find('\x07') == std::string::npos);
}
