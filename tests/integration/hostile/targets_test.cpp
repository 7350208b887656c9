#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

#include "tests/integration/api/coordinator.hpp"
#include "tests/support/fake_participant.hpp"
#include "tests/support/raw_server.hpp"

using namespace escrow::testing;

/// Clients give the coordinator addresses to call. These are the ways to make it call what only it can reach, and none of them works.
namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

class Settings {
 public:
  explicit Settings(const std::string& yaml) { std::ofstream(path()) << yaml; }
  [[nodiscard]] std::string path() const { return directory_.path() + "/escrowd.yaml"; }
  [[nodiscard]] std::vector<std::string> flags() const { return {"--config", path()}; }

 private:
  TemporaryDirectory directory_;
};

/// The name server of an attacker, for coordinators that are started while this lives.
class FakeNames {
 public:
  explicit FakeNames(const std::string& lines) {
    const std::string path = directory_.path() + "/names";
    std::ofstream(path) << lines;
    ::setenv("ESCROW_NAMES_FOR_TESTS", path.c_str(), 1);
    ::setenv("LD_PRELOAD", FAKE_NAMES, 1);
    const char* const options = std::getenv("ASAN_OPTIONS");
    ::setenv("ASAN_OPTIONS", ((options == nullptr ? std::string() : std::string(options) + ":") + "verify_asan_link_order=0").c_str(), 1);
  }
  ~FakeNames() {
    ::unsetenv("LD_PRELOAD");
    ::unsetenv("ESCROW_NAMES_FOR_TESTS");
  }

 private:
  TemporaryDirectory directory_;
};

json saga(const std::string& gid, const std::string& action, int attempts = 1) {
  return {{"gid", gid},
          {"mode", "saga"},
          {"retry", {{"initial_ms", 5}, {"max_ms", 20}, {"max_attempts", attempts}}},
          {"branches", {{{"id", "a"}, {"action", action}}}}};
}

std::vector<std::string> failures(Coordinator& coordinator, const std::string& gid) {
  std::vector<std::string> out;
  const json history = coordinator.get("/v1/transactions/" + gid + "/events");
  for (const json& event : history.at("events")) {
    if (event.at("type") == "attempt_failed") out.push_back(event.at("detail"));
  }
  return out;
}

}  // namespace

TEST_CASE("J08 every way to write a forbidden address is refused at the start", "[hostile][targets]") {
  RawServer inside(RawServer::answer_each(ok));
  const std::string port = ":" + std::to_string(inside.port()) + "/";
  const Settings settings("targets: {deny: [127.0.0.0/8, '::1']}\n");
  Coordinator coordinator(settings.flags());
  std::vector<std::string> urls;
  for (const char* host : {"127.0.0.1",
                           "127.1",
                           "127.0.1",
                           "127.0.0.1.",
                           "127.255.255.254",
                           "2130706433",
                           "0x7f000001",
                           "0x7F.1",
                           "0x7f.0x0.0x0.0x1",
                           "017700000001",
                           "0177.0.0.1",
                           "0177.1",
                           "00177.0.0.01",
                           "0",
                           "0.0.0.0",
                           "0x0",
                           "[::1]",
                           "[0:0:0:0:0:0:0:1]",
                           "[::]",
                           "[::ffff:127.0.0.1]",
                           "[::FFFF:7f00:1]",
                           "[::127.0.0.1]",
                           "[64:ff9b::127.0.0.1]",
                           "[64:ff9b::7f00:1]",
                           "[2002:7f00:1::]"})
    urls.push_back("http://" + std::string(host) + port);
  // Not denied by this configuration, but by default.
  for (const char* host :
       {"169.254.169.254", "169.254.1.1", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.254.43518", "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200"})
    urls.push_back("http://" + std::string(host) + "/latest/meta-data");
  // What is no http or https URL, or not only one.
  for (const char* url : {"file:///etc/passwd",
                          "gopher://127.0.0.1:25/_HELO",
                          "ftp://h/",
                          "dict://h:11211/stat",
                          "data:text/plain,x",
                          "javascript:0",
                          "//h/",
                          "unix:/run/docker.sock",
                          "http:h",
                          "http:/h/",
                          "http:///h",
                          "http://user@h/",
                          "http://h@127.0.0.1/",
                          "http://a:b@h/",
                          "http://h\\@127.0.0.1/",
                          "http://[fe80::1%25eth0]/",
                          "http://[::1%lo]/",
                          "http://[fe80::1%eth0]/",
                          "http://h:0/",
                          "http://h:65536/",
                          "http://h:/",
                          "http://h:80:80/",
                          "http://h/\r\nX: y",
                          "http://h/a b",
                          "http://h/\tx",
                          "http://h\r\n.evil/",
                          "http://h/#f",
                          "http://h/%zz",
                          "http://1\xe2\x91\xa0"
                          "2.0.0.1/",
                          "http://127\xe3\x80\x82"
                          "0\xe3\x80\x82"
                          "0\xe3\x80\x82"
                          "1/",
                          "http://%31%32%37.0.0.1/",
                          "http://h%00.evil/",
                          "http://.h/",
                          "http://h..x/",
                          " http://h/",
                          "http://h/ ",
                          "http://",
                          ""})
    urls.push_back(url);
  int number = 0;
  for (const std::string& url : urls) {
    INFO(url);
    json body = saga("g" + std::to_string(++number), url);
    const json problem = coordinator.post("/v1/transactions", body, 422);
    CHECK(problem.at("errors").at(0).at("pointer") == "/branches/0/action");
  }
  CHECK(coordinator.transactions() == 0);
  CHECK(inside.connections() == 0);
}

TEST_CASE("J08 every URL of a request is held against the rules", "[hostile][targets]") {
  RawServer inside(RawServer::answer_each(ok));
  const std::string url = inside.url("/x");
  const Settings settings("targets: {deny: [127.0.0.0/8]}\n");
  Coordinator coordinator(settings.flags());
  const std::string fine = "http://participant.invalid/";
  const auto pointer_of = [&](const std::string& target, const json& body) {
    return coordinator.post(target, body, 422).at("errors").at(0).at("pointer").get<std::string>();
  };
  const auto in_branch = [&](const char* mode, json branch) {
    return pointer_of("/v1/transactions", {{"gid", "g"}, {"mode", mode}, {"branches", json::array({std::move(branch)})}});
  };
  CHECK(in_branch("saga", {{"id", "a"}, {"action", url}, {"compensate", fine}}) == "/branches/0/action");
  CHECK(in_branch("saga", {{"id", "a"}, {"action", fine}, {"compensate", url}}) == "/branches/0/compensate");
  CHECK(in_branch("tcc", {{"id", "a"}, {"try", url}, {"confirm", fine}, {"cancel", fine}}) == "/branches/0/try");
  CHECK(in_branch("tcc", {{"id", "a"}, {"try", fine}, {"confirm", url}, {"cancel", fine}}) == "/branches/0/confirm");
  CHECK(in_branch("tcc", {{"id", "a"}, {"try", fine}, {"confirm", fine}, {"cancel", url}}) == "/branches/0/cancel");
  CHECK(in_branch("message", {{"id", "a"}, {"action", url}}) == "/branches/0/action");
  CHECK(pointer_of("/v1/transactions", {{"gid", "g"}, {"mode", "message"}, {"interactive", true}, {"check", url}}) == "/check");
  CHECK(coordinator.transactions() == 0);

  coordinator.post("/v1/transactions", {{"gid", "open"}, {"mode", "tcc"}, {"interactive", true}}, 201);
  const json one = {{"id", "a"}, {"confirm", fine}, {"cancel", url}};
  CHECK(pointer_of("/v1/transactions/open/branches", one) == "/cancel");
  CHECK(pointer_of("/v1/transactions/open/branches", json::array({{{"id", "b"}, {"confirm", fine}, {"cancel", fine}}, one})) ==
        "/1/cancel");
  CHECK(coordinator.get("/v1/transactions/open").at("branches").empty());
  CHECK(inside.connections() == 0);
}

TEST_CASE("J08 a name that leads to a forbidden address is an unknown attempt with that reason", "[hostile][targets]") {
  RawServer inside(RawServer::answer_each(ok));
  const std::string port = ":" + std::to_string(inside.port()) + "/";
  const FakeNames names(
      "inside.example 127.0.0.1\ninside.example. 127.0.0.1\nsix.example ::1,::ffff:127.0.0.1,64:ff9b::7f00:1\nmeta.example "
      "169.254.169.254\n"
      "any.example 0.0.0.0\n");
  const Settings settings("targets: {deny: [127.0.0.0/8, '::1']}\n");
  Coordinator coordinator(settings.flags());
  int number = 0;
  for (const char* host : {"inside.example", "inside.example.", "INSIDE.example", "six.example", "meta.example", "any.example"}) {
    INFO(host);
    const std::string gid = "g" + std::to_string(++number);
    CHECK(coordinator.run(saga(gid, "http://" + std::string(host) + port, 2)).at("status") == "aborted");
    const auto why = failures(coordinator, gid);
    REQUIRE(why.size() == 2);
    for (const std::string& detail : why) CHECK(detail.starts_with("target_forbidden: "));
  }
  CHECK(inside.connections() == 0);
}

TEST_CASE("J08 a name that is bound again between two calls is looked at again, and only what was looked at is called",
          "[hostile][targets]") {
  // Both on one port: the name decides which one is called.
  RawServer forbidden(RawServer::answer_each(ok));
  RawServer allowed(RawServer::answer_once("HTTP/1.1 500 E\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), "127.0.0.2",
                    forbidden.port());
  const std::string port = ":" + std::to_string(forbidden.port()) + "/";
  const FakeNames names("rebound.example 127.0.0.2 127.0.0.1\nmixed.example 127.0.0.1,127.0.0.2\n");
  const Settings settings("targets: {deny: [127.0.0.1]}\n");
  Coordinator coordinator(settings.flags());
  CHECK(coordinator.run(saga("rebound", "http://rebound.example" + port, 3)).at("status") == "aborted");
  auto why = failures(coordinator, "rebound");
  REQUIRE(why.size() == 3);
  CHECK(why[0].starts_with("500"));
  CHECK(why[1].starts_with("target_forbidden: "));
  CHECK(why[2].starts_with("target_forbidden: "));
  CHECK(allowed.connections() == 1);
  // Of several addresses only the allowed ones are called.
  CHECK(coordinator.run(saga("mixed", "http://mixed.example" + port, 2)).at("status") == "aborted");
  for (const std::string& detail : failures(coordinator, "mixed")) CHECK(detail.starts_with("500"));
  CHECK(allowed.connections() == 3);
  CHECK(forbidden.connections() == 0);
}

TEST_CASE("J08 with allowed targets every other one is refused, and a name never opens the metadata address", "[hostile][targets]") {
  RawServer participant(RawServer::answer_each(ok));
  const std::string port = ":" + std::to_string(participant.port()) + "/";
  const FakeNames names("pay.example 127.0.0.1\nmeta.example 169.254.169.254\nelsewhere.example 127.0.0.1\n");
  const Settings settings("targets: {allow: [pay.example, meta.example, 10.0.0.0/8]}\n");
  Coordinator coordinator(settings.flags());
  CHECK(coordinator.run(saga("pay", "http://pay.example" + port)).at("status") == "committed");
  CHECK(coordinator.run(saga("meta", "http://meta.example" + port)).at("status") == "aborted");
  CHECK(failures(coordinator, "meta").at(0).starts_with("target_forbidden: "));
  CHECK(coordinator.run(saga("elsewhere", "http://elsewhere.example" + port)).at("status") == "aborted");
  CHECK(failures(coordinator, "elsewhere").at(0).starts_with("target_forbidden: "));
  coordinator.post("/v1/transactions", saga("literal", participant.url("/")), 422);
  CHECK(participant.connections() == 1);
}

TEST_CASE("F05 redirects lead nowhere, and a person is told", "[hostile][targets]") {
  RawServer inside(RawServer::answer_each(ok));
  Coordinator coordinator;
  int number = 0;
  for (const int status : {300, 301, 302, 303, 304, 305, 307, 308}) {
    for (const std::string& location :
         {inside.url("/secret"), std::string("file:///etc/passwd"), std::string("http://169.254.169.254/"), std::string("/again")}) {
      INFO(status << " to " << location);
      RawServer participant(RawServer::answer_each("HTTP/1.1 " + std::to_string(status) + " Elsewhere\r\nLocation: " + location +
                                                   "\r\nContent-Length: 0\r\n\r\n"));
      const std::string gid = "g" + std::to_string(++number);
      // Committed at once, so that the call is one that is never given up.
      coordinator.post("/v1/transactions",
                       {{"gid", gid},
                        {"mode", "message"},
                        {"retry", {{"initial_ms", 60'000}, {"max_ms", 60'000}}},
                        {"attention_after", 1},
                        {"branches", {{{"id", "a"}, {"action", participant.url("/a")}}}}},
                       201);
      const json seen = coordinator.eventually(gid, [](const json& transaction) { return !transaction.at("attention").empty(); });
      CHECK(seen.at("status") == "committing");
      CHECK(seen.at("attention")[0].at("reason").get<std::string>().find(std::to_string(status)) != std::string::npos);
      CHECK(seen.at("branches")[0]["operations"]["action"]["last_error"].get<std::string>().starts_with(std::to_string(status)));
      CHECK(participant.connections() == 1);
    }
  }
  CHECK(inside.connections() == 0);
}

TEST_CASE("J09 a line break in what a client gives never reaches a participant as one", "[hostile][targets]") {
  FakeParticipant participant;
  Coordinator coordinator;
  const auto refused = [&](json body) {
    return coordinator.post("/v1/transactions", std::move(body), 422).at("errors").at(0).at("pointer");
  };
  for (const char* evil : {"a\r\nEscrow-Gid: other", "a\nX: y", "a\rX: y", "a\x01", "a\x7f"}) {
    json body = saga("g", participant.url("/a"));
    body["gid"] = evil;
    CHECK(refused(body) == "/gid");
    body["gid"] = "g";
    body["branches"][0]["id"] = evil;
    CHECK(refused(body) == "/branches/0/id");
    body["branches"][0]["id"] = "a";
    body["headers"] = {{"X-Tenant", evil}};
    CHECK(refused(body) == "/headers/X-Tenant");
    body["headers"] = {{evil, "x"}};
    CHECK(refused(body).get<std::string>().starts_with("/headers/"));
    body.erase("headers");
    body["branches"][0]["headers"] = {{"X-Tenant", evil}};
    CHECK(refused(body) == "/branches/0/headers/X-Tenant");
  }
  for (const char* reserved : {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Escrow-Gid", "Idempotency-Key", "traceparent",
                               "escrow-signature", "TE", "Upgrade"}) {
    json body = saga("g", participant.url("/a"));
    body["headers"] = {{reserved, "x"}};
    CHECK(refused(body) == std::string("/headers/") + reserved);
  }
  CHECK(coordinator.transactions() == 0);
  // Names of databases' syntax are data: stored, found, and called with.
  json body = saga("g", participant.url("/a"));
  body["name"] = "'; DROP TABLE transactions; --";
  body["attributes"] = {{"customer", "x' OR '1'='1"}};
  body["branches"][0]["payload"] = {{"note", "\r\nEscrow-Gid: other"}};
  CHECK(coordinator.run(body).at("status") == "committed");
  CHECK(coordinator.get("/v1/transactions?name=%27%3B%20DROP%20TABLE%20transactions%3B%20--").at("transactions").size() == 1);
  CHECK(coordinator.get("/v1/transactions?attribute.customer=x%27%20OR%20%271%27=%271").at("transactions").size() == 1);
  CHECK(coordinator.get("/v1/transactions?attribute.customer=y%27%20OR%20%271%27=%271").at("transactions").empty());
  REQUIRE(participant.calls("/a").size() == 1);
  CHECK(participant.calls("/a")[0].header("Escrow-Gid") == "g");
}
