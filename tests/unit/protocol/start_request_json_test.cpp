#include "protocol/start_request_json.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace escrow::protocol;

namespace {

const Gid generated = *Gid::parse("generated");

escrow::Result<StartRequest, BodyFault> parse(std::string_view body, RequestRules rules = {}) {
  return parse_start_request(body, rules, generated);
}

/// Pointers of the faults, in the order of the answer; `malformed` for text that is no JSON.
std::vector<std::string> pointers(std::string_view body, RequestRules rules = {}) {
  const auto request = parse_start_request(body, rules, generated);
  if (request) return {};
  if (request.error().code == ProblemCode::malformed_json) return {"malformed"};
  std::vector<std::string> out;
  for (const Fault& fault : request.error().faults) {
    CHECK_FALSE(fault.detail.empty());
    out.push_back(fault.pointer);
  }
  return out;
}

/// A small language for bodies: single quotes stand for double ones.
std::string quoted(std::string text) {
  std::ranges::replace(text, '\'', '"');
  return text;
}

std::string saga_with(const std::string& branch_members, const std::string& members = "") {
  return quoted("{'mode':'saga'" + members + ",'branches':[{'id':'a','action':'http://h/a'" + branch_members + "}]}");
}

std::string many(std::size_t count, const std::string& item) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string one = item;
    for (std::size_t at = one.find('#'); at != std::string::npos; at = one.find('#')) one.replace(at, 1, std::to_string(i));
    out += (i == 0 ? "" : ",") + one;
  }
  return out;
}

struct Case {
  std::string body;
  std::vector<std::string> expected;
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const std::string body = quoted(c.body);
    INFO(body.substr(0, 400));
    CHECK(pointers(body) == c.expected);
  }
}

constexpr std::string_view saga_branches = ",'branches':[{'id':'a','action':'http://h/a'}]}";
std::string saga(const std::string& members) { return "{'mode':'saga'" + members + std::string(saga_branches); }

}  // namespace

TEST_CASE("a small request gets every default", "[protocol][start]") {
  const auto request = parse(saga_with(""));
  REQUIRE(request);
  CHECK(request->gid == generated);
  CHECK(request->mode == Mode::saga);
  CHECK_FALSE(request->name);
  CHECK(request->attributes.empty());
  CHECK(request->order == Order::sequential);
  CHECK_FALSE(request->interactive);
  CHECK(request->timeout_ms == 60'000);
  CHECK(request->retry == RetryPolicy{200, 30'000, 2.0, 0.2, 5});
  CHECK(request->request_timeout_ms == 3'000);
  CHECK(request->attention_after == 10);
  CHECK_FALSE(request->check);
  CHECK(request->check_after_ms == 10'000);
  REQUIRE(request->branches.size() == 1);
  const BranchRequest& branch = request->branches[0];
  CHECK(branch.id.text() == "a");
  CHECK(branch.kind == Kind::saga);
  CHECK(branch.forward_url == "http://h/a");
  CHECK(branch.undo_url.empty());
  CHECK_FALSE(branch.payload);
  CHECK_FALSE(branch.has_after);
  CHECK(branch.retry == request->retry);
  CHECK(branch.request_timeout_ms == 3'000);
}

TEST_CASE("every member of a request is read", "[protocol][start]") {
  const auto request = parse(quoted(R"({
    'gid': 'order-17', 'mode': 'mixed', 'name': 'place-order', 'attributes': {'customer': 'c-42'}, 'order': 'parallel', 'timeout_ms': 31536000000,
    'retry': {'initial_ms': 7, 'multiplier': 1.5}, 'request_timeout_ms': 600000, 'attention_after': 1, 'headers': {'X-Tenant': 'cn-east'},
    'branches': [
      {'id': 'o', 'kind': 'saga', 'action': 'http://h/a', 'compensate': 'https://h/c', 'payload': {"n":  1.00}, 'retry': {'max_attempts': 0}},
      {'id': 's', 'kind': 'tcc', 'try': 'http://h/t', 'confirm': 'http://h/c', 'cancel': 'http://h/x', 'request_timeout_ms': 1, 'headers': {'X-B': '1'}},
      {'id': 'm', 'kind': 'message', 'action': 'http://h/m', 'payload': null}]})"));
  REQUIRE(request);
  CHECK(request->gid.text() == "order-17");
  CHECK(request->name == "place-order");
  CHECK(request->attributes.at("customer") == "c-42");
  CHECK(request->order == Order::parallel);
  CHECK(request->retry == RetryPolicy{7, 30'000, 1.5, 0.2, 5});
  CHECK(request->headers == std::vector<HeaderField>{{"X-Tenant", "cn-east"}});
  REQUIRE(request->branches.size() == 3);
  CHECK(request->branches[0].payload == "{\"n\":  1.00}");
  CHECK(request->branches[0].undo_url == "https://h/c");
  CHECK(request->branches[0].retry == RetryPolicy{7, 30'000, 1.5, 0.2, 0});
  CHECK(request->branches[1].kind == Kind::tcc);
  CHECK(request->branches[1].forward_url == "http://h/t");
  CHECK(request->branches[1].confirm_url == "http://h/c");
  CHECK(request->branches[1].undo_url == "http://h/x");
  CHECK(request->branches[1].request_timeout_ms == 1);
  CHECK(request->branches[1].headers == std::vector<HeaderField>{{"X-B", "1"}});
  CHECK(request->branches[2].confirm_url == "http://h/m");
  CHECK(request->branches[2].payload == "null");
}

TEST_CASE("modes have their orders", "[protocol][start]") {
  CHECK(parse(quoted("{'mode':'tcc','interactive':true}"))->order == Order::parallel);
  CHECK(parse(quoted("{'mode':'saga','interactive':true}"))->order == Order::sequential);
  CHECK(parse(quoted("{'mode':'mixed','interactive':true}"))->order == Order::sequential);
  CHECK(parse(quoted("{'mode':'tcc','interactive':true,'order':'sequential'}"))->order == Order::sequential);
  CHECK(parse(saga_with(",'after':[]"))->order == Order::graph);
}

TEST_CASE("text that is no JSON is malformed with a position", "[protocol][start]") {
  const auto request = parse("{\"mode\":\"saga\",\"mode\":\"tcc\"}");
  REQUIRE_FALSE(request);
  CHECK(request.error().code == ProblemCode::malformed_json);
  CHECK(request.error().detail.find("at byte 16") != std::string::npos);
  CHECK(pointers("") == std::vector<std::string>{"malformed"});
  CHECK(pointers("[]") == std::vector<std::string>{""});
  CHECK(pointers("null") == std::vector<std::string>{""});
}

TEST_CASE("each fault of the members of a transaction is named", "[protocol][start]") {
  const std::string long_name(129, 'n');
  check({
      {"{}", {"/mode", "/branches"}},
      {"{'mode':'saga'}", {"/branches"}},
      {"{'mode':'Saga','branches':[{'id':'a','action':'http://h/a'}]}", {"/mode"}},
      {"{'mode':1,'branches':[{'id':'a','action':'http://h/a'}]}", {"/mode"}},
      {saga(",'gid':''"), {"/gid"}},
      {saga(",'gid':'a/b'"), {"/gid"}},
      {saga(",'gid':'..'"), {"/gid"}},
      {saga(",'gid':'a\\r\\nb'"), {"/gid"}},
      {saga(",'gid':17"), {"/gid"}},
      {saga(",'gid':null"), {"/gid"}},
      {saga(",'gid':'" + std::string(128, 'g') + "'"), {}},
      {saga(",'gid':'" + std::string(129, 'g') + "'"), {"/gid"}},
      {saga(",'name':'" + std::string(128, 'n') + "'"), {}},
      {saga(",'name':'" + long_name + "'"), {"/name"}},
      {saga(",'name':null"), {}},
      {saga(",'name':7"), {"/name"}},
      {saga(",'name':'a\\u0000b'"), {"/name"}},
      {saga(",'attributes':[]"), {"/attributes"}},
      {saga(",'attributes':{'a':1}"), {"/attributes/a"}},
      {saga(",'attributes':{'a/b':'x','~':'y'}"), {"/attributes/a~1b", "/attributes/~0"}},
      {saga(",'attributes':{'" + std::string(65, 'k') + "':'x'}"), {"/attributes/" + std::string(65, 'k')}},
      {saga(",'attributes':{'k':'" + std::string(257, 'v') + "'}"), {"/attributes/k"}},
      {saga(",'attributes':{" + many(16, "'k#':'v'") + "}"), {}},
      {saga(",'attributes':{" + many(17, "'k#':'v'") + "}"), {"/attributes"}},
      {saga(",'order':'random'"), {"/order"}},
      {saga(",'order':'graph'"), {"/order"}},
      {saga(",'order':null"), {"/order"}},
      {saga(",'interactive':'yes'"), {"/interactive"}},
      {saga(",'timeout_ms':0"), {"/timeout_ms"}},
      {saga(",'timeout_ms':31536000001"), {"/timeout_ms"}},
      {saga(",'timeout_ms':1.5"), {"/timeout_ms"}},
      {saga(",'timeout_ms':'1'"), {"/timeout_ms"}},
      {saga(",'timeout_ms':99999999999999999999"), {"/timeout_ms"}},
      {saga(",'timeout_ms':null"), {"/timeout_ms"}},
      {saga(",'request_timeout_ms':600001"), {"/request_timeout_ms"}},
      {saga(",'attention_after':0"), {"/attention_after"}},
      {saga(",'retry':3"), {"/retry"}},
      {saga(",'retry':{'initial_ms':0}"), {"/retry/initial_ms"}},
      {saga(",'retry':{'initial_ms':200,'max_ms':199}"), {"/retry/max_ms"}},
      {saga(",'retry':{'initial_ms':30001}"), {"/retry/initial_ms"}},
      {saga(",'retry':{'max_ms':199}"), {"/retry/max_ms"}},
      {saga(",'retry':{'multiplier':0.99}"), {"/retry/multiplier"}},
      {saga(",'retry':{'multiplier':1e400}"), {"/retry/multiplier"}},
      {saga(",'retry':{'jitter':1.01}"), {"/retry/jitter"}},
      {saga(",'retry':{'jitter':-0.1}"), {"/retry/jitter"}},
      {saga(",'retry':{'max_attempts':-1}"), {"/retry/max_attempts"}},
      {saga(",'retry':{'tries':1}"), {"/retry/tries"}},
      {saga(",'headers':'x'"), {"/headers"}},
      {saga(",'headers':{'X':1}"), {"/headers/X"}},
      {saga(",'headers':{'X':'a\\r\\nY: b'}"), {"/headers/X"}},
      {saga(",'headers':{'X Y':'a'}"), {"/headers/X Y"}},
      {saga(",'headers':{'X':'a','x':'b'}"), {"/headers/x"}},
      {saga(",'headers':{'host':'h','Escrow-Gid':'x','IDEMPOTENCY-KEY':'k','Transfer-Encoding':'chunked'}"),
       {"/headers/host", "/headers/Escrow-Gid", "/headers/IDEMPOTENCY-KEY", "/headers/Transfer-Encoding"}},
      {saga(",'headers':{" + many(32, "'X#':'v'") + "}"), {}},
      {saga(",'headers':{" + many(33, "'X#':'v'") + "}"), {"/headers"}},
      {saga(",'headers':{'X':'" + std::string(8'191, 'v') + "'}"), {}},
      {saga(",'headers':{'X':'" + std::string(8'192, 'v') + "'}"), {"/headers"}},
      {saga(",'check':'http://h/c'"), {"/check"}},
      {saga(",'check_after_ms':1"), {"/check_after_ms"}},
      {saga(",'check':null"), {}},
      {saga(",'timeout':1,'Mode':'saga'"), {"/timeout", "/Mode"}},
      {"{'mode':'saga','branches':[]}", {"/branches"}},
      {"{'mode':'saga','branches':{}}", {"/branches"}},
      {"{'mode':'saga','branches':[1,'x',null]}", {"/branches/0", "/branches/1", "/branches/2"}},
  });
}

TEST_CASE("each fault of a branch is named", "[protocol][start]") {
  const auto branch = [](const std::string& text) { return "{'mode':'saga','branches':[" + text + "]}"; };
  check({
      {branch("{'action':'http://h/a'}"), {"/branches/0/id"}},
      {branch("{'id':'','action':'http://h/a'}"), {"/branches/0/id"}},
      {branch("{'id':'" + std::string(65, 'b') + "','action':'http://h/a'}"), {"/branches/0/id"}},
      {branch("{'id':'a'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':7}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':''}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'/relative'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'file:///etc/passwd'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'gopher://h/x'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'http://u:p@h/x'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'http://h/x#f'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'http://h/x y'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'http://h/\\r\\nX: y'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'http://h:0/'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'http://[fe80::1%25eth0]/'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'http://h/" + std::string(2'039, 'p') + "'}"), {}},
      {branch("{'id':'a','action':'http://h/" + std::string(2'040, 'p') + "'}"), {"/branches/0/action"}},
      {branch("{'id':'a','action':'http://h/a','compensate':'x'}"), {"/branches/0/compensate"}},
      {branch("{'id':'a','action':'http://h/a','try':'http://h/t','confirm':'http://h/c','cancel':'http://h/x'}"),
       {"/branches/0/try", "/branches/0/confirm", "/branches/0/cancel"}},
      {branch("{'id':'a','action':'http://h/a','kind':'saga'}"), {"/branches/0/kind"}},
      {branch("{'id':'a','action':'http://h/a','pivot':1}"), {"/branches/0/pivot"}},
      {branch("{'id':'a','action':'http://h/a','after':'b'}"), {"/branches/0/after"}},
      {branch("{'id':'a','action':'http://h/a','after':[1]}"), {"/branches/0/after/0"}},
      {branch("{'id':'a','action':'http://h/a','after':['a']}"), {"/branches/0/after/0"}},
      {branch("{'id':'a','action':'http://h/a','after':['z']}"), {"/branches/0/after/0"}},
      {branch("{'id':'a','action':'http://h/a','retry':{'max_ms':1}}"), {"/branches/0/retry/max_ms"}},
      {branch("{'id':'a','action':'http://h/a','request_timeout_ms':0}"), {"/branches/0/request_timeout_ms"}},
      {branch("{'id':'a','action':'http://h/a','headers':{'te':'x'}}"), {"/branches/0/headers/te"}},
      {branch("{'id':'a','action':'http://h/a','name':'n'}"), {"/branches/0/name"}},
      {branch("{'id':'a','action':'http://h/a'},{'id':'b','action':'http://h/a'},{'id':'a','action':'http://h/a'}"), {"/branches/2/id"}},
      {"{'mode':'tcc','branches':[{'id':'a'}]}", {"/branches/0/try", "/branches/0/confirm", "/branches/0/cancel"}},
      {"{'mode':'tcc','branches':[{'id':'a','try':'http://h/t','confirm':'http://h/c','cancel':'http://h/x','compensate':'http://h/"
       "c','pivot':true}]}",
       {"/branches/0/compensate", "/branches/0/pivot"}},
      {"{'mode':'message','branches':[{'id':'a'}]}", {"/branches/0/action"}},
      {"{'mode':'message','branches':[{'id':'a','action':'http://h/a','after':[]}]}", {"/branches/0/after"}},
      {"{'mode':'message','order':'parallel','branches':[{'id':'a','action':'http://h/a'}]}", {"/order"}},
      {"{'mode':'mixed','branches':[{'id':'a','action':'http://h/a'}]}", {"/branches/0/kind"}},
      {"{'mode':'mixed','branches':[{'id':'a','kind':'xa','action':'http://h/a'}]}", {"/branches/0/kind"}},
      {"{'mode':'mixed','branches':[{'id':'a','kind':'message','action':'http://h/a','pivot':true}]}", {"/branches/0/pivot"}},
  });
}

TEST_CASE("all faults are told at once", "[protocol][start]") {
  CHECK(pointers(quoted("{'gid':'?','timeout_ms':0,'typo':1,'branches':[{'id':'a','action':'ftp://x'},{'id':'a','wrong':1}]}")) ==
        std::vector<std::string>{"/gid", "/mode", "/timeout_ms", "/branches/0/action", "/branches/1/wrong", "/branches/1/id", "/typo"});
}

TEST_CASE("interactive transactions have no forward operations of their own", "[protocol][start]") {
  check({
      {"{'mode':'saga','interactive':true}", {}},
      {"{'mode':'saga','interactive':true,'branches':[]}", {}},
      {"{'mode':'saga','interactive':true,'branches':[{'id':'a'},{'id':'b','compensate':'http://h/c'}]}", {}},
      {"{'mode':'saga','interactive':true,'branches':[{'id':'a','action':'http://h/a'}]}", {"/branches/0/action"}},
      {"{'mode':'tcc','interactive':true,'branches':[{'id':'a','confirm':'http://h/c','cancel':'http://h/x'}]}", {}},
      {"{'mode':'tcc','interactive':true,'branches':[{'id':'a','try':'http://h/t','confirm':'http://h/c'}]}",
       {"/branches/0/try", "/branches/0/cancel"}},
      {"{'mode':'saga','interactive':true,'branches':[{'id':'a','pivot':true}]}", {"/branches/0/pivot"}},
      {"{'mode':'saga','interactive':true,'check':'http://h/c'}", {"/check"}},
      {"{'mode':'message','interactive':true}", {"/check"}},
      {"{'mode':'message','interactive':true,'check':null}", {"/check"}},
      {"{'mode':'message','interactive':true,'check':'http://h/c','check_after_ms':0}", {"/check_after_ms"}},
      {"{'mode':'message','interactive':true,'check':'http://h/c','check_after_ms':1,'branches':[{'id':'a','action':'http://h/a'}]}", {}},
      {"{'mode':'message','check':'http://h/c','branches':[{'id':'a','action':'http://h/a'}]}", {"/check"}},
  });
}

TEST_CASE("after makes a graph that must be sound", "[protocol][start]") {
  const auto graph = [](const std::string& edges, const std::string& members = "") {
    return "{'mode':'saga'" + members + ",'branches':[" + edges + "]}";
  };
  const auto node = [](const std::string& id, const std::string& after) {
    return "{'id':'" + id + "','action':'http://h/a'" + (after.empty() ? "" : ",'after':[" + after + "]") + "}";
  };
  check({
      {graph(node("a", "") + "," + node("b", "'a'") + "," + node("c", "'a','b'")), {}},
      {graph(node("b", "'a'") + "," + node("a", "")), {}},
      {graph(node("a", "'b'") + "," + node("b", "'a'")), {"/branches/1/after"}},
      {graph(node("a", "'c'") + "," + node("b", "'a'") + "," + node("c", "'b'") + "," + node("d", "'e'") + "," + node("e", "'d'")),
       {"/branches/1/after", "/branches/4/after"}},
      {graph(node("a", "") + "," + node("b", "'a','a'")), {"/branches/1/after/1"}},
      {graph(node("a", "") + "," + node("b", "'a'"), ",'order':'parallel'"), {"/order"}},
      {"{'mode':'mixed','branches':[{'id':'m','kind':'message','action':'http://h/m'},{'id':'a','kind':'saga','action':'http://h/"
       "a','after':['m']}]}",
       {"/branches/1/after/0"}},
      {"{'mode':'mixed','branches':[{'id':'m','kind':'message','action':'http://h/m'},{'id':'a','kind':'saga','action':'http://h/"
       "a','after':[]}]}",
       {}},
  });
}

TEST_CASE("the pivot has a place before or behind every other forward branch", "[protocol][start]") {
  const std::string message = ",{'id':'m','kind':'message','action':'http://h/m'}";
  const auto mixed = [&](const std::string& branches, const std::string& members = "") {
    return "{'mode':'mixed'" + members + ",'branches':[" + branches + message + "]}";
  };
  const auto node = [](const std::string& id, const std::string& more) {
    return "{'id':'" + id + "','kind':'saga','action':'http://h/a'" + more + "}";
  };
  check({
      {mixed(node("a", "") + "," + node("p", ",'pivot':true") + "," + node("b", "")), {}},
      {mixed(node("p", ",'pivot':true"), ",'order':'parallel'"), {}},
      {mixed(node("p", ",'pivot':true") + "," + node("b", ""), ",'order':'parallel'"), {"/branches/1"}},
      {mixed(node("a", "") + "," + node("p", ",'pivot':true,'after':['a']") + "," + node("b", ",'after':['p']")), {}},
      {mixed(node("a", "") + "," + node("p", ",'pivot':true,'after':['a']") + "," + node("b", ",'after':['a']")), {"/branches/2"}},
      {mixed(node("p", ",'pivot':true") + "," + node("q", ",'pivot':true")), {"/branches/1/pivot"}},
      {mixed(node("p", ",'pivot':false") + "," + node("q", ",'pivot':false")), {}},
  });
}

TEST_CASE("limits and forbidden targets come from the configuration", "[protocol][start]") {
  RequestRules rules;
  rules.branches = 2;
  const std::string three = quoted("{'mode':'saga','branches':[" + many(3, "{'id':'b#','action':'http://h/a'}") + "]}");
  CHECK(pointers(three, rules) == std::vector<std::string>{"/branches"});
  rules.target_fault = [](const Url& url) -> std::optional<std::string> {
    if (url.host() == "169.254.169.254") return "the address is not allowed";
    return std::nullopt;
  };
  const std::string metadata =
      quoted("{'mode':'saga','branches':[{'id':'a','action':'http://169.254.169.254/latest'},{'id':'b','action':'http://h/'}]}");
  CHECK(pointers(metadata, rules) == std::vector<std::string>{"/branches/0/action"});
}

TEST_CASE("a request of a thousand branches in a chain is read", "[protocol][start]") {
  std::string branches;
  for (int i = 0; i < 1'000; ++i) {
    branches += (i == 0 ? "" : ",") + std::string("{'id':'b") + std::to_string(i) + "','action':'http://h/a','after':[" +
                (i == 0 ? "" : "'b" + std::to_string(i - 1) + "'") + "]}";
  }
  const auto request = parse(quoted("{'mode':'saga','branches':[" + branches + "]}"));
  REQUIRE(request);
  CHECK(request->branches.size() == 1'000);
}

TEST_CASE("a body made of faults gets an answer of bounded size", "[protocol][start]") {
  std::string members;
  for (int i = 0; i < 20'000; ++i) members += ",'x" + std::to_string(i) + "':0";
  const auto request = parse(quoted("{'mode':'saga','interactive':true" + members + "}"));
  REQUIRE_FALSE(request);
  CHECK(request.error().faults.size() == fault_limit);
  CHECK(request.error().detail.find("20000") != std::string::npos);
}
