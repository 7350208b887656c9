#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What a terminal can show: colours and columns. Text goes in as UTF-8 from anywhere; what could steer the terminal is taken out.
namespace escrow::cli {

enum class Tone : std::uint8_t { plain, bold, dim, good, bad, warning, accent };

/// How to draw for one output.
struct Look {
  std::size_t width = 80;
  bool has_colour = false;

  [[nodiscard]] std::string paint(Tone tone, std::string_view text) const;
};

/// `width` 0: as wide as the terminal of standard output, or 100 without one. Colour `auto`: only on a terminal, and never with NO_COLOR.
enum class ColourChoice : std::uint8_t { automatic, always, never };
[[nodiscard]] Look look_of_stdout(std::size_t width, ColourChoice choice);
/// Whether a person sits there who can be asked.
[[nodiscard]] bool is_interactive();

/// Text without control characters: what participants and initiators say is shown, never obeyed.
[[nodiscard]] std::string printable(std::string_view text);
/// Columns that a text takes; East Asian characters take two.
[[nodiscard]] std::size_t columns(std::string_view text);
/// Cut with an ellipsis where it takes more columns.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t width);
/// Filled with spaces to that width.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width);
/// Broken into lines at spaces, each behind `indent` spaces; ends with a line break.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

/// What a status or state looks like.
[[nodiscard]] Tone tone_of(std::string_view word);

}  // namespace escrow::cli
