#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/fault-injection/vfs/coverage.hpp"
#include "tests/fault-injection/vfs/io_faults.hpp"
#include "tests/fault-injection/vfs/power_loss.hpp"

/// escrow-disk: the real SQLite log on a simulated disk, with power failing at every moment.
namespace {

using namespace escrow;

double processor_time() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

int lose_power(std::uint64_t seed, std::int64_t images, const vfs::PowerLossPlan& wanted) {
  vfs::PowerLoss rig;
  vfs::PowerLossResult all;
  const double begin = processor_time();
  for (auto plan = wanted; all.images < images && all.violations() == 0; ++seed) {
    plan.seed = seed;
    all.add(rig.run(plan));
  }
  const double took = processor_time() - begin;
  for (const auto& failure : all.failures) fmt::print("{}\n", failure);
  fmt::print("{} sessions, {} places, {} images ({} of them after a second failure), {:.1f} s of processor time, {:.0f} images a second\n",
             all.sessions, all.points, all.images, all.second, took, static_cast<double>(all.images) / took);
  for (std::size_t i = 0; i < all.by_damage.size(); ++i) {
    if (all.by_damage[i] > 0) fmt::print("{:>10}  {}\n", all.by_damage[i], vfs::name_of(static_cast<vfs::Damage>(i)));
  }
  fmt::print("a write under way was there {} times and was not {} times\n", all.kept, all.lost);
  fmt::print("{} unreadable, {} lost what was acknowledged, {} hold what was never written\n", all.unreadable, all.lost_acknowledged,
             all.invented);
  return all.violations() == 0 ? 0 : 1;
}

int fail_requests(const vfs::IoFaultPlan& plan, const std::string& out) {
  std::vector<vfs::IoFaultResult> results;
  std::int64_t violations = 0;
  const double begin = processor_time();
  for (const auto& scenario : vfs::scenarios()) {
    results.push_back(vfs::fail_each_request(scenario, plan));
    for (const auto& failure : results.back().failures) fmt::print("{}\n", failure);
    fmt::print("{}: {} requests, {} runs, {} violations, {:.1f} s of processor time so far\n", scenario.name, results.back().requests,
               results.back().runs, results.back().violations, processor_time() - begin);
    violations += results.back().violations;
  }
  if (out.empty()) {
    fmt::print("{}", vfs::text_of(results, plan));
  } else {
    std::filesystem::create_directories(out);
    std::ofstream(out + "/io-faults.txt") << vfs::text_of(results, plan);
    std::ofstream(out + "/io-faults.json") << vfs::json_of(results, plan);
    fmt::print("tables: {}/io-faults.txt, .json\n", out);
  }
  return violations == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Escrow's log on a simulated disk");
  app.require_subcommand(1);
  std::uint64_t seed = 1;
  std::int64_t images = 20'000;
  vfs::PowerLossPlan plan;
  auto* power = app.add_subcommand("power", "Power fails at every moment of sessions");
  power->add_option("--seed", seed, "The first seed");
  power->add_option("--images", images, "How many images to judge at least");
  power->add_option("--per-place", plan.images_per_point, "Draws for each place");
  power->add_option("--turns", plan.turns, "Turns of a session");
  vfs::IoFaultPlan faults;
  auto* requests = app.add_subcommand("faults", "Every request to the file system fails in every way");
  requests->add_option("--stride", faults.stride, "Only every so many-th request");
  requests->add_option("--offset", faults.offset, "The first one of these, from 0");
  std::string out;
  requests->add_option("--out", out, "Where to put the tables");
  CLI11_PARSE(app, argc, argv);
  return *power ? lose_power(seed, images, plan) : fail_requests(faults, out);
}
