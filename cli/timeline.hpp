#pragma once

#include <string>
#include <vector>

#include "cli/attempts.hpp"
#include "cli/terminal.hpp"

/// The timeline of a transaction in characters: two lines a branch, what goes forward above and what undoes it mirrored below, a bar for
/// each call; idle time is collapsed.
namespace escrow::cli {

[[nodiscard]] std::string draw_timeline(const Transaction& transaction, const std::vector<Event>& events, Millis now, const Look& look);

/// Where instants are drawn: busy stretches to scale, idle ones as a gap of one column.
class TimeAxis {
 public:
  struct Span {
    Millis start;
    Millis end;
  };
  TimeAxis(const std::vector<Span>& spans, std::size_t columns);

  /// 0 to `columns() - 1`.
  [[nodiscard]] std::size_t column(Millis at) const;
  [[nodiscard]] std::size_t columns() const { return columns_; }
  struct Gap {
    std::size_t column;
    Millis length;
  };
  /// The collapsed stretches.
  [[nodiscard]] const std::vector<Gap>& gaps() const { return gaps_; }
  [[nodiscard]] Millis origin() const { return origin_; }

 private:
  struct Segment {
    Millis start;
    Millis end;
    double at;
    double width;
  };
  std::vector<Segment> segments_;
  std::vector<Gap> gaps_;
  std::size_t columns_;
  Millis origin_ = 0;
};

}  // namespace escrow::cli
