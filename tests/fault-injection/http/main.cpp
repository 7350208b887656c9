#include "tests/fault-injection/http/schedules.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>

namespace {

bool run(const std::vector<escrow::http_faults::Family>& families, std::uint64_t stride) {
  bool sound = true;
  for (const auto& family : families) {
    const auto begin = std::chrono::steady_clock::now();
    const auto report = family.run(stride);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print("{:18} {:9} schedules in {:6.1f} s, {:7.0f}/s, {} went wrong\n", family.name, report.schedules, seconds,
               static_cast<double>(report.schedules) / seconds, report.faulty);
    for (const std::string& fault : report.faults) fmt::print("  {}\n", fault);
    sound = sound && report.faulty == 0;
  }
  return sound;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app("The product's HTTP server and client in memory: every cut, split, stall and garbage of what they are sent");
  std::uint64_t stride = 1;
  app.add_option("--stride", stride, "take every Nth only, where there are a great many")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const bool server = run(escrow::http_faults::server_families(), stride);
  const bool client = run(escrow::http_faults::client_families(), stride);
  return server && client ? 0 : 1;
}
