#include "protocol/registration.hpp"

#include "protocol/start_request_json.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace escrow::protocol;

namespace {

std::string quoted(std::string text) {
  std::ranges::replace(text, '\'', '"');
  return text;
}

StartRequest transaction(const std::string& mode) {
  return *parse_start_request(quoted("{'mode':'" + mode + "','interactive':true,'retry':{'initial_ms':9},'request_timeout_ms':77" +
                                     (mode == "message" ? ",'check':'http://h/c'" : "") + "}"),
                              {}, *Gid::parse("g"));
}

std::vector<std::string> pointers(const std::vector<Fault>& faults) {
  std::vector<std::string> out;
  for (const Fault& fault : faults) out.push_back(fault.pointer);
  return out;
}

std::vector<std::string> faults_of(const std::string& mode, const std::string& body) {
  const auto branches = parse_branches(quoted(body), transaction(mode), {});
  if (branches) return {};
  return branches.error().code == ProblemCode::malformed_json ? std::vector<std::string>{"malformed"} : pointers(branches.error().faults);
}

/// Checks `added` against `known`, both written as registrations of a saga.
std::vector<std::string> checked(const std::string& known, const std::string& added, bool graph, const std::string& mode = "saga") {
  std::vector<const BranchRequest*> one;
  std::vector<const BranchRequest*> other;
  Registration known_branches;
  if (!known.empty()) known_branches = *parse_branches(quoted("[" + known + "]"), transaction(mode), {});
  const auto added_branches = *parse_branches(quoted("[" + added + "]"), transaction(mode), {});
  for (const auto& branch : known_branches.branches) one.push_back(branch.get());
  for (const auto& branch : added_branches.branches) other.push_back(branch.get());
  return pointers(check_registration(one, other, graph));
}

using Pointers = std::vector<std::string>;

}  // namespace

TEST_CASE("a registration takes its defaults from the transaction", "[protocol][registration]") {
  const auto one = parse_branches(quoted("{'id':'a','confirm':'http://h/c','cancel':'http://h/x'}"), transaction("tcc"), {});
  REQUIRE(one);
  CHECK_FALSE(one->is_array);
  REQUIRE(one->branches.size() == 1);
  CHECK(one->branches[0]->kind == Kind::tcc);
  CHECK(one->branches[0]->retry.initial_ms == 9);
  CHECK(one->branches[0]->request_timeout_ms == 77);
  const auto two = parse_branches(quoted("[{'id':'a'},{'id':'b'}]"), transaction("saga"), {});
  REQUIRE(two);
  CHECK(two->is_array);
  CHECK(two->branches.size() == 2);
}

TEST_CASE("faults of a registration point into its own body", "[protocol][registration]") {
  CHECK(faults_of("tcc", "{'id':'a','try':'http://h/t'}") == Pointers{"/try", "/confirm", "/cancel"});
  CHECK(faults_of("tcc", "[{'id':'a'}]") == Pointers{"/0/confirm", "/0/cancel"});
  CHECK(faults_of("saga", "[]") == Pointers{""});
  CHECK(faults_of("saga", "7") == Pointers{""});
  CHECK(faults_of("saga", "[{'id':'a'},{'id':'a'}]") == Pointers{"/1/id"});
  CHECK(faults_of("saga", "{'id':'a'") == Pointers{"malformed"});
  CHECK(faults_of("saga", "{'id':'a','action':'http://h/a'}") == Pointers{"/action"});
  CHECK(faults_of("message", "{'id':'a'}") == Pointers{"/action"});
  CHECK(faults_of("mixed", "{'id':'a'}") == Pointers{"/kind"});
}

TEST_CASE("a registration fits the branches before it", "[protocol][registration]") {
  CHECK(checked("", "{'id':'a'}", false).empty());
  CHECK(checked("{'id':'a'}", "{'id':'b'}", false).empty());
  CHECK(checked("{'id':'a','after':[]}", "{'id':'b','after':['a']}", true).empty());
  CHECK(checked("", "{'id':'a','after':[]},{'id':'b','after':['a']}", false).empty());
  CHECK(checked("", "{'id':'b','after':['a']},{'id':'a','after':[]}", false).empty());
}

TEST_CASE("a registration that does not fit is refused with its faults", "[protocol][registration]") {
  CHECK(checked("{'id':'a'}", "{'id':'b','after':['a']}", false) == Pointers{"/0/after"});
  CHECK(checked("{'id':'a','after':[]}", "{'id':'b'}", true) == Pointers{"/0/after"});
  CHECK(checked("", "{'id':'a'},{'id':'b','after':['a']}", true) == Pointers{"/1/after"});
  CHECK(checked("{'id':'a','after':[]}", "{'id':'b','after':['z']}", true) == Pointers{"/0/after/0"});
  CHECK(checked("{'id':'a','after':[]}", "{'id':'b','after':['c']},{'id':'c','after':['b']}", true) == Pointers{"/1/after"});
  CHECK(checked("{'id':'a','after':[]}", "{'id':'b','after':['b']}", true) == Pointers{"/0/after/0"});
}

TEST_CASE("message branches neither make a graph nor break one", "[protocol][registration]") {
  const std::string message = "{'id':'m','kind':'message','action':'http://h/m'}";
  CHECK(checked(message, "{'id':'a','kind':'saga','after':[]}", false, "mixed").empty());
  CHECK(checked("{'id':'a','kind':'saga','after':[]}", message, true, "mixed").empty());
  CHECK(checked(message, "{'id':'a','kind':'saga','after':['m']}", false, "mixed") == Pointers{"/0/after/0"});
}
