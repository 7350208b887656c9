#include "tests/fault-injection/vfs/power_loss.hpp"

#include <algorithm>
#include <exception>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "coordinator/store/sqlite/inspection.hpp"
#include "coordinator/store/sqlite/log.hpp"

namespace escrow::vfs {
namespace {

constexpr std::size_t told_failures = 5;
const Image empty_disk{{log_path, ""}};

void note(PowerLossResult& result, std::int64_t& counter, const std::string& what) {
  ++counter;
  if (result.failures.size() < told_failures) result.failures.push_back(what);
}

/// What was written when power failed again.
store::Write second_write() { return testing::start_of(testing::started("after.the.first.failure")); }

}  // namespace

void PowerLossResult::add(const PowerLossResult& other) {
  sessions += other.sessions;
  points += other.points;
  images += other.images;
  second += other.second;
  kept += other.kept;
  lost += other.lost;
  unreadable += other.unreadable;
  lost_acknowledged += other.lost_acknowledged;
  invented += other.invented;
  for (std::size_t i = 0; i < by_damage.size(); ++i) by_damage[i] += other.by_damage[i];
  for (const auto& failure : other.failures) {
    if (failures.size() < told_failures) failures.push_back(failure);
  }
  counts.add(other.counts);
}

PowerLoss::PowerLoss() : lived_("power-lived"), judged_("power-judged"), judged_again_("power-judged-again") {
  lived_.start(empty_disk, 1);
  // A seed that no run has, so that its gids are its own.
  Session session(lived_, 999'999'999);
  for (int i = 0; i < 30; ++i) session.turn();
  session.must_be_well();
  session.end(true);
  used_ = lived_.seen();
  used_ledger_ = session.ledger();
  used_live_ = session.live();
}

PowerLossResult PowerLoss::run(const PowerLossPlan& plan) {
  PowerLossResult result;
  result.sessions = 1;
  // Every fourth one begins with an empty file: making the log, and its schema, can be interrupted too.
  const bool is_new = plan.seed % 4 == 0;
  const Image& base = is_new ? empty_disk : used_;
  lived_.start(base, plan.seed, plan.character);
  Session session(lived_, plan.seed, is_new ? Ledger() : used_ledger_);
  if (!is_new) session.adopt(used_live_);
  for (int i = 0; i < plan.turns; ++i) session.turn();
  session.must_be_well();
  session.end(plan.seed % 2 == 0);
  result.counts = session.counts();
  for (const auto& failure : session.failures()) {
    note(result, result.unreadable, "seed " + std::to_string(plan.seed) + ", without any failure of power: " + failure);
  }
  const Trace trace = lived_.trace();
  judge_trace(base, trace, session.allowed(), plan, 0, -1, result);
  return result;
}

void PowerLoss::judge_trace(const Image& base, const Trace& trace, const std::vector<Session::Digests>& allowed, const PowerLossPlan& plan,
                            std::size_t first, int points, PowerLossResult& result) {
  Platter platter(base, trace, plan.seed);
  std::size_t passed = 0;
  std::unordered_set<std::uint64_t> seen;
  while (!platter.is_at_end()) {
    const Happened& happened = trace.happened[platter.position()];
    if (happened.what == Happened::What::mark) passed = static_cast<std::size_t>(happened.number);
    platter.advance();
    if (platter.position() < first) continue;
    // A mark changes nothing on the disk, but what may be there.
    if (points >= 0 && points-- == 0) return;
    ++result.points;
    const Session::Digests& before = allowed[passed];
    Session::Digests now = before;
    if (passed + 1 < allowed.size()) now.insert(allowed[passed + 1].begin(), allowed[passed + 1].end());
    seen.clear();
    const int draws = platter.unsynced() == 0 ? 1 : plan.images_per_point;
    for (int i = 0; i < draws; ++i) {
      const auto damage = plan.only.value_or(static_cast<Damage>(i % honest_damages));
      const std::uint64_t draw = sim::mixed(sim::mixed(plan.seed, platter.position()), static_cast<std::uint64_t>(i));
      auto cut = platter.cut(damage, draw);
      if (!seen.insert(cut.fingerprint).second) continue;
      ++result.by_damage[static_cast<std::size_t>(damage)];
      const std::string where = "seed " + std::to_string(plan.seed) + ", place " + std::to_string(platter.position()) + ", image " +
                                std::to_string(i) + " (" + std::string(name_of(damage)) + ")";
      judge(cut.image, before, now, plan, where, result);
    }
  }
}

void PowerLoss::judge(const Image& image, const Session::Digests& before, const Session::Digests& allowed, const PowerLossPlan& plan,
                      const std::string& where, PowerLossResult& result) {
  std::uint64_t digest = 0;
  const bool deeply = result.images % 4 == 0;
  if (!check(judged_, image, allowed, plan.seed, deeply, digest, where, result)) return;
  if (allowed.size() > 1) ++(before.contains(digest) ? result.lost : result.kept);
  if (plan.second_failure_every > 0 && result.images % plan.second_failure_every == 0) lose_power_again(image, digest, plan, where, result);
}

bool PowerLoss::check(Disk& disk, const Image& image, const Session::Digests& allowed, std::uint64_t seed, bool deeply,
                      std::uint64_t& digest, const std::string& where, PowerLossResult& result) {
  ++result.images;
  disk.start(image, seed);
  const auto bytes_of = [&](const std::string& name) {
    const auto found = image.find(name);
    return found == image.end() ? std::string() : found->second;
  };
  std::istringstream database(bytes_of(log_path));
  std::istringstream wal(bytes_of(log_path + "-wal"));
  std::istringstream journal(bytes_of(log_path + "-journal"));
  const auto inspected = store::sqlite::inspect(log_path, database, wal, journal);
  if (!inspected) {
    note(result, result.unreadable, where + ": refused before opening: " + inspected.error().detail);
    return false;
  }
  auto log =
      store::sqlite::open_log({.path = log_path, .busy_ms = 20, .vfs = disk.name(), .has_real_files = false, .wal_frames = *inspected});
  if (!log) {
    note(result, result.unreadable, where + ": refused: " + log.error().detail);
    return false;
  }
  Content content;
  try {
    content = read_content(log_path, disk.name());
  } catch (const std::exception& error) {
    note(result, result.unreadable, where + ": " + error.what());
    return false;
  }
  digest = content.digest;
  if (!allowed.contains(content.digest) || !content.is_whole) {
    std::string there;
    for (const auto& [gid, revision] : content.revisions) there += gid + "@" + std::to_string(revision) + " ";
    // A state that was never acknowledged is either an older one or none that there ever was; either way it is one too few.
    note(result, content.is_whole ? result.lost_acknowledged : result.invented, where + ": the log holds " + there);
    return false;
  }
  if (!deeply) return true;
  auto reader = (*log)->open_reader();
  for (const auto& [gid, revision] : content.revisions) {
    const auto found = reader ? (*reader)->load(protocol::Gid::parse(gid).value()) : Result<store::Found>(reader.error());
    if (!found || found->corrupt || !found->transaction || found->transaction->revision != revision) {
      note(result, result.invented, where + ": " + gid + " can't be loaded");
      return false;
    }
  }
  return true;
}

void PowerLoss::lose_power_again(const Image& image, std::uint64_t digest, const PowerLossPlan& plan, const std::string& where,
                                 PowerLossResult& result) {
  const auto write = second_write();
  Ledger added;
  added.write(write);
  Session::Digests allowed{digest};
  std::uint64_t ignored = 0;
  judged_.start(image, plan.seed + 1);
  {
    auto log = store::sqlite::open_log({.path = log_path, .busy_ms = 20, .vfs = judged_.name(), .has_real_files = false});
    if (!log) return;
    judged_.mark(1);
    if ((*log)->apply({write}).front().answer == store::WriteAnswer::ok) judged_.mark(2);
    judged_.end_process();
  }
  const Trace trace = judged_.trace();
  Platter platter(image, trace, plan.seed);
  int number = 0;
  while (!platter.is_at_end()) {
    const Happened& happened = trace.happened[platter.position()];
    if (happened.what == Happened::What::mark) {
      if (happened.number == 1) allowed.insert(digest + added.digest());
      if (happened.number == 2) allowed = {digest + added.digest()};
    }
    platter.advance();
    const std::uint64_t draw = sim::mixed(sim::mixed(plan.seed, platter.position()), 0x2);
    const auto damage = plan.only.value_or(static_cast<Damage>(number++ % honest_damages));
    const auto cut = platter.cut(damage, draw);
    ++result.second;
    check(judged_again_, cut.image, allowed, plan.seed + 2, number % 8 == 0, ignored,
          where + ", and again at place " + std::to_string(platter.position()) + " (" + std::string(name_of(damage)) + ")", result);
  }
}

}  // namespace escrow::vfs
