#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
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

using Clock = std::chrono::steady_clock;

double processor_time() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

int lose_power(std::uint64_t seed, std::int64_t images, Clock::time_point until, const vfs::PowerLossPlan& wanted) {
  vfs::PowerLoss rig;
  vfs::PowerLossResult all;
  const double begin = processor_time();
  for (auto plan = wanted; all.images < images && all.violations() == 0 && (all.sessions == 0 || Clock::now() < until); ++seed) {
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

/// As many passes over the requests as there is time for, each of which takes other ones; after `passes` all have had their turn.
int fail_requests(const vfs::IoFaultPlan& plan, std::int64_t passes, Clock::time_point until, const std::string& out) {
  std::vector<vfs::IoFaultResult> results(vfs::scenarios().size());
  const double begin = processor_time();
  std::int64_t done = 0;
  std::int64_t violations = 0;
  for (; done < passes && violations == 0 && (done == 0 || Clock::now() < until); ++done) {
    vfs::IoFaultPlan pass = plan;
    pass.stride = plan.stride * passes;
    pass.offset = plan.offset + plan.stride * done;
    for (std::size_t i = 0; i < results.size(); ++i) results[i].add(vfs::fail_each_request(vfs::scenarios()[i], pass));
    violations = 0;
    for (const auto& result : results) violations += result.violations;
  }
  for (const auto& result : results) {
    for (const auto& failure : result.failures) fmt::print("{}\n", failure);
  }
  for (const auto& excess : vfs::excess_of(results)) {
    fmt::print("{}\n", excess);
    ++violations;
  }
  const vfs::Share share{.stride = plan.stride, .passes = passes, .passes_done = done};
  fmt::print("{}{:.1f} s of processor time\n", vfs::sum_of(results, share), processor_time() - begin);
  if (out.empty()) {
    fmt::print("{}", vfs::text_of(results, share));
  } else {
    std::filesystem::create_directories(out);
    std::ofstream(out + "/io-faults.txt") << vfs::text_of(results, share);
    std::ofstream(out + "/io-faults.json") << vfs::json_of(results, share);
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
  std::int64_t seconds = 1'000'000;
  vfs::PowerLossPlan plan;
  auto* power = app.add_subcommand("power", "Power fails at every moment of sessions");
  power->add_option("--seed", seed, "The first seed");
  power->add_option("--images", images, "How many images to judge at least");
  power->add_option("--seconds", seconds, "For so long at most, but one session");
  power->add_option("--per-place", plan.images_per_point, "Draws for each place");
  power->add_option("--turns", plan.turns, "Turns of a session");
  vfs::IoFaultPlan faults;
  std::int64_t passes = 1;
  auto* requests = app.add_subcommand("faults", "Every request to the file system fails in every way");
  requests->add_option("--stride", faults.stride, "Only every so many-th request")->check(CLI::PositiveNumber);
  requests->add_option("--offset", faults.offset, "The first one of these, from 0");
  requests->add_option("--passes", passes, "Take them in so many passes, spread over the whole")->check(CLI::PositiveNumber);
  requests->add_option("--seconds", seconds, "Begin no pass after so long, but the first");
  std::string out;
  requests->add_option("--out", out, "Where to put the tables");
  CLI11_PARSE(app, argc, argv);
  const auto until = Clock::now() + std::chrono::seconds(seconds);
  return *power ? lose_power(seed, images, until, plan) : fail_requests(faults, passes, until, out);
}
