#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/fault-injection/proxy/ledger.hpp"
#include "tests/fault-injection/proxy/message.hpp"
#include "tests/fault-injection/proxy/rule_file.hpp"
#include "tests/fault-injection/proxy/rulebook.hpp"

using namespace escrow::proxy;

namespace {

std::string fault_of(const std::string& text) {
  const auto read = read_rules_file(text);
  return read ? "" : read.error().detail;
}

/// A rules file with one link and this rule.
std::string with(const std::string& rule) { return "links: [{name: pay, to: \"127.0.0.1:1\"}]\nrules:\n  - " + rule + "\n"; }

Call call(const std::string& gid, const std::string& operation, std::int64_t attempt = 1) {
  return call_of("pay",
                 *request_head("POST /pay HTTP/1.1\r\nEscrow-Gid: " + gid + "\r\nEscrow-Branch: b\r\nEscrow-Operation: " + operation +
                               "\r\nEscrow-Attempt: " + std::to_string(attempt) + "\r\nX-Tenant: cn-east\r\n\r\n"),
                 "");
}

Rule rule(const std::string& text) {
  auto read = read_rules_file(with(text));
  INFO((read ? "" : read.error().detail));
  REQUIRE(read);
  return read->set.rules.at(0);
}

}  // namespace

TEST_CASE("every rule of the reference is read", "[fault-proxy]") {
  const auto read = read_rules_file(R"(
seed: 7
links:
  - {name: pay, to: "127.0.0.1:8081"}
  - {name: api, listen: "127.0.0.1:7500", to: "127.0.0.1:7400"}
rules:
  - {name: a, match: {link: pay, gid: "order-*", operation: try, attempt: 2, headers: {X-Tenant: "cn-*"}}, nth: 3, do: {delay: 20}}
  - {do: {delay_response: {least_ms: 1, most_ms: 5}, reset_response: head}}
  - {times: 2, skip: 1, probability: 0.5, do: {hold_until: {event: response, operation: cancel, status: 200, nth: 2, patience_ms: 9}}}
  - {do: {hold_until: {signal: go}, duplicate: {copies: 3, after_ms: 4, hold_until: {event: ended}}}}
  - {do: {answer: {status: 503, headers: {Retry-After: "1"}, body: later}}}
  - {do: {replace_response: {raw: "nonsense"}}}
  - {do: {redirect: {to: "http://127.0.0.1:1/", status: 308}}}
  - {do: {length_off_by: -3}}
  - {do: {reset_request: all, garble_response: {at: 5, bytes: 2}, pace_response: {bytes: 1, every_ms: 3}}}
  - {do: {stall_request: 3, bandwidth_response: 1000}}
  - {do: {lose_request: true}}
  - {do: {clog: responses}}
  - {do: {reorder: 100}}
  - {match: {link: pay}, do: {refuse: true}}
  - {match: {link: pay}, do: {swallow: true}}
swarm: {links: [pay], kinds: {lose_request: 0.5}, scaled: false, most_delay_ms: 10}
swizzle: {links: [pay, api], every_ms: 1, hold_ms: 2, rounds: 3}
)");
  INFO((read ? "" : read.error().detail));
  REQUIRE(read);
  CHECK(read->seed == 7);
  REQUIRE(read->links.size() == 2);
  CHECK(read->links[1].listen == "127.0.0.1:7500");
  const auto& rules = read->set.rules;
  REQUIRE(rules.size() == 15);
  CHECK(rules[0].skip == 2);
  CHECK(rules[0].times == 1);
  CHECK(rules[1].action.response.delay->most == Duration(5));
  CHECK(rules[1].action.response.cut->at.within(80) == 80);
  CHECK(rules[2].action.request.hold->match.operation == "cancel");
  CHECK(rules[3].action.duplicate->copies == 3);
  CHECK(rules[4].action.answer->status == 503);
  CHECK(rules[5].action.replacement->raw == "nonsense");
  CHECK(rules[6].action.answer->headers.at(0).second == "http://127.0.0.1:1/");
  CHECK(rules[7].action.length_off_by == -3);
  CHECK(rules[8].action.response.garble->bytes == 2);
  CHECK(rules[9].action.response.pace->bytes == 20);
  CHECK(rules[10].action.request.is_lost);
  CHECK(rules[11].action.response.is_clogged);
  CHECK_FALSE(rules[11].action.request.is_clogged);
  CHECK(rules[12].action.reorder == Duration(100));
  CHECK(rules[13].action.refuses);
  CHECK(rules[14].action.swallows);
  CHECK(read->set.swarm->weights.at(0) == 0.5);
  CHECK(read->set.swarm->weights.at(1) == 0);
  CHECK(read->set.swizzle->rounds == 3);
}

TEST_CASE("a rules file that is wrong is refused with the line and the member", "[fault-proxy]") {
  const std::vector<std::pair<std::string, std::string>> faults{
      {"links: [", "line"},
      {"rules: 5", "line 1: rules: a list belongs here"},
      {"- a", "line 1: a map of members belongs here"},
      {"links: [{name: a}]", "links[0]: a link has a name and says where to"},
      {"links: [{name: a, to: \"h:1\"}, {name: a, to: \"h:1\"}]", "links: two are named a"},
      {"nonsense: 1", "line 1: nonsense: there is no such member"},
      {with("{do: {dely: 5}}"), "line 3: rules[0].do.dely: there is no such member"},
      {with("{do: {}}"), "rules[0].do: a rule does something"},
      {with("{match: {link: pay}}"), "rules[0]: do is missing"},
      {with("{match: {link: other}, do: {delay: 1}}"), "rule 1: no link is named other"},
      {with("{match: {gidd: x}, do: {delay: 1}}"), "rules[0].match.gidd: there is no such member"},
      {with("{do: {delay: soon}}"), "rules[0].do.delay: a whole number from 0 to 3600000 belongs here"},
      {with("{do: {delay: 1, delay: 2}}"), "rules[0].do.delay: stands here twice"},
      {with("{do: {delay: {least_ms: 5, most_ms: 1}}}"), "most_ms is less than least_ms"},
      {with("{do: {reset_request: tail}}"), "rules[0].do.reset_request: a number of bytes, head, or all"},
      {with("{do: {reset_response: 1, close_response: 2}}"), "a response is cut once only"},
      {with("{do: {answer: {body: x}}}"), "rules[0].do.answer: status is from 100 to 999"},
      {with("{do: {answer: {status: 200}, redirect: {to: x}}}"), "answer and redirect exclude each other"},
      {with("{do: {hold_until: {event: lunch}}}"), "event is one of request, forwarded, response, ended"},
      {with("{do: {clog: everything}}"), "clog is one of requests, responses, both"},
      {with("{do: {lose_request: maybe}}"), "true or false belongs here"},
      {with("{nth: 2, times: 1, do: {delay: 1}}"), "nth says what skip and times would"},
      {with("{probability: 2, do: {delay: 1}}"), "rules[0].probability: a number from 0.0"},
      {with("{match: {gid: x}, do: {refuse: true}}"), "refuse and swallow are of whole links"},
      {with("{name: a, do: {delay: 1}}\n  - {name: a, do: {delay: 1}}"), "rules[1]: a second rule of this name"},
      {with("{do: {pace_request: {bytes: 1}, bandwidth_request: 5}}"), "pace and bandwidth are the same thing said twice"},
      {with("{do: {duplicate: {copies: 0}}}"), "copies: a whole number from 1 to 100 belongs here"},
      {"swarm: {kinds: {earthquake: 1}}", "no kind of fault is named earthquake"},
      {"swarm: {links: [x]}", "swarm.links: no link is named x"},
      {"swizzle: {every_ms: -1}", "swizzle.every_ms: a whole number"},
  };
  for (const auto& [text, expected] : faults) {
    INFO(text);
    CHECK_THAT(fault_of(text), Catch::Contains(expected));
  }
  CHECK(fault_of("").empty());
}

TEST_CASE("a request is about what its headers or its path say", "[fault-proxy]") {
  const Call participant = call("order-1", "confirm", 4);
  CHECK(participant.gid == "order-1");
  CHECK(participant.operation == "confirm");
  CHECK(participant.attempt == 4);
  const auto api = [](const std::string& line, const std::string& body = "") {
    return call_of("api", *request_head(line + " HTTP/1.1\r\n\r\n"), body);
  };
  CHECK(api("POST /v1/transactions?wait_ms=5", R"({"gid": "g-1"})").gid == "g-1");
  CHECK(api("POST /v1/transactions", R"({"gid": "g-1"})").operation == "start");
  CHECK(api("POST /v1/transactions", "no JSON").gid.empty());
  CHECK(api("GET /v1/transactions/g-2").operation == "look");
  CHECK(api("POST /v1/transactions/g-2/commit?wait_ms=1").operation == "commit");
  CHECK(api("POST /v1/transactions/g-2/branches").operation == "register");
  CHECK(api("POST /v1/transactions/g-2/branches/b/resolve").operation == "resolve");
  CHECK(api("POST /v1/transactions/g-2/branches/b/resolve").gid == "g-2");
  CHECK(api("GET /healthz").operation.empty());
}

TEST_CASE("patterns and members of a match all have to fit", "[fault-proxy]") {
  CHECK(fits("order-*", "order-17"));
  CHECK(fits("*", ""));
  CHECK(fits("a*b*c", "a-xb-c"));
  CHECK_FALSE(fits("a*b", "a-b-c"));
  CHECK_FALSE(fits("", "a"));
  const Call one = call("order-1", "confirm", 2);
  CHECK(fits(rule("{match: {gid: \"order-*\", attempt: 2, headers: {x-tenant: cn-east}}, do: {delay: 1}}").match, one));
  CHECK_FALSE(fits(rule("{match: {attempt: 1}, do: {delay: 1}}").match, one));
  CHECK_FALSE(fits(rule("{match: {operation: cancel}, do: {delay: 1}}").match, one));
  CHECK_FALSE(fits(rule("{match: {headers: {X-Other: \"*\"}}, do: {delay: 1}}").match, one));
}

TEST_CASE("rules strike from the nth request on and as often as they say, the first of them that fits", "[fault-proxy]") {
  Rulebook book(1);
  book.add(rule("{name: second, match: {operation: confirm}, nth: 2, do: {delay: 1}}"), 1);
  book.add(rule("{name: twice, match: {operation: \"c*\"}, times: 2, do: {delay: 2}}"), 1);
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) names.push_back(book.choose(call("g", "confirm")).name);
  CHECK(names == std::vector<std::string>{"twice", "second", "twice", ""});
  CHECK(book.uses().at(1).matched == 4);
  CHECK(book.remove("twice"));
  CHECK_FALSE(book.remove("twice"));
  book.clear();
  CHECK(book.uses().empty());
}

TEST_CASE("what the swarm does to a request follows from the seed and the request alone", "[fault-proxy]") {
  const auto drawn = [](std::uint64_t seed, bool backwards) {
    Swarm swarm(SwarmOptions::usual(seed));
    std::vector<std::string> names(300);
    for (int i = 0; i < 300; ++i) {
      const int number = backwards ? 299 - i : i;
      const auto what = swarm.draw(call("g" + std::to_string(number), "try"));
      if (what) names[static_cast<std::size_t>(number)] = std::string(name_of(what->first));
    }
    return names;
  };
  CHECK(drawn(5, false) == drawn(5, true));
  CHECK(drawn(5, false) != drawn(6, false));
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    for (const std::string& name : drawn(seed, false)) seen.insert(name);
  }
  // Every kind, and requests that pass.
  CHECK(seen.size() == kinds + 1);
}

TEST_CASE("a repeat of the same request is drawn for anew", "[fault-proxy]") {
  SwarmOptions options = SwarmOptions::usual(1);
  options.is_scaled = false;
  options.weights.fill(0);
  options.weights.at(0) = 0.5;
  Swarm swarm(options);
  int struck = 0;
  for (int i = 0; i < 200; ++i) struck += swarm.draw(call("g", "try")) ? 1 : 0;
  CHECK(struck > 50);
  CHECK(struck < 150);
}

TEST_CASE("a body ends where its length or its last chunk says, however it is cut", "[fault-proxy]") {
  const auto taken = [](const std::string& head, const std::string& bytes, std::size_t piece) {
    Body body = Body::of_request(*request_head("POST / HTTP/1.1\r\n" + head + "\r\n"));
    std::size_t count = 0;
    while (count < bytes.size() && !body.is_complete()) count += body.take(std::string_view(bytes).substr(count, piece));
    return body.is_open_ended() ? -1 : body.is_complete() ? static_cast<int>(count) : -2;
  };
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
    CHECK(taken("Content-Length: 5\r\n", "hellomore", piece) == 5);
    CHECK(taken("Content-Length: 5\r\n", "hel", piece) == -2);
    CHECK(taken("Transfer-Encoding: chunked\r\n", "3;a=b\r\nabc\r\n0\r\n\r\nmore", piece) == 17);
    CHECK(taken("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n0\r\nX: y\r\n\r\nmore", piece) == 18);
    CHECK(taken("Transfer-Encoding: chunked\r\n", "zz\r\n", piece) == -1);
    CHECK(taken("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "abc", piece) == -1);
    CHECK(taken("Content-Length: 3\r\nContent-Length: 3\r\n", "abc", piece) == -1);
    CHECK(taken("Content-Length: -3\r\n", "abc", piece) == -1);
  }
  CHECK(Body::of_answer(*answer_head("HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n"), "GET").is_complete());
  CHECK(Body::of_answer(*answer_head("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), "HEAD").is_complete());
  CHECK(Body::of_answer(*answer_head("HTTP/1.1 200 OK\r\n\r\n"), "GET").is_open_ended());
  CHECK_FALSE(answer_head("HTTP/1.1 20x OK\r\n\r\n"));
  CHECK_FALSE(request_head("GET /\r\n\r\n"));
  CHECK_FALSE(request_head("GET / HTTP/1.1\r\nno colon\r\n\r\n"));
}

TEST_CASE("what is awaited is counted from the rule on, for the held request's own gid", "[fault-proxy]") {
  Ledger ledger(100);
  const auto told = [&](const std::string& what, const std::string& gid, const std::string& operation, int status = 0) {
    auto one = std::make_shared<Call>(call(gid, operation));
    one->exchange = ledger.next();
    ledger.add(what, one, "", status);
  };
  told("response", "g", "cancel", 200);
  Call held = call("g", "try");
  held.exchange = 1000;
  Awaited awaited;
  awaited.match.operation = "cancel";
  awaited.status = 200;
  Expectation expectation(awaited, held, ledger.next());
  CHECK_FALSE(expectation.is_met(ledger));
  told("response", "other", "cancel", 200);
  told("forwarded", "g", "cancel", 200);
  told("response", "g", "cancel", 503);
  CHECK_FALSE(expectation.is_met(ledger));
  told("response", "g", "cancel", 200);
  CHECK(expectation.is_met(ledger));
  Awaited signal;
  signal.signal = "go";
  Expectation waits(signal, held, 1);
  CHECK_FALSE(waits.is_met(ledger));
  ledger.add("signal", nullptr, "go");
  CHECK(waits.is_met(ledger));
}

TEST_CASE("the ledger forgets its oldest entries and numbers go on", "[fault-proxy]") {
  Ledger ledger(3);
  for (int i = 0; i < 5; ++i) ledger.add("signal", nullptr, std::to_string(i));
  CHECK(ledger.entries().size() == 3);
  CHECK(ledger.entries().front().seq == 3);
  CHECK(ledger.next() == 6);
  const std::string lines = ledger.lines(4, 10);
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 2);
}
