#include "cli/table.hpp"

#include <algorithm>

#include "protocol/assert.hpp"

namespace escrow::cli {
namespace {
constexpr std::size_t gap = 2;
}

void Table::add(std::vector<Cell> row) {
  ESCROW_ASSERT(row.size() == columns_.size());
  for (Cell& cell : row) cell.text = printable(cell.text);
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(std::size_t room) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = columns(columns_[i].title);
    for (const auto& row : rows_) widest = std::max(widest, columns(row[i].text));
    widths.push_back(widest);
  }
  const auto total = [&] {
    std::size_t sum = widths.empty() ? 0 : gap * (widths.size() - 1);
    for (const std::size_t width : widths) sum += width;
    return sum;
  };
  // The widest of those that may gives way, column by column.
  while (total() > room) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool may = columns_[i].least > 0 && widths[i] > columns_[i].least;
      if (may && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
  }
  return widths;
}

std::string Table::draw(const Look& look) const {
  const auto widths = this->widths(look.width);
  std::string out;
  const auto line = [&](const auto& text_of, const auto& tone_of_column) {
    std::string drawn;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string text = fitted(text_of(i), widths[i]);
      const std::size_t spaces = widths[i] - columns(text);
      const bool is_last = i + 1 == columns_.size();
      if (columns_[i].align == Align::right) drawn.append(spaces, ' ');
      drawn.append(look.paint(tone_of_column(i), text));
      if (columns_[i].align == Align::left && !is_last) drawn.append(spaces, ' ');
      if (!is_last) drawn.append(gap, ' ');
    }
    while (drawn.ends_with(' ')) drawn.pop_back();
    out.append(drawn).append("\n");
  };
  line([&](std::size_t i) { return columns_[i].title; }, [](std::size_t) { return Tone::dim; });
  for (const auto& row : rows_) {
    line([&](std::size_t i) { return row[i].text; }, [&](std::size_t i) { return row[i].tone; });
  }
  return out;
}

}  // namespace escrow::cli
