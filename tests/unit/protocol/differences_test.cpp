#include "protocol/start_request_json.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace escrow::protocol;

namespace {

std::string quoted(std::string text) {
  std::ranges::replace(text, '\'', '"');
  return text;
}

StartRequest request(const std::string& body) {
  auto parsed = parse_start_request(quoted(body), {}, *Gid::parse("generated"));
  REQUIRE(parsed);
  return *std::move(parsed);
}

std::string saga(const std::string& members, const std::string& branch = "") {
  return "{'gid':'g','mode':'saga'" + members + ",'branches':[{'id':'a','action':'http://h/a'" + branch + "}]}";
}

using Pointers = std::vector<std::string>;

Pointers compared(const std::string& left, const std::string& right) { return differences(request(left), request(right)); }

}  // namespace

TEST_CASE("requests that are equal after defaults are the same", "[protocol][differences]") {
  CHECK(compared(saga(""), saga(",'timeout_ms':60000,'order':'sequential','interactive':false,'name':null,'retry':{'max_ms':30000}"))
            .empty());
  CHECK(compared(saga("", ",'payload':{'a':1,'b':[1,2]}"), saga("", ", 'payload' : { 'b' : [1, 2], 'a':1 }")).empty());
  CHECK(compared(saga("", ",'payload':'\\u0041'"), saga("", ",'payload':'A'")).empty());
  CHECK(compared(saga(",'headers':{'X':'1'}", ",'headers':{'Y':'1'}"), saga(",'headers':{'X':'2'}")).empty());
  CHECK(compared(saga("", ",'pivot':false"), saga("")).empty());
}

TEST_CASE("each member that differs is named by its pointer", "[protocol][differences]") {
  CHECK(compared(saga(",'name':'x'"), saga("")) == Pointers{"/name"});
  CHECK(compared(saga(",'attributes':{'k':'1','l':'1'}"), saga(",'attributes':{'k':'2','m':'1'}")) ==
        Pointers{"/attributes/k", "/attributes/l", "/attributes/m"});
  CHECK(compared(saga(",'order':'parallel'"), saga("")) == Pointers{"/order"});
  CHECK(compared(saga(",'timeout_ms':1"), saga(",'timeout_ms':2")) == Pointers{"/timeout_ms"});
  CHECK(compared(saga(",'retry':{'jitter':0.3}"), saga("")) == Pointers{"/retry/jitter"});
  CHECK(compared(saga(",'request_timeout_ms':5"), saga("")) == Pointers{"/request_timeout_ms"});
  CHECK(compared(saga(",'attention_after':5"), saga("")) == Pointers{"/attention_after"});
  CHECK(compared(saga("", ",'compensate':'http://h/c'"), saga("")) == Pointers{"/branches/0/compensate"});
  CHECK(compared(saga("", ",'payload':1"), saga("", ",'payload':1.0")) == Pointers{"/branches/0/payload"});
  CHECK(compared(saga("", ",'payload':null"), saga("")) == Pointers{"/branches/0/payload"});
  CHECK(compared(saga("", ",'payload':[1,2]"), saga("", ",'payload':[2,1]")) == Pointers{"/branches/0/payload"});
  CHECK(compared(saga("", ",'after':[]"), saga("")) == Pointers{"/branches/0/after"});
  CHECK(compared(saga("", ",'pivot':true"), saga("")) == Pointers{"/branches/0/pivot"});
  CHECK(compared(saga("", ",'retry':{'max_attempts':1}"), saga("")) == Pointers{"/branches/0/retry/max_attempts"});
  CHECK(compared(saga("", ",'request_timeout_ms':1"), saga("")) == Pointers{"/branches/0/request_timeout_ms"});
}

TEST_CASE("other branches are told as such", "[protocol][differences]") {
  CHECK(compared("{'mode':'saga','branches':[{'id':'a','action':'http://h/a'},{'id':'b','action':'http://h/b'}]}",
                 saga("").replace(1, 10, "")) == Pointers{"/branches"});
  CHECK(compared("{'mode':'saga','branches':[{'id':'a','action':'http://h/a'},{'id':'b','action':'http://h/b'}]}",
                 "{'mode':'saga','branches':[{'id':'b','action':'http://h/b'},{'id':'a','action':'http://h/a'}]}") ==
        Pointers{"/branches/0/id", "/branches/0/action", "/branches/1/id", "/branches/1/action"});
  CHECK(compared("{'mode':'tcc','interactive':true}", "{'mode':'saga','interactive':true,'order':'parallel'}") == Pointers{"/mode"});
}

TEST_CASE("two registrations of a branch are compared by content", "[protocol][differences]") {
  const auto branch = [](const std::string& body) { return request(saga("", body)).branches[0]; };
  CHECK(differences(branch(",'payload':{'x': 1}"), branch(",'payload':{'x':1}")).empty());
  CHECK(differences(branch(",'payload':1,'compensate':'http://h/c'"), branch("")) == Pointers{"/compensate", "/payload"});
}
