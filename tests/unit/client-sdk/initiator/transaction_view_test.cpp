#include <catch2/catch.hpp>
#include <escrow/error.hpp>
#include <escrow/transaction_view.hpp>

using namespace escrow;

namespace {

const std::string document = R"({
  "gid": "order-17", "mode": "saga", "name": "place-order", "status": "aborted", "interactive": false, "order": "sequential",
  "started_at": "2026-01-05T10:00:00.000Z", "updated_at": "2026-01-05T10:00:01.000Z", "finished_at": "2026-01-05T10:00:02.000Z", "deadline_at": null,
  "abort_reason": {"code": "branch_failed", "branch": "inventory", "detail": "409: out of stock"},
  "attention": [{"since": "2026-01-05T10:00:01.000Z", "branch": "order", "operation": "compensate", "reason": "503"}],
  "attributes": {"customer": "c-42"}, "check": null, "something_new": [1],
  "branches": [
    {"id": "order", "kind": "saga", "after": ["a"], "pivot": true, "payload": {"order": 17.00},
     "operations": {
       "action": {"state": "succeeded", "attempts": 1, "url": "http://h/a", "output": { "n":1.0 }, "last_error": null, "next_attempt_at": null, "finished_at": "t"},
       "compensate": {"state": "backing_off", "attempts": 2, "url": "http://h/c", "output": null, "last_error": "503", "next_attempt_at": "t", "finished_at": null}}}]
})";

std::string with(const std::string& from, const std::string& to) {
  std::string text = document;
  text.replace(text.find(from), from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("a view shows everything of the document", "[sdk][view]") {
  const auto parsed = TransactionView::parse(document);
  REQUIRE(parsed);
  const TransactionView& view = parsed.value();
  CHECK(view.gid() == "order-17");
  CHECK(view.mode() == Mode::saga);
  CHECK(view.name() == "place-order");
  CHECK(view.status() == Status::aborted);
  CHECK(view.is_terminal());
  CHECK(view.will_abort());
  CHECK_FALSE(view.will_commit());
  CHECK(view.finished_at() == "2026-01-05T10:00:02.000Z");
  CHECK_FALSE(view.deadline_at());
  REQUIRE(view.abort_reason());
  CHECK(view.abort_reason()->code() == AbortCode::branch_failed);
  CHECK(view.abort_reason()->branch() == "inventory");
  REQUIRE(view.attention().size() == 1);
  CHECK(view.attention().front().operation() == "compensate");
  CHECK(view.attributes().at("customer") == "c-42");
  REQUIRE(view.branch("order") != nullptr);
  const BranchView& branch = *view.branch("order");
  CHECK(branch.is_pivot());
  CHECK(branch.after() == std::vector<std::string>{"a"});
  CHECK(branch.payload() == "{\"order\": 17.00}");
  REQUIRE(branch.operation(Operation::compensate) != nullptr);
  CHECK(branch.operation(Operation::compensate)->state() == OperationState::backing_off);
  CHECK(branch.operation(Operation::compensate)->last_error() == "503");
  CHECK(branch.operation(Operation::try_) == nullptr);
  CHECK(view.branch("nobody") == nullptr);
}

TEST_CASE("outputs are the exact bytes of the participant", "[sdk][view]") {
  const auto view = TransactionView::parse(document);
  CHECK(view.value().output("order", Operation::action) == "{ \"n\":1.0 }");
  CHECK_FALSE(view.value().output("order", Operation::compensate));
  CHECK_FALSE(view.value().output("nobody", Operation::action));
}

TEST_CASE("what is not a transaction is a broken answer", "[sdk][view]") {
  for (const std::string& text :
       {std::string(), std::string("<html>"), std::string("{}"), std::string("[]"), std::string("null"), with("\"gid\": \"order-17\",", ""),
        with("\"aborted\"", "\"vanished\""), with("\"attempts\": 1", "\"attempts\": \"1\""), with("\"action\":", "\"acting\":")}) {
    INFO(text);
    const auto view = TransactionView::parse(text);
    REQUIRE_FALSE(view);
    CHECK(view.error().code == Errc::broken_answer);
  }
}

TEST_CASE("no cut of a document is read as one", "[sdk][view]") {
  for (std::size_t length = 0; length < document.size(); ++length)
    CHECK_FALSE(TransactionView::parse(document.substr(0, length)).has_value());
}
