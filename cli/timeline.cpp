#include "cli/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "cli/time_text.hpp"

namespace escrow::cli {
namespace {

using protocol::Role;

constexpr std::size_t longest_label = 24;
constexpr std::size_t least_columns = 20;
constexpr std::size_t most_lanes = 60;
/// Gaps shorter than this, or than a part of the busy time, are drawn as they are.
constexpr Millis least_idle = 40;
constexpr double idle_part = 0.25;

/// One line of cells, each a character of one column with its tone.
class Canvas {
 public:
  explicit Canvas(std::size_t columns) : cells_(columns, Cell{" ", Tone::plain}) {}
  void put(std::size_t column, const char* character, Tone tone) {
    if (column < cells_.size()) cells_[column] = {character, tone};
  }
  void fill(std::size_t first, std::size_t last, const char* character, Tone tone) {
    for (std::size_t column = first; column <= last; ++column) put(column, character, tone);
  }
  void write(std::size_t column, const std::string& ascii, Tone tone) {
    for (std::size_t i = 0; i < ascii.size() && column + i < cells_.size(); ++i) cells_[column + i] = {std::string(1, ascii[i]), tone};
  }
  [[nodiscard]] std::string draw(const Look& look) const {
    std::string out;
    std::size_t end = cells_.size();
    while (end > 0 && cells_[end - 1].text == " ") --end;
    for (std::size_t i = 0; i < end;) {
      std::string run;
      const Tone tone = cells_[i].tone;
      for (; i < end && cells_[i].tone == tone; ++i) run += cells_[i].text;
      out += look.paint(tone, run);
    }
    return out;
  }

 private:
  struct Cell {
    std::string text;
    Tone tone;
  };
  std::vector<Cell> cells_;
};

struct Ink {
  const char* bar;
  const char* end;
  Tone tone;
};

/// Bars stand on the line from above and hang from it below; the last column says how the call ended, also without colour.
Ink ink_of(const Attempt& attempt) {
  const char* const bar = attempt.role == Role::undo ? "▀" : "▄";
  switch (attempt.ending) {
    case Ending::succeeded: return {bar, "✓", Tone::good};
    case Ending::refused: return {bar, "✗", Tone::bad};
    case Ending::failed: return {bar, "!", Tone::warning};
    case Ending::resolved: return {bar, "◆", Tone::accent};
    case Ending::calling: return {bar, "…", Tone::accent};
    case Ending::next: return {bar, "○", Tone::dim};
  }
  return {bar, "?", Tone::plain};
}

void draw_attempts(const std::vector<Attempt>& attempts, const TimeAxis& axis, Canvas& canvas) {
  for (const Attempt& attempt : attempts) {
    const Ink ink = ink_of(attempt);
    const std::size_t end = axis.column(attempt.end);
    canvas.fill(std::min(axis.column(attempt.start), end), end, ink.bar, ink.tone);
    canvas.put(end, ink.end, ink.tone);
  }
}

/// What a lane's calls came to, for the end of its line.
std::string summary_of(const Operation& operation) {
  std::string text = operation.name + " " + operation.state;
  std::ranges::replace(text, '_', ' ');
  if (operation.attempts > 1) text += fmt::format(" ({} calls)", operation.attempts);
  return text;
}

std::vector<TimeAxis::Span> spans_of(const Transaction& transaction, const std::vector<Event>& events, const std::vector<Attempt>& attempts,
                                     Millis now) {
  std::vector<TimeAxis::Span> spans{{transaction.started_at, transaction.started_at}};
  for (const Attempt& attempt : attempts) spans.push_back({attempt.start, attempt.end});
  for (const Event& event : events) spans.push_back({event.at, event.at});
  const Millis end = transaction.finished_at.value_or(now);
  spans.push_back({end, end});
  return spans;
}

/// How long each collapsed stretch was, as far as there is room.
std::string draw_scale(const TimeAxis& axis, const Look& look, std::size_t label_width) {
  Canvas line(axis.columns());
  line.write(0, "0", Tone::dim);
  const auto& gaps = axis.gaps();
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    line.put(gaps[i].column, "⋮", Tone::dim);
    const std::string text = "(" + duration_text(gaps[i].length) + ")";
    const std::size_t first = gaps[i].column + 1;
    const std::size_t room_until = i + 1 < gaps.size() ? gaps[i + 1].column : axis.columns();
    if (first + text.size() <= room_until) line.write(first, text, Tone::dim);
  }
  return std::string(label_width + 1, ' ') + line.draw(look) + "\n";
}

std::string draw_marks(const std::vector<Event>& events, const TimeAxis& axis, const Look& look, std::size_t label_width) {
  Canvas line(axis.columns());
  for (const Event& event : events) {
    if (event.type == "commit_decided") line.put(axis.column(event.at), "C", Tone::good);
    if (event.type == "abort_decided") line.put(axis.column(event.at), "A", Tone::warning);
    if (event.type == "attention_raised") line.put(axis.column(event.at), "!", Tone::bad);
    if (event.type == "retried_now") line.put(axis.column(event.at), "R", Tone::accent);
    if (event.type == "recovered") line.put(axis.column(event.at), "↻", Tone::dim);
  }
  const std::string drawn = line.draw(look);
  return drawn.empty() ? "" : look.paint(Tone::dim, padded("decisions", label_width)) + " " + drawn + "\n";
}

}  // namespace

TimeAxis::TimeAxis(const std::vector<Span>& spans, std::size_t columns) : columns_(std::max<std::size_t>(columns, 2)) {
  std::set<Millis> points;
  for (const Span& span : spans) points.insert({span.start, span.end});
  if (points.empty()) points.insert(0);
  origin_ = *points.begin();
  struct Piece {
    Millis start;
    Millis end;
    bool is_busy;
  };
  std::vector<Piece> pieces;
  Millis busy = 0;
  for (auto point = points.begin(); std::next(point) != points.end(); ++point) {
    const Millis start = *point;
    const Millis end = *std::next(point);
    const bool is_busy = std::ranges::any_of(spans, [&](const Span& span) { return span.start <= start && span.end >= end; });
    pieces.push_back({start, end, is_busy});
    if (is_busy) busy += end - start;
  }
  const double limit = std::max(static_cast<double>(least_idle), static_cast<double>(busy) * idle_part);
  const auto is_idle = [&](const Piece& piece) { return !piece.is_busy && static_cast<double>(piece.end - piece.start) > limit; };
  double shown = 0;
  std::size_t idle = 0;
  for (const Piece& piece : pieces) {
    if (is_idle(piece)) {
      ++idle;
    } else {
      shown += static_cast<double>(piece.end - piece.start);
    }
  }
  // Wide enough to say how long it was, where there is room for that.
  const double room = static_cast<double>(columns_ - 1);
  const double gap_room = idle == 0 ? 0 : room / static_cast<double>(idle);
  const double gap_width = idle == 0 ? 0 : std::min(std::clamp(gap_room * 0.4, 3.0, 10.0), gap_room * 0.6);
  const double scale = shown > 0 ? (room - gap_width * static_cast<double>(idle)) / shown : 0;
  double at = 0;
  for (const Piece& piece : pieces) {
    const bool collapsed = is_idle(piece);
    const double width = collapsed ? gap_width : static_cast<double>(piece.end - piece.start) * scale;
    segments_.push_back({piece.start, piece.end, at, width});
    if (collapsed) gaps_.push_back({static_cast<std::size_t>(std::lround(at + std::min(width / 2, 2.0))), piece.end - piece.start});
    at += width;
  }
}

std::size_t TimeAxis::column(Millis at) const {
  double place = 0;
  for (const Segment& segment : segments_) {
    if (at <= segment.start) break;
    const double length = static_cast<double>(segment.end - segment.start);
    const double part = std::min(1.0, static_cast<double>(at - segment.start) / length);
    place = segment.at + segment.width * part;
  }
  return std::min(static_cast<std::size_t>(std::lround(place)), columns_ - 1);
}

std::string draw_timeline(const Transaction& transaction, const std::vector<Event>& events, Millis now, const Look& look) {
  const auto attempts = attempts_of(transaction, events, now);
  struct Lane {
    std::string id;
    const Operation* above = nullptr;
    const Operation* below = nullptr;
  };
  std::vector<Lane> lanes;
  if (transaction.check) lanes.push_back({"", &*transaction.check, nullptr});
  for (const Branch& branch : transaction.branches) {
    Lane lane{branch.id, branch.operation(Role::forward), branch.operation(Role::undo)};
    // Confirms go forward, too; a message has nothing else.
    if (const Operation* confirm = branch.operation(Role::confirm); confirm != nullptr && (lane.above == nullptr || confirm->attempts > 0))
      lane.above = confirm;
    lanes.push_back(lane);
    if (lanes.size() == most_lanes) break;
  }
  std::size_t label_width = std::string_view("decisions").size();
  std::size_t summary_width = 0;
  for (const Lane& lane : lanes) {
    label_width = std::max(label_width, std::min(columns(printable(lane.id)), longest_label));
    for (const Operation* operation : {lane.above, lane.below}) {
      if (operation != nullptr) summary_width = std::max(summary_width, columns(summary_of(*operation)));
    }
  }
  const bool has_room = look.width > label_width + summary_width + 2 + least_columns;
  const std::size_t room = look.width - label_width - 1 - (has_room ? summary_width + 2 : 0);
  const TimeAxis axis(spans_of(transaction, events, attempts, now), std::max(room, least_columns));

  std::string out = draw_marks(events, axis, look, label_width);
  const auto line = [&](const std::string& label, const Lane& lane, bool is_below) {
    Canvas canvas(axis.columns());
    for (const TimeAxis::Gap& gap : axis.gaps()) canvas.put(gap.column, "⋮", Tone::dim);
    std::vector<Attempt> own;
    for (const Attempt& attempt : attempts) {
      if (attempt.branch == lane.id && (attempt.role == Role::undo) == is_below) own.push_back(attempt);
    }
    draw_attempts(own, axis, canvas);
    std::string drawn = canvas.draw(look);
    const Operation* operation = is_below ? lane.below : lane.above;
    out += padded(label, label_width) + " " + drawn;
    if (has_room && operation != nullptr) {
      Canvas empty(axis.columns());
      // How many columns were drawn can't be told from the painted text.
      const std::size_t used = columns(canvas.draw(Look{look.width, false}));
      out += std::string(axis.columns() - used + 2, ' ') + look.paint(tone_of(operation->state), summary_of(*operation));
    }
    while (out.ends_with(' ')) out.pop_back();
    out += "\n";
  };
  for (const Lane& lane : lanes) {
    line(lane.id.empty() ? "check" : fitted(printable(lane.id), label_width), lane, false);
    if (lane.below != nullptr) line("", lane, true);
  }
  if (transaction.branches.size() > lanes.size()) out += fmt::format("({} more branches)\n", transaction.branches.size() - lanes.size());
  out += draw_scale(axis, look, label_width);
  const Millis end = transaction.finished_at.value_or(now);
  const std::string legend =
      fmt::format("0 is {} UTC, {} {}. ▄ forward ▀ undo: ✓ done ✗ refused ! no success … calling ○ next ◆ by hand ⋮ idle",
                  time_text(axis.origin()), transaction.is_terminal() ? "took" : "so far", duration_text(end - transaction.started_at));
  out += look.paint(Tone::dim, wrapped(legend, look.width, label_width + 1));
  return out;
}

}  // namespace escrow::cli
