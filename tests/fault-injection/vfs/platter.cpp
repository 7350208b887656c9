#include "tests/fault-injection/vfs/platter.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/fault-injection/sim/random.hpp"

namespace escrow::vfs {
namespace {

using What = Happened::What;

constexpr std::int64_t sector = 512;

void put(std::string& bytes, std::int64_t offset, std::string_view written) {
  const auto end = static_cast<std::size_t>(offset) + written.size();
  if (bytes.size() < end) bytes.resize(end);
  if (!written.empty()) std::memcpy(bytes.data() + offset, written.data(), written.size());
}

}  // namespace

std::string_view name_of(Damage damage) {
  static constexpr std::string_view names[] = {"all lost", "all kept", "prefix", "writes", "sectors", "garbage", "neighbours"};
  return names[static_cast<std::size_t>(damage)];
}

Platter::Platter(const Image& base, const Trace& trace, std::uint64_t seed) : trace_(trace), seed_(seed), nodes_(trace.names.size()) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto there = base.find(trace.names[i]);
    if (there != base.end()) nodes_[i] = {true, there->second, {}};
  }
}

void Platter::apply(Node& node, const Happened& change) {
  switch (change.what) {
    case What::create:
      node.exists = true;
      node.bytes.clear();
      break;
    case What::remove:
      node.exists = false;
      node.bytes.clear();
      break;
    case What::write: put(node.bytes, change.number, change.bytes); break;
    case What::truncate: node.bytes.resize(static_cast<std::size_t>(change.number)); break;
    case What::sync:
    case What::forget:
    case What::mark: break;
  }
}

void Platter::advance() {
  const Happened& happened = trace_.happened[at_++];
  if (happened.what == What::mark) return;
  Node& node = nodes_[happened.file];
  const auto settle = [&] {
    unsynced_ -= node.unsynced.size();
    node.unsynced.clear();
  };
  switch (happened.what) {
    case What::sync:
      if (happened.number == 1) sync_names();
      for (const auto* change : node.unsynced) apply(node, *change);
      settle();
      return;
    case What::forget:
      // Some of it had been written before the sync failed; the rest the kernel throws away.
      for (std::size_t i = 0; i < node.unsynced.size(); ++i) {
        const Happened& change = *node.unsynced[i];
        const bool survives = change.what != What::write || (sim::mixed(seed_, at_ * 131 + i) & 1U) != 0;
        if (survives) apply(node, change);
      }
      settle();
      return;
    case What::remove:
      if (happened.number == 1) {
        apply(node, happened);
        settle();
        return;
      }
      break;
    case What::create:
    case What::write:
    case What::truncate:
    case What::mark: break;
  }
  node.unsynced.push_back(&happened);
  ++unsynced_;
}

void Platter::sync_names() {
  for (Node& node : nodes_) {
    // Up to the last change of the name everything is settled: what was written into a file that is gone is gone.
    const auto is_of_name = [](const Happened* change) { return change->what == What::create || change->what == What::remove; };
    const auto last = std::find_if(node.unsynced.rbegin(), node.unsynced.rend(), is_of_name).base();
    if (last == node.unsynced.begin()) continue;
    apply(node, **std::prev(last));
    unsynced_ -= static_cast<std::size_t>(last - node.unsynced.begin());
    node.unsynced.erase(node.unsynced.begin(), last);
  }
}

/// Decides for each change of one file what is left of it.
class Platter::Cutter {
 public:
  Cutter(Damage damage, std::uint64_t seed, std::size_t changes) : damage_(damage), seed_(seed) {
    kept_share_ = std::array{0.1, 0.5, 0.9, 0.98}[draw() % 4];
    torn_ = changes == 0 ? 0 : draw() % (changes + 1);
  }

  void take(Node& node, const Happened& change, std::size_t index) {
    const bool is_ordered = damage_ == Damage::all_lost || damage_ == Damage::all_kept || damage_ == Damage::prefix;
    bool kept = damage_ == Damage::all_kept || (damage_ == Damage::prefix && index < torn_);
    const bool is_torn = (damage_ == Damage::prefix && index == torn_) || damage_ == Damage::sectors || damage_ == Damage::garbage ||
                         damage_ == Damage::neighbours;
    if (!is_ordered && !(is_torn && change.what == What::write)) kept = sim::fraction(draw()) < kept_share_;
    note(kept ? 1 : 0);
    if (change.what == What::remove || change.what == What::create) is_gone_ = !kept;
    // What was written into a file that the directory does not know is nowhere.
    if (is_gone_ && change.what != What::remove) return;
    if (is_torn && change.what == What::write) {
      tear(node, change);
    } else if (kept) {
      apply(node, change);
    }
  }
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  std::uint64_t draw() { return sim::mixed(seed_, ++drawn_); }
  void note(std::uint64_t decision) { fingerprint_ = sim::mixed(fingerprint_, decision + 1); }

  void tear(Node& node, const Happened& write) {
    const std::int64_t end = write.number + static_cast<std::int64_t>(write.bytes.size());
    for (std::int64_t from = write.number; from < end;) {
      const std::int64_t to = std::min(end, (from / sector + 1) * sector);
      const auto piece =
          std::string_view(write.bytes).substr(static_cast<std::size_t>(from - write.number), static_cast<std::size_t>(to - from));
      if (sim::fraction(draw()) < kept_share_) {
        note(1);
        put(node.bytes, from, piece);
      } else if (damage_ == Damage::garbage && (draw() & 1U) != 0) {
        note(draw());
        put(node.bytes, from, noise(piece.size()));
      } else if (damage_ == Damage::neighbours) {
        note(draw());
        // Only what is there already can be harmed.
        const std::int64_t begin = from / sector * sector;
        const std::int64_t stop = std::max(to, std::min(begin + sector, static_cast<std::int64_t>(node.bytes.size())));
        put(node.bytes, begin, noise(static_cast<std::size_t>(stop - begin)));
      } else {
        note(0);
      }
      from = to;
    }
  }

  std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(draw());
    return bytes;
  }

  Damage damage_;
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
  std::uint64_t fingerprint_ = 0;
  double kept_share_ = 0;
  std::size_t torn_ = 0;
  bool is_gone_ = false;
};

Platter::Cut Platter::cut(Damage damage, std::uint64_t draw_seed) const {
  Cut cut;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node left{nodes_[i].exists, nodes_[i].bytes, {}};
    Cutter cutter(damage, sim::mixed(draw_seed, i + 1), nodes_[i].unsynced.size());
    for (std::size_t change = 0; change < nodes_[i].unsynced.size(); ++change) cutter.take(left, *nodes_[i].unsynced[change], change);
    cut.fingerprint = sim::mixed(cut.fingerprint, cutter.fingerprint());
    if (left.exists) cut.image.emplace(trace_.names[i], std::move(left.bytes));
  }
  return cut;
}

}  // namespace escrow::vfs
