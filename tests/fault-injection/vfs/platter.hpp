#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fault-injection/vfs/trace.hpp"

/// What is really on the disk while a trace is replayed, and what a power failure leaves of the rest.
namespace escrow::vfs {

/// How a power failure treats what was written and not synced.
enum class Damage : std::uint8_t {
  /// Nothing of it is there.
  all_lost,
  /// The kernel had written all of it.
  all_kept,
  /// It is there in order up to some point, where one write is torn.
  prefix,
  /// Each write is there or not, in any order.
  writes,
  /// Each sector of 512 bytes is there or not.
  sectors,
  /// Each sector is there, or not, or holds anything at all.
  garbage,
  /// Not what the disk promises: a torn sector takes the bytes beside it with it (no power-safe overwrite).
  neighbours
};
inline constexpr int honest_damages = 6;
[[nodiscard]] std::string_view name_of(Damage damage);

class Platter {
 public:
  /// `base` is what is on the disk when the trace begins. The trace must outlive this.
  Platter(const Image& base, const Trace& trace, std::uint64_t seed);

  /// Goes on by one entry of the trace.
  void advance();
  [[nodiscard]] bool is_at_end() const { return at_ == trace_.happened.size(); }
  [[nodiscard]] std::size_t position() const { return at_; }
  /// Entries that are not on disk.
  [[nodiscard]] std::size_t unsynced() const { return unsynced_; }

  /// What is there after a power failure now. `kind` of the draws that make it is told as a number: equal numbers at the same place mean
  /// equal images.
  struct Cut {
    Image image;
    std::uint64_t fingerprint = 0;
  };
  [[nodiscard]] Cut cut(Damage damage, std::uint64_t draw_seed) const;

 private:
  struct Node {
    bool exists = false;
    std::string bytes;
    std::vector<const Happened*> unsynced;
  };
  class Cutter;
  static void apply(Node& node, const Happened& change);
  void sync_names();

  const Trace& trace_;
  std::uint64_t seed_;
  std::size_t at_ = 0;
  std::size_t unsynced_ = 0;
  /// By index into `Trace::names`.
  std::vector<Node> nodes_;
};

}  // namespace escrow::vfs
