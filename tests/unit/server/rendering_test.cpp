#include "coordinator/server/metrics_text.hpp"
#include "coordinator/server/problem.hpp"
#include "coordinator/server/transaction_json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>

#include "protocol/start_request_json.hpp"

using namespace escrow;
using namespace escrow::server;
using nlohmann::json;
using protocol::ProblemCode;

namespace {

core::Transaction transaction(std::string_view body) {
  auto request = protocol::parse_start_request(body, {}, *protocol::Gid::parse("generated"));
  REQUIRE(request);
  core::Transaction out;
  out.request = std::make_shared<const protocol::StartRequest>(*std::move(request));
  for (const auto& branch : out.request->branches) {
    core::Branch one;
    one.request = std::make_shared<const protocol::BranchRequest>(branch);
    if (!branch.forward_url.empty()) one.forward = core::Operation();
    if (!branch.undo_url.empty()) one.undo = core::Operation();
    out.branches.push_back(std::move(one));
  }
  return out;
}

std::string rendered(const core::Transaction& transaction) {
  std::string out;
  append_transaction(out, transaction);
  return out;
}

}  // namespace

TEST_CASE("a transaction shows all of its members, null where there is no value", "[server][json]") {
  const auto shown = json::parse(rendered(transaction(R"({"gid":"g","mode":"saga","branches":[{"id":"a","action":"http://h/a"}]})")));
  for (const char* member : {"name", "finished_at", "deadline_at", "abort_reason", "check"}) {
    INFO(member);
    REQUIRE(shown.contains(member));
    CHECK(shown.at(member).is_null());
  }
  CHECK(shown.size() == 15);
  CHECK(shown.at("started_at") == "1970-01-01T00:00:00.000Z");
  CHECK(shown.at("attention") == json::array());
  CHECK(shown.at("attributes") == json::object());
  const auto& branch = shown.at("branches").at(0);
  CHECK(branch.size() == 6);
  CHECK(branch.at("payload").is_null());
  CHECK(branch.at("operations").size() == 1);
  CHECK(branch.at("operations").at("action").size() == 7);
}

TEST_CASE("payload and output are shown byte for byte", "[server][json]") {
  auto shown =
      transaction(R"({"mode":"saga","branches":[{"id":"a","action":"http://h/a","payload":{"n": 1.00,"big":1e400,"s":"\u00e9"}}]})");
  shown.branches[0].forward->output = std::make_shared<const std::string>("[ 1.0 , 2 ]");
  const std::string text = rendered(shown);
  CHECK(text.find(R"("payload":{"n": 1.00,"big":1e400,"s":"\u00e9"})") != std::string::npos);
  CHECK(text.find(R"("output":[ 1.0 , 2 ])") != std::string::npos);
}

TEST_CASE("headers of transaction and branch are never shown", "[server][json]") {
  const std::string text = rendered(transaction(
      R"({"mode":"saga","headers":{"X-A":"secret-1"},"branches":[{"id":"a","action":"http://h/a","headers":{"X-B":"secret-2"}}]})"));
  CHECK(text.find("secret") == std::string::npos);
  CHECK(text.find("X-A") == std::string::npos);
}

TEST_CASE("text of people and participants is escaped", "[server][json]") {
  auto shown =
      transaction(R"({"mode":"saga","name":"a\"b\\c\nd","branches":[{"id":"a","action":"http://h/a","compensate":"http://h/c"}]})");
  shown.branches[0].forward->last_error = "503: \"quoted\" \xFF";
  shown.branches[0].undo->attention = core::Attention{core::from_ms(1), "line\nbreak"};
  shown.abort_reason = core::AbortReason{protocol::AbortCode::branch_failed, protocol::BranchId::parse("a"), "\"no\""};
  const auto parsed = json::parse(rendered(shown));
  CHECK(parsed.at("name") == "a\"b\\c\nd");
  CHECK(parsed.at("abort_reason") == json({{"code", "branch_failed"}, {"branch", "a"}, {"detail", "\"no\""}}));
  CHECK(parsed.at("attention").at(0) ==
        json({{"since", "1970-01-01T00:00:00.001Z"}, {"branch", "a"}, {"operation", "compensate"}, {"reason", "line\nbreak"}}));
  CHECK(parsed.at("branches").at(0).at("operations").at("action").at("last_error") == "503: \"quoted\" \xEF\xBF\xBD");
}

TEST_CASE("lists leave the branches out", "[server][json]") {
  store::Page page;
  page.transactions.push_back(transaction(R"({"gid":"g","mode":"saga","branches":[{"id":"a","action":"http://h/a"}]})"));
  page.next_cursor = "c\"1";
  const auto shown = json::parse(list_json(page));
  CHECK(shown.at("transactions").at(0).size() == 14);
  CHECK_FALSE(shown.at("transactions").at(0).contains("branches"));
  CHECK(shown.at("next_cursor") == "c\"1");
  CHECK(json::parse(list_json({})) == json({{"transactions", json::array()}, {"next_cursor", nullptr}}));
}

TEST_CASE("history shows every member of an event", "[server][json]") {
  store::StoredEvent event;
  event.seq = 7;
  event.event.type = protocol::EventType::attempt_failed;
  event.event.branch = protocol::BranchId::parse("b");
  event.event.operation = protocol::OperationName::try_;
  event.event.attempt = 3;
  event.event.detail = "time-out";
  const auto shown = json::parse(history_json({event, {}}));
  CHECK(shown.at("events").at(0) == json({{"seq", 7},
                                          {"at", "1970-01-01T00:00:00.000Z"},
                                          {"type", "attempt_failed"},
                                          {"branch", "b"},
                                          {"operation", "try"},
                                          {"attempt", 3},
                                          {"detail", "time-out"},
                                          {"actor", nullptr}}));
  CHECK(shown.at("events").at(1).at("attempt").is_null());
}

TEST_CASE("every problem has a title, a sentence and its status", "[server][problem]") {
  for (unsigned i = 0; i <= static_cast<unsigned>(ProblemCode::draining); ++i) {
    const auto code = static_cast<ProblemCode>(i);
    const auto response = Problem(code).to_response();
    const auto document = json::parse(response.body);
    INFO(response.body);
    CHECK(document.at("code") == protocol::to_string(code));
    CHECK(document.at("status") == protocol::http_status(code));
    CHECK(response.status == static_cast<int>(protocol::http_status(code)));
    CHECK_FALSE(document.at("title").get<std::string>().empty());
    CHECK_FALSE(document.at("detail").get<std::string>().empty());
    CHECK(response.headers.find("Content-Type") == "application/problem+json");
    CHECK(response.headers.contains("Retry-After") == (response.status == 503));
  }
}

TEST_CASE("problems carry faults, differences and methods", "[server][problem]") {
  const auto invalid = json::parse(Problem(ProblemCode::invalid).faults({{"/a", "wrong"}, {"", "wrong", "limit"}}).to_response().body);
  CHECK(invalid.at("errors") == json::parse(R"([{"pointer":"/a","detail":"wrong"},{"parameter":"limit","detail":"wrong"}])"));
  const auto conflict = json::parse(Problem(ProblemCode::gid_conflict).differs({"/name"}).to_response().body);
  CHECK(conflict.at("differs") == json::parse(R"(["/name"])"));
  CHECK(Problem(ProblemCode::method_not_allowed).allow("GET").to_response().headers.find("Allow") == "GET");
}

TEST_CASE("what an exception says is for the log only", "[server][problem]") {
  const auto response = render_transport_error(transport::ProtocolError::internal, "secret path /etc/x");
  CHECK(response.status == 500);
  CHECK(response.body.find("secret") == std::string::npos);
}

TEST_CASE("the metrics page has one family for each name", "[server][metrics]") {
  MetricsSnapshot snapshot;
  snapshot.version = "1.2.3";
  snapshot.has_counts = true;
  snapshot.engine.call_duration_buckets = {1, 2};
  snapshot.engine.calls[{protocol::OperationName::action, "succeeded"}] = 3;
  engine::Destination destination;
  destination.name = "http://h:1\"\n";
  destination.open = 1;
  destination.held_back = 2;
  destination.breaker = engine::node::BreakerState::open;
  snapshot.destinations.push_back(std::move(destination));
  const std::string text = metrics_text(snapshot);
  for (const char* name :
       {"escrow_transactions_started_total{mode=\"saga\"} 0\n", "escrow_transactions_finished_total{mode=\"tcc\",status=\"aborted\"} 0\n",
        "escrow_transactions_unfinished{status=\"active\"} 0\n", "escrow_transactions_attention 0\n",
        "escrow_calls_total{operation=\"action\",outcome=\"succeeded\"} 3\n", "escrow_call_duration_seconds_bucket{le=\"+Inf\"} 3\n",
        "escrow_store_write_duration_seconds_count 0\n", "destination=\"http://h:1\\\"\\n\"", "escrow_build_info{version=\"1.2.3\"} 1\n"}) {
    INFO(name);
    CHECK(text.find(name) != std::string::npos);
  }
  // A family that is told twice is an error for Prometheus.
  std::set<std::string> families;
  for (std::size_t at = text.find("# TYPE "); at != std::string::npos; at = text.find("# TYPE ", at + 1)) {
    CHECK(families.insert(text.substr(at, text.find(' ', at + 7) - at)).second);
  }
}
