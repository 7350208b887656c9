#include "tests/fault-injection/fuzz/targets.hpp"
#include "tests/fault-injection/sim/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace escrow;
using fuzz::Target;

namespace {

std::vector<std::string> corpus_of(const Target& target) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(ESCROW_CORPORA) / target.name)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

/// What a fuzzer without eyes does: some bytes other, away, twice, or from another input.
std::string mutated(const std::vector<std::string>& inputs, std::uint64_t seed) {
  sim::Dice dice(seed, 1, {});
  const auto any = [&](std::size_t size) { return size == 0 ? 0 : static_cast<std::size_t>(dice.draw() % size); };
  std::string text = inputs[any(inputs.size())];
  for (std::uint64_t changes = 1 + dice.draw() % 4; changes > 0; --changes) {
    const std::size_t at = any(text.size() + 1);
    switch (dice.below(5)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(dice.draw());
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << dice.below(8)));
        break;
      case 2: text.erase(at, 1 + any(8)); break;
      case 3: text.insert(at, 1, static_cast<char>(dice.draw())); break;
      default: {
        const std::string& other = inputs[any(inputs.size())];
        text.insert(at, other, any(other.size() + 1), any(64));
      }
    }
  }
  return text;
}

std::string shown(const std::string& input) {
  std::string hex;
  for (const char c : input.substr(0, 4096)) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[static_cast<unsigned char>(c) >> 4U];
    hex += digits[static_cast<unsigned char>(c) & 15U];
  }
  return hex;
}

/// The corpus, and `mutants` inputs made from it.
void run(const char* name, std::uint64_t mutants) {
  const Target* target = fuzz::target_named(name, fuzz::product_targets());
  if (target == nullptr) target = fuzz::target_named(name, fuzz::world_targets());
  REQUIRE(target != nullptr);
  const auto inputs = corpus_of(*target);
  REQUIRE(inputs.size() > 5);
  const auto feed = [&](const std::string& input) {
    try {
      target->run(input);
    } catch (const std::exception& finding) {
      UNSCOPED_INFO("input in hexadecimal: " << shown(input));
      FAIL(finding.what());
    }
  };
  for (const std::string& input : inputs) feed(input);
  for (std::uint64_t seed = 0; seed < mutants; ++seed) feed(mutated(inputs, seed));
}

}  // namespace

TEST_CASE("fuzz: requests as bytes, split anywhere, are what the reference reads", "[fuzz]") { run("f_http_server", 3000); }
TEST_CASE("F01 F02 fuzz: answers as bytes are success only where the grammar says so", "[fuzz]") { run("f_http_answer", 3000); }
TEST_CASE("J07 J09 fuzz: JSON for every route is refused with faults or read, written and read again", "[fuzz]") {
  run("f_api_json", 20000);
}
TEST_CASE("fuzz: bytes are the schedule of a simulated world and no oracle objects", "[fuzz]") { run("f_api_stateful", 500); }
TEST_CASE("J08 fuzz: no spelling of an address gets past the target rules", "[fuzz]") { run("f_url_policy", 20000); }
TEST_CASE("fuzz: configuration, tokens and credentials are refused with words or used as shown", "[fuzz]") { run("f_config", 2000); }
TEST_CASE("B10 fuzz: rows that somebody changed are refused, whoever seals them", "[fuzz]") { run("f_log_row", 3000); }
TEST_CASE("B09 fuzz: files that somebody changed never hold another transaction", "[fuzz]") { run("f_db_file", 100); }
TEST_CASE("fuzz: calls of the barrier in any order on two connections keep S2 to S6", "[fuzz]") { run("f_barrier", 1000); }
TEST_CASE("fuzz: rules of the proxy are refused with words or read", "[fuzz]") { run("f_proxy_rule", 2000); }
TEST_CASE("fuzz: scenario files are refused with words or read, written and read again", "[fuzz]") { run("f_scenario_yaml", 2000); }
