#include <escrow/client.hpp>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <escrow/context.hpp>
#include <escrow/http_caller.hpp>
#include <escrow/message.hpp>
#include <escrow/saga.hpp>
#include <escrow/testing/fake_coordinator.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>

#include "tests/support/child_process.hpp"
#include "tests/support/tls_server.hpp"
#include "tests/unit/client-sdk/initiator/participant.hpp"

using namespace escrow;
using namespace escrow::testing;
using namespace std::chrono_literals;

namespace {

ClientOptions quick(const std::string& urls) {
  return ClientOptions().urls(urls).connect_timeout(1s).attempt_timeout(2s).total_timeout(5s);
}

Saga one_step(Participant& participant) {
  return Saga("place-order").step(Step("order").action(participant.url("/do")).compensate(participant.url("/undo")).payload("{\"n\":1.0}"));
}

Reply problem_reply(unsigned status, const std::string& code, const std::string& more = {}) {
  return reply_with(status,
                    "{\"type\":\"about:blank\",\"title\":\"t\",\"status\":1,\"detail\":\"because\",\"code\":\"" + code + "\"" + more + "}",
                    {{"Content-Type", "application/problem+json"}});
}

/// An address of this machine where nobody listens.
std::string dead_address() {
  LoopbackServer server([](const Received&) { return Reply(); });
  return server.url();
}

/// Lets handlers go that wait for it, whatever a test ends with: declare it behind the server.
class Gate {
 public:
  explicit Gate(std::promise<void>& promise) : promise_(promise) {}
  ~Gate() { promise_.set_value(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

 private:
  std::promise<void>& promise_;
};

}  // namespace

TEST_CASE("a saga is run to its end", "[sdk][client]") {
  FakeCoordinator coordinator;
  Participant participant;
  const Client client(quick(coordinator.url()));
  participant.answers("/do", 200, "{\"id\": 7}");
  const auto view = client.run(one_step(participant));
  REQUIRE(view);
  CHECK(view->status() == Status::committed);
  CHECK(view->output("order", Operation::action) == "{\"id\": 7}");
  CHECK(participant.calls().front().body == "{\"n\":1.0}");
}

TEST_CASE("a start whose answer is lost is repeated and runs once", "[sdk][client]") {
  FakeCoordinator coordinator;
  Participant participant;
  const Client client(quick(coordinator.url()));
  const Saga saga = one_step(participant);
  coordinator.lose_next_answers(2);
  const auto view = client.run(saga);
  REQUIRE(view);
  CHECK(view->status() == Status::committed);
  CHECK(coordinator.requests().size() >= 3);
  CHECK(participant.paths() == std::vector<std::string>{"/do"});
}

TEST_CASE("a request that never arrives is sent again", "[sdk][client]") {
  FakeCoordinator coordinator;
  Participant participant;
  const Client client(quick(coordinator.url()));
  coordinator.lose_next_requests(2);
  CHECK(client.run(one_step(participant)).has_value());
}

TEST_CASE("an end that does not come in time is an unknown outcome with the gid and the last status", "[sdk][client]") {
  FakeCoordinator coordinator;
  Participant participant;
  coordinator.hold_second_phase();
  const Client client(quick(coordinator.url()));
  const Message message = Message("m").deliver("a", participant.url("/do"));
  const auto view = client.run(message, 30ms);
  REQUIRE_FALSE(view);
  CHECK(view.error().code() == Errc::unknown_outcome);
  CHECK(view.error().gid() == message.gid());
  CHECK(view.error().last_status() == Status::committing);
  coordinator.release();
  CHECK(client.wait(message.gid(), 10s)->status() == Status::committed);
}

TEST_CASE("waiting ends when the transaction does", "[sdk][client]") {
  FakeCoordinator coordinator;
  Participant participant;
  coordinator.hold_second_phase();
  const Client client(quick(coordinator.url()));
  const Message message = Message("m").deliver("a", participant.url("/do"));
  REQUIRE(client.start(message));
  auto waiting = client.async().wait(message.gid(), 1min).future();
  coordinator.release();
  CHECK(waiting.get()->status() == Status::committed);
}

TEST_CASE("a definite no is never repeated and tells everything", "[sdk][client]") {
  std::atomic<int> asked = 0;
  Reply next;
  LoopbackServer server([&](const Received&) {
    ++asked;
    return next;
  });
  const Client client(quick(server.url()));
  const auto ask = [&](Reply reply) {
    next = std::move(reply);
    asked = 0;
    auto answer = client.start(Saga().gid("g").step(Step("a").action("http://h/")));
    REQUIRE_FALSE(answer);
    CHECK(asked == 1);
    CHECK(answer.error().gid() == "g");
    return answer.error();
  };

  const auto invalid = ask(
      problem_reply(422, "invalid", R"(,"errors":[{"pointer":"/branches/0/action","detail":"no"},{"parameter":"limit","detail":"x"}])"));
  CHECK(invalid.code() == Errc::invalid_argument);
  CHECK(invalid.http_status() == 422);
  CHECK(invalid.problem() == protocol::ProblemCode::invalid);
  REQUIRE(invalid.faults().size() == 2);
  CHECK(invalid.faults()[0].place() == "/branches/0/action");
  CHECK(invalid.faults()[1].place() == "limit");

  const auto conflict = ask(problem_reply(409, "gid_conflict", R"(,"differs":["/branches/0/payload"])"));
  CHECK(conflict.code() == Errc::gid_conflict);
  CHECK(conflict.differs() == std::vector<std::string>{"/branches/0/payload"});
  CHECK(conflict.detail() == "because");

  CHECK(ask(problem_reply(401, "unauthenticated")).code() == Errc::unauthenticated);
  CHECK(ask(problem_reply(403, "forbidden")).code() == Errc::unauthenticated);
  CHECK(ask(problem_reply(404, "not_found")).code() == Errc::not_found);
  CHECK(ask(problem_reply(409, "already_decided")).code() == Errc::already_decided);
  CHECK(ask(problem_reply(409, "past_pivot")).code() == Errc::past_pivot);
  CHECK(ask(problem_reply(409, "not_interactive")).code() == Errc::not_interactive);
  CHECK(ask(problem_reply(409, "branch_conflict")).code() == Errc::branch_conflict);
  CHECK(ask(problem_reply(413, "body_too_large")).code() == Errc::invalid_argument);
  CHECK(ask(problem_reply(409, "a_newer_code")).code() == Errc::rejected);
  CHECK(ask(reply_with(404, "<html>", {{"Content-Type", "text/html"}})).code() == Errc::broken_answer);
  CHECK(ask(reply_with(302, "", {{"Location", "http://elsewhere/"}})).code() == Errc::broken_answer);
}

TEST_CASE("when nobody listens nothing can have been recorded", "[sdk][client]") {
  const Client client(quick(dead_address() + "," + dead_address()).total_timeout(300ms));
  const auto answer = client.start(Saga().gid("g").step(Step("a").action("http://h/")));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == Errc::unreachable);
  CHECK(answer.error().gid() == "g");
}

TEST_CASE("when an answer was lost and everything stays dead the outcome is unknown", "[sdk][client]") {
  FakeCoordinator coordinator;
  const Client client(quick(coordinator.url() + "," + dead_address()).total_timeout(400ms));
  coordinator.lose_next_answers(1'000);
  const auto answer = client.start(Saga().gid("g-1").step(Step("a").action("http://127.0.0.1:1/").retry(RetryOptions().max_attempts(1))));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == Errc::unknown_outcome);
  CHECK(answer.error().gid() == "g-1");
  // A look changes nothing, so nothing about it is unknown.
  CHECK(client.get("g-1").error().code() == Errc::unreachable);
}

TEST_CASE("503 is asked again and told as unavailable in the end", "[sdk][client]") {
  FakeCoordinator coordinator;
  Participant participant;
  {
    const Client client(quick(coordinator.url()));
    coordinator.refuse_next_requests(2);
    CHECK(client.run(one_step(participant)).has_value());
  }
  const Client client(quick(coordinator.url()).total_timeout(200ms));
  coordinator.refuse_next_requests(1'000);
  const auto answer = client.start(one_step(participant));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == Errc::unavailable);
  CHECK(answer.error().problem() == protocol::ProblemCode::overloaded);
}

TEST_CASE("a Retry-After beyond the end of the call ends it at once", "[sdk][client]") {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const Received&) {
    ++asked;
    Reply reply = problem_reply(503, "draining");
    reply.headers.emplace_back("Retry-After", "3600");
    return reply;
  });
  const Client client(quick(server.url()).total_timeout(1min));
  const auto began = std::chrono::steady_clock::now();
  CHECK(client.get("g").error().code() == Errc::unavailable);
  CHECK(asked == 1);
  CHECK(std::chrono::steady_clock::now() - began < 30s);
}

TEST_CASE("while one address says Retry-After another one is asked", "[sdk][client]") {
  std::atomic<int> asked = 0;
  LoopbackServer draining([&](const Received&) {
    ++asked;
    Reply reply = problem_reply(503, "draining");
    reply.headers.emplace_back("Retry-After", "60");
    return reply;
  });
  FakeCoordinator coordinator;
  Participant participant;
  const Client client(quick(draining.url() + "," + coordinator.url()));
  CHECK(client.run(one_step(participant)).has_value());
  CHECK(asked == 1);
  // The one that worked is kept.
  CHECK(client.run(one_step(participant)).has_value());
  CHECK(asked == 1);
}

TEST_CASE("dead, unresolvable and silent addresses are passed by with the same gid", "[sdk][client]") {
  FakeCoordinator coordinator;
  Participant participant;
  // Silent: takes the request and answers nothing until the test ends.
  std::promise<void> over;
  auto waiting = over.get_future().share();
  LoopbackServer silent([waiting](const Received&) {
    waiting.wait();
    return no_reply();
  });
  const Gate answer(over);
  {
    const Client client(
        quick(dead_address() + ",http://no-such-host.invalid:1," + silent.url() + "," + coordinator.url()).attempt_timeout(200ms));
    const auto view = client.run(one_step(participant), 0ms);
    REQUIRE(view);
    CHECK(view->status() == Status::committed);
  }
}

TEST_CASE("D18 an address that is only slow is passed by with the same gid, and its late answer is nobody's", "[sdk][client]") {
  FakeCoordinator coordinator;
  Participant participant;
  std::promise<void> too_late;
  auto waiting = too_late.get_future().share();
  std::promise<std::string> asked;
  std::atomic<bool> is_asked = false;
  LoopbackServer slow([&asked, &is_asked, waiting](const Received& request) {
    // On a machine that is slow itself it may be asked again.
    if (!is_asked.exchange(true)) asked.set_value(request.body);
    waiting.wait();
    return problem_reply(409, "gid_conflict");
  });
  auto late_answer = std::make_unique<Gate>(too_late);
  {
    const Client client(quick(slow.url() + "," + coordinator.url()).attempt_timeout(1s));
    const auto view = client.run(one_step(participant), 0ms);
    REQUIRE(view);
    CHECK(view->status() == Status::committed);
    CHECK(asked.get_future().get().find("\"" + view->gid() + "\"") != std::string::npos);
    late_answer.reset();
    CHECK(client.get(view->gid())->status() == Status::committed);
  }
}

TEST_CASE("the whole call is bounded when an address is silent", "[sdk][client]") {
  std::promise<void> over;
  auto waiting = over.get_future().share();
  LoopbackServer silent([waiting](const Received&) {
    waiting.wait();
    return no_reply();
  });
  const Gate answer(over);
  {
    const Client client(quick(silent.url()).attempt_timeout(100ms).total_timeout(250ms));
    const auto began = std::chrono::steady_clock::now();
    CHECK(client.commit("g").error().code() == Errc::unknown_outcome);
    CHECK(client.get("g").error().code() == Errc::unreachable);
    CHECK(std::chrono::steady_clock::now() - began < 20s);
  }
}

TEST_CASE("an answer cut in the middle is no answer", "[sdk][client]") {
  FakeCoordinator coordinator;
  Participant participant;
  const Saga saga = one_step(participant);
  std::string document;
  {
    const Client client(quick(coordinator.url()));
    document = client.run(saga)->json();
  }
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const Received&) {
    Reply reply = reply_with(200, document);
    if (++asked <= 3) reply.delivery = Reply::Delivery::half;
    return reply;
  });
  const Client client(quick(server.url()));
  CHECK(client.start(saga)->gid() == saga.gid());
}

TEST_CASE("requests carry token, actor and trace", "[sdk][client]") {
  http::Headers seen;
  std::string target;
  LoopbackServer server([&](const Received& request) {
    seen = request.headers;
    target = request.url;
    return problem_reply(404, "not_found");
  });
  const Client client(quick(server.url()).token("secret").actor("alice"));
  const ContextScope scope(Context("other-gid", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x=y"));
  static_cast<void>(client.list(ListQuery().status(Status::aborting).attention(true).attribute("customer", "c 42&x").limit(7)));
  CHECK(target == "/v1/transactions?status=aborting&attention=true&attribute.customer=c%2042%26x&limit=7");
  const Participant::Call call{target, "", seen};
  CHECK(call.header("Authorization") == "Bearer secret");
  CHECK(call.header("Escrow-Actor") == "alice");
  CHECK(call.header("tracestate") == "x=y");
  CHECK(call.header("traceparent").starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  CHECK(call.header("traceparent").find("b7ad6b7169203331") == std::string::npos);
  CHECK(call.header("Escrow-Gid").empty());
}

TEST_CASE("a token from a file is the one that stands there now", "[sdk][client]") {
  std::string seen;
  LoopbackServer server([&](const Received& request) {
    seen = Participant::Call{request.url, "", request.headers}.header("Authorization");
    return problem_reply(404, "not_found");
  });
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/token";
  const auto write = [&](const std::string& text) {
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
  };
  CHECK_THROWS_AS(Client(quick(server.url()).token_file(path)), std::invalid_argument);
  write("two\nlines");
  CHECK_THROWS_AS(Client(quick(server.url()).token_file(path)), std::invalid_argument);
  write("first\n");
  const Client client(quick(server.url()).token("beaten").token_file(path));
  const auto sent = [&] {
    static_cast<void>(client.get("g"));
    return seen;
  };
  CHECK(sent() == "Bearer first");
  write("  second ");
  CHECK(sent() == "Bearer second");
  // Nothing for a moment, or nonsense: the last one may still be good.
  std::filesystem::remove(path);
  CHECK(sent() == "Bearer second");
  write("\r\n");
  CHECK(sent() == "Bearer second");
  write("third");
  CHECK(sent() == "Bearer third");
}

TEST_CASE("a coordinator over https is verified, and shown a certificate where it asks for one", "[sdk][client]") {
  std::signal(SIGPIPE, SIG_IGN);
  const TestCertificate coordinator("IP:127.0.0.1");
  const TestCertificate authority("DNS:authority");
  const TestCertificate us("DNS:shop", authority);
  const TestCertificate stranger("DNS:shop");
  std::atomic<int> requests = 0;
  RawServer server(over_mutual_tls(coordinator, authority, [&](TlsConnection& connection, int) {
    while (!connection.receive_message().empty()) {
      ++requests;
      const std::string body = R"({"type":"about:blank","title":"t","status":404,"detail":"d","code":"not_found"})";
      connection.send("HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nContent-Length: " + std::to_string(body.size()) +
                      "\r\n\r\n" + body);
    }
  }));
  const auto options = [&] {
    return quick("https://127.0.0.1:" + std::to_string(server.port())).total_timeout(std::chrono::milliseconds(300));
  };
  const auto code = [](const ClientOptions& with) { return Client(with).get("g").error().code(); };
  CHECK(code(options().ca_file(coordinator.certificate_file()).certificate(us.certificate_file(), us.key_file())) == Errc::not_found);
  CHECK(requests == 1);
  CHECK(code(options().ca_file(coordinator.certificate_file())) != Errc::not_found);
  CHECK(code(options().ca_file(coordinator.certificate_file()).certificate(stranger.certificate_file(), stranger.key_file())) !=
        Errc::not_found);
  CHECK(code(options().ca_file(stranger.certificate_file()).certificate(us.certificate_file(), us.key_file())) == Errc::unreachable);
  CHECK(requests == 1);
  CHECK_THROWS_AS(Client(options().certificate(us.certificate_file(), "")), std::invalid_argument);
  CHECK_THROWS_AS(Client(options().certificate(us.certificate_file(), stranger.key_file())), std::invalid_argument);
  CHECK_THROWS_AS(HttpCaller(CallerTls().certificate("/no/such.pem", "/no/such.key")), std::invalid_argument);
}

TEST_CASE("names that are none never reach the wire", "[sdk][client]") {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const Received&) {
    ++asked;
    return Reply();
  });
  const Client client(quick(server.url()));
  for (const std::string gid : {"", ".", "..", "a/b", "a?b", "a b", "\r\n"}) {
    CHECK(client.get(gid).error().code() == Errc::invalid_argument);
    CHECK(client.abort(gid).error().code() == Errc::invalid_argument);
    CHECK(client.events(gid).error().code() == Errc::invalid_argument);
  }
  CHECK(client.resolve("g", "a/b", Operation::cancel, "succeeded", "r").error().code() == Errc::invalid_argument);
  CHECK(asked == 0);
}

TEST_CASE("every operation has its request", "[sdk][client]") {
  std::string line;
  LoopbackServer server([&](const Received& request) {
    line = request.method + " " + request.url + " " + request.body;
    return problem_reply(404, "not_found");
  });
  const Client client(quick(server.url()));
  const auto sent = [&](auto answer) {
    CHECK(answer.error().code() == Errc::not_found);
    return line;
  };
  CHECK(sent(client.get("g")) == "GET /v1/transactions/g ");
  CHECK(sent(client.commit("g")) == "POST /v1/transactions/g/commit ");
  CHECK(sent(client.abort("g", "why \"not\"")) == "POST /v1/transactions/g/abort {\"reason\":\"why \\\"not\\\"\"}");
  CHECK(sent(client.extend("g", 5s)) == "POST /v1/transactions/g/extend {\"timeout_ms\":5000}");
  CHECK(sent(client.retry("g")) == "POST /v1/transactions/g/retry ");
  CHECK(sent(client.resolve("g", "b", Operation::compensate, "succeeded", "by hand")) ==
        "POST /v1/transactions/g/branches/b/resolve {\"operation\":\"compensate\",\"outcome\":\"succeeded\",\"reason\":\"by hand\"}");
  CHECK(sent(client.resolve("g", "", Operation::check, "aborted", "by hand")) ==
        "POST /v1/transactions/g/resolve {\"outcome\":\"aborted\",\"reason\":\"by hand\"}");
  CHECK(sent(client.events("g")) == "GET /v1/transactions/g/events ");
  CHECK(sent(client.info()) == "GET /v1/info ");
}

TEST_CASE("history, lists and info are read", "[sdk][client]") {
  std::string body;
  LoopbackServer server([&](const Received&) { return reply_with(200, body, {{"Content-Type", "application/json"}}); });
  const Client client(quick(server.url()));
  body =
      R"({"events":[{"seq":3,"at":"t","type":"attempt_failed","branch":"b","operation":"try","attempt":2,"detail":"503","actor":null}]})";
  const auto events = client.events("g");
  REQUIRE(events);
  REQUIRE(events->size() == 1);
  CHECK(events->front().seq() == 3);
  CHECK(events->front().attempt() == 2);
  CHECK_FALSE(events->front().actor());
  body = R"({"version":"1.2.3","node":"n","store_id":"s","uptime_ms":5})";
  const auto info = client.info();
  REQUIRE(info);
  CHECK(info->store_id() == "s");
  CHECK(info->version() == "1.2.3");

  FakeCoordinator coordinator;
  Participant participant;
  const Client other(quick(coordinator.url()));
  const Saga saga = one_step(participant);
  REQUIRE(other.run(saga));
  const auto page = other.list();
  REQUIRE(page);
  CHECK(page->transactions().front().gid() == saga.gid());
  CHECK_FALSE(page->next_cursor());
}

TEST_CASE("options that can't work are told at construction", "[sdk][client]") {
  CHECK_THROWS_AS(Client(""), std::invalid_argument);
  CHECK_THROWS_AS(Client("127.0.0.1:7400"), std::invalid_argument);
  CHECK_THROWS_AS(Client("http://user@host"), std::invalid_argument);
  CHECK_THROWS_AS(Client(ClientOptions().ca_file("/no/such/file.pem")), std::invalid_argument);
  CHECK_THROWS_AS(Client(ClientOptions().token("a\r\nb")), std::invalid_argument);
  CHECK(ClientOptions().urls(" http://a:1/ ,, http://b:2").urls() == std::vector<std::string>{"http://a:1", "http://b:2"});
}

TEST_CASE("the environment says where the coordinator is", "[sdk][client]") {
  ::setenv("ESCROW_URL", "http://a:1,http://b:2", 1);
  ::setenv("ESCROW_TOKEN", "t", 1);
  ::setenv("ESCROW_CA_FILE", "/f", 1);
  ::setenv("ESCROW_TOKEN_FILE", "/t", 1);
  ::setenv("ESCROW_CERTIFICATE_FILE", "/c", 1);
  ::setenv("ESCROW_KEY_FILE", "/k", 1);
  const auto options = ClientOptions::from_environment();
  ::unsetenv("ESCROW_URL");
  ::unsetenv("ESCROW_TOKEN");
  for (const char* name : {"ESCROW_CA_FILE", "ESCROW_TOKEN_FILE", "ESCROW_CERTIFICATE_FILE", "ESCROW_KEY_FILE"}) ::unsetenv(name);
  CHECK(options.urls() == std::vector<std::string>{"http://a:1", "http://b:2"});
  CHECK(options.token() == "t");
  CHECK(options.ca_file() == "/f");
  CHECK(options.token_file() == "/t");
  CHECK(options.certificate_file() == "/c");
  CHECK(options.key_file() == "/k");
  CHECK(ClientOptions::from_environment().urls() == std::vector<std::string>{"http://127.0.0.1:7400"});
}
