#include <chrono>
#include <cstdlib>
#include <random>
#include <string>

#include "tests/fault-injection/proxy/proxy_process.hpp"
#include "tests/integration/api/line.hpp"

/// The line of the API suite when it passes through trouble: the fault proxy, and SIGKILLs. ESCROW_LINE says which of both (`network`,
/// `kills`, `both`), ESCROW_STORM_SEED what is drawn.
namespace escrow::testing {
namespace {

using Clock = std::chrono::steady_clock;

/// Whatever is not marked is late and comes in pieces, and no more: nobody asks it again. Copies are of what may be said twice; they come
/// behind the first one, so that it is the first one that is answered as such.
constexpr const char* rules = R"(
rules:
  - {name: answer lost, match: {headers: {Asked-Again: "*"}}, probability: 0.12, do: {reset_response: 0}}
  - {name: answer cut, match: {headers: {Asked-Again: "*"}}, probability: 0.12, do: {close_response: 80}}
  - {name: request reset, match: {headers: {Asked-Again: "*"}}, probability: 0.1, do: {reset_request: 20}}
  - {name: request closed, match: {headers: {Asked-Again: "*"}}, probability: 0.1, do: {close_request: head}}
  - {name: twice, match: {headers: {Asked-Again: "*"}}, probability: 0.3, do: {duplicate: {after_ms: 60}}}
  - {name: late, probability: 0.5, do: {delay: {least_ms: 1, most_ms: 30}}}
  - {name: pieces, do: {pace_request: {bytes: 4000, every_ms: 1}, pace_response: {bytes: 200, every_ms: 1}}}
)";

std::string word(const char* name, const std::string& otherwise) {
  const char* const said = std::getenv(name);
  return said == nullptr ? otherwise : said;
}

class BadLine : public Line {
 public:
  explicit BadLine(const std::string& directory)
      : mode_(word("ESCROW_LINE", "both")),
        seed_(std::stoull(word("ESCROW_STORM_SEED", "1"))),
        proxy_(
            FAULT_PROXY, directory,
            "seed: " + std::to_string(seed_) + "\nlinks: [{name: api, to: \"127.0.0.1:1\"}]" + (mode_ == "kills" ? "\nrules: []" : rules)),
        random_(seed_) {}

  std::uint16_t lead_to(std::uint16_t port) override {
    proxy_.command("PUT", "/links/api", "{\"to\": \"127.0.0.1:" + std::to_string(port) + "\"}");
    return proxy_.port("api");
  }
  std::optional<std::string> mark() const override { return "Asked-Again"; }
  bool kills_now() override {
    if (mode_ == "network") return false;
    // Most tests are over within half a second: each has its first one within a few questions.
    const bool is_first = !next_kill_ && random_() % 3 == 0;
    if (!is_first && (!next_kill_ || Clock::now() < *next_kill_)) return false;
    next_kill_ = Clock::now() + std::chrono::milliseconds(500 + random_() % 2'500);
    return true;
  }

 private:
  std::string mode_;
  std::uint64_t seed_;
  ProxyProcess proxy_;
  std::mt19937_64 random_;
  std::optional<Clock::time_point> next_kill_;
};

}  // namespace

std::unique_ptr<Line> make_line(const std::string& directory) { return std::make_unique<BadLine>(directory); }

}  // namespace escrow::testing
