#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

/// Rows and columns for people, as wide as the terminal at most.
namespace escrow::cli {

struct Cell {
  Cell(std::string with_text, Tone with_tone = Tone::plain) : text(std::move(with_text)), tone(with_tone) {}  // NOLINT(*-explicit-*)
  Cell(const char* with_text) : text(with_text) {}                                                            // NOLINT(*-explicit-*)

  std::string text;
  Tone tone = Tone::plain;
};

class Table {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
    /// It gives way first when there is no room for all, down to this width; 0: it never does.
    std::size_t least = 0;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row);

  /// The titles, then the rows. Control characters in cells are gone.
  [[nodiscard]] std::string draw(const Look& look) const;
  [[nodiscard]] bool empty() const { return rows_.empty(); }

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t room) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace escrow::cli
