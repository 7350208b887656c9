#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/fault-injection/vfs/io_faults.hpp"

/// B01, B02, B03, B06, B07, B12, B18 on the real SQLite: requests to the file system fail, once and for good, also while the log is made
/// and recovered. `./dev torture` takes every request; here every so many-th one is taken.

using namespace escrow;
using vfs::Effect;

namespace {

std::string told(const vfs::IoFaultResult& result) {
  std::string text;
  for (const auto& failure : result.failures) text += failure + "\n";
  return text;
}

}  // namespace

TEST_CASE("B02 and B06: whatever request fails, answers are true, nothing acknowledged is lost, and it goes on when the disk is well",
          "[vfs]") {
  std::array<std::int64_t, vfs::effect_count> effects{};
  std::int64_t runs = 0;
  std::int64_t images = 0;
  std::int64_t syncs = 0;
  std::vector<vfs::IoFaultResult> all;
  for (const auto& scenario : vfs::scenarios()) {
    all.push_back(vfs::fail_each_request(scenario, {.stride = 37, .offset = 3, .images_every = 3}));
    const auto& result = all.back();
    INFO(told(result));
    CHECK(result.violations == 0);
    CHECK(result.failures.empty());
    runs += result.runs;
    images += result.power.images;
    for (const auto& [field, count] : result.fields) {
      // Not one run in which nothing was broken.
      INFO(vfs::name_of(field.step) << " of the " << vfs::name_of(field.file) << ": " << vfs::name_of(field.harm));
      CHECK(count.struck == count.runs);
      for (std::size_t i = 0; i < effects.size(); ++i) effects[i] += count.effects[i];
      if (field.step != vfs::Step::sync) continue;
      // A failed sync ends the process, keeps it from starting, or meets one that is ending already.
      CHECK(count.effects[static_cast<std::size_t>(Effect::unknown)] == 0);
      CHECK(count.effects[static_cast<std::size_t>(Effect::unavailable)] == 0);
      ++syncs;
    }
  }
  for (const auto& excess : vfs::excess_of(all)) FAIL_CHECK(excess);
  CHECK(runs > 400);
  CHECK(images > 300);
  CHECK(syncs > 0);
  for (const Effect effect : {Effect::absorbed, Effect::unavailable, Effect::unknown, Effect::refused_to_open, Effect::fatal}) {
    INFO(vfs::name_of(effect));
    CHECK(effects[static_cast<std::size_t>(effect)] > 0);
  }
}

TEST_CASE("more excuses than experience says are told for the kind of fault that had them", "[vfs]") {
  vfs::IoFaultResult made_up;
  const auto excused = [&](vfs::Harm harm, vfs::Lasting lasting, std::int64_t count) {
    made_up.fields = {
        {{vfs::Step::write, vfs::FileKind::wal, harm, lasting}, {.runs = 100, .struck = 100, .excused = count, .effects = {}}}};
    return vfs::excess_of({made_up}).size();
  };
  CHECK(excused(vfs::Harm::error_but_done, vfs::Lasting::this_step, 0) == 0);
  CHECK(excused(vfs::Harm::error_but_done, vfs::Lasting::this_step, 1) == 1);
  CHECK(excused(vfs::Harm::error_but_done, vfs::Lasting::once, 1) == 1);
  CHECK(excused(vfs::Harm::short_read, vfs::Lasting::once, 60) == 0);
  CHECK(excused(vfs::Harm::short_read, vfs::Lasting::once, 61) == 1);
}
