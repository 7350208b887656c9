#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/escrowd_process.hpp"
#include "tests/support/fake_participant.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/tls_server.hpp"

using namespace escrow::testing;
using namespace std::chrono_literals;
using nlohmann::json;

/// `escrowctl` against the real coordinator, as a person and as a program use it.
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Desk {
  Desk() : coordinator(ESCROWD, directory.path()) {}

  [[nodiscard]] std::string server() const { return "127.0.0.1:" + std::to_string(coordinator.port()); }
  [[nodiscard]] std::vector<std::string> command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {ESCROWCTL, "--server", server(), "--actor", "ann"});
    return arguments;
  }
  FinishedProcess run(const std::vector<std::string>& arguments) const {
    FinishedProcess finished = run_to_end(command(arguments), directory.path());
    UNSCOPED_INFO(finished.status << "\n" << finished.output << finished.errors);
    return finished;
  }
  json run_json(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"-o", "json"});
    const FinishedProcess finished = run(arguments);
    REQUIRE(finished.status == 0);
    return json::parse(finished.output);
  }
  /// A transaction as a file, and what starts it.
  FinishedProcess start(const json& body, const std::vector<std::string>& more = {}) const {
    const std::string file = directory.path() + "/start.json";
    std::ofstream(file) << body.dump();
    std::vector<std::string> arguments{"transactions", "start", file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  /// The transaction once something of it needs a person.
  json in_attention(const std::string& gid) const {
    json seen;
    for (int turn = 0; turn < 500; ++turn) {
      seen = json::parse(send_http(coordinator.port(), "GET", "/v1/transactions/" + gid + "?wait_ms=20").body);
      if (!seen.at("attention").empty()) return seen;
    }
    FAIL("nothing needs a person: " << seen.dump());
    return seen;
  }

  TemporaryDirectory directory;
  EscrowdProcess coordinator;
};

json saga(const std::string& gid, const std::string& action, const std::string& undo, const std::string& second) {
  return {{"gid", gid},
          {"mode", "saga"},
          {"name", "place-order"},
          {"retry", {{"initial_ms", 5}, {"max_ms", 60'000}, {"multiplier", 10.0}}},
          {"attention_after", 2},
          {"request_timeout_ms", 200},
          {"branches", {{{"id", "order"}, {"action", action}, {"compensate", undo}}, {{"id", "stock"}, {"action", second}}}}};
}

}  // namespace

TEST_CASE("one command shows what is stuck and why", "[escrowctl]") {
  Desk desk;
  FakeParticipant service;
  Gate gate;
  service.on("/no", {409, R"({"detail":"already shipped"})"});
  service.on("/hang", [&](const HttpMessage&, int) {
    gate.wait();
    return ParticipantAnswer{};
  });
  CHECK(has(desk.run({"attention"}).output, "Nothing needs a person."));
  // One whose undo is refused, one that hangs, and one that is gone.
  desk.start(saga("refused", service.url("/ok"), service.url("/no"), service.url("/no")));
  desk.start(saga("hanging", service.url("/ok"), service.url("/hang"), service.url("/no")));
  desk.start(saga("gone", service.url("/ok"), "http://127.0.0.1:1/undo", service.url("/no")));
  for (const char* gid : {"refused", "hanging", "gone"}) desk.in_attention(gid);

  const std::string page = desk.run({"--width", "300", "attention"}).output;
  CHECK(has(page, "order: compensate"));
  CHECK(has(page, "409: already shipped"));
  CHECK(has(page, "timeout: no complete answer within 200 ms"));
  CHECK(has(page, "cannot connect"));
  CHECK(has(page, "3 transactions need a person."));
  CHECK(page.find("refused  place-order") < page.find("hanging  place-order"));
  CHECK(page.find("hanging  place-order") < page.find("gone  place-order"));
  const std::string part = desk.run({"attention", "--limit", "2"}).output;
  CHECK(has(part, "3 transactions need a person, 2 of them shown."));
  const std::size_t cursor = part.find("--cursor ") + 9;
  REQUIRE(cursor > 9);
  const std::string rest = desk.run({"attention", "--cursor", part.substr(cursor, part.find(',', cursor) - cursor)}).output;
  CHECK(has(rest, "3 transactions need a person, 1 of them shown."));
  CHECK(has(rest, "gone  place-order"));
  CHECK(has(desk.run({"attention", "--limit", "2", "--all"}).output, "3 transactions need a person."));
  const json listed = desk.run_json({"attention"});
  CHECK(listed.at("transactions").size() == 3);
  CHECK(listed.at("transactions").at(0).at("gid") == "refused");

  const std::string shown = desk.run({"--width", "300", "transactions", "show", "refused"}).output;
  CHECK(has(shown,
            "It aborts because stock said no: “409: already shipped”, and is stuck: order: compensate says no: “409: already shipped”."));
  CHECK(has(shown, "Next: order: compensate is called again in "));
  CHECK(has(shown, "escrowctl transactions resolve refused --branch order --operation compensate --outcome succeeded --reason WHY"));
  CHECK(has(shown, "▀"));
  CHECK(has(desk.run({"--width", "300", "transactions", "show", "hanging"}).output,
            "is not getting done: “2 calls without success, the last: timeout"));
  CHECK(has(desk.run({"destinations"}).output, "http://127.0.0.1:1 "));
  gate.open();
}

TEST_CASE("an operator retries and resolves, with a name and a reason in the history", "[escrowctl]") {
  Desk desk;
  FakeParticipant service;
  service.on("/no", {409, ""});
  desk.start(saga("g", service.url("/ok"), service.url("/no"), service.url("/no")));
  desk.in_attention("g");
  const auto calls = service.calls("/no").size();
  CHECK(desk.run({"transactions", "retry", "g", "--reason", "mended"}).status == 0);
  CHECK(service.wait_for_calls("/no", calls + 1));
  CHECK(has(desk.run({"transactions", "retry", "--attention", "--dry-run"}).output, "1 unfinished transaction would be retried."));
  CHECK(desk.run_json({"transactions", "retry", "--status", "aborting", "--destination", service.url("")}) ==
        json({{"count", 1}, {"dry_run", false}}));
  CHECK(desk.run({"transactions", "retry"}).status == 2);
  CHECK(desk.run({"transactions", "retry", "g", "--attention"}).status == 2);

  const std::vector<std::string> resolve{"transactions", "resolve",    "g",         "--branch", "order",
                                         "--operation",  "compensate", "--outcome", "succeeded"};
  const auto without_reason = desk.run(resolve);
  CHECK(without_reason.status == 2);
  CHECK(has(without_reason.errors, "--reason is missing"));
  std::vector<std::string> with_reason = resolve;
  with_reason.insert(with_reason.end(), {"--reason", "refunded by hand, ticket 8812"});
  const auto resolved = desk.run(with_reason);
  CHECK(resolved.status == 0);
  CHECK(has(resolved.output, "g is "));
  CHECK(desk.run({"transactions", "watch", "g"}).status == 6);
  const std::string history = desk.run({"transactions", "events", "g"}).output;
  CHECK(has(history, "retried now  mended  by ann"));
  CHECK(has(history, "operation resolved  order: compensate"));
  CHECK(has(history, "ticket 8812  by ann"));
  const auto late = desk.run({"transactions", "abort", "--reason", "x", "g"});
  CHECK(late.status == 0);
  CHECK(desk.run({"transactions", "commit", "g"}).status == 5);
}

TEST_CASE("the exit status says how it ended", "[escrowctl]") {
  Desk desk;
  FakeParticipant service;
  service.on("/no", {409, ""});
  CHECK(desk.start(saga("good", service.url("/ok"), service.url("/ok"), service.url("/ok")), {"--wait-ms", "10000"}).status == 0);
  CHECK(desk.start(saga("bad", service.url("/ok"), service.url("/ok"), service.url("/no")), {"--wait-ms", "10000"}).status == 6);
  const json interactive{{"gid", "open"}, {"mode", "saga"}, {"interactive", true}};
  CHECK(desk.start(interactive, {"--wait-ms", "1"}).status == 7);
  CHECK(desk.run({"transactions", "commit", "open", "--wait-ms", "10000"}).status == 0);
  const auto unknown = desk.run({"transactions", "show", "none"});
  CHECK(unknown.status == 4);
  CHECK(unknown.output.empty());
  CHECK(desk.run({"transactions", "watch", "none"}).status == 4);
  CHECK(desk.run({"transactions", "abort", "good"}).status == 5);
  const auto invalid = desk.start(json{{"mode", "sga"}, {"x", 1}});
  CHECK(invalid.status == 1);
  CHECK(has(invalid.errors, "/mode:"));
  CHECK(has(invalid.errors, "/x:"));
  CHECK(desk.run({"transactions", "start", "/nowhere.json"}).status == 2);
  CHECK(desk.run({"transactions", "lst"}).status == 2);
  const auto garbled = desk.run({"transactions", "abort", "good", "--reason", "caf\xe9"});
  CHECK(garbled.status == 2);
  CHECK(has(garbled.errors, "--reason is no UTF-8"));
  CHECK(desk.run({"-o", "json", "transactions", "show", "good", "--history"}).status == 2);
  CHECK(desk.run({"transactions", "list", "--status", "actve"}).status == 2);
  CHECK(desk.run({}).status == 2);
  CHECK(desk.run({"--help"}).status == 0);
  CHECK(has(desk.run({"--version"}).output, "escrowctl "));
  desk.coordinator.kill();
  const auto gone = desk.run({"info"});
  CHECK(gone.status == 3);
  CHECK(has(gone.errors, "no coordinator answers at http://127.0.0.1:"));
  CHECK(has(gone.errors, "ESCROW_SERVER"));
}

TEST_CASE("lists are filtered, paged and machine readable", "[escrowctl]") {
  Desk desk;
  FakeParticipant service;
  service.on("/no", {409, ""});
  for (int i = 0; i < 5; ++i) {
    json body = saga("t" + std::to_string(i), service.url("/ok"), service.url("/ok"), service.url(i % 2 == 0 ? "/ok" : "/no"));
    body["attributes"] = {{"customer", "c " + std::to_string(i % 2)}};
    desk.start(body, {"--wait-ms", "10000"});
  }
  const auto gids = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"transactions", "list"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<std::string> out;
    const json answer = desk.run_json(arguments);
    for (const json& transaction : answer.at("transactions")) out.push_back(transaction.at("gid"));
    return out;
  };
  using Gids = std::vector<std::string>;
  CHECK(gids({}) == Gids{"t4", "t3", "t2", "t1", "t0"});
  CHECK(gids({"--sort", "oldest", "--status", "aborted"}) == Gids{"t1", "t3"});
  CHECK(gids({"--attribute", "customer=c 0", "--name", "place-order"}) == Gids{"t4", "t2", "t0"});
  CHECK(gids({"--limit", "2"}) == Gids{"t4", "t3"});
  CHECK(gids({"--limit", "2", "--all"}) == Gids{"t4", "t3", "t2", "t1", "t0"});
  const json first = desk.run_json({"transactions", "list", "--limit", "2"});
  CHECK(gids({"--limit", "2", "--cursor", first.at("next_cursor")}) == Gids{"t2", "t1"});
  const auto page = desk.run({"transactions", "list", "--limit", "2"});
  CHECK(has(page.output, "There are more: --cursor "));
  CHECK(has(page.output, "branch failed stock"));
  CHECK_FALSE(has(page.output, "\x1b"));
  CHECK(has(desk.run({"--color", "always", "transactions", "list"}).output, "\x1b[") == (std::getenv("NO_COLOR") == nullptr));
  CHECK(desk.run({"-o", "json", "transactions", "list", "--limit", "2"}).output ==
        send_http(desk.coordinator.port(), "GET", "/v1/transactions?sort=newest&limit=2").body + "\n");
  // What was sent and answered goes out byte for byte.
  const std::string raw = send_http(desk.coordinator.port(), "GET", "/v1/transactions/t0").body;
  CHECK(desk.run({"-o", "json", "transactions", "show", "t0"}).output == raw + "\n");
}

TEST_CASE("watch follows a transaction to its end, over a crash of the coordinator", "[escrowctl]") {
  Desk desk;
  const std::string port = std::to_string(desk.coordinator.port());
  CHECK(desk.start({{"gid", "g"}, {"mode", "saga"}, {"interactive", true}}).status == 0);
  ChildProcess watching(desk.command({"transactions", "watch", "g"}), desk.directory.path() + "/watch.log");
  const auto first = watching.read_line(10s);
  REQUIRE(first);
  CHECK(has(*first, "started"));
  desk.coordinator.kill();
  ChildProcess again({ESCROWD, "--listen", "127.0.0.1:" + port, "--store", "sqlite:" + desk.directory.path() + "/escrow.db"},
                     desk.directory.path() + "/again.log");
  REQUIRE(again.read_line(30s));
  CHECK(desk.run({"transactions", "abort", "g", "--reason", "enough"}).status == 0);
  std::string rest;
  for (auto line = watching.read_line(10s); line; line = watching.read_line(10s)) rest += *line + "\n";
  INFO(rest);
  CHECK(watching.wait() == 6);
  // Each event once: what came before the crash is not told again.
  CHECK_FALSE(has(rest, "  started"));
  CHECK(has(rest, "abort decided"));
  CHECK(has(rest, "g is aborted."));
  CHECK(has(rest, "an operator said so: “enough”"));
  again.signal(SIGTERM);
  CHECK(again.wait() == 0);
}

TEST_CASE("watch without a gid tells of everything, a line of JSON an event", "[escrowctl]") {
  Desk desk;
  ChildProcess watching(desk.command({"-o", "json", "transactions", "watch", "--type", "aborted", "--after", "0"}),
                        desk.directory.path() + "/watch.log");
  for (const char* gid : {"a", "b"}) {
    desk.start({{"gid", gid}, {"mode", "saga"}, {"interactive", true}});
    CHECK(desk.run({"transactions", "abort", gid}).status == 0);
  }
  for (const char* gid : {"a", "b"}) {
    const auto line = watching.read_line(10s);
    REQUIRE(line);
    const json event = json::parse(*line);
    CHECK(event.at("gid") == gid);
    CHECK(event.at("type") == "aborted");
  }
  watching.signal(SIGINT);
  CHECK(watching.wait() == 128 + SIGINT);
}

TEST_CASE("watch of what has ended, or is gone, ends too", "[escrowctl]") {
  Desk desk;
  desk.start({{"gid", "g"}, {"mode", "saga"}, {"interactive", true}});
  const std::string active = send_http(desk.coordinator.port(), "GET", "/v1/transactions/g").body;
  CHECK(desk.run({"transactions", "abort", "g"}).status == 0);
  for (const char* behind_the_end : {"3", "900"}) {
    const auto watched = desk.run({"transactions", "watch", "g", "--after", behind_the_end});
    CHECK(watched.status == 6);
    CHECK(has(watched.output, "g is aborted."));
  }
  CHECK(has(desk.run({"transactions", "watch", "g", "--after", "2"}).output, "  aborted"));

  // Something in between that has no one behind it for a moment, and then retention.
  FakeParticipant coordinator;
  coordinator.on("/v1/transactions/g", [&](const HttpMessage&, int call) -> ParticipantAnswer {
    if (call <= 3) return {200, active};
    return {404, R"({"title":"Not Found","status":404,"detail":"no such transaction","code":"not_found"})", "application/problem+json"};
  });
  coordinator.on("/v1/events?gid=g", [](const HttpMessage&, int call) -> ParticipantAnswer {
    if (call == 1) return {200, "id: 3\n\n", "text/event-stream"};
    if (call == 2) return {502, "<p>Bad Gateway</p>", "text/html"};
    return {200, "id: 3\nevent: gap\ndata: {\"after\":3,\"complete_from\":9}\n\n", "text/event-stream"};
  });
  const auto gone = run_to_end({ESCROWCTL, "--server", coordinator.url(""), "transactions", "watch", "g"}, desk.directory.path());
  INFO(gone.output << gone.errors);
  CHECK(gone.status == 4);
  CHECK(has(gone.output, "are missing"));
  CHECK(coordinator.calls("/v1/events?gid=g").size() == 3);
}

TEST_CASE("what may have been done is not called undone", "[escrowctl]") {
  TemporaryDirectory directory;
  std::ofstream(directory.path() + "/start.json") << R"( {"mode":"saga","interactive":true})";
  const auto run = [&](const std::string& server, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {ESCROWCTL, "--server", server, "transactions"});
    FinishedProcess finished = run_to_end(arguments, directory.path());
    UNSCOPED_INFO(finished.status << "\n" << finished.errors);
    CHECK(finished.status == 3);
    CHECK_FALSE(has(finished.errors, "Start one with escrowd"));
    return finished;
  };
  FakeParticipant between;
  between.on("/v1/transactions", {504, "<p>Gateway Time-out</p>", "text/html"});
  const auto started = run(between.url(""), {"start", directory.path() + "/start.json"});
  CHECK(has(started.errors, "may have been done"));
  // It has a name by which it can be looked up.
  REQUIRE(between.calls().size() == 1);
  const std::string gid = json::parse(between.calls()[0].body).at("gid");
  CHECK(gid.size() == 36);
  CHECK(has(started.errors, "escrowctl transactions show " + gid));

  RawServer dying([](RawSocket& connection, int number) {
    (void)connection.receive_message();
    if (number > 0) return;
    const std::string count = R"({"count":3,"dry_run":true})";
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
                    std::to_string(count.size()) + "\r\n\r\n" + count);
  });
  CHECK(has(run(dying.url(""), {"retry", "--status", "aborting"}).errors, "may have been done"));
  CHECK_FALSE(has(run(dying.url(""), {"show", "g"}).errors, "may have been done"));
}

TEST_CASE("what others say steers no terminal, on standard error neither", "[escrowctl]") {
  TemporaryDirectory directory;
  FakeParticipant coordinator;
  coordinator.on("/v1/transactions/g", {409, R"({"detail":"\u001b]0;owned\u0007","code":"x\u001b[2J","errors":[{"detail":"\u009b1m"}]})"});
  const auto finished = run_to_end({ESCROWCTL, "--server", coordinator.url(""), "transactions", "show", "g"}, directory.path());
  CHECK(finished.status == 5);
  CHECK(has(finished.errors, "owned"));
  for (const char* control : {"\x1b", "\x07", "\xc2\x9b"}) CHECK_FALSE(has(finished.errors, control));
}

TEST_CASE("output that can not be written is not done", "[escrowctl]") {
  Desk desk;
  desk.start({{"gid", "g"}, {"mode", "saga"}, {"interactive", true}});
  const std::string command = std::string(ESCROWCTL) + " --server " + desk.server();
  for (const std::string arguments : {" barrier-schema sqlite", " transactions list", " -o json info", " transactions watch --after 0"}) {
    const auto finished = run_to_end({"/bin/bash", "-c", command + arguments + " > /dev/full"}, desk.directory.path());
    INFO(arguments << finished.errors);
    CHECK(finished.status == 1);
    CHECK(has(finished.errors, "can't be written: No space left on device"));
  }
  const auto unread =
      run_to_end({"/bin/bash", "-c", "set -o pipefail; " + command + " transactions watch --after 0 | true"}, desk.directory.path());
  CHECK(unread.status == 1);
  CHECK(unread.errors.empty());
}

TEST_CASE("a token is read from a file that is its owner's alone", "[escrowctl]") {
  FakeParticipant coordinator;
  coordinator.on("/v1/destinations", {200, R"({"window_ms":60000,"destinations":[]})"});
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/token";
  std::ofstream(file) << "s3cret-of-a-file\nand more\n";
  const auto run = [&] {
    return run_to_end({ESCROWCTL, "--server", coordinator.url(""), "--token-file", file, "destinations"}, directory.path());
  };
  REQUIRE(::chmod(file.c_str(), 0600) == 0);
  CHECK(run().status == 0);
  REQUIRE(coordinator.calls().size() == 1);
  CHECK(coordinator.calls()[0].header("Authorization") == "Bearer s3cret-of-a-file");
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  const auto open = run();
  CHECK(open.status == 2);
  CHECK(open.errors.find("chmod 600") != std::string::npos);
  CHECK(open.errors.find("s3cret") == std::string::npos);
  CHECK(coordinator.calls().size() == 1);
}

TEST_CASE("a token and an actor are sent along", "[escrowctl]") {
  TemporaryDirectory directory;
  FakeParticipant coordinator;
  coordinator.on("/v1/transactions/g/retry",
                 {409, R"({"type":"about:blank","title":"Conflict","status":409,"detail":"it has ended","code":"already_decided"})"});
  const auto finished = run_to_end(
      {ESCROWCTL, "--server", coordinator.url(""), "--token", "s3cret", "--actor", "ann", "transactions", "retry", "g"}, directory.path());
  CHECK(finished.status == 5);
  CHECK(has(finished.errors, "it has ended (409 already_decided)"));
  CHECK_FALSE(has(finished.errors, "s3cret"));
  REQUIRE(coordinator.calls().size() == 1);
  CHECK(coordinator.calls()[0].header("Authorization") == "Bearer s3cret");
  CHECK(coordinator.calls()[0].header("Escrow-Actor") == "ann");
}

TEST_CASE("scripts for databases and shells come without a coordinator", "[escrowctl]") {
  TemporaryDirectory directory;
  for (const char* dialect : {"sqlite", "postgres", "mysql"}) {
    const auto schema = run_to_end({ESCROWCTL, "barrier-schema", dialect}, directory.path());
    CHECK(schema.status == 0);
    CHECK(has(schema.output, "create table if not exists escrow_barrier ("));
  }
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = run_to_end({ESCROWCTL, "completion", shell}, directory.path());
    CHECK(script.status == 0);
    for (const char* word : {"transactions", "resolve", "barrier-schema", "dry-run"}) CHECK(has(script.output, word));
  }
  const std::string file = directory.path() + "/completion.bash";
  std::ofstream(file) << run_to_end({ESCROWCTL, "completion", "bash"}, directory.path()).output;
  const std::string script = "source " + file + "; COMP_WORDS=(escrowctl transactions re); COMP_CWORD=2; _escrowctl; echo ${COMPREPLY[@]}";
  CHECK(run_to_end({"/bin/bash", "-c", script}, directory.path()).output == "retry resolve\n");
}

TEST_CASE("the man page describes every command and every option", "[escrowctl]") {
  TemporaryDirectory directory;
  std::ifstream file(MAN_PAGE);
  std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::string plain;
  for (const char c : page) {
    if (c != '\\') plain.push_back(c);
  }
  std::istringstream script(run_to_end({ESCROWCTL, "completion", "fish"}, directory.path()).output);
  std::size_t words = 0;
  for (std::string line; std::getline(script, line);) {
    const std::size_t option = line.find(" -l ");
    const std::size_t command = line.find(" -a ");
    if (!line.starts_with("complete ") || (option == std::string::npos && command == std::string::npos)) continue;
    const std::string word = option != std::string::npos ? "--" + line.substr(option + 4) : line.substr(command + 4);
    INFO(word);
    CHECK(has(plain, word));
    ++words;
  }
  CHECK(words > 60);
}

TEST_CASE("a coordinator with mutual TLS is asked with the files that say who both are", "[escrowctl]") {
  const TestCertificate certificate("IP:127.0.0.1");
  const TestCertificate clients("DNS:authority");
  const TestCertificate ann("DNS:ann", clients);
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/escrowd.yaml")
      << "tls: {certificate_file: " << certificate.certificate_file() << ", key_file: " << certificate.key_file()
      << ", client_ca_file: " << clients.certificate_file() << ", require_client_certificate: true}\n";
  EscrowdProcess coordinator(ESCROWD, directory.path(), {"--config", directory.path() + "/escrowd.yaml"});
  const auto info = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command{ESCROWCTL, "--server", "https://127.0.0.1:" + std::to_string(coordinator.port())};
    command.insert(command.end(), more.begin(), more.end());
    command.emplace_back("info");
    const FinishedProcess finished = run_to_end(command, directory.path());
    UNSCOPED_INFO(finished.status << "\n" << finished.output << finished.errors);
    return finished.status;
  };
  CHECK(info({"--ca-file", certificate.certificate_file(), "--certificate-file", ann.certificate_file(), "--key-file", ann.key_file()}) ==
        0);
  CHECK(info({"--ca-file", certificate.certificate_file()}) != 0);
  CHECK(info({"--certificate-file", ann.certificate_file(), "--key-file", ann.key_file()}) != 0);
  CHECK(info({"--ca-file", certificate.certificate_file(), "--certificate-file", ann.certificate_file()}) != 0);
}
